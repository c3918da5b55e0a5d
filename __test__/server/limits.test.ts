// What protects a server from its peers: counts, bytes and times.
import { each, isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'
import { isClosed, join, logging, peer, receive, serve } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'

const MIB = 1 << 20

/** What takes a second is tried on each driver, and no more. */
const isSpare = (which: Case): boolean => isNative(which) && isLevel(which)

each('beyond limits.connections peers wait, and are accepted when others go', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log), { limits: { connections: 2 } })
  const peers = [
    await peer(rig, server),
    await peer(rig, server),
    await peer(rig, server),
    await peer(rig, server),
  ]
  await rig.until(() => server.connections === 2)
  await rig.turns(3)
  t.deepEqual(log, ['open', 'open'])
  for (const [index, socket] of peers.entries()) {
    socket.destroy()
    await rig.until(() => log.filter((line) => line.startsWith('close')).length === index + 1)
    await rig.until(() => server.connections === Math.min(2, 3 - index))
    await rig.turns(2)
    t.is(log.filter((line) => line === 'open').length, Math.min(4, 3 + index))
  }
})

each('limits.acceptsPerTurn bounds what one turn accepts, and nobody is forgotten', {}, async (t, rig) => {
  const opened: number[] = []
  const { reactor } = rig
  const server = serve(
    rig,
    { open: () => opened.push(reactor.stats().waits) },
    { limits: { acceptsPerTurn: 2 } },
  )
  const peers = Array.from({ length: 7 }, () => peer(rig, server))
  await rig.until(() => opened.length === 7)
  const perTurn = new Map<number, number>()
  for (const turn of opened) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1)
  t.true(Math.max(...perTurn.values()) <= 2)
  await Promise.all(peers)
})

each('limits.bytesPerTurn bounds what one turn reads of a connection', {}, async (t, rig) => {
  const sizes: number[] = []
  const turns = new Set<number>()
  const { reactor } = rig
  const server = serve(
    rig,
    {
      data(_, bytes) {
        sizes.push(bytes.length)
        turns.add(reactor.stats().waits)
      },
    },
    { limits: { bytesPerTurn: 1000 } },
  )
  const socket = await peer(rig, server)
  socket.end(Buffer.alloc(10_000))
  await rig.until(() => server.connections === 0 && sizes.length > 0)
  t.true(Math.max(...sizes) <= 1000)
  t.is(
    sizes.reduce((sum, size) => sum + size, 0),
    10_000,
  )
  t.true(turns.size >= 10)
})

each('more than limits.bufferedBytes for one peer ends its connection, and says why', {}, async (t, rig) => {
  const log: string[] = []
  const errors: Error[] = []
  const server = serve(
    rig,
    logging(log, {
      open: (link) => log.push(`write ${link.write(Buffer.alloc(16 * MIB))}`),
      error: (_, error) => errors.push(error),
    }),
    { limits: { bufferedBytes: MIB } },
  )
  await peer(rig, server)
  await rig.until(() => isClosed(log))
  t.is(log[0], 'open')
  t.deepEqual(log.slice(2), ['error ERR_FDREACTOR_BUFFER_LIMIT', 'close ERR_FDREACTOR_BUFFER_LIMIT'])
  t.regex(errors[0]!.message, /limits\.bufferedBytes .*wait for drain/)
})

each('what the kernel takes at once is within every limit', {}, async (t, rig) => {
  const server = serve(
    rig,
    {
      open(link) {
        for (let index = 0; index < 10; index += 1) link.write(Buffer.alloc(1000))
        link.end(Buffer.alloc(10_000))
      },
    },
    { limits: { bufferedBytes: 100, highWaterMark: 10 } },
  )
  const got = receive(await peer(rig, server))
  await rig.until(() => got.isOver)
  t.is(got.bytes, 20_000)
})

