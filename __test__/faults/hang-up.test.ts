// Hang-ups, errors and half-closes that nobody asked about, or that come alone.
import { Ready, io } from '../../dist/index.js'
import type { Registration, Source } from '../../dist/index.js'
import { awaitReady, openPair } from '../helpers/descriptors.js'
import { kit, makePair, makePipe, makeUdp } from '../helpers/kit.js'
import { each, isEdge, isLevel, tellsHangUp } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import { surplus, tellsPriority } from '../helpers/observe.js'

const byte = Buffer.from('x')
const BOTH = Ready.READ_CLOSED | Ready.HANGUP

/** A descriptor, and what hangs up at its other end. */
interface Line {
  readonly source: Source
  readonly hangUp: () => void
}

const LINES: readonly (readonly [string, (rig: Rig) => Line])[] = [
  [
    'pipe',
    (rig) => {
      const { reader, writer } = rig.pipe()
      return { source: reader, hangUp: () => writer.close() }
    },
  ],
  [
    'UNIX socket',
    (rig) => {
      const [source, other] = makePair()
      rig.own(source)
      return { source, hangUp: () => rig.own(other).close() }
    },
  ],
  [
    'TCP connection',
    (rig) => {
      const { client, server } = rig.pair()
      return { source: client, hangUp: () => server.close() }
    },
  ],
  [
    'TCP connection that is reset',
    (rig) => {
      const { client, server } = rig.pair()
      return { source: client, hangUp: () => server.reset() }
    },
  ],
]

for (const [what, open] of LINES) {
  for (const [how, leave] of [
    ['paused', (registration) => registration.pause()],
    ['emptied', (registration) => registration.modify({})],
  ] satisfies [string, (registration: Registration) => void][]) {
    // libuv/libuv#2162
    each(`fault-24 a ${what} that is ${how} costs nothing when the peer hangs up`, {}, async (t, rig) => {
      const { source, hangUp } = open(rig)
      let calls = 0
      const registration = rig.watch(source, { readable: true }, () => {
        calls += 1
      })
      leave(registration)
      hangUp()
      awaitReady(source, { readable: true })
      t.is(await surplus(rig, 4), 0)
      t.deepEqual([calls, registration.state], [0, 'paused'])
      await rig.turns(1, () => registration.modify({ readable: true }))
      t.is(calls, 1)
    })
  }

  // scylladb/seastar#1945
  each(
    `fault-27 the hang-up of a ${what} that asks for nothing else is told once`,
    { where: tellsHangUp },
    async (t, rig) => {
      const { source, hangUp } = open(rig)
      let calls = 0
      const registration = rig.watch(source, { disconnect: true }, () => {
        calls += 1
      })
      hangUp()
      awaitReady(source, { readable: true })
      await rig.turns(2)
      t.deepEqual([calls, registration.state], [1, 'parked'])
      t.is(await surplus(rig, 4), 0)
    },
  )
}

// oven-sh/bun#37077
each('fault-26 a shut writing side is not the end of reading', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  const [one, other] = makePair()
  rig.own(one)
  rig.own(other)
  client.shutdown('write')
  kit.shut(one.fd, 'write')
  const seen: number[] = []
  for (const source of [client, one]) {
    rig.watch(source, { readable: true }, (readiness) => seen.push(readiness))
  }
  await rig.turns(2)
  t.deepEqual(seen, [])
  server.write(byte)
  io.write(other.fd, byte)
  awaitReady(client, { readable: true })
  await rig.turns(1)
  t.deepEqual(new Set(seen), new Set([Ready.READABLE]))
})

each(
  'fault-26 a peer that reads no more ends no reading here',
  { where: ({ backend }) => backend !== 'kqueue' },
  async (t, rig) => {
    const [one, other] = makePair()
    rig.own(one)
    rig.own(other)
    kit.shut(other.fd, 'read')
    const seen: number[] = []
    await rig.turns(1, () => {
      rig.watch(one, { readable: true, writable: true }, (readiness) => seen.push(readiness))
    })
    t.deepEqual(seen, [Ready.WRITABLE])
    t.throws(() => io.write(one.fd, byte), { code: 'EPIPE' })
  },
)

each(
  'fault-26 a write filter that is at its end says so once, and not that reading is over',
  { where: (which) => which.backend === 'kqueue' && isEdge(which) },
  async (t, rig) => {
    const [one, other] = makePair()
    rig.own(one)
    rig.own(other)
    kit.shut(other.fd, 'read')
    const seen: number[] = []
    await rig.turns(3, () => {
      rig.watch(one, { readable: true, writable: true }, (readiness) => seen.push(readiness))
    })
    t.deepEqual(seen, [Ready.WRITABLE | Ready.WRITE_CLOSED])
  },
)

