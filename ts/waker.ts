import { native } from './native.js'
import { integer } from './validate.js'

const checked = (handle: unknown): number => integer(handle, 'handle', 0, 2 ** 32 - 1)

/** Wakes a reactor from any thread of the process. */
export class Waker {
  /** A plain number that can be sent to a Worker by `postMessage`. */
  readonly handle: number

  private constructor(handle: number) {
    this.handle = checked(handle)
  }

  /**
   * Makes a waker from the handle of another one, in this thread or any other.
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  static from(handle: number): Waker {
    return new Waker(handle)
  }

  /**
   * Ends the reactor's wait, or the next one if none is under way. Returns false if nothing was woken: the reactor is closed, or
   * the system has no memory for it.
   */
  wake(): boolean {
    return native.wake(checked(this.handle))
  }
}
