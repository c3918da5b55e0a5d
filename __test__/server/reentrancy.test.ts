// Handlers that do anything to anything.
import { connect, listen } from '../../dist/index.js'
import { fine, run } from '../helpers/child.js'
import { CASES, each, isLevel } from '../helpers/matrix.js'
import { isClosed, join, logging, peer, receive, serve, settled, until } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'
import test from '../helpers/test.js'

each(
  'a server stopped in the opening of its first connection refuses the others of the batch',
  {},
  async (t, rig) => {
    const log: string[] = []
    const server = serve(rig, logging(log, { open: () => server.stop() }))
    const peers = [0, 1, 2].map(async () => peer(rig, server).catch(() => undefined))
    await rig.until(() => server.stopped)
    await rig.turns(3)
    t.deepEqual(log, ['open'])
    t.is(server.connections, 1)
    for (const socket of await Promise.all(peers)) socket?.destroy()
    await settled(rig, server.closed)
    t.is(server.connections, 0)
  },
)

each('what a promise closes that runs behind the batch is told too', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(
    rig,
    logging(log, {
      open(link) {
        queueMicrotask(() => {
          link.destroy()
          server.stop(true)
        })
      },
    }),
  )
  const socket = await peer(rig, server)
  await settled(rig, server.closed)
  t.deepEqual(log, ['open', 'close'])
  socket.destroy()
})

each("stop(true) in a handler destroys all, the handler's own connection too", {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log, { data: () => server.stop(true) }))
  const peers = [await peer(rig, server), await peer(rig, server)]
  await rig.until(() => server.connections === 2)
  for (const socket of peers) socket.write('x')
  await settled(rig, server.closed)
  t.deepEqual(log, ['open', 'open', 'data x', 'close', 'close'])
})

each(
  'a reactor closed in a handler closes its servers and connections, and every close is called',
  {},
  async (t, rig) => {
    const log: string[] = []
    const server = serve(
      rig,
      logging(log, {
        data(link) {
          rig.reactor.close()
          t.false(link.write('into nothing'))
        },
      }),
    )
    const peers = [await peer(rig, server), await peer(rig, server)]
    await rig.until(() => server.connections === 2)
    for (const socket of peers) socket.resume().write('x')
    await until(
      () => rig.reactor.closed,
      () => void (rig.driver === 'manual' && rig.reactor.poll(0)),
    )
    await server.closed
    t.deepEqual(log, ['open', 'open', 'data x', 'close', 'close'])
    t.true(server.stopped)
    await until(() => peers.every(({ destroyed }) => destroyed))
    t.throws(() => listen({ reactor: rig.reactor, port: 0, socket: {} }), { code: 'ERR_FDREACTOR_CLOSED' })
    await t.throwsAsync(connect({ reactor: rig.reactor, port: 1, socket: {} }), {
      code: 'ERR_FDREACTOR_CLOSED',
    })
  },
)

each('handlers listen and connect in the middle of a batch', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, {
    data(link, bytes) {
      log.push(`first ${bytes}`)
      const second = serve(rig, { data: (inner, more) => inner.end(`second ${more}`) })
      void connect({
        reactor: rig.reactor,
        trigger: rig.trigger,
        port: second.port,
        socket: {
          open: (outer) => void outer.write(bytes),
          data: (_, more) => link.end(more),
        },
      })
    },
  })
  const socket = await peer(rig, server)
  const got = receive(socket)
  socket.write('x')
  await rig.until(() => got.isOver)
  t.deepEqual([log, got.text], [['first x'], 'second x'])
})

each(
  'a connection destroyed by another handler of the batch gets nothing of it',
  { where: isLevel },
  async (t, rig) => {
    const links: Link[] = []
    const heard: Link[] = []
    const closed: Link[] = []
    const server = serve(rig, {
      open: (link) => links.push(link),
      data(link) {
        heard.push(link)
        for (const other of links) if (other !== link) other.destroy()
      },
      close: (link) => closed.push(link),
    })
    const [one, other] = [await peer(rig, server), await peer(rig, server)]
    await rig.until(() => links.length === 2)
    await rig.turns(1, () => {
      one.write('a')
      other.write('b')
    })
    await rig.until(() => closed.length === 1)
    t.is(heard.length, 1)
    t.not(closed[0], heard[0])
  },
)

