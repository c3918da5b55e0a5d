// Who an event belongs to: several in one batch, and registrations that have gone.
import { Ready, TcpListener, TcpStream, WOULD_BLOCK, io } from '../../dist/index.js'
import type { Registration } from '../../dist/index.js'
import { Descriptor, PATIENCE_MS, awaitReady, openAs, openLoop, openPair } from '../helpers/descriptors.js'
import { kit } from '../helpers/kit.js'
import { each } from '../helpers/matrix.js'
import { isEpoll, surplus, tellsPriority, watchedBy } from '../helpers/observe.js'

const byte = Buffer.from('x')
const nothing = (): void => {}

// tokio-rs/mio#219
each(
  'fault-01 of three in a batch, who is closed by the first is the one who is not called',
  {},
  async (t, rig) => {
    const called: number[] = []
    const closed: number[] = []
    await rig.turns(1, () => {
      const registrations = [rig.pipe(), rig.pipe(), rig.pipe()].map(({ writer }) =>
        rig.watch(writer, { writable: true }, (_, self) => {
          called.push(self.fd)
          if (called.length > 1) return
          const victim = registrations.find((one) => one !== self)
          victim?.close()
          closed.push(victim?.fd ?? -1)
        }),
      )
    })
    t.is(called.length, 2)
    t.false(called.includes(closed[0] ?? -1))
  },
)

each(
  'fault-01 a socket that is closed in a callback is not called later in the batch',
  {},
  async (t, rig) => {
    const pairs = [rig.pair(), rig.pair()]
    const called: TcpStream[] = []
    await rig.turns(2, () => {
      for (const { client } of pairs) {
        rig.watch(client, { writable: true }, () => {
          called.push(client)
          for (const other of pairs) if (other.client !== client) other.client.close()
        })
      }
    })
    t.is(new Set(called).size, 1)
  },
)

for (const [how, leave] of [
  ['unregistered', (registration) => registration.close()],
  ['paused', (registration) => registration.pause()],
  ['emptied', (registration) => registration.modify({})],
] satisfies [string, (registration: Registration) => void][]) {
  // tokio-rs/mio#1205
  each(
    `fault-02 a listener ${how} with a connection pending is silent, and only a wake comes out`,
    {},
    async (t, rig) => {
      const { reactor } = rig
      const listener = rig.own(TcpListener.bind({ port: 0 }))
      const registration = rig.watch(listener, { readable: true }, () => t.fail('it was called'))
      rig.own(TcpStream.connect({ port: listener.localAddress.port }))
      awaitReady(listener, { readable: true })
      leave(registration)
      reactor.wake()
      if (rig.driver === 'manual') {
        const { waits } = reactor.stats()
        t.is(reactor.poll(PATIENCE_MS), 0)
        t.is(reactor.stats().waits, waits + 1)
      }
      t.is(await surplus(rig, 3), 0)
    },
  )
}

for (const [how, act] of [
  ['closes', (peer) => peer.close()],
  ['resets', (peer) => peer.reset()],
  ['sends', (peer) => peer.write(byte)],
] satisfies [string, (peer: TcpStream) => unknown][]) {
  // tokio-rs/mio#808
  each(`fault-03 a oneshot that has fired hears nothing when the peer ${how}`, {}, async (t, rig) => {
    const { client, server } = rig.pair()
    const seen: number[] = []
    const interest = { readable: true, writable: true, disconnect: true, oneshot: true }
    const registration = rig.watch(client, interest, (readiness) => seen.push(readiness))
    await rig.turns(2)
    t.deepEqual(seen, [Ready.WRITABLE])
    act(server)
    awaitReady(client, { readable: true })
    t.is(await surplus(rig, 3), 0)
    t.is(registration.state, 'disarmed')
    await rig.turns(2, () => registration.rearm())
    t.is(seen.length, 2)
    t.true(((seen[1] ?? 0) & Ready.READABLE) !== 0)
  })
}

// tokio-rs/mio#184, wasmerio/wasmer#6608
each(
  'fault-04 who closes at the first of two conditions leaves none for the heir of its number',
  {},
  async (t, rig) => {
    const both = rig.own(openLoop())
    io.write(both.fd, byte)
    const called: string[] = []
    await rig.turns(3, () => {
      rig.watch(both, { readable: true, writable: true }, (readiness, self) => {
        called.push(`old ${readiness}`)
        self.close()
        both.close()
        const heir = rig.own(openAs(both.fd, openLoop))
        rig.watch(heir, { readable: true }, () => called.push('heir'))
      })
    })
    t.deepEqual(called, [`old ${Ready.READABLE | Ready.WRITABLE}`])
  },
)

