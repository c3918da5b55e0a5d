/** A set of the bits of {@link Ready}: what was found on a descriptor. A plain number, so that nothing is allocated per event. */
export type Readiness = number

/**
 * The bits of a {@link Readiness}, each as the kernel reports it.
 *
 * select(2) can tell only `READABLE`, `WRITABLE` and `PRIORITY`: a hang-up or error shows there as readable or writable.
 * @see epoll_ctl(2), poll(2), select(2), kqueue(2)
 */
export const Ready = {
  /** A read will not block: data, a connection to accept, or the end (`EPOLLIN`). */
  READABLE: 1,
  /** A write will not block, or a connection attempt has ended (`EPOLLOUT`). */
  WRITABLE: 2,
  /** Urgent data or another exceptional condition (`EPOLLPRI`). */
  PRIORITY: 4,
  /** The reading direction is closed, by the peer or on this side (`EPOLLRDHUP`). Data may still be unread. */
  READ_CLOSED: 8,
  /** The writing direction is closed. Only kqueue tells it. */
  WRITE_CLOSED: 16,
  /** Both directions are closed, or the other end of a pipe is gone (`EPOLLHUP`). Data may still be unread. */
  HANGUP: 32,
  /** An error is pending (`EPOLLERR`); `takeError()` of a socket says which. */
  ERROR: 64,
  /**
   * The descriptor was closed while it was watched (`POLLNVAL`). Told once, and the registration is closed. poll and select see it
   * in their next wait; epoll and kqueue forget a closed descriptor silently, and tell it only when their set is rebuilt.
   */
  INVALID: 128,
} as const
