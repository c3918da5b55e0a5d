/** One history, acted out on a reactor and on the model, which must agree after every step. */
import { setImmediate as nextRound } from 'node:timers/promises'
import { Reactor, Ready } from '../../../dist/index.js'
import type { Backend, Driver, Registration, Trigger } from '../../../dist/index.js'
import { PATIENCE_MS, countOpen } from '../descriptors.js'
import { makePipe } from '../kit.js'
import { runtime } from '../runtime.js'
import { numberOf } from './files.js'
import { Judge } from './judge.js'
import { Model } from './model.js'
import type { Watch } from './model.js'
import { print } from './ops.js'
import type { Act, History, Verb } from './ops.js'
import type { Tally } from './tally.js'

/** Where histories are run. */
export interface Place {
  readonly backend: Backend
  readonly trigger: Trigger
  readonly driver: Driver
  /** Makes the reactor, for who wants another one. */
  readonly open?: ((options: { backend: Backend; driver: Driver; batchSize: number }) => Reactor) | undefined
}

/** Elsewhere nothing can take an exception of a callback before anyone else hears of it. */
export const canThrow = ({ driver }: Place): boolean => driver === 'manual' || runtime === 'node'

/** The code of the error that a call throws, if any. */
function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

class Run {
  readonly #tally: Tally
  readonly #isCapturing: boolean
  readonly #isManual: boolean
  readonly #reactor: Reactor
  readonly #model: Model
  readonly #judge: Judge
  /** What the callbacks of the turn under way are to do. */
  #script: readonly (readonly Act[])[] = []
  #calls = 0
  #thrown: Error | undefined
  #isLoose = false
  /** On a driver of its own the reactor has one registration more, which is called in every turn. */
  readonly #tick: readonly { close(): void }[]
  #onTick: () => void = () => {}
  #timer: NodeJS.Timeout | undefined

  constructor(place: Place, limit: number, tally: Tally) {
    const { backend, driver, open = (options) => new Reactor(options) } = place
    this.#tally = tally
    this.#isManual = driver === 'manual'
    this.#reactor = open({ backend, driver, batchSize: limit })
    this.#model = new Model(backend)
    this.#judge = new Judge(this.#model, this.#reactor, limit, this.#isManual ? 0 : 1)
    this.#tick = this.#isManual ? [] : this.#makeTick()
    this.#isCapturing = !this.#isManual && canThrow(place)
    if (this.#isCapturing) process.setUncaughtExceptionCaptureCallback((error) => this.#caught(error))
  }

  /** A driver of its own has raised an exception, which must be the callback's. */
  #caught(error: unknown): void {
    this.#judge.expect('an exception that nobody caught', error, this.#thrown)
    this.#thrown = undefined
  }

  /** An exception leaves before another callback runs. */
  #expectNoneThrown(): void {
    if (this.#thrown !== undefined) this.#judge.accuse('an exception was swallowed')
  }