each('fault-04 urgent data, data and room are one call', { where: tellsPriority }, async (t, rig) => {
  const { client, server } = rig.pair()
  server.write(byte)
  kit.sendUrgent(server.fd)
  awaitReady(client, { readable: true })
  awaitReady(client, { priority: true })
  const seen: number[] = []
  await rig.turns(1, () => {
    const interest = { readable: true, writable: true, priority: true }
    rig.watch(client, interest, (readiness) => seen.push(readiness))
  })
  t.deepEqual(seen, [Ready.READABLE | Ready.WRITABLE | Ready.PRIORITY])
})

// creytiv/re#266
each(
  'fault-05 a file put on a closed number hears nothing of what the batch holds for it',
  {},
  async (t, rig) => {
    const pipes = [rig.pipe(), rig.pipe()]
    const idle = rig.pipe()
    const called: string[] = []
    await rig.turns(3, () => {
      for (const { writer } of pipes) io.write(writer.fd, byte)
      const registrations = pipes.map(({ reader }) =>
        rig.watch(reader, { readable: true }, (_, self) => {
          called.push('old')
          const other = registrations.find((one) => one !== self)
          self.close()
          if (other === undefined || other.state === 'closed') return
          other.close()
          kit.dupOnto(idle.reader.fd, other.fd)
          rig.watch(other.fd, { readable: true }, () => called.push('heir'))
        }),
      )
    })
    t.deepEqual(called, ['old'])
  },
)

// golang/go#59545
each("fault-06 an error is not told to who has its registration's place in the table", {}, async (t, rig) => {
  const pipes = [rig.pipe(), rig.pipe()]
  const called: string[] = []
  await rig.turns(3, () => {
    // Writers whose readers are gone: both have an error in one batch.
    for (const { reader } of pipes) reader.close()
    const registrations = pipes.map(({ writer }) =>
      rig.watch(writer, { writable: true }, (_, self) => {
        called.push('failed')
        self.close()
        for (const other of registrations) other.close()
        // Another descriptor: what it takes over is the slot.
        if (called.length === 1) rig.watch(rig.pipe().reader, { readable: true }, () => called.push('heir'))
      }),
    )
  })
  t.deepEqual(called, ['failed'])
})

// joyent/libuv#1099 (780d8ad8e)
each('fault-09 a socket that is shared leaves the set when it is closed here', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  const shared = rig.own(new Descriptor(kit.dup(client.fd)))
  const registration = rig.watch(client, { readable: true }, () => t.fail('it was called'))
  client.close()
  server.write(byte)
  awaitReady(shared, { readable: true })
  t.is(await surplus(rig, 3), 0)
  const { stale, rebuilds } = rig.reactor.stats()
  t.deepEqual({ stale, rebuilds }, { stale: 0, rebuilds: 0 })
  t.deepEqual([registration.state, registration.closeError], ['closed', undefined])
})

for (const [verb, leave] of [
  ['close', (registration) => registration.close()],
  ['pause', (registration) => registration.pause()],
  ['an empty interest', (registration) => registration.modify({})],
] satisfies [string, (registration: Registration) => void][]) {
  // libuv/libuv#4323
  each(
    `fault-11 ${verb} takes a descriptor out at once, not in the next turn`,
    { where: isEpoll },
    async (t, rig) => {
      const { reader, writer } = rig.pipe()
      const outside = rig.watch(reader, { readable: true }, nothing)
      t.true(watchedBy(rig.reactor).includes(reader.fd))
      leave(outside)
      t.false(watchedBy(rig.reactor).includes(reader.fd))
      const seen: boolean[] = []
      await rig.turns(1, () => {
        rig.watch(writer, { writable: true }, (_, self) => {
          leave(self)
          seen.push(watchedBy(rig.reactor).includes(writer.fd))
        })
      })
      t.deepEqual(seen, [false])
    },
  )
}

each('fault-11 a descriptor may be closed as soon as close() has returned', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const registrations: Registration[] = []
  await rig.turns(3, () => {
    const registration = rig.watch(writer, { writable: true }, (_, self) => {
      self.close()
      writer.close()
      // The next one has the number at once.
      const heir = rig.own(openAs(writer.fd, openLoop))
      registrations.push(rig.watch(heir, { readable: true }, () => t.fail('the heir was called')))
    })
    registrations.push(registration)
  })
  t.deepEqual(
    registrations.map(({ closeError }) => closeError),
    [undefined, undefined],
  )
  t.is(rig.reactor.stats().stale, 0)
  reader.close()
})

