// Descriptors that are closed behind the reactor's back, and numbers that are given out again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Reactor, Ready, TcpListener, TcpStream, io } from '../../dist/index.js'
import type { Registration } from '../../dist/index.js'
import { Descriptor, PATIENCE_MS, awaitReady, openAs, openLoop } from '../helpers/descriptors.js'
import { kit } from '../helpers/kit.js'
import { NATIVE, each, isNative, isScan } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import { isEpoll, surplus } from '../helpers/observe.js'

const byte = Buffer.from('x')
const nothing = (): void => {}

/** A number of its own for the reading end of a pipe, so that closing it leaves the pipe open. */
function duplicate(rig: Rig): { readonly copy: Descriptor; readonly makeReady: () => void } {
  const { reader, writer } = rig.pipe()
  const copy = rig.own(new Descriptor(kit.dup(reader.fd)))
  return { copy, makeReady: () => void io.write(writer.fd, byte) }
}

/**
 * Makes the leftover ready until the set is rebuilt, and then once more. An event found by a wait that began before the last
 * change proves nothing yet, so a thread may need several.
 */
async function cleanedUp(rig: Rig, makeReady: () => void): Promise<[rebuilds: number, more: number]> {
  const { reactor } = rig
  const deadline = performance.now() + PATIENCE_MS
  // No turns of the rig's: they change something.
  while (reactor.stats().rebuilds === 0 && performance.now() < deadline) {
    makeReady()
    if (rig.driver === 'manual') reactor.poll(0)
    else await sleep(1)
    if (rig.driver !== 'thread') break
  }
  makeReady()
  const more = await surplus(rig, 3)
  return [reactor.stats().rebuilds, more]
}

// libuv/libuv#1148
each(
  'fault-08 a descriptor closed under a duplicate is heard until its registration ends, and then no more',
  { where: isEpoll },
  async (t, rig) => {
    const { copy, makeReady } = duplicate(rig)
    const seen: number[] = []
    const registration = rig.watch(copy, { readable: true }, (readiness) => seen.push(readiness))
    await rig.turns(2, () => {
      seen.length = 0
      copy.close()
      makeReady()
    })
    // The kernel watches the file, which is open, and not the number.
    const level = [Ready.READABLE, Ready.READABLE]
    t.deepEqual(seen, rig.trigger === 'level' ? level : [Ready.READABLE])
    registration.close()
    t.is(registration.closeError?.code, 'EBADF')
    seen.length = 0
    t.deepEqual(await cleanedUp(rig, makeReady), [1, 0])
    t.deepEqual(seen, [])
  },
)

for (const [verb, act] of [
  ['pause', (registration) => registration.pause()],
  ['rearm', (registration) => registration.rearm()],
  ['modify', (registration) => registration.modify({ readable: true, writable: true })],
] satisfies [string, (registration: Registration) => unknown][]) {
  each(
    `fault-08 ${verb} under a duplicate says EBADF, and costs one rebuild`,
    { where: isEpoll },
    async (t, rig) => {
      const { copy, makeReady } = duplicate(rig)
      const registration = rig.watch(copy, { readable: true }, () => t.fail('it was called'))
      copy.close()
      t.throws(() => act(registration), { code: 'EBADF' })
      t.is(registration.state, 'closed')
      t.deepEqual(await cleanedUp(rig, makeReady), [1, 0])
    },
  )
}

// joyent/libuv#1099 (780d8ad8e)
each(
  'fault-09 what a child process shares leaves the set when its registration closes',
  {},
  async (t, rig) => {
    const { reader, writer } = rig.pipe()
    const child = spawn('sleep', ['60'], { stdio: [reader.fd, 'ignore', 'ignore'] })
    rig.own({ close: () => child.kill() })
    await once(child, 'spawn')
    const registration = rig.watch(reader, { readable: true }, () => t.fail('it was called'))
    registration.close()
    reader.close()
    t.is(registration.closeError, undefined)
    io.write(writer.fd, byte)
    t.is(await surplus(rig, 3), 0)
    t.is(rig.reactor.stats().rebuilds, 0)
  },
)