each("numbers that are used again bring nobody else's data", {}, async (t, rig) => {
  const wrong: string[] = []
  let count = 0
  const server = serve(rig, {
    data(link, bytes) {
      link.data ??= bytes.toString()
      if (link.data !== bytes.toString()) wrong.push(`${link.data} ${bytes}`)
      count += 1
      link.end(bytes)
    },
  })
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const socket = await peer(rig, server)
        const got = receive(socket)
        const text = `${round} ${index}`
        socket.write(text)
        await rig.until(() => got.isOver)
        t.is(got.text, text)
      }),
    )
  }
  t.deepEqual(wrong, [])
  t.is(count, 80)
})

each(
  'an exception of a handler leaves poll(), and the rest of the batch follows',
  { where: ({ driver }) => driver === 'manual' },
  async (t, rig) => {
    const { reactor } = rig
    const log: string[] = []
    const server = serve(
      rig,
      logging(log, {
        data(link) {
          link.write('answer')
          throw new Error('of data')
        },
        error: () => {
          throw new Error('of error')
        },
        close: () => {
          throw new Error('of close')
        },
      }),
    )
    const sockets = [await peer(rig, server), await peer(rig, server)]
    await rig.until(() => server.connections === 2)
    const all = sockets.map((socket) => receive(socket))
    for (const socket of sockets) socket.write('x')
    const messages: string[] = []
    const poll = (): void => {
      try {
        reactor.poll(0)
      } catch (error) {
        messages.push((error as Error).message)
      }
    }
    await until(() => all.every(({ text }) => text === 'answer'), poll)
    for (const socket of sockets) socket.resetAndDestroy()
    await until(() => server.connections === 0, poll)
    await until(() => messages.length === 6, poll)
    t.deepEqual(messages.toSorted(), ['of close', 'of close', 'of data', 'of data', 'of error', 'of error'])
  },
)

for (const { backend, trigger, driver } of CASES.filter((which) => which.driver !== 'manual')) {
  test(`an exception of a handler is an uncaughtException, and everything else is called::${backend}::${trigger}::${driver}`, async (t) => {
    const outcome = await run(
      `const { listen, connect } = await import('${new URL('../../dist/index.js', import.meta.url).href}')
      process.on('uncaughtException', (error) => console.log(error.message))
      listener.close()
      client.close()
      const reactor = new Reactor(options)
      const fail = (what) => { throw new Error(what) }
      const server = listen({
        reactor, trigger, port: 0,
        socket: {
          open() { fail('open') },
          data(link, bytes) { link.write(bytes); fail('data') },
          end() { fail('end') },
          close() { console.log('close'); server.stop(); fail('close') },
        },
      })
      await connect({
        reactor, trigger, port: server.port,
        socket: { data(link, bytes) { console.log('echo ' + bytes); link.end() } },
      }).then((link) => link.write('hello'))`,
    )
    t.is(outcome.stderr, '')
    t.is(outcome.stdout, 'open\ndata\necho hello\nend\nclose\nclose\n')
    t.deepEqual(outcome, fine(outcome.stdout))
  })
}

each('a connection that its own close handler touches is closed', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log))
  const link = await join(
    rig,
    server,
    logging([], {
      close(self) {
        t.false(self.write('x'))
        self.end()
        t.is(self.pause().resume(), self)
        t.is(self.setNoDelay().setKeepAlive().setTimeout(5).ref().unref().ref(), self)
        t.is(self.readyState, 'closed')
        t.is(self.localAddress, undefined)
        t.is(self.remoteAddress?.port, server.port)
        t.deepEqual([self.bytesRead, self.bytesWritten, self.bufferedAmount], [0, 5, 0])
        self.destroy()
      },
    }),
  )
  link.end('hello')
  await rig.until(() => isClosed(log) && link.readyState === 'closed')
  await rig.turns(2)
  t.deepEqual([link.bytesRead, link.bytesWritten], [0, 5])
})

test('a destroy by a promise of a handler is told without another event', async (t) => {
  const server = listen({ port: 0, socket: {} })
  const log: string[] = []
  const link = await connect<unknown>({ port: server.port, socket: logging(log) })
  // What follows runs after the batch that brought the connection, and before anything else comes.
  link.destroy()
  server.stop(true)
  await server.closed
  t.deepEqual(log, ['open', 'close'])
})
