// Level, edge and oneshot: nothing is lost, nothing is told twice, and nothing is told that is no longer asked.
import { Worker } from 'node:worker_threads'
import { Reactor, Ready, TcpListener, TcpStream, WOULD_BLOCK, io } from '../../dist/index.js'
import type { InterestOptions, Registration } from '../../dist/index.js'
import { PATIENCE_MS, awaitReady, openAs, openLoop } from '../helpers/descriptors.js'
import { kit, makePair } from '../helpers/kit.js'
import { each, isEdge, isLevel } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import { surplus } from '../helpers/observe.js'
import test from '../helpers/test.js'

const byte = Buffer.from('x')
const library = new URL('../../dist/index.js', import.meta.url).href

// tokio-rs/mio#45
each(
  'fault-44 an edge of which half is read is told again by rearm, and not before',
  { where: isEdge },
  async (t, rig) => {
    const { reader, writer } = rig.pipe()
    io.write(writer.fd, Buffer.from('abcd'))
    const seen: string[] = []
    const share = Buffer.alloc(2)
    const registration = rig.watch(reader, { readable: true }, (readiness) => {
      seen.push(`${readiness} ${io.read(reader.fd, share)}`)
    })
    await rig.turns(3)
    t.deepEqual(seen, [`${Ready.READABLE} 2`])
    await rig.turns(1, () => registration.rearm())
    t.deepEqual(seen, [`${Ready.READABLE} 2`, `${Ready.READABLE} 2`])
    // Nothing is left, so arming anew tells nothing.
    await rig.turns(2, () => registration.rearm())
    t.is(seen.length, 2)
  },
)

for (const [verb, arm] of [
  ['rearm', (registration) => registration.rearm()],
  ['modify', (registration) => registration.modify({ readable: true })],
  ['pause and resume', (registration) => registration.pause().resume()],
] satisfies [string, (registration: Registration) => unknown][]) {
  each(
    `fault-44 ${verb} inside the callback has the rest told in the next turn`,
    { where: isEdge },
    async (t, rig) => {
      const { client, server } = rig.pair()
      server.write(Buffer.from('abcd'))
      awaitReady(client, { readable: true })
      const share = Buffer.alloc(1)
      let taken = ''
      await rig.turns(4, () => {
        rig.watch(client, { readable: true }, (_, self) => {
          t.is(client.read(share), 1)
          taken += share.toString('latin1')
          arm(self)
        })
      })
      t.is(taken, 'abcd')
      t.is(client.read(share), WOULD_BLOCK)
    },
  )
}

each('fault-44 new data is an edge although older data is unread', { where: isEdge }, async (t, rig) => {
  const { client, server } = rig.pair()
  let calls = 0
  rig.watch(client, { readable: true }, () => {
    calls += 1
  })
  for (let rounds = 1; rounds <= 3; rounds += 1) {
    server.write(byte)
    await rig.until(() => kit.readableBytes(client.fd) === rounds && calls >= rounds)
    await rig.turns(2)
    t.is(calls, rounds)
  }
})

for (const interest of [
  { readable: true },
  { writable: true },
  { readable: true, writable: true },
  { readable: true, writable: true, disconnect: true },
] satisfies InterestOptions[]) {
  // smol-rs/polling#11
  each(
    `fault-46 a oneshot for ${Object.keys(interest).join(' and ')} has one event, also by modify`,
    {},
    async (t, rig) => {
      const both = rig.own(openLoop())
      io.write(both.fd, byte)
      let calls = 0
      const hear = (): void => {
        calls += 1
      }
      const registration = rig.watch(both, { ...interest, oneshot: true }, hear)
      await rig.turns(3)
      t.deepEqual([calls, registration.state], [1, 'disarmed'])
      registration.close()
      await rig.turns(3, () => {
        rig.watch(both, {}, hear).modify({ ...interest, oneshot: true })
      })
      t.is(calls, 2)
      io.write(both.fd, byte)
      t.is(await surplus(rig, 3), 0)
    },
  )
}

// fivdi/epoll, test/two-shot.js
each(
  'fault-47 modify in the callback of a oneshot that is still ready: exactly two events',
  {},
  async (t, rig) => {
    const { reader, writer } = rig.pipe()
    io.write(writer.fd, byte)
    let calls = 0
    const registration = rig.watch(reader, { readable: true, oneshot: true }, (_, self) => {
      calls += 1
      if (calls < 2) self.modify({ readable: true, oneshot: true })
    })
    await rig.turns(5)
    t.deepEqual([calls, registration.state], [2, 'disarmed'])
    t.is(await surplus(rig, 2), 0)
  },
)

const BURST = 256

