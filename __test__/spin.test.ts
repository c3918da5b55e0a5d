// Whoever has nothing to say costs nothing: in each state an idle reactor makes no wait, runs no thread and does not wake
// the host's loop. `SILENT` is all of that; where something is told in every turn, the test says how often.
import { Reactor, Ready, TcpListener, TcpStream, WOULD_BLOCK, io } from '../dist/index.js'
import { awaitReady, closedNumber, openLoop } from './helpers/descriptors.js'
import { eventually } from './helpers/echo-change.js'
import { kit, makePair } from './helpers/kit.js'
import {
  type Case,
  type Rig,
  each,
  isEdge,
  isLevel,
  isNative,
  isScan,
  tellsHangUp,
} from './helpers/matrix.js'
import { SILENT, SpinWatch } from './helpers/spin.js'
import type { ExecutionContext } from './helpers/test.js'

const byte = Buffer.from('x')
const never = (): never => {
  throw new Error('nobody should hear of it')
}

/** Brings a reactor into a state that nothing is told of any more, and looks at it. */
function silent(
  state: string,
  where: (which: Case) => boolean,
  prepare: (t: ExecutionContext, rig: Rig) => void | Promise<void>,
): void {
  each(`spin: ${state}`, { where }, async (t, rig) => {
    await prepare(t, rig)
    const { rebuilds } = rig.reactor.stats()
    const watch = await SpinWatch.on(rig)
    t.deepEqual(await watch.idle(), SILENT)
    // Nor did it take a stale event and a new set to fall silent.
    t.like(rig.reactor.stats(), { stale: 0, rebuilds })
  })
}

const everywhere = (): boolean => true

silent('nothing registered', everywhere, () => {})

silent('nothing ready', everywhere, (_, rig) => {
  rig.watch(rig.pipe().reader, { readable: true }, never)
  rig.watch(rig.pair().client, { readable: true, disconnect: true }, never)
})

silent('unrefd', everywhere, (_, rig) => {
  rig.watch(rig.pipe().reader, { readable: true, ref: false }, never)
  rig.watch(rig.pair().client, { readable: true }, never).unref()
  rig.reactor.unref()
})

silent('paused', everywhere, async (t, rig) => {
  const pipes = [rig.pipe(), rig.pipe(), rig.pipe()] as const
  const registrations = [
    rig.watch(pipes[0].reader, { readable: true }, never).pause(),
    rig.watch(pipes[1].reader, { readable: true }, never).modify({}),
    rig.watch(pipes[2].reader, {}, never),
  ]
  // A thread may still be waiting with what was asked before.
  await rig.turns(1)
  // Data and a hang-up: libuv/libuv#2162.
  for (const { writer } of pipes) {
    io.write(writer.fd, byte)
    writer.close()
  }
  for (const { state } of registrations) t.is(state, 'paused')
})

silent('paused by its own callback', everywhere, async (t, rig) => {
  let calls = 0
  await rig.turns(3, () => {
    rig.watch(rig.pipe().writer, { writable: true }, (_, self) => {
      calls += 1
      self.pause()
    })
  })
  t.is(calls, 1)
})

silent('disarmed', everywhere, async (t, rig) => {
  const { client, server } = rig.pair()
  server.write(byte)
  server.close()
  awaitReady(client, { readable: true })
  const seen: number[] = []
  const interests = [
    [client, { readable: true }],
    [rig.pipe().writer, { writable: true }],
  ] as const
  await rig.turns(3, () => {
    for (const [source, interest] of interests) {
      rig.watch(source, { ...interest, oneshot: true }, (readiness) => seen.push(readiness))
    }
  })
  t.is(seen.length, 2)
})

silent('parked after a half-close', tellsHangUp, async (t, rig) => {
  const { client, server } = rig.pair()
  server.shutdown('write')
  awaitReady(client, { disconnect: true })
  const seen: number[] = []
  const registration = rig.watch(client, { disconnect: true }, (readiness) => seen.push(readiness))
  await rig.turns(3)
  t.deepEqual([seen, registration.state], [[Ready.READ_CLOSED], 'parked'])
})

silent('parked after a hang-up', tellsHangUp, async (t, rig) => {
  const { client, server } = rig.pair()
  const seen: number[] = []
  const registration = rig.watch(client, { priority: true }, (readiness) => seen.push(readiness))
  client.shutdown('write')
  server.close()
  awaitReady(client, { disconnect: true })
  await rig.turns(3)
  t.deepEqual([seen, registration.state], [[Ready.HANGUP], 'parked'])
})

