/**
 * The cases of time, of wakes, and of changes that are made while the reactor waits, where turns come by themselves. By hand
 * a wait blocks the one thread that could do anything meanwhile; what else it does is tested where poll() is.
 */
import { io } from '../../../dist/index.js'
import { PATIENCE_MS } from '../descriptors.js'
import { kit, makePair } from '../kit.js'
import { apart, comes, countThreads, turns } from './acting.js'
import type { Acting } from './acting.js'
import { demand, flags, refusalOf, shows } from './outcome.js'
import { scrambled } from './procedures.js'
import type { Told, Watch } from './watch.js'
import type { World } from './world.js'

const BYTE = Buffer.from('.')
/** M16: modifications, and how many of them are made between two looks at whether events still come. */
const CHANGES = 100_000
const ROUND = 1000

function item(watch: Watch, told: readonly Told[]): string {
  return told.length === 0 ? '-' : told.map(({ readiness }) => flags(watch.backend, readiness)).join(' ')
}

/** Lets time pass, in which the reactor waits and takes no turn: one that went round and round would be counted. */
function* idle(watch: Watch, ms: number): Acting<void> {
  yield* apart(watch)
  const { waits } = watch.reactor.stats()
  yield* apart(watch, ms)
  const took = watch.reactor.stats().waits - waits
  demand(took === 0, `${took} turns were taken in ${ms} ms of nothing`)
}

/** M01. A turn with nothing ready calls nobody. */
export function* nothingAtOnce(world: World): Acting {
  const watch = world.watch()
  return item(watch, yield* turns(watch, 1))
}

/** M04. A driver waits without a time: for as long as nothing comes, four times over. */
export function* waitsWithoutEnd(world: World): Acting {
  const watch = world.watch()
  const [one, other] = makePair()
  const [a, b] = [world.hold('a', one), world.hold('b', other)]
  watch.add('a', a, { readable: true }, world.combo.mode)
  const items: string[] = []
  for (let round = 0; round < 4; round += 1) {
    yield* idle(watch, 20)
    io.write(b, BYTE)
    items.push(item(watch, yield* comes(watch, PATIENCE_MS)))
    io.read(a, Buffer.alloc(8))
  }
  return items.join(';')
}

/** M04, by hand. What comes is written by another thread once this one waits. */
export function* waitsByHand(world: World): Acting {
  const watch = world.watch()
  const [one, other] = makePair()
  const [a, b] = [world.hold('a', one), world.hold('b', other)]
  watch.add('a', a, { readable: true }, world.combo.mode)
  for (const wrong of [Number.NaN, -1, Number.NEGATIVE_INFINITY, null, '1']) {
    const name = refusalOf(() => watch.reactor.poll(wrong as number))
    demand(name === (typeof wrong === 'number' ? 'RangeError' : 'TypeError'), `${wrong} ended in ${name}`)
  }
  const items: string[] = []
  for (const timeoutMs of [Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53, 2 ** 64]) {
    kit.writeLater(b, 20, 1)
    items.push(item(watch, yield { watch, count: 1, timeoutMs }))
    io.read(a, Buffer.alloc(8))
  }
  return items.join(';')
}

/** M05. */
export function* waitsForNothing(world: World): Acting {
  const watch = world.watch()
  yield* idle(watch, 50)
  return item(watch, yield* turns(watch, 1))
}

/** M06 and M08. So many wakes of a reactor that waits. On the host's loop it shows that they end one wait. */
function* wakes(world: World, count: number): Acting<Watch> {
  const watch = world.watch()
  const fd = world.hold('a', makePair()[0])
  watch.add('a', fd, { readable: true }, world.combo.mode)
  yield* apart(watch)
  const { waits } = watch.reactor.stats()
  for (let left = count; left > 0; left -= 1) watch.reactor.wake()
  yield* apart(watch)
  const deadline = performance.now() + PATIENCE_MS
  while (watch.reactor.stats().waits === waits) {
    demand(performance.now() < deadline, 'no wake ended the wait')
    yield* apart(watch)
  }
  const took = watch.reactor.stats().waits - waits
  // The thread may have taken note of one before the next comes. What it has not counted yet, it has when it hands over a turn.
  const most = watch.driver === 'loop' ? 1 : count
  demand(took <= most, `${count} wakes were counted as ${took} waits`)
  if (watch.driver === 'thread') yield* turns(watch, 1)
  return watch
}

