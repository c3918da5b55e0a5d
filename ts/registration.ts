import { AsyncResource } from 'node:async_hooks'
import type { Dispatcher, Entry } from './dispatch.js'
import { check, failureToError, libraryError } from './errors.js'
import type { SystemError } from './errors.js'
import { parseInterest } from './interest.js'
import type { Interest, ParsedOptions } from './interest.js'
import type { native } from './native.js'
import type { Readiness } from './ready.js'
import { attach } from './source.js'

/** Called when a descriptor is ready: at most once per registration in a turn, all conditions merged. */
export type ReadyCallback = (readiness: Readiness, registration: Registration) => void

/**
 * Where a registration stands.
 * - `'armed'`: watched.
 * - `'paused'`: out of the kernel's set, by `pause()` or an empty interest.
 * - `'disarmed'`: silent after its oneshot event.
 * - `'parked'`: out of the kernel's set after a hang-up, error or half-close with neither readable nor writable asked,
 *   unless urgent data that was asked came with it.
 * - `'closed'`: gone.
 */
export type RegistrationState = 'armed' | 'paused' | 'disarmed' | 'parked' | 'closed'

/** A descriptor that a reactor watches. It never closes the descriptor and never changes its flags. */
export interface Registration extends Disposable {
  /** The descriptor's number, also after `close()`. */
  readonly fd: number
  /** Where it stands. */
  readonly state: RegistrationState
  /** What the kernel said at `close()`, if it said anything: `EBADF` or `ENOENT` if the descriptor had been closed before. */
  readonly closeError: SystemError | undefined
  /** Whether it keeps the process alive while it is open. */
  readonly hasRef: boolean
  /**
   * Replaces the conditions and arms anew, whatever the state: if the descriptor is ready, a call follows. What was found
   * before is not called any more. `trigger`, `oneshot` and `exclusive` stay as they were unless named; no condition at all
   * is a pause.
   * @throws As `register`; then it stays as it was. `EBADF` or `ENOENT` if the descriptor was closed meanwhile or its number
   * reused; then it is closed.
   */
  modify(interest: Interest): this
  /** Takes it out of the kernel's set: no call until `resume`, `rearm` or `modify`, and no cost. */
  pause(): this
  /** Ends a pause by arming anew, also what had been disarmed or parked before it. Whatever is not paused is left alone. */
  resume(): this
  /** Arms anew: after a oneshot event, when parked, or to hear once more of what an edge has told already. */
  rearm(): this
  /** Makes it keep the process alive. */
  ref(): this
  /** Makes it not keep the process alive. */
  unref(): this
  /** Ends it. It always succeeds, may be called again, and no call follows. The descriptor stays open. */
  close(): void
}

/** What a registration needs of its reactor. */
export interface Owner {
  readonly native: InstanceType<typeof native.NativeReactor>
  readonly dispatcher: Dispatcher
  /** A registration has ended. */
  forget(registration: Watched): void
  /** The number of registrations that keep the process alive has changed by `step`. */
  count(step: 1 | -1): void
  /** The number of servers and connections has changed by `step`: while there are any, the reactor is not collected. */
  populate(step: 1 | -1): void
}

/** What every registration is made of, without what it does when ready. */
export type WatchedParts = [owner: Owner, token: number, fd: number, source: unknown, options: ParsedOptions]

const STATES = ['armed', 'paused', 'disarmed', 'parked'] as const
const WORD = 2 ** 32

export class Watched implements Registration {
  readonly fd: number
  readonly #owner: Owner
  readonly #entry: Entry
  readonly #resource: AsyncResource
  /** Kept so that a socket is not collected, and closed, while it is watched. */
  readonly source: unknown
  readonly #detach: () => void
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.close()
  #bits: number
  readonly #fixedBits: number
  #ref: boolean
  #closeError: SystemError | undefined
  /** Called if it ends by anything but readiness that was told. */
  onEnd: (() => void) | undefined