// lesismal/nbio#144
each(
  'fault-19 what is closed between a check and a read does not read for the heir of its number',
  {},
  async (t, rig) => {
    const { client, server } = rig.pair()
    server.write(byte)
    awaitReady(client, { readable: true })
    const { fd } = client
    let calls = 0
    await rig.turns(2, () => {
      rig.watch(client, { readable: true }, () => {
        calls += 1
        // What some other part of a program does between the event and the read.
        client.close()
        const heir = openPair()
        const taken = rig.own(new Descriptor(kit.dupOnto(heir.client.fd, fd)))
        heir.server.write(Buffer.from('secret'))
        awaitReady(taken, { readable: true })
        const buffer = Buffer.alloc(8)
        for (const verb of [() => client.read(buffer), () => client.write(byte), () => client.fd]) {
          t.throws(verb, { code: 'ERR_FDREACTOR_CLOSED' })
        }
        t.is(kit.readableBytes(fd), 6)
        t.is(heir.server.read(buffer), WOULD_BLOCK)
        heir.client.close()
        heir.server.close()
      })
    })
    t.is(calls, 1)
  },
)

each('fault-19 a listener that is closed accepts nothing for the heir of its number', {}, async (t, rig) => {
  const listener = rig.own(TcpListener.bind({ port: 0 }))
  const heir = rig.own(TcpListener.bind({ port: 0 }))
  let calls = 0
  rig.watch(listener, { readable: true }, () => {
    calls += 1
    const { fd } = listener
    listener.close()
    const taken = rig.own(new Descriptor(kit.dupOnto(heir.fd, fd)))
    rig.own(TcpStream.connect({ port: heir.localAddress.port }))
    awaitReady(taken, { readable: true })
    t.throws(() => listener.accept(), { code: 'ERR_FDREACTOR_CLOSED' })
    const connection = heir.accept()
    t.not(connection, null)
    connection?.close()
  })
  rig.own(TcpStream.connect({ port: listener.localAddress.port }))
  await rig.until(() => calls > 0)
  t.is(calls, 1)
})

// libuv/help#7
each('fault-22 a duplicate has a number of its own, and is watched beside the first', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  const copy = rig.own(new Descriptor(kit.dup(writer.fd)))
  const called: number[] = []
  await rig.turns(1, () => {
    for (const source of [writer, copy]) {
      rig.watch(source, { writable: true }, (_, { fd }) => called.push(fd))
    }
  })
  t.deepEqual(new Set(called), new Set([writer.fd, copy.fd]))
  t.is(called.length, 2)
  t.throws(() => rig.watch(copy.fd, { writable: true }, nothing), { code: 'EEXIST' })
})

each(
  'fault-22 a socket is watched once, by number or by object, and again when that is closed',
  {},
  async (t, rig) => {
    const { client } = rig.pair()
    let calls = 0
    const first = rig.watch(client, {}, () => {
      calls += 1
    })
    for (const source of [client, client.fd, { fd: client.fd }]) {
      t.throws(() => rig.watch(source, { writable: true }, () => t.fail('the second one')), {
        code: 'EEXIST',
      })
    }
    await rig.turns(1, () => first.modify({ writable: true }))
    t.is(calls, 1)
    first.close()
    let again = 0
    await rig.turns(1, () => {
      rig.watch(client.fd, { writable: true }, () => {
        again += 1
      })
    })
    t.deepEqual([calls, again], [1, 1])
  },
)

// tokio-rs/mio#1204
each('fault-23 one callback may serve many descriptors, and is told which', {}, async (t, rig) => {
  const pipes = [rig.pipe(), rig.pipe(), rig.pipe()]
  const seen: string[] = []
  const shared = (readiness: number, { fd }: Registration): void => void seen.push(`${fd} ${readiness}`)
  await rig.turns(1, () => {
    for (const { reader, writer } of pipes.slice(1)) {
      io.write(writer.fd, byte)
      rig.watch(reader, { readable: true }, shared)
      rig.watch(writer, { writable: true }, shared)
    }
    rig.watch(pipes[0]?.reader ?? -1, { readable: true }, shared)
  })
  const expected = pipes
    .slice(1)
    .flatMap(({ reader, writer }) => [`${reader.fd} ${Ready.READABLE}`, `${writer.fd} ${Ready.WRITABLE}`])
  t.deepEqual(new Set(seen), new Set(expected))
  t.is(seen.length, 4)
})