export function* aWakeEndsIt(world: World): Acting {
  const watch = yield* wakes(world, 1)
  return item(watch, yield* turns(watch, 1))
}

export function* threeWakesAreOne(world: World): Acting {
  const watch = yield* wakes(world, 3)
  yield* idle(watch, 50)
  return `-;${item(watch, yield* turns(watch, 1))}`
}

/** M10. */
export function* aReadyOneIsAdded(world: World): Acting {
  const watch = world.watch()
  const fd = world.hold('a', makePair()[0])
  yield* apart(watch)
  watch.add('a', fd, { writable: true }, world.combo.mode)
  return item(watch, yield* comes(watch, PATIENCE_MS))
}

/** M11. */
export function* anInterestIsWidened(world: World): Acting {
  const watch = world.watch()
  const [one, other] = makePair()
  const [a, b] = [world.hold('a', one), world.hold('b', other)]
  watch.add('a', a, {}, world.combo.mode)
  yield* apart(watch)
  watch.modify('a', a, { readable: true })
  io.write(b, BYTE)
  return item(watch, yield* comes(watch, PATIENCE_MS))
}

/** M13. */
export function* itIsClosed(world: World): Acting {
  const watch = world.watch()
  watch.add('a', world.hold('a', makePair()[0]), { readable: true }, world.combo.mode)
  yield* apart(watch)
  const threads = countThreads('all')
  demand(threads === (watch.driver === 'thread' ? 1 : 0), `there are ${threads} threads of reactors`)
  watch.reactor.close()
  demand(countThreads('all') === 0, 'its thread goes on')
  yield* apart(watch)
  return 'ends'
}

/**
 * M15. What is called, in order, and then silence. The driver's wait has no time of its own: it goes on until something ends
 * it after the 200 ms.
 */
export function* aDescriptorIsClosed(world: World): Acting {
  const watch = world.watch()
  watch.add('a', world.hold('a', makePair()[0]), { readable: true }, world.combo.mode)
  yield* apart(watch)
  world.close('a')
  const told = yield* comes(watch, 200)
  const late = yield* turns(watch, 2)
  demand(late.length === 0, `${late.length} calls came afterwards`)
  const items = told.map(({ readiness }) => flags(watch.backend, readiness))
  return [...items, '-', '-', '-'].slice(0, 3).join(';')
}

/** M16. Something comes amid the modifications, and is found by a thread that waits while they go on. */
export function* modificationsRace(world: World): Acting {
  const watch = world.watch()
  const [one, other] = makePair()
  const [a, b] = [world.hold('a', one), world.hold('b', other)]
  watch.add('a', a, { readable: true }, world.combo.mode)
  for (let round = 0; round < CHANGES / ROUND; round += 1) {
    yield* apart(watch)
    const place = scrambled(round) % ROUND
    for (let change = 0; change < ROUND; change += 1) {
      if (change === place) io.write(b, BYTE)
      watch.modify('a', a, { readable: true })
    }
    const got = item(watch, yield* comes(watch, PATIENCE_MS))
    demand(got === shows(watch.backend, 'readable'), `in round ${round} came ${got}`)
    io.read(a, Buffer.alloc(1))
  }
  // Whether an event was overtaken is the scheduler's choice here; the core's trial of this row makes sure that some are.
  const { rebuilds } = watch.reactor.stats()
  demand(rebuilds === 0, `${rebuilds} times an overtaken event was taken for one out of reach`)
  return 'ok'
}
