import { constants } from 'node:os'
import { Dispatcher, raise } from './dispatch.js'
import { check, errnoOf, failureToError, isRevoked, libraryError } from './errors.js'
import { asOneshot, parseOptions, parseReady } from './interest.js'
import type { Interest, InterestOptions, ParsedOptions, ReadyOptions } from './interest.js'
import { IterableWatched, once } from './iteration.js'
import type { IterableRegistration } from './iteration.js'
import { BACKENDS, native } from './native.js'
import { DRIVERS, parseReactorOptions } from './options.js'
import type { ReactorOptions } from './options.js'
import type { Readiness } from './ready.js'
import { Watched } from './registration.js'
import type { Owner, ReadyCallback, Registration, WatchedParts } from './registration.js'
import { capabilitiesOf, statsOf } from './report.js'
import type { Capabilities, ReactorStats } from './report.js'
import type { Backend, Driver } from './runtime.js'
import type { Source } from './source.js'
import { callable, descriptor, milliseconds } from './validate.js'
import { Waker } from './waker.js'

/** A wait in JavaScript's thread is cut into slices, so that `worker.terminate()` gets through. */
const SLICE_MS = 100
/** What the addon's `turn` returns when a wake ended it. */
const WOKEN = -1
/** What the dispatcher is called with when the loop would spin: the driver rests until `proceed`. */
const RESTING = -2
const REST_MS = 10

type NativeReactor = InstanceType<typeof native.NativeReactor>
type NativeStats = ReturnType<typeof statsOf>

/** Watches descriptors and calls back when they are ready. */
export class Reactor implements Disposable {
  /** Which backend watches. */
  readonly backend: Backend
  /** Who takes the turns. */
  readonly driver: Driver
  /** What the backend can do. */
  readonly capabilities: Capabilities
  readonly #native: NativeReactor
  readonly #dispatcher: Dispatcher
  readonly #owner: Owner
  readonly #registrations = new Map<number, Watched>()
  /** Kept here: while nothing is registered the addon holds it weakly, so that an unused reactor can be collected. */
  readonly #dispatch = (count: number): void => this.#onBatch(count)
  #references = 0
  /** Servers and connections. */
  #population = 0
  #ref = true
  #closed = false
  #crossings = 0
  #finalStats: NativeStats | undefined