for (const [what, cause, interest] of [
  ['a reset', 'reset', { disconnect: true }],
  ['a close', 'close', { priority: true }],
] as const) {
  each(
    `fault-27 ${what} that finds only ${Object.keys(interest).join()} asked is told once, and again when armed anew`,
    { where: (which) => tellsHangUp(which) && tellsPriority(which) },
    async (t, rig) => {
      const { client, server } = rig.pair()
      const seen: number[] = []
      const registration = rig.watch(client, interest, (readiness) => seen.push(readiness))
      // Both directions: a close alone is a half-close to the other end.
      if (cause === 'close') client.shutdown('write')
      if (cause === 'close') server.close()
      if (cause === 'reset') server.reset()
      awaitReady(client, { readable: true })
      await rig.turns(2)
      const readiness = { close: Ready.HANGUP, reset: BOTH | Ready.ERROR }[cause]
      t.deepEqual(seen, [readiness])
      t.is(registration.state, 'parked')
      t.is(await surplus(rig, 3), 0)
      await rig.turns(2, () => registration.rearm())
      t.deepEqual(seen, [readiness, readiness])
      t.is(rig.reactor.stats().parked, 2)
    },
  )
}

// nodejs/node#11307, libuv/libuv#2922
each(
  'fault-28 connections that wait to be closed cost nothing once reading is no longer asked',
  {},
  async (t, rig) => {
    const pairs = Array.from({ length: 20 }, () => rig.pair())
    let ends = 0
    for (const { client, server } of pairs) {
      server.close()
      awaitReady(client, { readable: true })
      rig.watch(client, { readable: true }, (_, self) => {
        t.is(client.read(byte), 0)
        ends += 1
        self.modify({})
      })
    }
    await rig.turns(2)
    t.is(ends, 20)
    t.is(await surplus(rig, 4), 0)
  },
)

each(
  'fault-28 one that still has something to send costs nothing until there is room',
  {},
  async (t, rig) => {
    const { client, server } = rig.pair()
    const chunk = Buffer.alloc(1 << 20)
    const fill = (): void => {
      while (client.write(chunk) >= 0);
    }
    fill()
    server.shutdown('write')
    awaitReady(client, { disconnect: true })
    // What is on its way to the peer makes room yet; then nothing does.
    const registration = rig.watch(client, { writable: true }, fill)
    let more = -1
    for (let tries = 0; tries < 100 && more !== 0; tries += 1) more = await surplus(rig, 3)
    t.is(more, 0)
    t.is(registration.state, 'armed')
  },
)

/** A UDP socket with a pending error: what it sent was refused. */
function refused(rig: Rig): { readonly fd: number } {
  const [socket, gone] = [rig.own(makeUdp()), makeUdp()]
  kit.connectTo(socket.fd, gone.fd)
  gone.close()
  io.write(socket.fd, byte)
  awaitReady(socket, { readable: true })
  return socket
}

// wlanslovenija/tunneldigger#148
each(
  'fault-29 an error that a callback ignores is told once a turn at most, and starves nobody',
  {},
  async (t, rig) => {
    const socket = refused(rig)
    const neighbour = rig.pipe()
    const seen: number[] = []
    let served = 0
    await rig.turns(4, () => {
      rig.watch(socket, { readable: true }, (readiness) => seen.push(readiness))
      rig.watch(neighbour.writer, { writable: true, oneshot: true }, (_, self) => {
        served += 1
        self.rearm()
      })
    })
    const readiness = rig.backend === 'select' ? Ready.READABLE : Ready.ERROR
    t.deepEqual(seen, Array<number>(rig.trigger === 'edge' ? 1 : 4).fill(readiness))
    t.is(served, 4)
  },
)

each('fault-29 an error is over when it has been fetched', {}, async (t, rig) => {
  const socket = refused(rig)
  let calls = 0
  await rig.turns(2, () => {
    rig.watch(socket, { readable: true }, () => {
      calls += 1
      t.throws(() => io.read(socket.fd, Buffer.alloc(4)), { code: 'ECONNREFUSED' })
    })
  })
  t.is(calls, 1)
  t.is(await surplus(rig, 3), 0)
})