/** Closes a descriptor and opens another with its number. */
function heirOf(rig: Rig, old: Descriptor): Descriptor {
  old.close()
  return rig.own(openAs(old.fd, openLoop))
}

/** Whether an heir's own registration is called, once a turn. */
async function isServed(rig: Rig, heir: Descriptor, before: () => void): Promise<number[]> {
  const seen: number[] = []
  await rig.turns(2, () => {
    io.write(heir.fd, byte)
    rig.watch(heir, { readable: true, oneshot: true }, (readiness) => seen.push(readiness))
    before()
  })
  return seen
}

// libuv/libuv#1172 (PR 2686)
for (const [how, leave] of [
  ['closed', (registration) => registration.close()],
  ['paused', (registration) => registration.pause()],
  ['emptied', (registration) => registration.modify({})],
] satisfies [string, (registration: Registration) => void][]) {
  each(
    `fault-10 closing a registration that was ${how} leaves the heir of its number alone`,
    {},
    async (t, rig) => {
      const { reader } = rig.pipe()
      const old = rig.watch(reader, { readable: true }, () => t.fail('the old one was called'))
      leave(old)
      const heir = heirOf(rig, reader)
      const seen = await isServed(rig, heir, () => {
        old.close()
        old.unref()
      })
      t.deepEqual(seen, [Ready.READABLE])
      t.is(old.state, 'closed')
      t.is(rig.reactor.size, 1)
    },
  )

  each(
    `fault-10 one that was ${how} in another reactor leaves the heir of its number alone`,
    {},
    async (t, rig) => {
      const { reader } = rig.pipe()
      using other = new Reactor({ backend: rig.backend, driver: 'manual' })
      const interest = { readable: true, trigger: rig.trigger }
      const old = other.register(reader, interest, () => t.fail('the old one was called'))
      leave(old)
      const heir = heirOf(rig, reader)
      t.deepEqual(await isServed(rig, heir, () => old.close()), [Ready.READABLE])
      t.is(other.size, 0)
      t.is(other.poll(0), 0)
    },
  )
}

// jiixyj/epoll-shim#7
each(
  'fault-13 a number that was closed can be registered again once a scan has noticed',
  { where: isScan },
  async (t, rig) => {
    const { reader } = rig.pipe()
    const told: number[] = []
    const old = rig.watch(reader, { readable: true }, (readiness) => told.push(readiness))
    await rig.turns(2, () => reader.close())
    t.deepEqual([told, old.state, rig.reactor.size], [[Ready.INVALID], 'closed', 0])
    const heir = rig.own(openAs(reader.fd, openLoop))
    t.deepEqual(await isServed(rig, heir, nothing), [Ready.READABLE])
  },
)

each(
  'fault-13 a number that was closed can be registered again after its registration',
  {},
  async (t, rig) => {
    for (let rounds = 0; rounds < 3; rounds += 1) {
      const { reader } = rig.pipe()
      const old = rig.watch(reader, { readable: true }, () => t.fail('the old one was called'))
      const heir = heirOf(rig, reader)
      old.close()
      t.deepEqual(await isServed(rig, heir, nothing), [Ready.READABLE])
      heir.close()
    }
  },
)

each('fault-13 a duplicate that gets the number of a closed one can be registered', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  io.write(writer.fd, byte)
  for (const begin of ['armed', 'paused'] as const) {
    const copy = rig.own(new Descriptor(kit.dup(reader.fd)))
    const old = rig.watch(copy, { readable: true, oneshot: true }, nothing)
    // epoll keeps the pair of number and file, out of reach until the number stands for the file again.
    copy.close()
    old.close()
    const again = rig.own(new Descriptor(kit.dup(reader.fd)))
    t.is(again.fd, copy.fd)
    const seen: number[] = []
    const hear = (readiness: number): void => void seen.push(readiness)
    const fresh = rig.watch(again, { readable: begin === 'armed', oneshot: true }, hear)
    fresh.modify({ readable: true })
    await rig.turns(2)
    t.deepEqual(seen, [Ready.READABLE])
    fresh.close()
    again.close()
  }
})