  /**
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for wrong options;
   * `ERR_FDREACTOR_BACKEND_UNSUPPORTED`, `ERR_FDREACTOR_UNSUPPORTED_PLATFORM`; `EMFILE` and its like.
   */
  constructor(options: ReactorOptions = {}) {
    const parsed = parseReactorOptions(options)
    this.backend = parsed.backend
    this.driver = parsed.driver
    this.#dispatcher = new Dispatcher(parsed.batchSize, parsed.budgetMs)
    const opened = native.NativeReactor.open(
      BACKENDS.indexOf(this.backend),
      DRIVERS.indexOf(this.driver),
      parsed.batchSize,
      parsed.isSelectUnbounded,
      this.#dispatcher.records,
      this.#dispatch,
    )
    if (typeof opened === 'number') throw failureToError(opened)
    this.#native = opened
    this.capabilities = capabilitiesOf(opened)
    this.#owner = {
      native: opened,
      dispatcher: this.#dispatcher,
      forget: (registration) => this.#forget(registration),
      count: (step) => this.#count(step),
      populate: (step) => {
        this.#population += step
        this.#keep()
      },
    }
  }

  /** Whether it is a reactor, without running any code of its own. @internal */
  static owns(value: object): value is Reactor {
    return #owner in value
  }

  /** What serves on a reactor needs of it. @internal */
  static ownerOf(reactor: Reactor): Owner {
    return reactor.#owner
  }

  /**
   * Watches a descriptor. It stays its owner's: its flags are not changed and it is never closed, save that closing a socket of
   * this library first closes its registrations.
   *
   * @param source A descriptor's number, or anything with an `fd`.
   * @param callback Called when it is ready, in the `AsyncLocalStorage` context of this call. Without one the registration is
   * for `for await`.
   * @throws `EEXIST` if this reactor has it already; `EBADF` if it is not open; `EPERM` if epoll or kqueue cannot watch it (regular
   * files, directories, epoll's `/dev/null`: poll and select can); `ERR_FDREACTOR_TRIGGER_UNSUPPORTED`,
   * `ERR_FDREACTOR_INTEREST_UNSUPPORTED`, `ERR_FDREACTOR_FD_LIMIT` by `capabilities`; the reason of an aborted signal.
   */
  register(source: number | Source, interest: InterestOptions, callback: ReadyCallback): Registration
  register(source: number | Source, interest: InterestOptions): IterableRegistration
  // The number of arguments counts: a callback that is undefined by mistake would never be called.
  register(source: unknown, interest: unknown, ...callbacks: readonly unknown[]): Registration {
    const parsed = parseOptions(interest)
    if (callbacks.length === 0)
      return this.#add(source, asOneshot(parsed), (...parts) => new IterableWatched(...parts))
    const callback = callable(callbacks[0], 'callback') as ReadyCallback
    return this.#add(source, parsed, (...parts) => new Watched(...parts, callback))
  }

  /**
   * Resolves when the descriptor is ready, with what it is ready for. Nothing stays registered afterwards; one reactor takes a
   * descriptor once, so one that is waited for cannot be registered meanwhile.
   *
   * Rejects with what `register` would throw; with the signal's reason; with `ERR_FDREACTOR_CLOSED` if the reactor, or the
   * socket of this library, is closed before.
   */
  async ready(source: number | Source, interest: Interest, options: ReadyOptions = {}): Promise<Readiness> {
    const parsed = parseReady(interest, options)
    return once(
      (callback) => this.#add(source, parsed, (...parts) => new Watched(...parts, callback)),
      parsed.signal,
    )
  }

  #add<T extends Watched>(source: unknown, parsed: ParsedOptions, make: (...parts: WatchedParts) => T): T {
    const fd =
      typeof source === 'object' && source !== null && !isRevoked(source)
        ? descriptor((source as Source).fd, 'source.fd')
        : descriptor(source, 'source')
    parsed.signal?.throwIfAborted()
    this.#open()
    const token = this.#native.register(fd, parsed.bits)
    // One whose descriptor was closed behind our back has made way.
    this.#registrations.get(fd)?.endIfGone()
    if (token < 0) throw failureToError(token, { fd, ...advice(token) })
    const registration = this.#wrap(token, () => make(this.#owner, token, fd, source, parsed))
    // A signal may run code of the caller's when it is listened to.
    if (this.#closed) registration.close()
    if (registration.isClosed) {
      parsed.signal?.throwIfAborted()
      throw libraryError('ERR_FDREACTOR_CLOSED', `The registration of fd ${fd} was closed while it was made`)
    }
    this.#registrations.set(fd, registration)
    this.#keep()
    return registration
  }

  /**
   * One turn of the manual driver: waits, calls back, and returns how many callbacks ran. 0: the time is over, or a wake.
   *
   * A callback that throws leaves `poll` with its error; the rest of the batch is dispatched by the next `poll`.
   * @param timeoutMs Milliseconds, fractions count and are rounded up; 0 does not wait; `Infinity` or nothing waits for ever.
   * @throws `ERR_FDREACTOR_REENTRANT` inside a callback, `ERR_FDREACTOR_WRONG_DRIVER`, `ERR_FDREACTOR_CLOSED`; what the system
   * says of the wait, such as `EINVAL` from poll for more descriptors than the limit of open files.
   */
  poll(timeoutMs: number = Number.POSITIVE_INFINITY): number {
    const timeout = milliseconds(timeoutMs, 'timeoutMs')
    this.#open()
    if (this.driver !== 'manual') {
      throw libraryError(
        'ERR_FDREACTOR_WRONG_DRIVER',
        `poll() is for the driver 'manual'. This reactor's is '${this.driver}', which takes the turns itself`,
      )
    }
    if (this.#dispatcher.running) {
      throw libraryError('ERR_FDREACTOR_REENTRANT', 'poll() was called inside a callback of the same reactor')
    }
    if (this.#dispatcher.pending) {
      const ran = this.#dispatcher.runManually()
      // What was left may all be stale by now.
      if (ran > 0 || this.#closed) return ran
    }
    this.#wait(timeout)
    return this.#dispatcher.pending ? this.#dispatcher.runManually() : 0
  }

  /**
   * Ends the wait that is under way, or the next one. Nothing is called back.
   * @throws `ERR_FDREACTOR_CLOSED`; `ENOBUFS`, `ENOMEM`: the system has no memory for it, and nothing was woken.
   */
  wake(): void {
    this.#open()
    check(this.#native.wake())
  }

  /** Something that wakes this reactor from other threads. @throws `ERR_FDREACTOR_CLOSED` */
  waker(): Waker {
    this.#open()
    return Waker.from(this.#native.wakerHandle())
  }

  /** Lets open registrations keep the process alive, which is the default. */
  ref(): this {
    return this.#setRef(true)
  }

  /** Lets no registration keep the process alive. */
  unref(): this {
    return this.#setRef(false)
  }

  /** What it has done so far, also after `close()`. */
  stats(): ReactorStats {
    const { callbacks, stale, slowestMs } = this.#dispatcher
    const core = this.#finalStats ?? statsOf(this.#native)
    const crossings = this.#crossings + (this.#dispatcher.traffic?.crossings ?? 0)
    const slowestTurnMs = Math.max(core.slowestTurnMs, slowestMs)
    return { ...core, stale: core.stale + stale, callbacks, crossings, slowestTurnMs }
  }

  /**
   * The epoll or kqueue descriptor, readable while something is ready, so that reactors nest (five deep on Linux, the
   * host's loop counted) and other loops can watch it.
   * `undefined` on poll and select, and once closed. It changes when `stats().rebuilds` does. Never close it.
   */
  get fd(): number | undefined {
    const fd = this.#native.descriptor()
    return fd < 0 ? undefined : fd
  }

  /** How many registrations are open. */
  get size(): number {
    return this.#registrations.size
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closed
  }

  /** Closes all registrations; none is called any more. The descriptors stay open. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const registration of this.#registrations.values()) registration.close()
    this.#dispatcher.clear()
    this.#dispatcher.traffic?.close()
    this.#finalStats = statsOf(this.#native)
    this.#native.close()
  }

  /** Same as `close()`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** What the addon has registered and nobody would hold must not stay. */
  #wrap<T extends Watched>(token: number, make: () => T): T {
    try {
      return make()
    } catch (error) {
      this.#native.deregister(token)
      throw error
    }
  }

  /** Waits in slices until something is found and loaded, it is woken or the time is over. */
  #wait(timeoutMs: number): void {
    const deadline = performance.now() + timeoutMs
    for (let left = timeoutMs; ; left = deadline - performance.now()) {
      this.#dispatcher.traffic?.beat()
      this.#crossings += 1
      const count = this.#native.turn(Math.min(Math.max(left, 0), SLICE_MS))
      if (count === WOKEN) return
      this.#dispatcher.load(check(count))
      // Nothing may also be a stale event, which ends no wait.
      if (this.#dispatcher.pending || performance.now() >= deadline) return
    }
  }

  /** Called by the driver with a number of records or a failure. */
  #onBatch(count: number): void {
    this.#crossings += 1
    if (count === RESTING) {
      // The driver keeps the process alive, not this.
      setTimeout(() => this.#native.proceed(), REST_MS).unref()
      return
    }
    if (count < 0) {
      // A wait that fails would fail again and again.
      this.close()
      raise(failureToError(count))
      return
    }
    this.#dispatcher.load(count)
    this.#dispatcher.run(raise)
    if (!this.#dispatcher.pending) return
    this.#native.defer()
    setImmediate(() => this.#continue())
  }

  /** Goes on with a batch that the budget cut short. */
  #continue(): void {
    this.#dispatcher.runLater(raise)
    if (this.#dispatcher.pending) {
      setImmediate(() => this.#continue())
    } else if (!this.#closed) {
      this.#crossings += 1
      this.#native.settle()
    }
  }

  #forget(registration: Watched): void {
    this.#registrations.delete(registration.fd)
    this.#keep()
  }

  /** Nobody else may hold what can still be called. */
  #keep(): void {
    this.#native.keepAlive(this.#registrations.size > 0 || this.#population > 0)
  }

  #count(step: 1 | -1): void {
    this.#references += step
    if (this.#references === (step === 1 ? 1 : 0)) this.#native.setRef(this.#ref && this.#references > 0)
  }

  #setRef(ref: boolean): this {
    this.#ref = ref
    this.#native.setRef(ref && this.#references > 0)
    return this
  }

  #open(): void {
    if (this.#closed) throw libraryError('ERR_FDREACTOR_CLOSED', 'The reactor is closed')
  }
}

/** The way out of a failed registration, where there is one. */
function advice(failure: number): { hint?: string } {
  switch (errnoOf(failure)) {
    case constants.errno.EPERM: {
      return {
        hint: "epoll and kqueue cannot watch regular files and directories, nor epoll devices like /dev/null: they are always ready. The backends 'poll' and 'select' take them",
      }
    }
    case constants.errno.EEXIST: {
      return {
        hint: 'One reactor takes a descriptor once: use modify() on its registration, or close that first',
      }
    }
    default: {
      return {}
    }
  }
}
