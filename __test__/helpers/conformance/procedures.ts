/** The cases that the table gives in words. What they come to are their items. */
import { readdirSync, readlinkSync } from 'node:fs'
import type { Interest } from '../../../dist/index.js'
import { io } from '../../../dist/index.js'
import { kit, makePair, makePipe, spawnShell } from '../kit.js'
import { turns } from './acting.js'
import type { Acting } from './acting.js'
import { arming, isRefused } from './combos.js'
import { demand, flags, refusalOf, shows } from './outcome.js'
import type { Told } from './watch.js'
import type { World } from './world.js'

/** What was told, without the turns. */
export const named = (told: readonly Told[], world: World): string =>
  told.map(({ name, readiness }) => `${name}:${flags(world.combo.backend, readiness)}`).join(' ')

/** Numbers without a pattern, the same in every run (the last step of MurmurHash3). */
export function scrambled(round: number): number {
  let word = Math.imul(round + 1, 0x9e_37_79_b9)
  word = Math.imul(word ^ (word >>> 16), 0x85_eb_ca_6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2_b2_ae_35)
  return (word ^ (word >>> 16)) >>> 1
}

const CONDITIONS = ['readable', 'writable', 'priority', 'disconnect'] as const

/** A13. An interest is an object, so an unknown bit is an unknown key, or a number where an object should be. */
export function* unknownInterest(world: World): Acting {
  const watch = world.watch()
  const { reactor } = watch
  const fd = world.hold('a', makePair()[0])
  const mode = arming(world.combo.mode)
  const wrong: readonly unknown[] = [64, 1, null, [], 'readable', { ...mode, readable: true, error: true }]
  const registration = reactor.register(world.hold('c', makePair()[0]), { readable: true }, () => {})
  for (const interest of wrong) {
    for (const verb of [
      () => reactor.register(fd, interest as Interest, () => {}),
      () => registration.modify(interest as Interest),
    ]) {
      const name = refusalOf(verb)
      demand(name === 'TypeError', `${JSON.stringify(interest)} ended in ${name}`)
    }
  }
  demand(reactor.size === 1 && registration.state === 'armed', 'a refused interest left something behind')
  yield* turns(watch, 1)
  return 'TypeError'
}

/** A30. Hang-up and error cannot be asked here, so 64 sets are left of the 256; the mode gives the trigger. */
export function* everyCombination(world: World): Acting {
  const { backend, mode } = world.combo
  const watch = world.watch()
  const fd = world.hold('a', makePair()[0])
  yield* turns(watch, 1)
  for (let bits = 0; bits < 16; bits += 1) {
    const interest: Interest = Object.fromEntries(
      CONDITIONS.map((condition, place) => [condition, (bits & (1 << place)) !== 0]),
    )
    for (const how of [mode, 'oneshot'] as const) {
      if (isRefused(world.combo)) {
        const edge = { ...interest, trigger: 'edge', oneshot: how === 'oneshot' } as const
        const added = refusalOf(() => watch.reactor.register(fd, edge, () => {}))
        watch.add('a', fd, interest, 'level')
        const modified = refusalOf(() => watch.modify('a', fd, edge))
        demand(added === 'ENOTSUP' && modified === 'ENOTSUP', `${bits} ended in ${added} and ${modified}`)
        watch.remove('a', fd)
        continue
      }
      // Edge and oneshot together are the one set that a mode has no name for.
      const both = mode === 'edge' && how === 'oneshot' ? { trigger: 'edge' as const } : {}
      watch.add('a', fd, { ...interest, ...both }, how)
      watch.modify('a', fd, { ...interest, ...both })
      // An idle socket is writable, and nothing else; again only where nothing has fallen silent.
      for (const isHeard of [true, how === 'level']) {
        const expected = isHeard && interest.writable === true ? `a:${shows(backend, 'writable')}` : ''
        const got = named(yield* turns(watch, 1), world)
        demand(got === expected, `${bits} ${how} reported ${got}, not ${expected}`)
      }
      watch.remove('a', fd)
    }
  }
  return 'ok'
}

/** A32. What a child program lists as its own is compared with what was opened here since. */
export function* nothingIsInherited(world: World): Acting {
  const before = files('self')
  const watch = world.watch()
  const fd = world.hold('a', makePair()[0])
  watch.add('a', fd, { readable: true }, world.combo.mode)
  yield* turns(watch, 1)
  const ours = [...files('self')].filter((file) => !before.has(file))
  demand(ours.length > 0, 'nothing was opened')
  const inherited = (): number => {
    const shell = spawnShell('read end')
    const theirs = files(String(shell.pid))
    shell.input.close()
    shell.output.close()
    kit.reap(shell.pid)
    return ours.filter((file) => theirs.has(file)).length
  }
  const strangers = inherited()
  // That it would be seen, were it otherwise.
  kit.setInherited(fd, true)
  const seen = inherited()
  demand(strangers === 0 && seen === 1, `${strangers} inherited, and ${seen} with a leak`)
  return 'ok'
}

/** The files that a process has open, save the directory that is being read. */
function files(process: string): Set<string> {
  const folder = `/proc/${process}/fd`
  const links = readdirSync(folder).flatMap((number) => {
    try {
      return readlinkSync(`${folder}/${number}`)
    } catch {
      return []
    }
  })
  return new Set(links.filter((link) => !link.startsWith('/proc/')))
}

/** B13. */
export function* oneOfTwelvePipes(world: World): Acting {
  const watch = world.watch()
  yield* turns(watch, 1)
  const left = Array.from({ length: 12 }, (_, index) => {
    const [reader, writer] = makePipe()
    const pipe = {
      name: `r${index}`,
      reader: world.hold(`r${index}`, reader),
      writer: world.hold(`w${index}`, writer),
    }
    watch.add(pipe.name, pipe.reader, { readable: true }, world.combo.mode)
    return pipe
  })
  for (let round = 0; left.length > 0; round += 1) {
    const [pipe] = left.splice(scrambled(round) % left.length, 1)
    if (pipe === undefined) break
    io.write(pipe.writer, Buffer.from('.'))
    const got = named(yield* turns(watch, 1), world)
    const expected = `${pipe.name}:${shows(world.combo.backend, 'readable')}`
    demand(got === expected, `${pipe.name} was written to, and ${got} reported`)
    io.read(pipe.reader, Buffer.alloc(1))
    watch.remove(pipe.name, pipe.reader)
  }
  return 'ok'
}

/** H06. */
export function* nesting(world: World): Acting {
  const fresh = (count: number) => Array.from({ length: count }, () => world.watch())
  const { mode } = world.combo
  yield* turns(world.watch(), 1)
  /** One reactor watches another. */
  const add = (watches: ReturnType<typeof fresh>, outer: number, inner: number): void =>
    watches[outer]?.add('inner', watches[inner]?.reactor.fd ?? -1, { readable: true }, mode)
  const six = fresh(6)
  six[0]?.add('a', world.hold('a', makePair()[0]), { readable: true }, mode)
  // The set of the host's loop is one of the five.
  const most = world.combo.driver === 'loop' ? 4 : 5
  for (let outer = 1; outer < most; outer += 1) add(six, outer, outer - 1)
  const deep = refusalOf(() => add(six, most, most - 1))
  const two = fresh(2)
  add(two, 0, 1)
  const loopOfTwo = refusalOf(() => add(two, 1, 0))
  const three = fresh(3)
  add(three, 0, 1)
  add(three, 1, 2)
  const loopOfThree = refusalOf(() => add(three, 2, 0))
  return [deep, loopOfTwo, loopOfThree].join(';')
}
