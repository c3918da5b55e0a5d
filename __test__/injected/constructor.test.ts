// A reactor that cannot be made, for want of any of the things that it needs.
import { faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isLevel } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

interface Step extends Row {
  /** What the error calls it. */
  readonly syscall: string
  /** What the call looks like. */
  readonly ours: string
}

const step = (syscall: string, ours: string, table: readonly Row[]): readonly Step[] =>
  withMore(table, { syscall, ours })

const CONTROL = 'EBADF EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM'

function steps({ backend, driver }: Case): readonly Step[] {
  const epoll = [
    step('epoll_create1', '^epoll_create1', rows('epoll_create1', 'EINVAL EMFILE ENFILE ENOMEM')),
    // The second descriptor of the set.
    step('fcntl', 'F_DUPFD_CLOEXEC', rows('fcntl', 'EINVAL EMFILE')),
    step('epoll_ctl', 'EPOLL_CTL_ADD.*EPOLLRDHUP', rows('epoll_ctl', CONTROL)),
  ]
  const scan = [step('fcntl', 'F_GETFL', rows('fcntl', 'EBADF'))]
  const everywhere = [
    step(
      'socketpair',
      'AF_UNIX',
      rows('socketpair', 'EAFNOSUPPORT EMFILE ENFILE ENOBUFS ENOMEM EOPNOTSUPP EPROTONOSUPPORT'),
    ),
    // How its two ends become non-blocking.
    step('socketpair', 'FIONBIO', [...rows('ioctl', 'EINVAL ENOTTY'), ...rows('ioctl', 'EINVAL', '2')]),
  ]
  // What libuv asks first of the descriptor that it is to watch.
  const loop = [step('epoll_ctl', 'EPOLL_CTL_ADD.*EPOLLIN,', rows('epoll_ctl', 'ENOMEM ENOSPC EPERM', '2'))]
  // pthread_create(3) calls both shortages EAGAIN.
  const thread = [
    // The thread's stack. It must be the first: the next thread gets this one's.
    step('pthread_create', 'MAP_STACK', rows('mmap', 'ENOMEM')),
    step('pthread_create', 'CLONE_THREAD', rows('clone', 'EAGAIN EPERM')),
    step('pthread_create', 'CLONE_THREAD', rows('clone', 'ENOMEM')),
  ]
  return [
    ...(driver === 'thread' ? thread : []),
    ...(backend === 'epoll' ? epoll : scan),
    ...everywhere,
    ...(driver === 'loop' ? loop : []),
  ].flat()
}

faults({
  title: ({ call, error, when = '1' }) =>
    `constructor: ${call} ${error} (call ${when}) is told and leaves nothing behind`,
  where: isLevel,
  rows: steps,
  script: `
  async function scene(row) {
    // Closed at the end: a thread that ended would leave its stack to the next one.
    const made = []
    const ours = new RegExp(row.ours)
    const { error, failed } = await attempt(row, ours, () => new Reactor(options), (one) => made.push(one))
    for (const one of made) one?.close()
    const again = new Reactor(options)
    const served = await serves(again)
    again.close()
    return { told: told(error), failed, served }
  }`,
  expect: ({ call, error, syscall }) => ({
    told: `${(call === 'clone' || call === 'mmap') && error === 'ENOMEM' ? 'EAGAIN' : error} ${syscall}`,
    failed: 1,
    served: true,
  }),
})
