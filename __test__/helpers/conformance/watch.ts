import { Reactor, Ready } from '../../../dist/index.js'
import type {
  Backend,
  Driver,
  Interest,
  Readiness,
  ReactorOptions,
  Registration,
} from '../../../dist/index.js'
import { makePipe } from '../kit.js'
import { arming } from './combos.js'
import type { Mode } from './combos.js'
import { Broken, Refused, attempt, demand, flags, refusalOf } from './outcome.js'

/** One call of a callback. */
export interface Told {
  /** The name of its registration. */
  readonly name: string
  readonly readiness: Readiness
  /** Which turn it came in. */
  readonly turn: number
  /** Whether it comes again in the next turn if nothing changes. */
  readonly repeats: boolean
}

/** How many turns, and how long the first may take to come. */
export interface TurnOptions {
  readonly count: number
  readonly timeoutMs: number
  readonly until?: (() => boolean) | undefined
}

interface Entry {
  registration: Registration | undefined
  mode: Mode
  interest: Interest
  /** Whether nothing may come until it is modified. */
  isSilent: boolean
}

const OVER = Ready.READ_CLOSED | Ready.HANGUP | Ready.ERROR

/** A reactor that is talked to by names, and the rules that hold in every case. */
export class Watch {
  readonly reactor: Reactor
  readonly backend: Backend
  readonly driver: Driver
  /** Called in the callback of a registration, once it has been looked at. What it throws breaks the case. */
  onTold: ((told: Told) => void) | undefined
  readonly #entries = new Map<string, Entry>()
  readonly #tick = makePipe()
  #told: Told[] = []
  /** What each registration was told last, of what has been taken. */
  readonly #last = new Map<string, Readiness>()
  /** The turn that was taken last: nothing new may come in it. */
  #over = -1
  #fault: Error | undefined
  #onAny: (() => void) | undefined
  #onFault: (() => void) | undefined

  constructor(backend: Backend, driver: Driver, options: ReactorOptions = {}) {
    this.backend = backend
    this.driver = driver
    this.reactor = new Reactor({ backend, driver, ...options })
  }