silent('parked after an error', tellsHangUp, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  reader.close()
  const seen: number[] = []
  const registration = rig.watch(writer, { disconnect: true }, (readiness) => seen.push(readiness))
  await rig.turns(3)
  t.deepEqual([seen, registration.state], [[Ready.ERROR], 'parked'])
})

silent(
  'a hang-up of which select has nothing to say',
  ({ backend }) => backend === 'select',
  async (t, rig) => {
    const { client, server } = rig.pair()
    server.close()
    awaitReady(client, { readable: true })
    const registration = rig.watch(client, { disconnect: true, priority: true }, never)
    await rig.turns(2)
    t.is(registration.state, 'armed')
  },
)

/** What ends a connection, from the mildest to the last. */
const endings = {
  'half-closed': (_client: TcpStream, server: TcpStream) => server.shutdown('write'),
  'hung up': (client: TcpStream, server: TcpStream) => {
    client.shutdown('write')
    server.close()
  },
  reset: (_client: TcpStream, server: TcpStream) => server.reset(),
}

for (const [state, end] of Object.entries(endings)) {
  each(`spin: ${state} with readable asked is told once a turn`, { where: isLevel }, async (t, rig) => {
    const { client, server } = rig.pair()
    end(client, server)
    awaitReady(client, { readable: true })
    const registration = rig.watch(client, { readable: true }, () => {})
    const watch = await SpinWatch.on(rig)
    if (rig.driver === 'manual') {
      t.deepEqual(await watch.idle(), { ...SILENT, waits: 1, callbacks: 1 })
    } else {
      await eventually(async () => {
        const { waits, callbacks, stale, parked } = await watch.idle()
        t.deepEqual({ callbacks, stale, parked }, { callbacks: waits, stale: 0, parked: 0 })
        return waits > 1 || undefined
      }, 'second turn')
    }
    registration.pause()
    t.deepEqual(await watch.idle(), SILENT)
  })

  silent(`${state} with readable asked on an edge`, isEdge, async (t, rig) => {
    const { client, server } = rig.pair()
    end(client, server)
    awaitReady(client, { readable: true })
    let calls = 0
    await rig.turns(3, () => {
      rig.watch(client, { readable: true }, () => {
        calls += 1
      })
    })
    t.is(calls, 1)
  })
}

silent('half-closed with writable asked and no room', everywhere, async (_, rig) => {
  const [near, far] = makePair()
  rig.own(near)
  rig.own(far)
  const block = Buffer.alloc(64 * 1024)
  while (io.write(near.fd, block) !== WOULD_BLOCK);
  kit.shut(far.fd, 'write')
  rig.watch(near, { writable: true }, never)
  await rig.turns(2)
})

silent('everything written', everywhere, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const block = Buffer.alloc(64 * 1024)
  let left = 40
  const writing = rig.watch(writer, { writable: true }, (_, self) => {
    while (left > 0) {
      if (io.write(writer.fd, block) === WOULD_BLOCK) return
      left -= 1
    }
    self.modify({ readable: true })
  })
  const sink = Buffer.alloc(128 * 1024)
  rig.watch(reader, { readable: true }, () => {
    while (io.read(reader.fd, sink) !== WOULD_BLOCK);
  })
  await rig.until(() => left === 0)
  t.is(writing.state, 'armed')
})

silent('woken', everywhere, async (t, rig) => {
  for (let times = 0; times < 3; times += 1) rig.reactor.wake()
  t.true(rig.reactor.waker().wake())
  await rig.turns(1)
  rig.reactor.wake()
  if (rig.driver === 'manual') t.is(rig.reactor.poll(), 0)
})

silent('a descriptor that was closed, and its registration not', isNative, async (t, rig) => {
  const { reader } = rig.pipe()
  const registration = rig.watch(reader, { readable: true }, never)
  reader.close()
  await rig.turns(2)
  t.is(registration.state, 'armed')
})

silent('a descriptor that was closed, told once', isScan, async (t, rig) => {
  const pipes = [rig.pipe(), rig.pipe()] as const
  const seen: number[] = []
  const armed = rig.watch(pipes[0].reader, { readable: true }, (readiness) => seen.push(readiness))
  const paused = rig.watch(pipes[1].reader, { readable: true }, never).pause()
  await rig.turns(3, () => {
    for (const { reader } of pipes) reader.close()
  })
  t.deepEqual([seen, armed.state, paused.state], [[Ready.INVALID], 'closed', 'paused'])
})

silent('a number that is not open', everywhere, (t, rig) => {
  t.throws(() => rig.watch(closedNumber(), { readable: true }, never), { code: 'EBADF' })
})

