import { AsyncResource } from 'node:async_hooks'
import { CONSTANTS } from './events.js'
import { add, drop, modify, open, remove } from './set.js'
import type { Owner } from './set.js'

/**
 * Called when a descriptor is ready.
 * - `error`: always null. The package `epoll` has it for a wait that failed, which here is an `uncaughtException`.
 * - `fd`: which descriptor.
 * - `events`: what it is ready for, as epoll_wait(2) reports it: `EPOLLIN`, `EPOLLERR | EPOLLHUP` and so on.
 */
export type EpollCallback = {
  // A method: what was written for the package may say `Error` of the first parameter.
  /** Tells of one event. */
  tell(error: Error | null, fd: number, events: number): void
}['tell']

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && Object.is(Int32Array.of(value)[0], value)
}

/**
 * epoll(7) with the API of the npm package `epoll`.
 *
 * All instances of a thread share one set of descriptors. While an instance has a descriptor in it, it is not collected, and
 * the process lives.
 */
export class Epoll {
  /** There is something to read, a connection to accept, or the end. */
  declare static readonly EPOLLIN: number
  /** There is room to write. */
  declare static readonly EPOLLOUT: number
  /** The peer has shut down writing. */
  declare static readonly EPOLLRDHUP: number
  /** Urgent data, or a change of a file in /proc or /sys, such as a GPIO's value. */
  declare static readonly EPOLLPRI: number
  /** An error. Always reported. */
  declare static readonly EPOLLERR: number
  /** A hang-up. Always reported. */
  declare static readonly EPOLLHUP: number
  /** Tells changes. Without it an event comes again for as long as it lasts. */
  declare static readonly EPOLLET: number
  /** Tells one event; then nothing until `modify`. */
  declare static readonly EPOLLONESHOT: number

  /** Whether `close` was called. */
  declare readonly closed: boolean
  #closed = false
  readonly #fds = new Set<number>()
  readonly #owner: Owner
  readonly #resource = new AsyncResource('Epoll:DispatchEvent')

  static {
    for (const [name, value] of Object.entries(CONSTANTS)) {
      Object.defineProperty(this, name, { value, enumerable: true, configurable: true })
    }
  }

  /**
   * @param callback Called with each event of each descriptor, in the `AsyncLocalStorage` context of this call.
   * @throws Error: First argument to construtor must be a callback; `ERR_FDREACTOR_BACKEND_UNSUPPORTED` where there is no epoll,
   * and what else `new Reactor` says.
   */
  constructor(callback: EpollCallback) {
    const isRight = typeof callback === 'function'
    if (!isRight) throw new Error('First argument to construtor must be a callback')
    open()
    const resource = this.#resource
    const fds = this.#fds
    this.#owner = {
      tell(fd, events) {
        resource.runInAsyncScope(callback, globalThis, null, fd, events)
      },
      lose(fd) {
        fds.delete(fd)
      },
    }
    this.#showClosed()
  }

  /**
   * Begins to watch a descriptor.
   * @param events Constants of this class, joined with `|`.
   * @throws Error: `EEXIST` if one of this thread's instances has it; `EBADF` if it is not open; `EPERM` if it cannot be watched
   * (regular files, directories); for wrong arguments, and after `close`.
   */
  add(fd: number, events: number): this {
    this.#check('add', '(int fd, int events)', isInt32(fd) && typeof events === 'number')
    add(this.#owner, fd, events)
    this.#fds.add(fd)
    return this
  }

  /**
   * Replaces the events that a descriptor is watched for, and arms it anew.
   * @throws Error: `ENOENT` if it is not watched; else as `add`.
   */
  modify(fd: number, events: number): this {
    this.#check('modify', '(int fd, int events)', isInt32(fd) && typeof events === 'number')
    modify(fd, events)
    return this
  }

  /**
   * Ends the watch of a descriptor. None of its events is told any more.
   * @throws Error: `ENOENT` if it is not watched, `EBADF` if it was closed before, though the watch ends then too; else as `add`.
   */
  remove(fd: number): this {
    this.#check('remove', '(int fd)', isInt32(fd))
    remove(fd)
    return this
  }

  /**
   * Ends all watches of this instance, also of descriptors that were closed before.
   * @throws Error: if it was called before.
   */
  close(): null {
    if (this.#closed) throw new Error("close can't be called more than once")
    this.#closed = true
    this.#showClosed()
    for (const fd of this.#fds) drop(fd)
    this.#resource.emitDestroy()
    return null
  }

  #check(method: string, parameters: string, isRight: boolean): void {
    if (this.#closed) throw new Error(`${method} can't be called after calling close`)
    if (!isRight) throw new Error(`incorrect arguments passed to ${method}${parameters}`)
  }

  /** An own property that only this class changes: it is seen when the instance is printed. */
  #showClosed(): void {
    Object.defineProperty(this, 'closed', { value: this.#closed, enumerable: true, configurable: true })
  }
}