  /** Wraps what the addon has registered under `token`. */
  constructor(
    owner: Owner,
    token: number,
    fd: number,
    source: unknown,
    options: ParsedOptions,
    callback: ReadyCallback,
  ) {
    this.fd = fd
    this.source = source
    this.#owner = owner
    this.#bits = options.bits
    this.#fixedBits = options.fixed
    this.#ref = options.ref
    this.#signal = options.signal
    this.#resource = new AsyncResource('FDREACTOR_REGISTRATION', { requireManualDestroy: true })
    this.#entry = {
      slot: Math.floor(token / WORD),
      generation: token % WORD,
      resource: this.#resource,
      call: (readiness) => callback(readiness, this),
      // What comes after tells of the end.
      drop: () => this.#end(),
    }
    this.#detach = attach(source, this)
    owner.dispatcher.add(this.#entry)
    if (this.#ref) owner.count(1)
    // Last, since it is not ours: it may throw, or close this registration or its reactor.
    this.#listen()
  }

  #listen(): void {
    try {
      this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    } catch (error) {
      if (!this.isClosed) this.#end()
      throw error
    }
  }

  /** Whether it has ended on this side. */
  get isClosed(): boolean {
    return this.#entry.generation === -1
  }

  get state(): RegistrationState {
    if (this.#entry.generation === -1) return 'closed'
    return STATES[this.#owner.native.state(this.#token())] ?? 'closed'
  }

  get closeError(): SystemError | undefined {
    return this.#closeError
  }

  get hasRef(): boolean {
    return this.#ref && this.#entry.generation !== -1
  }

  modify(interest: Interest): this {
    const bits = parseInterest(interest, this.#bits) | this.#fixedBits
    this.#apply(this.#owner.native.modify(this.#token(), bits))
    this.#bits = bits
    return this
  }

  pause(): this {
    return this.#apply(this.#owner.native.pause(this.#token()))
  }

  resume(): this {
    return this.#apply(this.#owner.native.resume(this.#token()))
  }

  rearm(): this {
    return this.#apply(this.#owner.native.rearm(this.#token()))
  }

  ref(): this {
    return this.#setRef(true)
  }

  unref(): this {
    return this.#setRef(false)
  }

  close(): void {
    if (this.#entry.generation === -1) return
    const result = this.#owner.native.deregister(this.#token())
    if (result < 0) {
      const error = failureToError(result, { fd: this.fd })
      if ('errno' in error) this.#closeError = error
    }
    this.#end()
    this.onEnd?.()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Ends it on this side if the addon has done so on its own. */
  endIfGone(): void {
    if (this.#owner.native.state(this.#token()) !== -1) return
    this.#end()
    this.onEnd?.()
  }

  /** Ends it on this side; the addon has done so on its own. */
  #end(): void {
    if (this.#ref) this.#owner.count(-1)
    this.#owner.dispatcher.remove(this.#entry)
    this.#owner.forget(this)
    this.#detach()
    this.#resource.emitDestroy()
    try {
      this.#signal?.removeEventListener('abort', this.#onAbort)
    } catch {
      // It is not ours. Whatever it still calls finds this closed, and what is left to close goes on.
    }
  }

  #token(): number {
    const { slot, generation } = this.#entry
    if (generation === -1)
      throw libraryError('ERR_FDREACTOR_CLOSED', `The registration of fd ${this.fd} is closed`)
    return slot * WORD + generation
  }

  /** Takes the token that a verb returned. A failed verb may have closed the registration: its descriptor was gone. */
  #apply(result: number): this {
    if (result < 0) {
      this.endIfGone()
      check(result, { fd: this.fd })
    }
    this.#entry.generation = result % WORD
    return this
  }

  #setRef(ref: boolean): this {
    if (this.#ref !== ref) {
      this.#ref = ref
      if (this.#entry.generation !== -1) this.#owner.count(ref ? 1 : -1)
    }
    return this
  }
}
