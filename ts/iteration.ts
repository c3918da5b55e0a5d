import { libraryError } from './errors.js'
import type { Readiness } from './ready.js'
import { Watched } from './registration.js'
import type { ReadyCallback, Registration, WatchedParts } from './registration.js'

/**
 * A registration without a callback, for `for await`.
 *
 * Each step arms it and waits for what the descriptor is ready for then; between two steps it is silent, and costs nothing
 * however ready it is. It ends when the registration is closed, with the reason of its signal if that closed it; leaving the
 * loop closes it.
 */
export interface IterableRegistration extends Registration, AsyncIterable<Readiness> {
  /** Begins to wait; there is one iteration at a time. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Readiness>
}

const END = { done: true, value: undefined } as const

interface Waiter {
  resolve(result: IteratorResult<Readiness>): void
  reject(reason: unknown): void
}

export class IterableWatched extends Watched implements IterableRegistration {
  readonly #signal: AbortSignal | undefined
  /** The step that waits: one at a time, as those of an asynchronous generator. */
  #waiter: Waiter | undefined
  /** The last step that was asked for, settled when the next may begin. */
  #last: Promise<unknown> = Promise.resolve()
  /** Whether the signal has closed it while no step was there to say so. */
  #failed = false

  constructor(...parts: WatchedParts) {
    super(...parts, (readiness) => this.#settle()?.resolve({ done: false, value: readiness }))
    this.#signal = parts[4].signal
    this.onEnd = () => this.#ended()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Readiness> {
    const iterator: AsyncIterableIterator<Readiness> = {
      next: () => {
        const step = this.#last.then(() => this.#step())
        this.#last = step.catch(() => {})
        return step
      },
      return: async () => {
        this.close()
        this.#failed = false
        return END
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  async #step(): Promise<IteratorResult<Readiness>> {
    const { state } = this
    if (state === 'closed') {
      if (!this.#failed) return END
      this.#failed = false
      throw this.#signal?.reason
    }
    // What was told to nobody is over; what is armed or paused will be told.
    if (state === 'disarmed' || state === 'parked') this.rearm()
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
  }

  #settle(): Waiter | undefined {
    const waiter = this.#waiter
    this.#waiter = undefined
    return waiter
  }

  #ended(): void {
    const waiter = this.#settle()
    if (this.#signal?.aborted !== true) waiter?.resolve(END)
    else if (waiter === undefined) this.#failed = true
    else waiter.reject(this.#signal.reason)
  }
}

/** Waits for the first readiness of what `register` makes, and closes that. */
export function once(
  register: (callback: ReadyCallback) => Watched,
  signal: AbortSignal | undefined,
): Promise<Readiness> {
  return new Promise((resolve, reject) => {
    const registration = register((readiness) => {
      registration.onEnd = undefined
      registration.close()
      resolve(readiness)
    })
    registration.onEnd = () => {
      const closed = libraryError('ERR_FDREACTOR_CLOSED', `What waited for fd ${registration.fd} was closed`)
      // oxlint-disable-next-line prefer-promise-reject-errors -- a signal's reason is whatever its owner gave
      reject(signal?.aborted === true ? signal.reason : closed)
    }
  })
}