  #makeTick(): readonly { close(): void }[] {
    const ends = makePipe()
    this.#reactor.register(ends[1], { writable: true }, () => {
      this.#judge.notice()
      this.#expectNoneThrown()
      const go = this.#onTick
      this.#onTick = () => {}
      go()
    })
    return ends
  }

  /** Takes the steps of a history. */
  all(history: History): Promise<void> {
    const steps = this.#steps(history)
    return new Promise((resolve, reject) => {
      this.#timer = setTimeout(() => reject(new Error('the reactor is silent')), PATIENCE_MS)
      const go = (): void => {
        try {
          const { done, value } = steps.next()
          if (done === true) resolve()
          else if (value === 'hop' || this.#model.isClosed) setImmediate(go)
          else this.#onTick = go
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      if (this.#isManual) go()
      else this.#onTick = go
    })
  }

  /**
   * The steps, with a halt wherever the driver is to work. All that happens between two halts happens in a callback (with
   * other callbacks of its batch still to come, maybe), so it is there when the driver waits again.
   */
  *#steps(history: History): Generator<'turn' | 'hop', void> {
    for (const [index, op] of history.entries()) {
      if (op.do === 'turn') yield* this.#turn(op.inside)
      else if (op.do === 'eight turns') for (let count = 0; count < 8; count += 1) yield* this.#turn([])
      else if (op.do === 'hop') {
        // What follows happens while the driver waits, or has found something already.
        this.#judge.loosen()
        this.#isLoose = true
        yield 'hop'
        // There is no callback to throw from.
      } else if (op.do !== 'throw') this.#act(op, false)
      this.#compare()
      if (this.#judge.fault !== undefined)
        throw new Error(`step ${index + 1}, ${print(op)}: ${this.#judge.fault}`)
    }
    // One more, to see the end of the last batch.
    yield* this.#turn([])
    if (this.#judge.fault !== undefined) throw new Error(`at the end: ${this.#judge.fault}`)
  }

  close(): void {
    clearTimeout(this.#timer)
    if (this.#isCapturing) process.setUncaughtExceptionCaptureCallback(null)
    this.#model.isClosed = true
    this.#reactor.close()
    this.#model.files.close()
    for (const end of this.#tick) end.close()
  }

  *#turn(script: readonly (readonly Act[])[]): Generator<'turn'> {
    this.#tally.step('turn', 'outside')
    this.#calls = 0
    this.#thrown = undefined
    this.#script = script
    if (this.#isManual && this.#model.isClosed) this.#poll(false)
    else if (this.#isManual) {
      this.#judge.begin()
      this.#pollOnce()
    } else {
      if (!this.#isLoose) this.#judge.begin()
      yield 'turn'
      this.#isLoose = false
    }
  }

  #pollOnce(): void {
    try {
      const ran = this.#reactor.poll(0)
      this.#judge.expect('what poll returned', ran, this.#calls)
      this.#expectNoneThrown()
      this.#judge.end(true)
    } catch (error) {
      if (error !== this.#thrown) throw error
      this.#judge.end(false)
    }
  }

  #called(watch: Watch, readiness: number, handle: Registration): void {
    const script = this.#script[this.#calls] ?? []
    this.#calls += 1
    this.#expectNoneThrown()
    this.#judge.called(watch, readiness)
    this.#tally.note('callback')
    for (const [name, bit] of Object.entries(Ready))
      if ((readiness & bit) !== 0) this.#tally.note(`told ${name}`)
    this.#judge.expect('the registration given to the callback', handle, watch.handle)
    this.#compare()
    for (const op of script) {
      if (this.#judge.fault !== undefined) return
      if (op.do === 'throw') {
        this.#tally.step('throw', 'inside')
        this.#hold()
        this.#thrown = new Error('from a callback')
        throw this.#thrown
      }
      this.#act(op, true)
      this.#compare()
    }
    this.#hold()
  }

  /** No tick comes any more for whoever waits for one. */
  #ringAfterEnd(): void {
    const go = this.#onTick
    this.#onTick = () => {}
    setImmediate(go)
  }

  /** What is ready now is what the next wait of a driver of its own finds, unless something more happens. */
  #hold(): void {
    if (!this.#isManual && !this.#isLoose && !this.#model.isClosed) this.#judge.begin()
  }

  #act(op: Exclude<Act, { do: 'throw' }>, isInside: boolean): void {
    let isDone = true
    switch (op.do) {
      case 'register':
      case 'modify':
      case 'pause':
      case 'resume':
      case 'rearm':
      case 'unwatch': {
        isDone = this.#verb(op)
        break
      }
      case 'wake': {
        const expected = this.#model.isClosed ? 'ERR_FDREACTOR_CLOSED' : undefined
        this.#judge.expect(
          'wake',
          codeOf(() => this.#reactor.wake()),
          expected,
        )
        break
      }
      case 'poll': {
        this.#poll(isInside)
        break
      }
      case 'close the reactor': {
        this.#model.closeReactor()
        this.#reactor.close()
        this.#ringAfterEnd()
        break
      }
      default: {
        isDone = this.#model.files.act(op)
      }
    }
    if (isDone) this.#tally.step(op.do, isInside ? 'inside' : 'outside')
    this.#judge.disturb()
  }

  /** A poll that must be refused. */
  #poll(isInside: boolean): void {
    const expected = this.#model.isClosed
      ? 'ERR_FDREACTOR_CLOSED'
      : this.#isManual && isInside
        ? 'ERR_FDREACTOR_REENTRANT'
        : 'ERR_FDREACTOR_WRONG_DRIVER'
    this.#judge.expect(
      'poll',
      codeOf(() => this.#reactor.poll(0)),
      expected,
    )
  }

  /** Returns whether there was a registration to do it with. */
  #verb(verb: Verb): boolean {
    const handle = this.#model.watches[verb.at]?.handle
    if (handle === undefined && verb.do !== 'register') return false
    const expected = this.#model.perform(verb)
    const watch = this.#model.watches[verb.at]
    const got = codeOf(() => {
      if (verb.do === 'register') {
        const registration = this.#reactor.register(numberOf(verb.at), verb.ask, (readiness, self) => {
          if (watch === undefined) this.#judge.accuse('a refused registration was called')
          else this.#called(watch, readiness, self)
        })
        if (watch !== undefined && expected === undefined) watch.handle = registration
      } else if (verb.do === 'modify') handle?.modify(verb.ask)
      else if (verb.do === 'unwatch') handle?.close()
      else handle?.[verb.do]()
    })
    this.#judge.expect(verb.do, got, expected)
    if (expected !== undefined) this.#tally.note(`${verb.do} ${expected}`)
    return true
  }

  /** The reactor is where the model is. */
  #compare(): void {
    const { watches, isClosed, size, parked } = this.#model
    const others = this.#isManual || isClosed ? 0 : 1
    this.#judge.expect('size', this.#reactor.size, size + others)
    this.#judge.expect('closed', this.#reactor.closed, isClosed)
    if (!isClosed) this.#judge.expect('parked', this.#reactor.stats().parked, parked)
    for (const watch of watches) {
      if (watch?.handle === undefined) continue
      const { handle, at, state, closeError, owed } = watch
      this.#judge.expect(`state of place ${at}`, handle.state, state)
      this.#judge.expect(`ref of place ${at}`, handle.hasRef, state !== 'closed' || owed)
      this.#judge.expect(`closeError of place ${at}`, handle.closeError?.code, closeError)
    }
  }
}

/** Acts a history out. Returns how many descriptors are open now and were not before. */
async function once(place: Place, limit: number, history: History, tally: Tally): Promise<number> {
  const before = countOpen()
  const run = new Run(place, limit, tally)
  try {
    await run.all(history)
  } finally {
    run.close()
  }
  // A driver of its own may have to leave its callback first.
  if (place.driver !== 'manual') await nextRound()
  return countOpen() - before
}

/** How often a runtime may open or close some descriptor of its own, which it does while it warms up. */
let excuses = 3

/** Acts a history out, and counts what was done. Throws what went wrong, and at which step. */
export async function act(place: Place, limit: number, history: History, tally: Tally): Promise<void> {
  let left = await once(place, limit, history, tally)
  while (left !== 0 && excuses > 0) {
    excuses -= 1
    left = await once(place, limit, history, tally)
  }
  if (left !== 0) throw new Error(`${left} descriptors are left open`)
}
