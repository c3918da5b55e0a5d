import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Ready, io } from '../dist/index.js'
import { each, isNative } from './helpers/matrix.js'
import type { Case, Rig } from './helpers/matrix.js'

const byte = Buffer.from('x')
const isLevelEpoll = (which: Case): boolean =>
  isNative(which) && which.backend === 'epoll' && which.trigger === 'level'

/**
 * Leaves an entry in the kernel's set that no number reaches any more: the descriptor is closed here while a child still has
 * it. Returns what makes the entry ready, again and again.
 */
async function leaveBehind(rig: Rig): Promise<() => void> {
  const { reader, writer } = rig.pipe()
  const child = spawn('sleep', ['60'], { stdio: [reader.fd, 'ignore', 'ignore'] })
  rig.own({ close: () => child.kill() })
  await once(child, 'spawn')
  const registration = rig.watch(reader, { readable: true }, () => {
    throw new Error('nobody should hear of it')
  })
  reader.close()
  registration.close()
  return () => io.write(writer.fd, byte)
}

// libuv/libuv#1148
each(
  'fault-08 a descriptor closed while a duplicate lives costs one rebuild, and no spin',
  { where: isLevelEpoll },
  async (t, rig) => {
    const makeReady = await leaveBehind(rig)
    const neighbour = rig.pipe()
    const seen: number[] = []
    const { fd } = rig.reactor
    rig.watch(neighbour.reader, { readable: true, oneshot: true }, (readiness) => seen.push(readiness))
    makeReady()
    if (rig.driver === 'manual') rig.reactor.poll(0)
    else await rig.until(() => rig.reactor.stats().rebuilds > 0)
    t.is(rig.reactor.stats().rebuilds, 1)
    t.not(rig.reactor.fd, fd)

    // The new set is watched, by the driver too, and has the neighbour.
    const before = rig.reactor.stats()
    makeReady()
    await rig.turns(3, () => io.write(neighbour.writer.fd, byte))
    t.deepEqual(seen, [Ready.READABLE])
    const { stale, rebuilds } = rig.reactor.stats()
    t.deepEqual({ stale, rebuilds }, { stale: before.stale, rebuilds: 1 })
  },
)

each(
  'a oneshot that is spent stays silent through a rebuild, and can be armed',
  { where: isLevelEpoll },
  async (t, rig) => {
    const { writer } = rig.pipe()
    let calls = 0
    const registration = rig.watch(writer, { writable: true, oneshot: true }, () => {
      calls += 1
    })
    const paused = rig.watch(rig.pipe().writer, { writable: true }, () => t.fail('it is paused'))
    paused.pause()
    await rig.turns(1)
    const makeReady = await leaveBehind(rig)
    makeReady()
    if (rig.driver === 'manual') rig.reactor.poll(0)
    else await rig.until(() => rig.reactor.stats().rebuilds > 0)
    await rig.turns(2)
    t.is(calls, 1)
    t.deepEqual([registration.state, paused.state], ['disarmed', 'paused'])
    await rig.turns(1, () => registration.rearm())
    t.is(calls, 2)
  },
)
