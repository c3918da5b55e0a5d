import { constants } from 'node:os'

/** strerror(3), for what epoll_ctl(2) says. */
const WORDS = {
  EBADF: 'Bad file descriptor',
  EEXIST: 'File exists',
  EINVAL: 'Invalid argument',
  ELOOP: 'Too many levels of symbolic links',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  EPERM: 'Operation not permitted',
} as const

type Code = keyof typeof WORDS

/** An error as the package `epoll` throws it, which has the message alone, and Node's fields with it. */
export function refusal(code: Code, fd: number): Error {
  return Object.assign(new Error(WORDS[code]), {
    code,
    errno: -constants.errno[code],
    syscall: 'epoll_ctl',
    fd,
  })
}

/** The same of what a reactor threw; anything that is not epoll_ctl(2)'s stays as it is. */
export function asRefusal(error: unknown, fd: number): unknown {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && Object.hasOwn(WORDS, code) ? refusal(code as Code, fd) : error
}