each(
  'limits.bufferedBytesInAll counts all connections of a server, and what is sent no more',
  {},
  async (t, rig) => {
    const log: string[] = []
    const links: Link[] = []
    const server = serve(rig, logging(log, { open: (link) => links.push(link) }), {
      limits: { bufferedBytesInAll: 40 * MIB },
    })
    const peers = [await peer(rig, server), await peer(rig, server), await peer(rig, server)]
    await rig.until(() => links.length === 3)
    links[0]!.write(Buffer.alloc(24 * MIB))
    links[1]!.write(Buffer.alloc(24 * MIB))
    await rig.until(() => log.some((line) => line.startsWith('close')))
    t.deepEqual(log.slice(3), ['error ERR_FDREACTOR_BUFFER_LIMIT', 'close ERR_FDREACTOR_BUFFER_LIMIT'])
    t.is(links[1]!.readyState, 'closed')
    const got = receive(peers[0]!)
    await rig.until(() => got.bytes === 24 * MIB)
    // There is room again.
    links[2]!.write(Buffer.alloc(24 * MIB))
    const rest = receive(peers[2]!)
    await rig.until(() => rest.bytes === 24 * MIB)
    t.is(links[2]!.readyState, 'open')
  },
)

each('an idle connection is told so again and again by its handler, and stays open', {}, async (t, rig) => {
  let timeouts = 0
  let link: Link | undefined
  const log: string[] = []
  const server = serve(
    rig,
    {
      ...logging(log, { open: (self) => (link = self) }),
      timeout() {
        timeouts += 1
      },
    },
    { limits: { idleTimeoutMs: 50 } },
  )
  await peer(rig, server)
  await rig.until(() => timeouts >= 2)
  t.is(link?.readyState, 'open')
  t.deepEqual(log, ['open'])
})

each('without a handler an idle connection is destroyed with a timeout', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log), { limits: { idleTimeoutMs: 50 } })
  const got = receive(await peer(rig, server))
  await rig.until(() => got.isOver && isClosed(log))
  t.deepEqual(log, ['open', 'error ERR_FDREACTOR_TIMEOUT', 'close ERR_FDREACTOR_TIMEOUT'])
})

each(
  'who is silent from the beginning is cut off, who has said something is not',
  { where: isSpare },
  async (t, rig) => {
    const log: string[] = []
    const server = serve(rig, logging(log), { limits: { firstByteTimeoutMs: 1000 } })
    const talker = await peer(rig, server)
    talker.write('hi')
    await rig.until(() => log.includes('data hi'))
    await peer(rig, server)
    await rig.until(() => log.some((line) => line.startsWith('close')))
    t.deepEqual(log, [
      'open',
      'data hi',
      'open',
      'error ERR_FDREACTOR_TIMEOUT',
      'close ERR_FDREACTOR_TIMEOUT',
    ])
    t.is(server.connections, 1)
  },
)

each('setTimeout is for one connection, and 0 ends it', { where: isSpare }, async (t, rig) => {
  const closed: unknown[] = []
  const server = serve(rig, {}, { limits: { idleTimeoutMs: 1000 } })
  const forever = await join(rig, server, { close: () => closed.push('server') })
  const one = await join(
    rig,
    server,
    {
      close: (link, error) => closed.push(link.data, (error as { code?: string } | undefined)?.code),
    },
    { data: 'one' },
  )
  one.setTimeout(50)
  forever.setTimeout(50).setTimeout(0)
  await rig.until(() => closed.length > 0)
  t.deepEqual(closed, ['one', 'ERR_FDREACTOR_TIMEOUT'])
  // The server's own limit ends the other one.
  await rig.until(() => closed.length === 3)
  t.is(closed[2], 'server')
})

each('activity puts the timeout off', { where: isSpare }, async (t, rig) => {
  const log: string[] = []
  const began = performance.now()
  const server = serve(rig, logging(log, { data: (link, bytes) => void link.write(bytes) }), {
    limits: { idleTimeoutMs: 400 },
  })
  const link = await join(rig, server, {
    data: (self, bytes) => (rounds += bytes.length) < 3000 && self.write(bytes),
  })
  let rounds = 0
  link.write('x')
  await rig.until(() => isClosed(log))
  // It was never idle for so long before it had done with talking.
  t.true(performance.now() - began >= 400)
  t.is(rounds, 3000)
  t.is(log.at(-1), 'close ERR_FDREACTOR_TIMEOUT')
})