// vibe-d/eventcore#20
for (const [how, take] of [
  ['one each call, and armed anew', 1],
  ['until none waits', Infinity],
] as const) {
  each(`fault-48 ${BURST} connections that come at once are all accepted, ${how}`, {}, async (t, rig) => {
    const listener = rig.own(TcpListener.bind({ port: 0 }))
    const { port } = listener.localAddress
    const clients = Array.from({ length: BURST }, () => rig.own(TcpStream.connect({ port })))
    for (const client of clients) awaitReady(client, { writable: true })
    let accepted = 0
    rig.watch(listener, { readable: true }, (_, self) => {
      for (let taken = 0; taken < take; taken += 1) {
        const peer = listener.accept()
        if (peer === null) break
        accepted += 1
        peer.close()
      }
      if (isEdge(rig) && take === 1) self.rearm()
    })
    await rig.until(() => accepted === BURST)
    t.is(listener.accept(), null)
    t.is(await surplus(rig, 3), 0)
  })
}

// zeromq/libzmq#3641, zeromq/pyzmq#1075, JustinTulloss/zeromq.node#528, Smithay/calloop#171
each(
  'fault-50 what becomes ready in a oneshot callback, before it is armed anew, is told',
  {},
  async (t, rig) => {
    const { reader, writer } = rig.pipe()
    const seen: number[] = []
    await rig.turns(4, () => {
      io.write(writer.fd, byte)
      rig.watch(reader, { readable: true, oneshot: true }, (_, self) => {
        seen.push(io.read(reader.fd, Buffer.alloc(8)))
        if (seen.length < 3) io.write(writer.fd, Buffer.from('ab'))
        self.rearm()
      })
    })
    t.deepEqual(seen, [1, 2, 2])
  },
)

each('fault-50 what becomes ready in a callback behind the last read is told', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const seen: number[] = []
  await rig.turns(4, () => {
    io.write(writer.fd, byte)
    rig.watch(reader, { readable: true }, () => {
      seen.push(io.read(reader.fd, Buffer.alloc(8)))
      t.is(io.read(reader.fd, Buffer.alloc(8)), WOULD_BLOCK)
      if (seen.length < 3) io.write(writer.fd, Buffer.from('ab'))
    })
  })
  t.deepEqual(seen, [1, 2, 2])
})

each('fault-50 what becomes ready while it is paused in its callback is told', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const seen: number[] = []
  await rig.turns(3, () => {
    io.write(writer.fd, byte)
    rig.watch(reader, { readable: true }, (_, self) => {
      self.pause()
      seen.push(io.read(reader.fd, Buffer.alloc(8)))
      if (seen.length < 2) io.write(writer.fd, Buffer.from('ab'))
      self.resume()
    })
  })
  t.deepEqual(seen, [1, 2])
})

each(
  'fault-50 a wake in a callback ends the next wait',
  { where: ({ driver }) => driver === 'manual' },
  (t, rig) => {
    const { reactor } = rig
    const { handle } = reactor.waker()
    for (const wake of [() => reactor.wake(), () => void reactor.waker().wake()]) {
      const registration = rig.watch(rig.pipe().writer, { writable: true }, () => wake())
      t.is(reactor.poll(), 1)
      registration.close()
      const { waits } = reactor.stats()
      t.is(reactor.poll(PATIENCE_MS), 0)
      t.is(reactor.stats().waits, waits + 1)
    }
    t.true(handle > 0)
  },
)

each(
  'fault-50 a wake from another thread during a callback ends the next wait',
  { where: ({ driver }) => driver === 'manual' },
  async (t, rig) => {
    const { reactor } = rig
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(
      `import(${JSON.stringify(library)}).then(({ Waker }) => {
      const { flag, handle } = require('node:worker_threads').workerData
      Atomics.store(flag, 0, 1)
      Atomics.notify(flag, 0)
      Atomics.wait(flag, 0, 1)
      Waker.from(handle).wake()
      Atomics.store(flag, 0, 3)
      Atomics.notify(flag, 0)
    })`,
      { eval: true, workerData: { flag, handle: reactor.waker().handle } },
    )
    const ended = new Promise((resolve) => {
      worker.once('exit', resolve)
    })
    while (Atomics.load(flag, 0) === 0) await new Promise(setImmediate)
    rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => {
      Atomics.store(flag, 0, 2)
      Atomics.notify(flag, 0)
      // The callback is not over before the wake has happened.
      t.not(Atomics.wait(flag, 0, 2, PATIENCE_MS), 'timed-out')
    })
    t.is(reactor.poll(), 1)
    t.is(flag[0], 3)
    const { waits } = reactor.stats()
    t.is(reactor.poll(PATIENCE_MS), 0)
    t.is(reactor.stats().waits, waits + 1)
    t.is(await ended, 0)
  },
)

