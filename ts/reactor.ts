import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Dispatcher, raise } from './dispatch.js'
import { argumentValue, check, errnoOf, failureToError, libraryError } from './errors.js'
import { parseOptions } from './interest.js'
import type { InterestOptions } from './interest.js'
import { BACKENDS, native } from './native.js'
import { Watched } from './registration.js'
import type { Owner, ReadyCallback, Registration } from './registration.js'
import { objection, suitableDriver } from './runtime.js'
import type { Backend, Driver } from './runtime.js'
import type { Source } from './source.js'
import { boolean, callable, descriptor, integer, milliseconds, oneOf, options as keys } from './validate.js'
import { Waker } from './waker.js'

/** How a reactor is made. */
export interface ReactorOptions {
  /** What finds out which descriptors are ready. `'auto'`: epoll on Linux, kqueue on macOS and the BSDs. @default 'auto' */
  readonly backend?: 'auto' | Backend
  /**
   * Who takes the turns.
   * - `'loop'`: the host's own event loop. Node.js and Electron, with epoll or kqueue.
   * - `'thread'`: a helper thread waits; callbacks run on the host's loop. Everywhere.
   * - `'manual'`: you call `poll()`.
   * - `'auto'`: `'loop'` where it works, otherwise `'thread'`.
   * @default 'auto'
   */
  readonly driver?: 'auto' | Driver
  /** The most events taken in one turn, from 1 to 65,536. @default 1024 */
  readonly batchSize?: number
  /**
   * Milliseconds after which a turn lets the host's loop go on, between two callbacks; the rest of the batch follows in the
   * loop's next round (manual: in the next `poll()`). @default Infinity: a turn is one batch
   */
  readonly turnBudgetMs?: number
  /** Lets select take descriptors from 1,024 on, to measure what that costs. Not on macOS. @default false */
  readonly unboundedSelect?: boolean
}

/** What a reactor's backend can do. */
export interface Capabilities {
  /** Edge-triggering. */
  readonly edge: boolean
  /** One event, then silence. */
  readonly oneshot: boolean
  /** Urgent data. */
  readonly priority: boolean
  /** Waking not all of several reactors that watch one descriptor. */
  readonly exclusive: boolean
  /** Telling a half-close or hang-up as such; without it they show as readable or writable only. */
  readonly disconnect: boolean
  /** The highest descriptor it takes, or `Infinity`. */
  readonly maxFd: number
}

/** What a reactor has done since it was made. */
export interface ReactorStats {
  /** Waits that ended. */
  readonly waits: number
  /** Events that the kernel reported and that were not stale when the wait ended. */
  readonly events: number
  /** Callbacks that ran. */
  readonly callbacks: number
  /** Calls between JavaScript and the addon that turns made. */
  readonly crossings: number
  /** Events dropped because their registration had changed or gone meanwhile. */
  readonly stale: number
  /** Registrations that were parked. */
  readonly parked: number
  /** Times that the kernel's set was rebuilt, to get rid of a descriptor that was closed while a duplicate of it lives. */
  readonly rebuilds: number
}

const OPTION_KEYS = ['backend', 'driver', 'batchSize', 'turnBudgetMs', 'unboundedSelect'] as const
const DRIVERS = ['loop', 'thread', 'manual'] as const
/** A wait in JavaScript's thread is cut into slices, so that `worker.terminate()` gets through. */
const SLICE_MS = 100
/** What the addon's `turn` returns when a wake ended it. */
const WOKEN = -1

type NativeReactor = InstanceType<typeof native.NativeReactor>
type NativeStats = NonNullable<ReturnType<NativeReactor['stats']>>

/** What a reactor that is closed natively has done. */
const NOTHING: NativeStats = { waits: 0, events: 0, stale: 0, parked: 0, rebuilds: 0 }

function statsOf(reactor: NativeReactor): NativeStats {
  return reactor.stats() ?? NOTHING
}

function capabilitiesOf(reactor: NativeReactor): Capabilities {
  const core = reactor.capabilities()
  if (core === null) throw libraryError('ERR_FDREACTOR_INTERNAL', 'A new reactor is closed')
  return { ...core, maxFd: core.maxFd < 0 ? Number.POSITIVE_INFINITY : core.maxFd }
}

function orDefault<T>(value: unknown, absent: T, parse: (value: unknown) => T): T {
  return value === undefined ? absent : parse(value)
}

function chooseBackend(value: unknown): Backend {
  const wanted = orDefault(value, 'auto', (given) => oneOf(given, 'options.backend', ['auto', ...BACKENDS]))
  const { supported } = native.contract()
  if (wanted !== 'auto') return wanted
  return BACKENDS.find((_, index) => supported[index] === true) ?? 'poll'
}

