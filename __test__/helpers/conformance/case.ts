/** Cases that the table gives in steps. */
import type { Backend } from '../../../dist/index.js'
import { pause, turns, comes } from './acting.js'
import type { Acting } from './acting.js'
import { otherMode } from './combos.js'
import type { Mode } from './combos.js'
import { fixtures, needsSettling } from './fixtures.js'
import { isOperation, operate } from './operations.js'
import { Broken, Refused, flags } from './outcome.js'
import { asksForHalfClose, countNames, parse, parseInterest, parseMode } from './steps.js'
import type { Step } from './steps.js'
import type { Told, Watch } from './watch.js'
import type { World } from './world.js'

/** How long things take to arrive that pass through another stack or process, while nobody polls. */
const SETTLING_MS = 50
/** The reactor that another one watches: epoll's and level-triggered in every column, and nobody asks it. */
const INNER = 'inner'

/** The case's premise did not hold: this machine was too slow for one of its timers. */
export class TooLate extends Error {}

/** Acts a case out and returns its items. */
export function actOut(world: World, steps: readonly Step[]): Acting {
  return new Case(world, steps).act()
}

class Case {
  readonly #world: World
  readonly #steps: readonly Step[]
  readonly #watches = new Map<string, Watch>()
  readonly #items: string[] = []
  /** Whether the case asks for half-closes, so that they count. */
  readonly #isExact: boolean
  /** Whether something may be under way. Fixtures are complete when they are made. */
  #isStirred = false

  constructor(world: World, steps: readonly Step[]) {
    this.#world = world
    this.#steps = steps
    this.#isExact = asksForHalfClose(steps)
    world.settles = steps.some(({ verb }) => needsSettling(verb))
  }

  *act(): Acting {
    const names = new Set(this.#steps.filter(({ verb }) => speaks(verb)).map(({ reactor }) => reactor))
    names.delete(INNER)
    for (const name of names) this.#watches.set(name, this.#world.watch())
    const own = [...this.#watches.values()]
    // The first turn finds nothing: it is there so that all steps are made between two turns.
    for (const watch of own.slice(0, 1)) yield* turns(watch, 1)
    for (const step of this.#steps) {
      try {
        yield* this.#step(step)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        this.#items.push(error.item)
        if (!step.isAttempt) break
      }
    }
    // What has fallen silent stays so, whatever else the turn brings.
    for (const watch of own) if (!watch.reactor.closed) yield* turns(watch, 1)
    return this.#items.join(';')
  }

  *#step({ text, reactor, isAttempt, verb, args, demand }: Step): Acting<void> {
    const world = this.#world
    const [name = '', interest = '', modeName] = args
    switch (verb) {
      case 'add': {
        const mode = parseMode(modeName, otherMode(world.combo.mode)) ?? this.#modeOf(reactor)
        this.#watch(reactor).add(name, world.number(name), parseInterest(interest), mode)
        break
      }
      case 'mod': {
        const mode = parseMode(modeName, otherMode(world.combo.mode))
        this.#watch(reactor).modify(name, world.number(name), parseInterest(interest), mode)
        break
      }
      case 'remove': {
        this.#watch(reactor).remove(name, world.number(name))
        break
      }
      case 'wait':
      case 'wait, count': {
        const told = yield* this.#wait(this.#watch(reactor), args[0])
        this.#items.push(verb === 'wait' ? this.#item(told, reactor) : String(told.length))
        break
      }
      case 'later': {
        const write = parse(args[1] ?? '')
        if (write.verb !== 'w') throw new Broken(`only a write can come later: ${text}`)
        // Blocking time is another thread's to end.
        world.writeLater(write.args[0] ?? '', Number(args[0]), Number(write.args[1]))
        break
      }
      case 'inner':
      case 'self': {
        this.#nest(verb)
        break
      }
      default: {
        if (isOperation(verb)) {
          this.#isStirred = true
          yield* operate(world, verb, args, demand)
        } else if (fixtures[verb] === undefined) {
          throw new Broken(`unknown step: ${text}`)
        } else {
          fixtures[verb](world, ...args)
        }
      }
    }
    if (isAttempt) this.#items.push('ok')
  }

  #modeOf(reactor: string): Mode {
    return reactor === INNER ? 'level' : this.#world.combo.mode
  }

  #watch(reactor: string): Watch {
    const watch = this.#watches.get(reactor)
    if (watch === undefined) throw new Broken(`no reactor called ${reactor}`)
    return watch
  }

  /** Names a reactor's own descriptor. */
  #nest(name: string): void {
    const isInner = name === INNER
    const watch = isInner ? this.#world.watch({}, 'epoll', 'manual') : this.#watch('')
    if (isInner) this.#watches.set(INNER, watch)
    const { fd } = watch.reactor
    if (fd === undefined) throw new Broken('the reactor has no descriptor')
    this.#world.note(name, fd)
  }

  *#wait(watch: Watch, timeout: string | undefined): Acting<readonly Told[]> {
    const world = this.#world
    if (timeout === undefined) {
      if (world.settles && this.#isStirred) yield* pause(SETTLING_MS)
      this.#isStirred = false
      return yield* turns(watch, 1)
    }
    if (Number(timeout) > 0) {
      world.expiresAt = Number.POSITIVE_INFINITY
      return yield* comes(watch, Number(timeout))
    }
    const told = yield* turns(watch, 1)
    if (performance.now() >= world.expiresAt) throw new TooLate()
    return told
  }

  /** Writes what was told as the table does. */
  #item(told: readonly Told[], reactor: string): string {
    const isAlone = countNames(this.#steps, reactor) < 2
    const written = told.map(({ name, readiness }) => {
      const letters = this.#letters(this.#watch(reactor).backend, readiness)
      return isAlone ? letters : `${this.#world.shown(name)}:${letters}`
    })
    const distinct = [...new Set(written)].toSorted().map((record) => {
      const same = told.filter((_, index) => written[index] === record)
      // A reactor that nobody waited for has gone on taking turns: what repeats may have been told more than once.
      return same.length === 1 || same.every(({ repeats }) => repeats) ? record : `${record}*${same.length}`
    })
    return distinct.length === 0 ? '-' : distinct.join(' ')
  }

  /** `readable` asks for the half-close too. An event of nothing else would be one too many, and stays. */
  #letters(backend: Backend, readiness: number): string {
    const letters = flags(backend, readiness)
    return !this.#isExact && letters.length > 1 ? letters.replace('D', '') : letters
  }
}

const speaks = (verb: string): boolean => ['add', 'mod', 'remove', 'wait', 'wait, count'].includes(verb)