/** What a registration can be when its number is closed while a duplicate lives. It comes back ready. */
const behind: Readonly<Record<string, (rig: Rig, fd: number) => void>> = {
  armed: (rig, fd) => {
    const registration = rig.watch(fd, { writable: true }, never)
    kit.close(fd)
    registration.close()
  },
  paused: (rig, fd) => {
    const registration = rig.watch(fd, { writable: true }, never)
    kit.close(fd)
    try {
      registration.pause()
    } catch {
      // EBADF: it is closed.
    }
  },
}

for (const [state, leave] of Object.entries(behind)) {
  // libuv/libuv#1148
  each(`spin: ${state} and closed under a duplicate`, { where: isNative }, async (t, rig) => {
    const both = rig.own(openLoop())
    // Full, so that it becomes ready only when the number is closed.
    while (io.write(both.fd, Buffer.alloc(64 * 1024)) !== WOULD_BLOCK);
    const watch = await SpinWatch.on(rig)
    leave(rig, kit.dup(both.fd))
    // A thread's next wait knows of all that: what is stale in it was not made so meanwhile.
    await rig.turns(1)
    const before = rig.reactor.stats()
    const sink = Buffer.alloc(64 * 1024)
    while (io.read(both.fd, sink) !== WOULD_BLOCK);
    if (rig.driver === 'manual') rig.reactor.poll(0)
    else await eventually(() => rig.reactor.stats().rebuilds > 0 || undefined, 'new set')
    const { stale, rebuilds } = rig.reactor.stats()
    t.deepEqual({ stale: stale - before.stale, rebuilds }, { stale: 1, rebuilds: 1 })
    t.deepEqual(await watch.idle(), SILENT)
  })
}

silent('parked under a duplicate', isNative, async (t, rig) => {
  const { client, server } = rig.pair()
  const fd = kit.dup(client.fd)
  const seen: number[] = []
  const registration = rig.watch(fd, { disconnect: true }, (readiness) => seen.push(readiness))
  kit.close(fd)
  server.shutdown('write')
  awaitReady(client, { disconnect: true })
  await rig.turns(3)
  t.deepEqual([seen, registration.state], [[Ready.READ_CLOSED], 'parked'])
  t.is(rig.reactor.stats().rebuilds, 1)
})

silent('a listener without a free descriptor that its user paused', everywhere, async (t, rig) => {
  const listener = rig.own(TcpListener.bind({ port: 0 }))
  const client = rig.own(TcpStream.connect({ port: listener.localAddress.port }))
  awaitReady(client, { writable: true })
  const codes: unknown[] = []
  let limit: number | undefined
  try {
    await rig.turns(1, () => {
      // The lowest free number is the first that is too high.
      limit = kit.limitFiles(closedNumber())
      rig.watch(listener, { readable: true }, (_, self) => {
        try {
          listener.accept()
        } catch (error) {
          codes.push((error as NodeJS.ErrnoException).code)
          self.pause()
        }
      })
    })
  } finally {
    if (limit !== undefined) kit.limitFiles(limit)
  }
  t.deepEqual(codes, ['EMFILE'])
})

silent('a reactor inside a reactor', isNative, async (t, rig) => {
  const inner = rig.own(new Reactor({ backend: rig.backend, driver: 'manual' }))
  const { reader, writer } = rig.pipe()
  let reads = 0
  inner.register(reader, { readable: true, trigger: rig.trigger }, () => {
    while (io.read(reader.fd, Buffer.alloc(8)) !== WOULD_BLOCK) reads += 1
  })
  rig.watch({ fd: inner.fd ?? -1 }, { readable: true }, () => inner.poll(0))
  await rig.turns(2, () => io.write(writer.fd, byte))
  t.is(reads, 1)
})

each('spin: a batch that the budget cut short', { turnBudgetMs: 0 }, async (t, rig) => {
  let calls = 0
  await rig.turns(1, () => {
    for (let count = 0; count < 5; count += 1) {
      rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => {
        calls += 1
      })
    }
  })
  await rig.turns(2)
  t.is(calls, 5)
  t.deepEqual(await (await SpinWatch.on(rig)).idle(), SILENT)
})

each('spin: closed', { where: ({ driver }) => driver !== 'manual' }, async (t, rig) => {
  rig.watch(rig.pipe().writer, { writable: true }, () => {})
  const watch = await SpinWatch.on(rig)
  await rig.turns(2)
  rig.reactor.close()
  t.deepEqual(await watch.idle(), SILENT)
})