// ehsanmok/flare#10
each(
  'fault-14 a connection closed before its registration does not keep the next one out',
  {},
  async (t, rig) => {
    const listener = rig.own(TcpListener.bind({ port: 0 }))
    const { port } = listener.localAddress
    const clients = [TcpStream.connect({ port }), TcpStream.connect({ port }), TcpStream.connect({ port })]
    for (const client of clients) {
      rig.own(client)
      awaitReady(client, { writable: true })
    }
    awaitReady(listener, { readable: true })
    const numbers = new Set<number>()
    for (const client of clients) {
      const fd = io.accept(listener.fd)
      numbers.add(fd)
      const seen: number[] = []
      const registration = rig.watch(fd, { readable: true, oneshot: true }, (readiness) =>
        seen.push(readiness),
      )
      client.write(byte)
      await rig.until(() => seen.length > 0)
      t.deepEqual(seen, [Ready.READABLE])
      kit.close(fd)
      registration.close()
      t.is(registration.closeError?.code, rig.backend === NATIVE ? 'EBADF' : undefined)
      t.is(rig.reactor.size, 0)
    }
    t.is(numbers.size, 1)
  },
)

// python/cpython#83420
each('fault-15 close says ENOENT of a number that another file has by now', { where: isEpoll }, (t, rig) => {
  const { reader } = rig.pipe()
  const registration = rig.watch(reader, { readable: true }, nothing)
  heirOf(rig, reader)
  registration.close()
  t.like(registration.closeError, { code: 'ENOENT', syscall: 'epoll_ctl', fd: reader.fd })
  t.is(rig.reactor.size, 0)
})

for (const [verb, act] of [
  ['resume', (registration) => registration.resume()],
  ['rearm', (registration) => registration.rearm()],
  ['modify', (registration) => registration.modify({ readable: true })],
] satisfies [string, (registration: Registration) => unknown][]) {
  each(
    `fault-15 ${verb} of a paused registration says EBADF, and ENOENT of a reused number`,
    {},
    (t, rig) => {
      for (const [code, isReused] of [
        ['EBADF', false],
        ['ENOENT', true],
      ] as const) {
        const { reader } = rig.pipe()
        const registration = rig.watch(reader, { readable: true }, () => t.fail('it was called')).pause()
        if (isReused) heirOf(rig, reader)
        else reader.close()
        t.like(
          t.throws(() => act(registration)),
          { code, fd: reader.fd },
        )
        t.is(registration.state, 'closed')
        t.is(rig.reactor.size, 0)
      }
    },
  )
}

// Martiusweb/asynctest#3
each(
  "fault-16 a file that nobody registered does not call its number's old callback",
  { where: isNative },
  async (t, rig) => {
    const { reader } = rig.pipe()
    const old = rig.watch(reader, { readable: true }, () => t.fail('the old one was called'))
    const heir = heirOf(rig, reader)
    io.write(heir.fd, byte)
    t.is(await surplus(rig, 3), 0)
    old.close()
    t.is(old.closeError?.code, 'ENOENT')
  },
)

each(
  'fault-16 a scan that has seen the number closed tells the old callback nothing of the heir',
  { where: isScan },
  async (t, rig) => {
    const { reader } = rig.pipe()
    const seen: number[] = []
    rig.watch(reader, { readable: true }, (readiness) => seen.push(readiness))
    await rig.turns(2, () => reader.close())
    const heir = rig.own(openAs(reader.fd, openLoop))
    io.write(heir.fd, byte)
    t.is(await surplus(rig, 3), 0)
    t.deepEqual(seen, [Ready.INVALID])
  },
)

each('fault-16 a number reused before a scan looks is not registered twice', { where: isScan }, (t, rig) => {
  // It cannot know; saying so is better than two owners of one number.
  const { reader } = rig.pipe()
  const old = rig.watch(reader, { readable: true }, nothing)
  const heir = heirOf(rig, reader)
  t.throws(() => rig.watch(heir, { readable: true }, nothing), { code: 'EEXIST' })
  old.close()
  t.is(rig.watch(heir, { readable: true }, nothing).state, 'armed')
})
