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
  [Symbol.asyncIterator](): AsyncIterableIterator<Readiness>
}

const END = { done: true, value: undefined } as const

interface Waiter {
  resolve(result: IteratorResult<Readiness>): void
  reject(reason: unknown): void
}

export class IterableWatched extends Watched implements IterableRegistration {
  readonly #waiters: Waiter[] = []
  readonly #signal: AbortSignal | undefined
  /** Whether it has ended with an error that no step has told yet. */
  #failed = false

  constructor(...parts: WatchedParts) {
    super(...parts, (readiness) => this.#tell(readiness))
    this.#signal = parts[4].signal
    this.onEnd = () => this.#endSteps()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Readiness> {
    const iterator: AsyncIterableIterator<Readiness> = {
      next: async () => this.#step(),
      return: async () => {
        this.close()
        this.#failed = false
        return END
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  #step(): Promise<IteratorResult<Readiness>> {
    const { state } = this
    if (state === 'closed') return this.#last()
    // What was told to nobody is over; what is armed or paused will be told.
    if (state === 'disarmed' || state === 'parked') this.rearm()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
    })
  }

  async #last(): Promise<IteratorResult<Readiness>> {
    if (!this.#failed) return END
    this.#failed = false
    throw this.#signal?.reason
  }

  #tell(readiness: Readiness): void {
    this.#waiters.shift()?.resolve({ done: false, value: readiness })
    if (this.#waiters.length === 0) return
    if (this.state === 'closed') this.#endSteps()
    else this.rearm()
  }

  #endSteps(): void {
    const [first, ...others] = this.#waiters.splice(0)
    if (this.#signal?.aborted !== true) first?.resolve(END)
    else if (first === undefined) this.#failed = true
    else first.reject(this.#signal.reason)
    for (const waiter of others) waiter.resolve(END)
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