function chooseDriver(value: unknown, backend: Backend): Driver {
  const wanted = orDefault(value, 'auto', (given) => oneOf(given, 'options.driver', ['auto', ...DRIVERS]))
  const driver = wanted === 'auto' ? suitableDriver(backend) : wanted
  const reason = objection(driver, backend)
  if (reason !== undefined) throw argumentValue('options.driver', `another one: ${reason}`, driver)
  return driver
}

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
  #ref = true
  #closed = false
  #crossings = 0
  #finalStats: NativeStats | undefined

  /**
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for wrong options;
   * `ERR_FDREACTOR_BACKEND_UNSUPPORTED`, `ERR_FDREACTOR_UNSUPPORTED_PLATFORM`; `EMFILE` and its like.
   */
  constructor(options: ReactorOptions = {}) {
    const given = keys(options, 'options', OPTION_KEYS)
    const batchSize = orDefault(given['batchSize'], 1024, (value) =>
      integer(value, 'options.batchSize', 1, 65_536),
    )
    const budget = orDefault(given['turnBudgetMs'], Number.POSITIVE_INFINITY, (value) =>
      milliseconds(value, 'options.turnBudgetMs'),
    )
    const unbounded = orDefault(given['unboundedSelect'], false, (value) =>
      boolean(value, 'options.unboundedSelect'),
    )
    this.backend = chooseBackend(given['backend'])
    this.driver = chooseDriver(given['driver'], this.backend)
    this.#dispatcher = new Dispatcher(batchSize, budget)
    const opened = native.NativeReactor.open(
      BACKENDS.indexOf(this.backend),
      DRIVERS.indexOf(this.driver),
      batchSize,
      unbounded,
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
    }
  }

  /**
   * Watches a descriptor. It stays its owner's: its flags are not changed and it is never closed, save that closing a socket of
   * this library first closes its registrations.
   *
   * @param source A descriptor's number, or anything with an `fd`.
   * @param callback Called when it is ready, in the `AsyncLocalStorage` context of this call.
   * @throws `EEXIST` if this reactor has it already; `EBADF` if it is not open; `EPERM` if epoll cannot watch it (regular files,
   * directories, `/dev/null`: poll and select can); `ERR_FDREACTOR_TRIGGER_UNSUPPORTED`,
   * `ERR_FDREACTOR_INTEREST_UNSUPPORTED`, `ERR_FDREACTOR_FD_LIMIT` by `capabilities`; the reason of an aborted signal.
   */
  register(source: number | Source, interest: InterestOptions, callback: ReadyCallback): Registration {
    const fd =
      typeof source === 'object' && source !== null
        ? descriptor(source.fd, 'source.fd')
        : descriptor(source, 'source')
    const parsed = parseOptions(interest)
    callable(callback, 'callback')
    parsed.signal?.throwIfAborted()
    this.#open()
    const token = this.#native.register(fd, parsed.bits)
    // One whose descriptor was closed behind our back has made way.
    this.#registrations.get(fd)?.endIfGone()
    if (token < 0) throw failureToError(token, { fd, ...advice(token) })
    const registration = this.#wrap(
      token,
      () => new Watched(this.#owner, token, fd, source, parsed, callback),
    )
    this.#registrations.set(fd, registration)
    this.#native.keepAlive(true)
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
      const ran = this.#dispatcher.run(rethrow)
      // What was left may all be stale by now.
      if (ran > 0 || this.#closed) return ran
    }
    const count = this.#wait(timeout)
    if (count <= 0) return 0
    this.#dispatcher.load(count)
    return this.#dispatcher.run(rethrow)
  }

  /** Ends the wait that is under way, or the next one. Nothing is called back. @throws `ERR_FDREACTOR_CLOSED` */
  wake(): void {
    this.#open()
    this.#native.wake()
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
    const { callbacks, stale } = this.#dispatcher
    const core = this.#finalStats ?? statsOf(this.#native)
    return { ...core, stale: core.stale + stale, callbacks, crossings: this.#crossings }
  }

  /**
   * The epoll or kqueue descriptor, readable while something is ready, so that reactors nest and other loops can watch it.
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
    this.#finalStats = statsOf(this.#native)
    this.#native.close()
  }

  /** Same as `close()`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** What the addon has registered and nobody would hold must not stay. */
  #wrap(token: number, make: () => Watched): Watched {
    try {
      return make()
    } catch (error) {
      this.#native.deregister(token)
      throw error
    }
  }

  /** Waits in slices until something is found, it is woken or the time is over. */
  #wait(timeoutMs: number): number {
    const deadline = performance.now() + timeoutMs
    for (let left = timeoutMs; ; left = deadline - performance.now()) {
      this.#crossings += 1
      const count = this.#native.turn(Math.min(Math.max(left, 0), SLICE_MS))
      if (count === WOKEN) return 0
      // Nothing may also be a stale event, which ends no wait.
      if (count !== 0 || performance.now() >= deadline) return check(count)
    }
  }

  /** Called by the driver with a number of records or a failure. */
  #onBatch(count: number): void {
    this.#crossings += 1
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
    this.#dispatcher.run(raise)
    if (this.#dispatcher.pending) {
      setImmediate(() => this.#continue())
    } else if (!this.#closed) {
      this.#crossings += 1
      this.#native.settle()
    }
  }

  #forget(registration: Watched): void {
    this.#registrations.delete(registration.fd)
    if (this.#registrations.size === 0) this.#native.keepAlive(false)
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
        hint: "epoll cannot watch regular files, directories and devices like /dev/null: they are always ready. The backends 'poll' and 'select' take them",
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

function rethrow(error: unknown): never {
  throw error
}