  /** Which turn is being taken. */
  #turn(): number {
    return this.reactor.stats().waits
  }

  add(name: string, fd: number, interest: Interest, mode: Mode): void {
    const before = this.reactor.size
    const entry: Entry = { registration: undefined, mode, interest, isSilent: false }
    try {
      const options = { ...arming(mode), ...interest }
      entry.registration = attempt(() =>
        this.reactor.register(fd, options, (readiness, registration) =>
          this.#guard(() => this.#hear(name, entry, readiness, registration)),
        ),
      )
    } catch (error) {
      demand(this.reactor.size <= before, `${String(error)}, and yet registered`)
      throw error
    }
    this.#entries.set(name, entry)
  }

  /** Without a mode it stays what it is, and is not named. */
  modify(name: string, fd: number, interest: Interest, mode?: Mode): void {
    const entry = this.#entries.get(name)
    if (entry?.registration === undefined) {
      attempt(() => this.#unregistered(fd).modify(interest))
      return
    }
    const { registration } = entry
    const options = mode === undefined ? interest : { ...arming(mode), ...interest }
    attempt(() => registration.modify(options))
    entry.interest = interest
    entry.mode = mode ?? entry.mode
    entry.isSilent = false
    const isPaused = Object.values(interest).every((condition) => condition !== true)
    demand(registration.state === (isPaused ? 'paused' : 'armed'), `${name} is ${registration.state}`)
  }

  /** What the kernel said of it is the reason of the refusal: closing itself always succeeds. */
  remove(name: string, fd: number): void {
    const registration = this.#entries.get(name)?.registration ?? this.#unregistered(fd)
    const [before, wasClosed] = [this.reactor.size, registration.state === 'closed']
    registration.close()
    demand(this.reactor.size === before - (wasClosed ? 0 : 1), `${name} was removed, and is still there`)
    const said = registration.closeError?.code
    if (wasClosed) throw new Refused(refusalOf(() => registration.pause()))
    if (said !== undefined) throw new Refused(said)
  }

  /** What stands for a descriptor that is not registered: verbs belong to a registration, so it is one that was closed. */
  #unregistered(fd: number): Registration {
    const registration = this.reactor.register(fd, {}, () => this.#break('a closed registration was called'))
    registration.close()
    return registration
  }

  #hear(name: string, entry: Entry, readiness: Readiness, registration: Registration): void {
    const { interest, mode, isSilent } = entry
    const turn = this.#turn()
    const what = `${flags(this.backend, readiness)} for ${name}`
    demand(registration === entry.registration, `${what} with another registration`)
    demand(readiness !== 0, `nothing told for ${name}`)
    demand(!isSilent, `${what}, which was not armed`)
    const isTwice = this.#told.some((other) => other.name === name && other.turn === turn)
    demand(!isTwice, `${what}, the second call in one turn`)
    const movesData = interest.readable === true || interest.writable === true
    const expected =
      (readiness & Ready.INVALID) !== 0
        ? 'closed'
        : mode === 'oneshot'
          ? 'disarmed'
          : !movesData && (readiness & OVER) !== 0
            ? 'parked'
            : 'armed'
    demand(registration.state === expected, `${what} left it ${registration.state}, not ${expected}`)
    entry.isSilent = expected !== 'armed'
    const told = { name, readiness, turn, repeats: mode === 'level' && expected === 'armed' }
    if (turn <= this.#over) {
      this.#expectAgain(told)
      return
    }
    this.#told.push(told)
    this.onTold?.(told)
    this.#onAny?.()
  }

  /** Holds what came in a turn that nobody asked for against what came in the one before. */
  #expectAgain(told: Told): void {
    const isAgain = told.repeats && this.#last.get(told.name) === told.readiness
    demand(isAgain, `${flags(this.backend, told.readiness)} for ${told.name} in a turn of nothing new`)
  }

  /** Takes what was told up to a turn. What has come since must be the same once more. */
  #take(turn: number): Told[] {
    if (this.#fault !== undefined) throw this.#fault
    const taken = this.#told.filter((told) => told.turn <= turn)
    const again = this.#told.filter((told) => told.turn > turn)
    this.#told = []
    for (const { name, readiness } of taken) this.#last.set(name, readiness)
    for (const told of again) this.#expectAgain(told)
    return taken
  }

  #break(reason: string): void {
    this.#fault ??= new Broken(reason)
  }

  /** An error in a callback is the case's, not the process's. */
  #guard(body: () => void): void {
    try {
      body()
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Broken(String(error))
      this.#onFault?.()
    }
  }

  /** Turns by hand. */
  poll({ count, timeoutMs, until }: TurnOptions): readonly Told[] {
    const told: Told[] = []
    for (let left = count; left > 0; left -= 1) {
      const called = attempt(() => this.reactor.poll(timeoutMs))
      const taken = this.#take(Number.POSITIVE_INFINITY)
      demand(called === taken.length, `poll returned ${called}, and ${taken.length} were called`)
      told.push(...taken)
      if (called > 0 && until?.() === false) left += 1
    }
    return told
  }

  /**
   * The same where turns come by themselves, `count` of them. A pipe that is always writable tells one turn from the next:
   * `resume` is called in a callback of one turn more, so that all of those before have been told, and nobody waits while it
   * goes on. What that turn brings must be what the one before did, as far as it repeats.
   *
   * With `until`, the turns end with the one in which that comes to hold, or begin after so many milliseconds.
   */
  turn({ count, timeoutMs, until }: TurnOptions, resume: (take: () => readonly Told[]) => void): void {
    let left = count
    let last = -1
    let late: NodeJS.Timeout | undefined
    const tick = (): void => {
      this.#onAny = undefined
      this.#onFault = undefined
      clearTimeout(late)
      const ticking = this.reactor.register(this.#tick[1], { writable: true }, () => {
        const turn = this.#turn()
        if (left > 0) {
          left -= 1
          last = turn
        } else if (turn > last) {
          ticking.close()
          resume(() => {
            this.#over = turn
            return this.#take(last)
          })
        }
      })
    }
    if (until === undefined) {
      tick()
      return
    }
    this.#onAny = () => {
      if (!until()) return
      left = 0
      last = this.#turn()
      tick()
    }
    this.#onFault = tick
    late = setTimeout(tick, timeoutMs)
  }

  close(): void {
    this.#onAny = undefined
    this.#onFault = undefined
    this.reactor.close()
    for (const end of this.#tick) end.close()
  }
}
