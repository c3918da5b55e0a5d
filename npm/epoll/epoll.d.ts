// The public API, rolled up from ts/ by `npm run build:types`: change it there.

/** What `import epoll from 'epoll'` brings: that is how the package's CommonJS is imported. */
declare const all: {
  /** The class, as by its name. */
  Epoll: typeof Epoll
}
export default all

/**
 * epoll(7) with the API of the npm package `epoll`.
 *
 * All instances of a thread share one set of descriptors. While an instance has a descriptor in it, it is not collected, and
 * the process lives.
 */
export declare class Epoll {
  #private
  /** There is something to read, a connection to accept, or the end. */
  static readonly EPOLLIN: number
  /** There is room to write. */
  static readonly EPOLLOUT: number
  /** The peer has shut down writing. */
  static readonly EPOLLRDHUP: number
  /** Urgent data, or a change of a file in /proc or /sys, such as a GPIO's value. */
  static readonly EPOLLPRI: number
  /** An error. Always reported. */
  static readonly EPOLLERR: number
  /** A hang-up. Always reported. */
  static readonly EPOLLHUP: number
  /** Tells changes. Without it an event comes again for as long as it lasts. */
  static readonly EPOLLET: number
  /** Tells one event; then nothing until `modify`. */
  static readonly EPOLLONESHOT: number
  /** Whether `close` was called. */
  readonly closed: boolean
  /**
   * @param callback Called with each event of each descriptor, in the `AsyncLocalStorage` context of this call.
   * @throws Error: First argument to construtor must be a callback; `ERR_FDREACTOR_BACKEND_UNSUPPORTED` where there is no epoll,
   * and what else `new Reactor` says.
   */
  constructor(callback: EpollCallback)
  /**
   * Begins to watch a descriptor.
   * @param events Constants of this class, joined with `|`.
   * @throws Error: `EEXIST` if one of this thread's instances has it; `EBADF` if it is not open; `EPERM` if it cannot be watched
   * (regular files, directories); for wrong arguments, and after `close`.
   */
  add(fd: number, events: number): this
  /**
   * Replaces the events that a descriptor is watched for, and arms it anew.
   * @throws Error: `ENOENT` if it is not watched; else as `add`.
   */
  modify(fd: number, events: number): this
  /**
   * Ends the watch of a descriptor. None of its events is told any more.
   * @throws Error: `ENOENT` if it is not watched, `EBADF` if it was closed before, though the watch ends then too; else as `add`.
   */
  remove(fd: number): this
  /**
   * Ends all watches of this instance, also of descriptors that were closed before.
   * @throws Error: if it was called before.
   */
  close(): null
}

/**
 * Called when a descriptor is ready.
 * - `error`: always null. The package `epoll` has it for a wait that failed, which here is an `uncaughtException`.
 * - `fd`: which descriptor.
 * - `events`: what it is ready for, as epoll_wait(2) reports it: `EPOLLIN`, `EPOLLERR | EPOLLHUP` and so on.
 */
export declare type EpollCallback = {
  /** Tells of one event. */
  tell(error: Error | null, fd: number, events: number): void
}['tell']

export {}
