/** The registrations as the contract has them: what each verb must do and say, and what a delivery makes of an event. */
import { Ready } from '../../../dist/index.js'
import type { Backend, Interest, Registration, RegistrationState } from '../../../dist/index.js'
import { Files } from './files.js'
import type { File } from './files.js'
import { Kernel, NOTHING, scan } from './kernel.js'
import type { Asked, Sight } from './kernel.js'
import { PLACES } from './ops.js'
import type { Verb } from './ops.js'

/** One registration, from `register` on. */
export interface Watch {
  readonly at: number
  /** What `register` returned. */
  handle?: Registration
  /** Moves with every arming. */
  serial: number
  asked: Asked
  state: RegistrationState
  /** Whether the backend has its number. */
  selected: boolean
  /** The file when it left the backend. */
  identity: string | undefined
  /** Closed by the library, which has yet to say so: until then it counts. */
  owed: boolean
  /** The code of what `close` was told by the kernel. */
  closeError: string | undefined
}

const isEmpty = ({ readable, writable, priority, disconnect }: Asked): boolean =>
  !(readable || writable || priority || disconnect)

export class Model {
  readonly files = new Files()
  readonly kernel = new Kernel()
  readonly backend: Backend
  /** The newest of each place, be it closed or not. */
  readonly watches: (Watch | undefined)[] = Array.from({ length: PLACES }, () => undefined)
  isClosed = false
  /** How many registrations were parked. */
  parked = 0
  /** Whether some registration was ended before it was told that the library had closed it: its record comes for nobody. */
  hasOrphans = false
  #serial = 0

  constructor(backend: Backend) {
    this.backend = backend
  }

