/**
 * Judges the callbacks of a turn: what was ready when the wait began is told, exactly that, and nothing that has changed
 * since.
 *
 * It never throws: it is asked inside callbacks, whose exceptions are the reactor's business. It remembers the first fault.
 */
import { Ready } from '../../../dist/index.js'
import type { Reactor, ReactorStats, Readiness } from '../../../dist/index.js'
import { readinessOf, requestOf } from './kernel.js'
import type { Sight } from './kernel.js'
import type { Model, Watch } from './model.js'

/** What one wait has found, as far as it can be known. */
interface Batch {
  /** What was ready, of open registrations; or what may have been, where `isLoose`. */
  readonly ready: ReadonlyMap<number, Sight>
  readonly isLoose: boolean
  /** Which of it is in the batch for sure; the rest may be, or found no room. */
  readonly sure: ReadonlySet<number>
  /** How many records it has. */
  readonly records: number
  readonly called: Set<number>
  told: number
  /** Whether something was done to a registration meanwhile, so that records may be dropped. */
  isDisturbed: boolean
}

export class Judge {
  readonly #model: Model
  readonly #reactor: Reactor
  readonly #limit: number
  /** How many records of a batch are not the history's own. */
  readonly #others: number
  fault: string | undefined
  /** What the next wait may find; `undefined` if nobody can say, as it may be under way. */
  #sights: readonly Sight[] | undefined = []
  #before: ReactorStats
  #batch: Batch | undefined
  /** How often in a row each arming was ready and found no room. */
  #passedOver = new Map<number, number>()
  /** Whether there was a reason to rebuild the set since that could be known. */
  #mayRebuild = false

  constructor(model: Model, reactor: Reactor, limit: number, others: number) {
    this.#model = model
    this.#reactor = reactor
    this.#limit = limit
    this.#others = others
    this.#before = reactor.stats()
  }

  accuse(fault: string): void {
    this.fault ??= fault
  }

  expect(what: string, got: unknown, expected: unknown): void {
    if (got !== expected) this.accuse(`${what}: expected ${String(expected)}, got ${String(got)}`)
  }

  /** Something was done that is no turn. */
  disturb(): void {
    this.#passedOver.clear()
    this.#model.kernel.follow(this.#model.files)
    this.#mayRebuild ||= this.#model.hasStray
    if (this.#batch !== undefined) this.#batch.isDisturbed = true
  }

  /** Nothing will happen until the next wait. */
  begin(): void {
    this.#sights = this.#model.look()
    this.#before = this.#reactor.stats()
    this.#mayRebuild = this.#model.hasStray
  }

  /** From now on the driver may wait while things happen. */
  loosen(): void {
    this.#sights = undefined
  }

  /** A turn is over; if a callback threw, the rest of its batch is not. */
  end(isWhole: boolean): void {
    this.notice()
    if (isWhole) this.#finish()
  }

  /** A callback runs. */
  called(watch: Watch, readiness: Readiness): void {
    this.notice()
    const batch = this.#batch
    if (batch === undefined || this.#model.isClosed) {
      this.accuse(`place ${watch.at} was called without a wait, or after the reactor's end`)
      return
    }
    const isEnd = watch.owed
    const isOpen = watch.state !== 'closed' && this.#model.watches[watch.at] === watch
    if (isEnd) {
      watch.owed = false
      batch.told += 1
    } else if (!isOpen || !batch.ready.has(watch.serial) || batch.called.has(watch.serial)) {
      this.accuse(
        `place ${watch.at} was called with ${readiness}: it was not ready as it was armed, or twice`,
      )
      return
    } else batch.called.add(watch.serial)
    this.#heard(watch, readiness, isEnd, batch)
  }

  /** What a callback was told. */
  #heard({ at, serial, asked }: Watch, readiness: Readiness, isEnd: boolean, batch: Batch): void {
    const found = batch.ready.get(serial)?.readiness ?? 0
    const end = isEnd ? Ready.INVALID : 0
    if (batch.isLoose) {
      const always = this.#model.backend === 'select' ? 0 : Ready.HANGUP | Ready.ERROR
      const possible = readinessOf(requestOf(asked)) | always | end
      const isPossible = readiness !== 0 && (readiness & ~possible) === 0 && (readiness & end) === end
      if (!isPossible) this.accuse(`place ${at} was told ${readiness}`)
    } else if (batch.sure.has(serial) || !isEnd || readiness !== end) {
      // At its end it is told what was found as well, if that is in the batch.
      this.expect(`what place ${at} was told`, readiness, found | end)
    }
  }

  /** Takes note of a wait, before any callback of its batch does anything. */
  notice(): void {
    const stats = this.#reactor.stats()
    const before = this.#before
    if (stats.waits === before.waits || this.#model.isClosed) return
    this.#before = stats
    this.#finish()
    const model = this.#model
    const isLoose = this.#sights === undefined
    const sights = this.#sights ?? model.possible()
    // One more for a wake.
    const fits = !isLoose && sights.length + 1 + this.#others <= this.#limit
    if (fits) model.kernel.looked(model.files)
    else model.kernel.blur(model.current)
    const ready = new Map<number, Sight>()
    const sure = new Set<number>()
    let must = false
    for (const sight of sights) {
      const watch = model.bySerial(sight.serial)
      if (watch === undefined) {
        must ||= sight.must && fits
        continue
      }
      ready.set(sight.serial, sight)
      const after = model.after(watch, sight.readiness)
      // What falls silent shows whether it was found; then it must be told.
      const shows = after !== 'armed' && watch.handle?.state === after
      if (!(sight.must && fits) && !shows) continue
      sure.add(sight.serial)
      if (model.settle(watch, sight.readiness)) must = true
      // What leaves a scan's table changes the order of the rest.
      if (after !== 'armed') this.#passedOver.clear()
    }
    const rebuilds = stats.rebuilds - before.rebuilds
    if (must || rebuilds > 0) this.expect('rebuilds', rebuilds, must || this.#mayRebuild ? 1 : 0)
    if (rebuilds > 0) model.rebuild()
    this.#mayRebuild = isLoose && model.hasStray
    const records = stats.events - before.events - this.#others
    this.#batch = { ready, isLoose, sure, records, called: new Set(), told: 0, isDisturbed: false }
  }

  /** A batch is over: nothing of it may be missing. */
  #finish(): void {
    const batch = this.#batch
    this.#batch = undefined
    if (batch === undefined || this.#model.isClosed) return
    const { ready, sure, called, records, told } = batch
    const isFull = records + 1 + this.#others >= this.#limit
    for (const watch of this.#model.watches) {
      if (watch === undefined) continue
      if (watch.owed && !isFull) this.accuse(`never told that place ${watch.at} was closed`)
      const isMissing = ready.get(watch.serial)?.must === true && !called.has(watch.serial)
      if (watch.state === 'closed' || !isMissing) {
        this.#passedOver.delete(watch.serial)
        continue
      }
      if (sure.has(watch.serial)) this.accuse(`place ${watch.at} was ready and not told`)
      const times = (this.#passedOver.get(watch.serial) ?? 0) + 1
      this.#passedOver.set(watch.serial, times)
      // What is ready gets its turn: the limit starves nobody.
      if (times > Math.ceil((ready.size + 1) / this.#limit) + 1)
        this.accuse(`place ${watch.at} was ready and passed over ${times} times`)
    }
    if (!batch.isDisturbed && !this.#model.hasOrphans) this.expect('callbacks', called.size + told, records)
  }
}
