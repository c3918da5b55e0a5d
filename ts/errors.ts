import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/**
 * The library's own errors. The list is closed; docs in `README.md`, "Errors".
 *
 * - `ERR_FDREACTOR_CLOSED`: the reactor, registration or socket is closed.
 * - `ERR_FDREACTOR_REENTRANT`: `poll()` was called inside a callback of the same reactor.
 * - `ERR_FDREACTOR_WRONG_DRIVER`: `poll()` belongs to the manual driver.
 * - `ERR_FDREACTOR_TRIGGER_UNSUPPORTED`: edge-triggering was asked of poll or select.
 * - `ERR_FDREACTOR_INTEREST_UNSUPPORTED`: the backend cannot watch for what was asked.
 * - `ERR_FDREACTOR_FD_LIMIT`: select takes no descriptor from 1,024 on. A `RangeError`.
 * - `ERR_FDREACTOR_BACKEND_UNSUPPORTED`: this system does not have the backend.
 * - `ERR_FDREACTOR_UNSUPPORTED_PLATFORM`: there is no binary for this system, or none that loads.
 * - `ERR_FDREACTOR_BUFFER_LIMIT`: more would be kept for a peer that takes nothing than `limits` allow.
 * - `ERR_FDREACTOR_TIMEOUT`: a connection was idle, or silent from the beginning, for longer than `limits` allow.
 * - `ERR_FDREACTOR_DETACHED`: a handler transferred the memory that others' bytes lay in.
 * - `ERR_FDREACTOR_PROXY_HEADER`: bytes are no header of the PROXY protocol.
 * - `ERR_FDREACTOR_INTERNAL`: a fault of fdreactor's, or a host that refuses a basic service.
 */
export type FdreactorErrorCode =
  | 'ERR_FDREACTOR_CLOSED'
  | 'ERR_FDREACTOR_REENTRANT'
  | 'ERR_FDREACTOR_WRONG_DRIVER'
  | 'ERR_FDREACTOR_TRIGGER_UNSUPPORTED'
  | 'ERR_FDREACTOR_INTEREST_UNSUPPORTED'
  | 'ERR_FDREACTOR_FD_LIMIT'
  | 'ERR_FDREACTOR_BACKEND_UNSUPPORTED'
  | 'ERR_FDREACTOR_UNSUPPORTED_PLATFORM'
  | 'ERR_FDREACTOR_BUFFER_LIMIT'
  | 'ERR_FDREACTOR_TIMEOUT'
  | 'ERR_FDREACTOR_DETACHED'
  | 'ERR_FDREACTOR_PROXY_HEADER'
  | 'ERR_FDREACTOR_INTERNAL'

/** An error of the library's own. */
export interface FdreactorError extends Error {
  /** Which of them. */
  readonly code: FdreactorErrorCode
}

/** A wrong argument. `ERR_INVALID_ARG_TYPE` and `ERR_INVALID_ARG_VALUE` are `TypeError`s, `ERR_OUT_OF_RANGE` is a `RangeError`. */
export interface ArgumentError extends Error {
  /** What is wrong with it, as Node.js names that. */
  readonly code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE'
}

/** A failed system call, in the shape of Node's own. */
export interface SystemError extends Error {
  /** The name of the error, such as `'ECONNRESET'`. */
  readonly code: string
  /** Its number, negative, as libuv has it. */
  readonly errno: number
  /** The call that failed, by its manual page, such as `'accept'` or `'epoll_ctl'`. */
  readonly syscall: string
  /** The descriptor that it was about, if there was one. */
  readonly fd?: number
  /** The address that it was about, if there was one. */
  readonly address?: string
  /** The port that it was about, if there was one. */
  readonly port?: number
}

/** What a failure was about. */
export interface Subject {
  readonly fd?: number
  readonly address?: string
  readonly port?: number
  /** The way out, where there is one: the end of the message. */
  readonly hint?: string
}

/** The library's errors by the index that the addon gives them; `native.ts` compares the two lists. */
export const LIBRARY_ERRORS = [
  'CLOSED',
  'TRIGGER_UNSUPPORTED',
  'INTEREST_UNSUPPORTED',
  'FD_LIMIT',
  'BACKEND_UNSUPPORTED',
  'REENTRANT',
  'INTERNAL',
  'BUFFER_LIMIT',
  'TIMEOUT',
  'DETACHED',
] as const

/** System calls by the index that the addon gives them; `native.ts` compares the two lists. */
export const SYSCALLS = [
  'accept',
  'bind',
  'connect',
  'epoll_create1',
  'epoll_ctl',
  'epoll_wait',
  'fcntl',
  'fstat',
  'getpeername',
  'getsockname',
  'getsockopt',
  'kevent',
  'kqueue',
  'listen',
  'poll',
  'pthread_create',
  'read',
  'readv',
  'select',
  'send',
  'sendmsg',
  'setsockopt',
  'shutdown',
  'socket',
  'socketpair',
  'write',
  'writev',
] as const

type Syscall = (typeof SYSCALLS)[number]

const LIBRARY = 0xff
const names = new Map<number, string>(Object.entries(constants.errno).map(([name, number]) => [number, name]))
// Two names for one number: Node says EAGAIN.
names.set(constants.errno.EAGAIN, 'EAGAIN')

/** The errno of a failed system call in a negative result of the addon's; 0 if it is an error of the library's. */
export function errnoOf(failure: number): number {
  return -failure >> 16 === LIBRARY ? 0 : -failure & 0xffff
}