test('fault-50 an inner reactor that has something again in the callback of its descriptor is heard again', (t) => {
  using outer = new Reactor({ driver: 'manual' })
  using inner = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  const { fd } = inner
  if (fd === undefined) throw new Error('it has no descriptor')
  let calls = 0
  inner.register(loop, { readable: true }, () => {
    calls += 1
    io.read(loop.fd, Buffer.alloc(8))
    if (calls < 3) io.write(loop.fd, byte)
  })
  outer.register(fd, { readable: true, trigger: 'edge' }, () => {
    inner.poll(0)
  })
  io.write(loop.fd, byte)
  for (let polls = 0; polls < 3; polls += 1) t.is(outer.poll(), 1)
  t.is(outer.poll(0), 0)
  t.is(calls, 3)
  loop.close()
})

// libuv/libuv#3671
each('fault-51 writing that is no longer asked costs nothing', {}, async (t, rig) => {
  const { client } = rig.pair()
  let calls = 0
  const registration = rig.watch(client, { readable: true, writable: true }, (_, self) => {
    calls += 1
    // The queue is empty.
    self.modify({ readable: true })
  })
  await rig.turns(2)
  t.is(calls, 1)
  t.is(await surplus(rig, 4), 0)
  t.is(registration.state, 'armed')
})

each(
  'fault-51 writing asked for while there is no room is told once there is, and then not asked',
  {},
  async (t, rig) => {
    const [one, other] = makePair()
    rig.own(one)
    rig.own(other)
    const chunk = Buffer.alloc(4096)
    while (io.write(one.fd, chunk) > 0);
    const seen: number[] = []
    rig.watch(one, { readable: true, writable: true }, (readiness, self) => {
      seen.push(readiness)
      self.modify({ readable: true })
    })
    t.is(await surplus(rig, 3), 0)
    while (io.read(other.fd, chunk) > 0);
    await rig.turns(2)
    t.deepEqual(seen, [Ready.WRITABLE])
    t.is(await surplus(rig, 3), 0)
  },
)

/** A pipe whose reading end blocks, as a shell's standard input does. */
function blockingPipe(rig: Rig): { readonly reader: number; readonly writer: number } {
  const { reader, writer } = rig.pipe()
  kit.setBlocking(reader.fd, true)
  return { reader: reader.fd, writer: writer.fd }
}

for (const oneshot of [false, true]) {
  // tokio-rs/mio#1049
  each(
    `fault-53 a blocking descriptor needs a single read a call${oneshot ? ', armed once each' : ''}`,
    { where: (which) => oneshot || isLevel(which) },
    async (t, rig) => {
      const { reader, writer } = blockingPipe(rig)
      const flags = kit.flags(reader)
      const seen: number[] = []
      await rig.turns(4, () => {
        io.write(writer, Buffer.from('abcde'))
        rig.watch(reader, { readable: true, oneshot }, (_, self) => {
          // A second read might block.
          seen.push(io.read(reader, Buffer.alloc(2)))
          if (oneshot) self.rearm()
        })
      })
      t.deepEqual(seen, [2, 2, 1])
      t.is(kit.flags(reader), flags)
    },
  )
}

for (const [how, leave] of [
  ['closes', (registration) => registration.close()],
  ['pauses', (registration) => registration.pause()],
  ['empties', (registration) => registration.modify({})],
] satisfies [string, (registration: Registration) => unknown][]) {
  for (const oneshot of [false, true]) {
    each(
      `fault-54 who ${how} itself in its callback${oneshot ? ', a oneshot,' : ''} stays silent`,
      {},
      async (t, rig) => {
        const { reader, writer } = rig.pipe()
        io.write(writer.fd, byte)
        let calls = 0
        const registration = rig.watch(reader, { readable: true, oneshot }, (_, self) => {
          calls += 1
          leave(self)
          // Ready once more, and still nobody asks.
          io.write(writer.fd, byte)
        })
        await rig.turns(2)
        t.is(calls, 1)
        t.is(await surplus(rig, 3), 0)
        t.is(registration.state, how === 'closes' ? 'closed' : 'paused')
      },
    )
  }
}

each(
  'fault-54 who closes itself and its number in its callback does not come back for the heir',
  {},
  async (t, rig) => {
    const old = rig.own(openLoop())
    io.write(old.fd, byte)
    let calls = 0
    await rig.turns(3, () => {
      rig.watch(old, { readable: true }, (_, self) => {
        calls += 1
        self.close()
        old.close()
        io.write(rig.own(openAs(old.fd, openLoop)).fd, byte)
      })
    })
    t.is(calls, 1)
  },
)