  get #isEpoll(): boolean {
    return this.backend === 'epoll'
  }

  /** How many registrations count as open. */
  get size(): number {
    return this.watches.filter((watch) => watch !== undefined && (watch.state !== 'closed' || watch.owed))
      .length
  }

  /** The open registration that a kernel's record is about. */
  bySerial(serial: number): Watch | undefined {
    return this.watches.find(
      (watch) => watch?.serial === serial && watch.selected && watch.state !== 'closed',
    )
  }

  #check({ trigger, exclusive, oneshot, priority, disconnect }: Asked): string | undefined {
    if (trigger === 'edge' && !this.#isEpoll) return 'ERR_FDREACTOR_TRIGGER_UNSUPPORTED'
    const isRefused = exclusive && (!this.#isEpoll || oneshot || priority || disconnect)
    return isRefused ? 'ERR_FDREACTOR_INTEREST_UNSUPPORTED' : undefined
  }

  #add(at: number, serial: number, asked: Asked): string | undefined {
    const file = this.files.at(at)
    if (file === undefined) return 'EBADF'
    if (this.#isEpoll) this.kernel.add(at, file, serial, asked)
    return undefined
  }

  /** Takes the number out of the backend. */
  #remove(at: number): string | undefined {
    if (!this.#isEpoll) return undefined
    const file = this.files.at(at)
    if (file === undefined) return 'EBADF'
    return this.kernel.remove(at, file) ? undefined : 'ENOENT'
  }

  /** Whether a number still stands for what it stood for when it left the backend. */
  #sameFile({ at, identity }: Watch): string | undefined {
    const now = this.files.identity(at)
    return now === undefined ? 'EBADF' : now === identity ? undefined : 'ENOENT'
  }

  #end(watch: Watch): void {
    this.hasOrphans ||= watch.owed
    watch.state = 'closed'
    watch.selected = false
    watch.owed = false
  }

  /** What a verb must do. Returns the code of the error that it must throw, if any. */
  perform(verb: Verb): string | undefined {
    if (verb.do === 'register') return this.#register(verb.at, verb.ask)
    const watch = this.watches[verb.at]
    if (watch === undefined) return undefined
    if (verb.do === 'unwatch') {
      this.#unwatch(watch)
      return undefined
    }
    if (this.isClosed) return 'ERR_FDREACTOR_CLOSED'
    const asked = verb.do === 'modify' ? { ...watch.asked, ...plain(verb.ask) } : watch.asked
    if (watch.state === 'closed') {
      const error =
        (watch.owed && verb.do === 'modify' ? this.#check(asked) : undefined) ?? 'ERR_FDREACTOR_CLOSED'
      this.#end(watch)
      return error
    }
    if (verb.do === 'resume' && watch.state !== 'paused') return undefined
    const refusal = verb.do === 'modify' ? this.#check(asked) : undefined
    if (refusal !== undefined) return refusal
    return this.#change(watch, asked, verb.do === 'pause' || isEmpty(asked) ? 'paused' : 'armed')
  }

  #register(at: number, ask: Interest): string | undefined {
    if (this.isClosed) return 'ERR_FDREACTOR_CLOSED'
    const asked = { ...NOTHING, ...plain(ask) }
    const present = this.watches[at]
    // One that the library has closed is not told any more: its number was asked for anew.
    if (present?.owed === true) this.#end(present)
    const refusal = this.#check(asked)
    if (refusal !== undefined) return refusal
    if (present !== undefined && present.state !== 'closed') {
      // A scan holds numbers; epoll knows its files, and what has left is known by its identity.
      const stays = !present.selected
        ? this.#sameFile(present) === undefined
        : !this.#isEpoll || this.kernel.has(at, this.files.at(at))
      if (stays) return 'EEXIST'
      this.#end(present)
    }
    const selected = !isEmpty(asked)
    const identity = selected ? undefined : this.files.identity(at)
    const serial = this.#serial + 1
    const error = selected ? this.#add(at, serial, asked) : identity === undefined ? 'EBADF' : undefined
    if (error !== undefined) return error
    this.#serial = serial
    const state = selected ? 'armed' : 'paused'
    this.watches[at] = { at, serial, asked, state, selected, identity, owed: false, closeError: undefined }
    return undefined
  }

  #unwatch(watch: Watch): void {
    if (watch.state !== 'closed' && watch.selected) watch.closeError = this.#remove(watch.at)
    this.#end(watch)
  }

  #change(watch: Watch, asked: Asked, state: 'armed' | 'paused'): string | undefined {
    const select = state === 'armed'
    const serial = this.#serial + 1
    const file = this.files.at(watch.at)
    const now = this.files.identity(watch.at)
    let error: string | undefined
    if (watch.selected && file === undefined) error = 'EBADF'
    else if (watch.selected && select) {
      if (this.#isEpoll && !this.kernel.has(watch.at, file)) error = 'ENOENT'
      else this.#add(watch.at, serial, asked)
    } else if (watch.selected) error = this.#remove(watch.at)
    else if (select) error = this.#sameFile(watch) ?? this.#add(watch.at, serial, asked)
    if (error !== undefined) {
      this.#end(watch)
      // What has the number now is not watched either.
      this.#remove(watch.at)
      return error
    }
    if (watch.selected && !select) watch.identity = now
    this.#serial = serial
    Object.assign(watch, { serial, asked, state, selected: select })
    return undefined
  }

  /** What a wait may find now. */
  look(): Sight[] {
    this.kernel.follow(this.files)
    if (this.#isEpoll) return this.kernel.look(this.files)
    return scan(
      this.backend,
      this.files,
      this.watches.flatMap((watch) => (watch?.selected === true ? [watch] : [])),
    )
  }

  /** What may have been found at any time of late: anything of what is armed. */
  possible(): Sight[] {
    this.kernel.follow(this.files)
    return this.watches.flatMap((watch) => {
      if (watch?.selected !== true || watch.state !== 'armed') return []
      // What it was, its state will tell.
      const isInvalid = this.backend !== 'epoll' && watch.handle?.state === 'closed'
      return [{ serial: watch.serial, readiness: isInvalid ? Ready.INVALID : Ready.HANGUP, must: false }]
    })
  }

  /** Where an event leaves its registration. */
  after({ asked }: Watch, readiness: number): RegistrationState {
    const over = Ready.HANGUP | Ready.ERROR | Ready.READ_CLOSED
    if ((readiness & Ready.INVALID) !== 0) return 'closed'
    if (asked.oneshot) return 'disarmed'
    return !asked.readable && !asked.writable && (readiness & over) !== 0 ? 'parked' : 'armed'
  }

  /** What an event entails for its registration. Whether its entry is out of reach. */
  settle(watch: Watch, readiness: number): boolean {
    const state = this.after(watch, readiness)
    if (state === 'armed') return false
    watch.state = state
    if (state === 'parked') this.parked += 1
    if (state === 'disarmed' && this.#isEpoll) {
      this.kernel.silence(watch.serial)
      return false
    }
    watch.selected = false
    watch.owed = state === 'closed'
    const identity = this.files.identity(watch.at)
    const isGone = this.#remove(watch.at) !== undefined
    watch.identity = isGone ? undefined : identity
    return isGone
  }

  /** The newest armings of what the backend has. */
  get current(): ReadonlySet<number> {
    return new Set(this.watches.flatMap((watch) => (watch?.selected === true ? [watch.serial] : [])))
  }

  /** Whether the kernel's set has an entry that stands for no open registration, or for one that no number reaches. */
  get hasStray(): boolean {
    const isLost = (watch: Watch | undefined): boolean =>
      watch?.selected === true && !this.kernel.has(watch.at, this.files.at(watch.at))
    return this.kernel.hasBesides(this.current) || this.watches.some((watch) => isLost(watch))
  }

  /** A new set has what the old one had by its number, but for oneshots that are spent. */
  rebuild(): void {
    const kept: [Watch, File][] = []
    for (const watch of this.watches) {
      if (watch?.selected !== true) continue
      const file = this.files.at(watch.at)
      if (file === undefined || !this.kernel.has(watch.at, file)) {
        watch.state = 'closed'
        watch.owed = true
        watch.selected = false
      } else if (watch.state === 'disarmed') {
        watch.selected = false
        watch.identity = this.files.identity(watch.at)
      } else kept.push([watch, file])
    }
    this.kernel.clear()
    for (const [{ at, serial, asked }, file] of kept) this.kernel.add(at, file, serial, asked)
  }

  closeReactor(): void {
    if (this.isClosed) return
    for (const watch of this.watches) if (watch !== undefined) this.#unwatch(watch)
    this.isClosed = true
  }
}

/** What is named. */
function plain(ask: Interest): Partial<Asked> {
  return {
    readable: ask.readable ?? false,
    writable: ask.writable ?? false,
    priority: ask.priority ?? false,
    disconnect: ask.disconnect ?? false,
    ...(ask.trigger !== undefined && { trigger: ask.trigger }),
    ...(ask.oneshot !== undefined && { oneshot: ask.oneshot }),
    ...(ask.exclusive !== undefined && { exclusive: ask.exclusive }),
  }
}
