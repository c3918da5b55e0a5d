// The asynchronous context of handlers, when ticks and promises run, and how often JavaScript and the addon call each other.
import { AsyncLocalStorage } from 'node:async_hooks'
import { connect, listen } from '../../dist/index.js'
import { Reactor } from '../../dist/index.js'
import { each, hasLoop } from '../helpers/matrix.js'
import { isClosed, join, peer, receive, serve, until } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'
import test from '../helpers/test.js'

// napi-rs/napi-rs#2456
each('fault-93 every handler sees the storage of listen and connect', {}, async (t, rig) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: string[] = []
  const note = (what: string): void => void seen.push(`${what} ${storage.getStore()}`)
  const server = storage.run('server', () =>
    serve(rig, {
      open: () => note('open'),
      data(link) {
        note('data')
        link.write(Buffer.alloc(16 << 20))
      },
      drain: () => note('drain'),
      end: () => note('end'),
      close: () => note('close'),
    }),
  )
  const plain = serve(rig, { data: () => note('plain') })
  let received = 0
  const link = await storage.run('client', () =>
    join(rig, server, {
      open: () => note('open'),
      data(self, bytes) {
        received += bytes.length
        if (received === 16 << 20) self.end()
      },
      close: () => note('close'),
    }),
  )
  const other = await peer(rig, plain)
  storage.run('writer', () => {
    link.write('x')
    other.write('x')
  })
  await rig.until(
    () => seen.filter((line) => line.startsWith('close')).length === 2 && seen.includes('plain undefined'),
  )
  t.deepEqual(
    seen.filter((line) => line.endsWith('server')),
    ['open server', 'data server', 'drain server', 'end server', 'close server'],
  )
  t.deepEqual(
    seen.filter((line) => line.endsWith('client')),
    ['open client', 'close client'],
  )
  t.is(storage.getStore(), undefined)
})

each('fault-93 a destroyed connection is told in the storage of its server', {}, async (t, rig) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  let link: Link | undefined
  const server = storage.run('server', () =>
    serve(rig, { open: (self) => (link = self), close: () => seen.push(storage.getStore()) }),
  )
  await peer(rig, server)
  await rig.until(() => link !== undefined)
  storage.run('destroyer', () => link?.destroy())
  t.deepEqual(seen, [])
  await rig.until(() => seen.length > 0)
  t.deepEqual(seen, ['server'])
})

// nodejs/node#14425
each(
  'fault-91 ticks and promises of handlers run before the loop goes on, and what they write goes with the batch',
  { where: ({ driver }) => driver !== 'manual' },
  async (t, rig) => {
    const log: string[] = []
    const server = serve(rig, {
      data(link) {
        setImmediate(() => log.push('immediate'))
        process.nextTick(() => {
          log.push('tick')
          link.write('tick ')
        })
        queueMicrotask(() => {
          log.push('promise')
          link.end('promise')
        })
      },
    })
    const socket = await peer(rig, server)
    const got = receive(socket)
    socket.write('x')
    await rig.until(() => got.isOver && log.length === 3)
    t.deepEqual(log, ['tick', 'promise', 'immediate'])
    t.is(got.text, 'tick promise')
  },
)

/** Echoes one message at a time so often. */
const MESSAGES = 200

each('a message costs at most two crossings, and one callback', {}, async (t, rig) => {
  const { reactor } = rig
  const before = { crossings: 0, callbacks: 0, waits: 0 }
  const after = { crossings: 0, callbacks: 0, waits: 0 }
  let count = 0
  const server = serve(rig, {
    data(link, bytes) {
      count += 1
      if (count === 1) Object.assign(before, reactor.stats())
      if (count === MESSAGES + 1) Object.assign(after, reactor.stats())
      link.write(bytes)
    },
  })
  const socket = await peer(rig, server)
  socket.setNoDelay(true)
  const got = { answers: 0 }
  socket.on('data', () => {
    got.answers += 1
    if (got.answers <= MESSAGES) socket.write('message')
  })
  socket.write('message')
  // Nothing but the messages may be counted: a manual reactor is turned here, the others turn themselves.
  await until(
    () => got.answers > MESSAGES,
    () => void (rig.driver === 'manual' && reactor.poll(0)),
  )
  const [crossings, callbacks, waits] = (['crossings', 'callbacks', 'waits'] as const).map(
    (key) => after[key] - before[key],
  ) as [number, number, number]
  t.is(callbacks, MESSAGES)
  if (rig.driver === 'manual') t.true(crossings <= waits + MESSAGES, `${crossings} crossings, ${waits} waits`)
  else t.true(crossings <= 2 * MESSAGES, `${crossings} crossings`)
  if (rig.driver === 'loop') t.is(waits, MESSAGES)
})

each(
  'what many connections write in one batch is sent in one crossing',
  { where: ({ driver }) => driver === 'loop' },
  async (t, rig) => {
    const { reactor } = rig
    const links: Link[] = []
    const server = serve(rig, { open: (link) => links.push(link) })
    const clients = await Promise.all(Array.from({ length: 20 }, () => peer(rig, server)))
    await rig.until(() => links.length === 20)
    const all = clients.map((socket) => receive(socket))
    const before = reactor.stats().crossings
    for (const link of links) {
      link.write('one ')
      link.write(Buffer.from('two '))
      link.write('three')
    }
    await new Promise((resolve) => {
      process.nextTick(resolve)
    })
    t.is(reactor.stats().crossings - before, 1)
    await rig.until(() => all.every(({ text }) => text === 'one two three'))
  },
)

const onLoop = hasLoop ? test : test.skip

onLoop(
  'servers and clients share the reactor of the thread, and one of their own if they are given it',
  async (t) => {
    const reactor = new Reactor()
    const before = reactor.stats().callbacks
    const own = listen({ port: 0, reactor, socket: { data: (link, bytes) => link.end(bytes) } })
    const log: string[] = []
    const shared = listen({ port: 0, socket: {} })
    await connect({
      port: own.port,
      socket: {
        open: (link) => void link.write('x'),
        data: (_, bytes) => log.push(`${bytes}`),
        close: () => log.push('close'),
      },
    })
    await until(() => isClosed(log))
    t.deepEqual(log, ['x', 'close'])
    t.true(reactor.stats().callbacks > before)
    shared.stop()
    own.stop()
    reactor.close()
  },
)