each(
  'fault-29 an error that finds only disconnect asked is told once',
  { where: tellsHangUp },
  async (t, rig) => {
    const socket = refused(rig)
    const seen: number[] = []
    const registration = rig.watch(socket, { disconnect: true }, (readiness) => seen.push(readiness))
    await rig.turns(2)
    t.deepEqual(seen, [Ready.ERROR])
    t.is(registration.state, 'parked')
    t.is(await surplus(rig, 3), 0)
  },
)

for (const interest of [{ readable: true }, { writable: true }, { readable: true, writable: true }]) {
  // joyent/libuv#982
  each(
    `fault-30 a bare hang-up wakes who asks for ${Object.keys(interest).join(' and ')}`,
    {
      // select sees a hang-up only where reading is asked.
      where: (which) => which.backend !== 'kqueue' && (tellsHangUp(which) || 'readable' in interest),
    },
    async (t, rig) => {
      const { reader, writer } = rig.pipe()
      const seen: number[] = []
      rig.watch(reader, interest, (readiness) => seen.push(readiness))
      await rig.turns(1)
      t.deepEqual(seen, [])
      await rig.turns(1, () => writer.close())
      // An edge may have been told before the turn that counts.
      t.deepEqual(new Set(seen), new Set([rig.backend === 'select' ? Ready.READABLE : Ready.HANGUP]))
    },
  )

  // tokio-rs/tokio#4349
  each(
    `fault-32 a bare error wakes who asks for ${Object.keys(interest).join(' and ')}`,
    { where: ({ backend }) => backend !== 'kqueue' },
    async (t, rig) => {
      const [reader, writer] = makePipe()
      rig.own(writer)
      rig.own(reader).close()
      const seen: number[] = []
      await rig.turns(1, () => {
        rig.watch(writer, interest, (readiness) => seen.push(readiness))
      })
      const room = 'writable' in interest ? Ready.WRITABLE : 0
      const shown = 'readable' in interest ? Ready.READABLE : 0
      t.deepEqual(seen, [rig.backend === 'select' ? room | shown : room | Ready.ERROR])
    },
  )
}

// tokio-rs/tokio#6632
each(
  'fault-33 a descriptor that can never be read is not reported at all',
  { where: ({ backend }) => backend !== 'kqueue' },
  async (t, rig) => {
    const { writer } = rig.pipe()
    rig.watch(writer, { readable: true, disconnect: true }, () => t.fail('it was called'))
    t.is(await surplus(rig, 3), 0)
  },
)

each('fault-33 urgent data alone is not readable', { where: tellsPriority }, async (t, rig) => {
  const { client, server } = rig.pair()
  kit.sendUrgent(server.fd)
  awaitReady(client, { priority: true })
  const seen: number[] = []
  await rig.turns(1, () => {
    rig.watch(client, { readable: true, priority: true }, (readiness) => seen.push(readiness))
  })
  t.deepEqual(seen, [Ready.PRIORITY])
})

// sebi2k1/node-can#215
each('fault-34 an error without a hang-up passes, and its registration goes on', {}, async (t, rig) => {
  const socket = refused(rig)
  const peer = rig.own(makeUdp())
  const seen: string[] = []
  const registration = rig.watch(socket, { readable: true }, (readiness) => {
    const error = kit.socketError(socket.fd)
    const count = error === undefined ? io.read(socket.fd, Buffer.alloc(4)) : 0
    seen.push(`${readiness} ${error ?? count}`)
  })
  await rig.turns(2)
  const failed = `${rig.backend === 'select' ? Ready.READABLE : Ready.ERROR} ECONNREFUSED`
  t.deepEqual(seen, [failed])
  kit.connectTo(socket.fd, peer.fd)
  kit.connectTo(peer.fd, socket.fd)
  io.write(peer.fd, byte)
  await rig.until(() => seen.length > 1)
  t.deepEqual(seen, [failed, `${Ready.READABLE} 1`])
  t.is(registration.state, 'armed')
})

each(
  'fault-34 a hang-up without an error has no error',
  { where: (which) => tellsHangUp(which) && isLevel(which) },
  async (t, rig) => {
    const { client, server } = openPair()
    rig.own(client).shutdown('write')
    rig.own(server).close()
    awaitReady(client, { readable: true })
    const seen: number[] = []
    await rig.turns(1, () => {
      rig.watch(client, { readable: true }, (readiness) => seen.push(readiness))
    })
    t.deepEqual(seen, [Ready.READABLE | BOTH])
    t.is(client.takeError(), undefined)
  },
)
