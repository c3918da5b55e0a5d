/** The cases in words that take many descriptors. */
import { io } from '../../../dist/index.js'
import { kit, makePair, makePipe, makeTcpPair } from '../kit.js'
import { comes, turns } from './acting.js'
import type { Acting } from './acting.js'
import { Refused, demand, flags, shows } from './outcome.js'
import { named, scrambled } from './procedures.js'
import { openNumbers } from './world.js'
import type { World } from './world.js'

const BYTE = Buffer.from('.')

/** L02. The pipe that counts turns would be one more in each batch, so the turns are told from their records. */
export function* batchesOfThree(world: World): Acting {
  const { backend, mode } = world.combo
  const watch = world.watch({ batchSize: 3 })
  yield* turns(watch, 1)
  const readers = Array.from({ length: 18 }, (_, index) => {
    const [reader, writer] = makePipe()
    if (index < 13) io.write(writer.fd, BYTE)
    const fd = world.hold(`r${index}`, reader)
    // Kept open: the end of a pipe is news of its own.
    world.hold(`w${index}`, writer)
    watch.add(String(index), fd, { readable: true }, mode)
    return fd
  })
  // Where what is ready is told again, it is first left as it is: a limit starves nobody, so five batches reach all.
  const reached = new Set<string>()
  const passed = new Set<number>()
  const served = new Set<string>()
  const sizes = new Map<number, number>()
  watch.onTold = ({ name, readiness, turn }) => {
    if (mode === 'level' && (passed.size < 5 || passed.has(turn))) {
      passed.add(turn)
      reached.add(name)
      return
    }
    const isRight = Number(name) < 13 && flags(backend, readiness) === shows(backend, 'readable')
    demand(isRight && !served.has(name), `${name} was reported as ${flags(backend, readiness)}, or twice`)
    served.add(name)
    sizes.set(turn, (sizes.get(turn) ?? 0) + 1)
    io.read(readers[Number(name)] ?? -1, Buffer.alloc(1))
  }
  yield* comes(watch, 10_000, () => served.size === 13)
  demand(mode !== 'level' || reached.size === 13, `five batches reached ${[...reached].join()}`)
  const late = named(yield* turns(watch, 1), world)
  demand(served.size === 13 && late === '', `${served.size} of 13 were served, and then ${late}`)
  return [...sizes.values()].join()
}

/** L04. */
export function* oneOfAHundredConnections(world: World): Acting {
  const { backend, mode } = world.combo
  const watch = world.watch()
  yield* turns(watch, 1)
  const pairs = Array.from({ length: 100 }, (_, index) => {
    const [one, other] = makeTcpPair()
    const pair = [world.hold(`a${index}`, one), world.hold(`b${index}`, other)] as const
    watch.add(String(index), pair[0], { readable: true }, mode)
    return pair
  })
  for (let round = 0; round < 100; round += 1) {
    const number = scrambled(round) % pairs.length
    const [one, other] = pairs[number] ?? [-1, -1]
    io.write(other, BYTE)
    const got = named(yield* comes(watch, 200), world)
    demand(got === `${number}:${shows(backend, 'readable')}`, `${number} was written to, and ${got} reported`)
    io.read(one, Buffer.alloc(8))
    const late = named(yield* turns(watch, 1), world)
    demand(late === '', `${late} was reported afterwards`)
    if (mode === 'oneshot') watch.modify(String(number), one, { readable: true })
  }
  return 'ok'
}

/** L05. */
export function* highNumbers(world: World): Acting {
  const { backend, mode } = world.combo
  const watch = world.watch()
  const fd = world.hold('a', makePair()[0])
  yield* turns(watch, 1)
  const items: string[] = []
  for (const number of [1023, 1500]) {
    demand(kit.dup(fd, number) === number, `${number} is not free`)
    world.take(String(number), number)
    try {
      watch.add('it', number, { writable: true }, mode)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      items.push(error.item)
      if (error.item === 'ENOTSUP') break
      continue
    }
    const got = named(yield* turns(watch, 1), world)
    demand(got === `it:${shows(backend, 'writable')}`, `${number} was reported as ${got}`)
    watch.remove('it', number)
    items.push('ok')
  }
  return items.join(';')
}

/** L06. */
export function* addedAndRemovedAtOnce(world: World): Acting {
  const watch = world.watch()
  yield* turns(watch, 1)
  const before = [...openNumbers()].join()
  const names = Array.from({ length: 32 }, (_, index) => {
    const [one, other] = makeTcpPair()
    world.hold(`a${index}`, one)
    world.hold(`b${index}`, other)
    return [`a${index}`, `b${index}`]
  }).flat()
  for (const name of names) {
    watch.add(name, world.number(name), { readable: true, writable: true }, world.combo.mode)
  }
  for (const name of names) watch.remove(name, world.number(name))
  const got = named(yield* comes(watch, 50), world)
  demand(got === '', `${got} was reported`)
  for (const name of names) world.close(name)
  const after = [...openNumbers()].join()
  demand(after === before, `${before} were open before, and ${after} after`)
  return 'ok'
}
