/** The cases of callbacks that change things. */
import { io } from '../../../dist/index.js'
import { makePair } from '../kit.js'
import { turns } from './acting.js'
import type { Acting } from './acting.js'
import { drivesItself } from './combos.js'
import { demand, flags } from './outcome.js'
import type { Watch } from './watch.js'
import type { World } from './world.js'

const BYTE = Buffer.from('.')

/** A socket with something to read. */
function ready(world: World, name: string, peer: string): number {
  const [one, other] = makePair()
  // It comes first: the lowest free number is its.
  const fd = world.hold(name, one)
  io.write(world.hold(peer, other), BYTE)
  return fd
}

function* begin(world: World): Acting<Watch> {
  const watch = world.watch()
  yield* turns(watch, 1)
  return watch
}

/** J07. */
export function* theFirstRemovesTheOther(world: World): Acting {
  const watch = yield* begin(world)
  const fds = { a: ready(world, 'a', 'b'), c: ready(world, 'c', 'd') }
  for (const [name, fd] of Object.entries(fds)) watch.add(name, fd, { readable: true }, world.combo.mode)
  const called = new Set<string>()
  watch.onTold = ({ name }) => {
    if (called.size === 0) watch.remove(name === 'a' ? 'c' : 'a', name === 'a' ? fds.c : fds.a)
    called.add(name)
  }
  yield* turns(watch, 2)
  // It was in the same batch, or nothing was prevented.
  const { stale } = watch.reactor.stats()
  demand(stale === 1, `${stale} events were dropped`)
  return String(called.size)
}

/** J09. That its descriptor is left alone shows when the number is another file's, which has something to tell. */
export function* itRemovesItself(world: World): Acting {
  const watch = yield* begin(world)
  const fd = ready(world, 'a', 'b')
  watch.add('a', fd, { readable: true }, world.combo.mode)
  watch.onTold = () => watch.remove('a', fd)
  const told = yield* turns(watch, 1)
  world.close('a')
  const heir = ready(world, 'c', 'd')
  demand(heir === fd, `${fd} is not free`)
  const late = yield* turns(watch, 2)
  demand(late.length === 0, `${late.length} calls came afterwards`)
  return String(told.length)
}

/** J10. */
export function* itAddsAReadyOne(world: World): Acting {
  const watch = yield* begin(world)
  const [a, c] = [ready(world, 'a', 'b'), ready(world, 'c', 'd')]
  watch.add('a', a, { readable: true }, world.combo.mode)
  watch.onTold = ({ name }) => {
    if (name !== 'a') return
    io.read(a, Buffer.alloc(1))
    watch.add('c', c, { readable: true }, world.combo.mode)
  }
  const told = yield* turns(watch, 2)
  const [first, second] = told
  demand(told.length === 2 && first?.name === 'a', `${told.length} calls, the first for ${first?.name}`)
  demand(second !== undefined && second.turn > first.turn, 'what was added came in the same turn')
  return second.name
}

/** J11. */
export function* itTurnsToWriting(world: World): Acting {
  const watch = yield* begin(world)
  const fd = ready(world, 'a', 'b')
  watch.add('a', fd, { readable: true }, world.combo.mode)
  watch.onTold = () => {
    watch.onTold = undefined
    watch.modify('a', fd, { writable: true })
  }
  const told = yield* turns(watch, 2)
  const turnOf = new Set(told.map(({ turn }) => turn))
  demand(told.length === 2 && turnOf.size === 2, `${told.length} calls in ${turnOf.size} turns`)
  return flags(watch.backend, told[1]?.readiness ?? 0)
}

/** J14. Where nobody may take a turn by hand, that is refused for that reason. */
export function* itWaits(world: World): Acting {
  const watch = yield* begin(world)
  for (const [name, peer] of [
    ['a', 'b'],
    ['c', 'd'],
  ] as const) {
    watch.add(name, ready(world, name, peer), { readable: true }, world.combo.mode)
  }
  const expected = drivesItself(world.combo) ? 'ERR_FDREACTOR_WRONG_DRIVER' : 'ERR_FDREACTOR_REENTRANT'
  const refusals: string[] = []
  watch.onTold = () => {
    try {
      watch.reactor.poll(0)
      refusals.push('nothing')
    } catch (error) {
      refusals.push((error as { code: string }).code)
    }
  }
  const told = yield* turns(watch, 1)
  // The turn after the one that is asked for may have told it all once more.
  demand(
    refusals.slice(0, 2).every((code) => code === expected),
    `it was refused with ${refusals.join()}`,
  )
  return `throws;${told.length}`
}