export function libraryError(code: FdreactorErrorCode, message: string): FdreactorError {
  const error = code === 'ERR_FDREACTOR_FD_LIMIT' ? new RangeError(message) : new Error(message)
  return Object.assign(error, { code })
}

export function argumentType(name: string, expected: string, actual: unknown): ArgumentError {
  const error = new TypeError(`"${name}" must be ${expected}. Received ${describe(actual)}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' as const })
}

export function argumentValue(name: string, expected: string, actual: unknown): ArgumentError {
  const error = new TypeError(`"${name}" must be ${expected}. Received ${describe(actual)}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' as const })
}

export function outOfRange(name: string, expected: string, actual: unknown): ArgumentError {
  const error = new RangeError(`"${name}" must be ${expected}. Received ${describe(actual)}`)
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' as const })
}

let systemErrors: ReadonlyMap<number, readonly [name: string, message: string]> | undefined

/** Node's words for an error. It makes its table anew each time that it is asked for it. */
function describeErrno(errno: number): string {
  systemErrors ??= getSystemErrorMap()
  return systemErrors.get(-errno)?.[1] ?? 'unknown error'
}

/** A failed system call as an error. `errno` is positive here. */
export function systemError(syscall: Syscall, errno: number, subject: Subject = {}): SystemError {
  const { fd, address, port, hint } = subject
  const code = names.get(errno) ?? `errno ${errno}`
  const description = describeErrno(errno)
  const host = address?.includes(':') === true ? `[${address}]` : address
  const place = port === undefined ? host : `${host}:${port}`
  const about = address === undefined ? (fd === undefined ? '' : `, fd ${fd}`) : ` ${place}`
  const message = `${syscall} ${code}: ${description}${about}${hint === undefined ? '' : `. ${hint}`}`
  return Object.assign(new Error(message), {
    code,
    errno: -errno,
    syscall,
    ...(fd !== undefined && { fd }),
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port }),
  })
}

const DEFAULT_MESSAGES: Readonly<Record<(typeof LIBRARY_ERRORS)[number], string>> = {
  CLOSED: 'It is closed',
  TRIGGER_UNSUPPORTED:
    'poll and select look at the state of descriptors and have no edges. Use level-triggering, or epoll or kqueue',
  INTEREST_UNSUPPORTED:
    "The backend cannot watch for this. 'exclusive' is epoll's, with readable and writable alone and without oneshot; kqueue has no 'priority'. See reactor.capabilities",
  FD_LIMIT:
    'select takes descriptors from 0 to 1,023 (FD_SETSIZE). Use epoll, kqueue or poll, or close some descriptors first',
  BACKEND_UNSUPPORTED:
    "This system does not have that backend: epoll is Linux's, kqueue macOS's and the BSDs'. 'auto' takes what there is",
  REENTRANT: 'A turn of this reactor is under way: poll() cannot be called inside its callbacks',
  BUFFER_LIMIT:
    'The peer takes nothing, and more would be kept for it than limits.bufferedBytes or limits.bufferedBytesInAll allow. When write() returns false, wait for drain',
  TIMEOUT:
    'Nothing was read or written for longer than limits.idleTimeoutMs, limits.firstByteTimeoutMs or setTimeout() allow',
  DETACHED:
    'The memory of bytes that came was transferred by a handler before they were delivered. Copy bytes before you transfer them',
  INTERNAL: 'fdreactor or its host is at fault here. Please report how it came to this',
}

/** An error of the library's own, in its usual words. */
export function libraryFailure(name: (typeof LIBRARY_ERRORS)[number]): FdreactorError {
  return libraryError(`ERR_FDREACTOR_${name}`, DEFAULT_MESSAGES[name])
}

/** Turns a negative result of the addon's into the error to throw. */
export function failureToError(failure: number, subject: Subject = {}): FdreactorError | SystemError {
  const origin = -failure >> 16
  const detail = -failure & 0xffff
  if (origin === LIBRARY) {
    const name = LIBRARY_ERRORS[detail] ?? 'INTERNAL'
    const fd = subject.fd === undefined ? '' : ` (fd ${subject.fd})`
    return libraryError(`ERR_FDREACTOR_${name}`, `${DEFAULT_MESSAGES[name]}${fd}`)
  }
  const syscall = SYSCALLS[origin - 1]
  if (syscall === undefined) return libraryError('ERR_FDREACTOR_INTERNAL', `Unknown failure ${failure}`)
  return systemError(syscall, detail, subject)
}

/** Passes a result of the addon's on, or throws what it stands for. */
export function check(result: number, subject?: Subject): number {
  if (result < 0) throw failureToError(result, subject)
  return result
}

/** A value in few words, without running any code of its own. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  switch (typeof value) {
    case 'string': {
      return `'${value.length > 40 ? `${value.slice(0, 40)}...` : value}'`
    }
    case 'number': {
      return Object.is(value, -0) ? '-0' : String(value)
    }
    case 'bigint': {
      return `${value}n`
    }
    case 'boolean':
    case 'symbol': {
      return String(value)
    }
    case 'function': {
      return 'a function'
    }
    default: {
      return isRevoked(value) ? 'a revoked proxy' : isArray(value) ? 'an array' : 'an object'
    }
  }
}

/** Whether it is a proxy of nothing any more: whatever it is asked, it throws. */
export function isRevoked(value: unknown): boolean {
  try {
    Array.isArray(value)
    return false
  } catch {
    return true
  }
}

/** `Array.isArray`, which a revoked proxy makes throw: that is no array. */
export function isArray(value: unknown): value is readonly unknown[] {
  return !isRevoked(value) && Array.isArray(value)
}
