// How connections end: by half-close, by hang-up, by reset; and what a server that stops owes its peers.
import { eventually, within } from '../helpers/echo-change.js'
import { Client } from '../helpers/echo-connection.js'
import { descriptorsOf, each, startColumn } from '../helpers/echo-columns.js'
import { Pattern } from '../helpers/echo-pattern.js'
import type { EchoServer } from '../helpers/echo-server.js'

const KIB = 1024
const MIB = 1024 * KIB
const fine = { code: 0, signal: null }

/** Sends without reading until the server keeps bytes. It has read then what was sent: so many bytes. */
async function fillUp(client: Client, server: EchoServer, pattern: Pattern): Promise<number> {
  const step = 64 * KIB
  for (let sent = step; ; sent += step) {
    await client.send(pattern.bytes(sent - step, step))
    const kept = await eventually(async () => {
      const status = await server.status()
      return status['received'] === sent ? status['kept'] : undefined
    }, 'bytes received')
    if (kept > 0) return sent
  }
}

/** Goes on until neither the kernels nor the server take any more, so that some is unread. */
async function fill(client: Client, server: EchoServer, pattern: Pattern): Promise<void> {
  const state = { sent: 0, isFull: false }
  const send = async (): Promise<void> => {
    while (!state.isFull) {
      await client.send(pattern.bytes(state.sent, 64 * KIB))
      state.sent += 64 * KIB
    }
  }
  send().catch(() => undefined)
  let last = -1
  await eventually(async () => {
    const { kept = 0, received = 0 } = await server.status()
    const isStill = kept > 0 && received === last
    last = received
    return isStill || undefined
  }, 'bytes kept')
  state.isFull = true
}

/** No trace is left of anybody. */
async function isEmpty(server: EchoServer, descriptors: number): Promise<void> {
  await server.connections(0)
  await eventually(() => server.descriptors() === descriptors || undefined, 'descriptors closed')
}

// denoland/deno#24247
each(
  'fault-69 who half-closes gets all bytes, and then the end, once',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const before = await descriptorsOf(server)
    for (const size of [0, 1, 1024, 1025, 65_536, 65_537, 5 * MIB]) {
      const client = await Client.open(server)
      const pattern = new Pattern(size)
      const sending = client.send(pattern.bytes(0, size))
      client.finish()
      await client.expect(pattern, 0, size)
      await client.expectEnd()
      await sending
      const last = await server.line(`disconnected ${client.peer}`)
      t.regex(last, new RegExp(`\\b${size}\\b`))
    }
    await isEmpty(server, before)
    t.is(server.matching(/^disconnected /).length, 1 + 7)
  },
  { linux: true },
)

// oven-sh/bun#41785
each(
  'fault-62 who half-closes while bytes are kept for it gets them, and then the end',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const client = await Client.open(server)
    const pattern = new Pattern(1)
    const sent = await fillUp(client, server, pattern)
    client.finish()
    // The server has its end before the client begins to read.
    for (let round = 0; round < 20; round += 1) await server.status()
    await t.notThrowsAsync(client.expect(pattern, 0, sent))
    await t.notThrowsAsync(client.expectEnd())
    t.regex(await server.line(`disconnected ${client.peer}`), new RegExp(`\\b${sent}\\b`))
  },
)

// panjf2000/gnet#529
each(
  'fault-41 bytes and the end that come at once are all seen',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const before = await descriptorsOf(server)
    const clients = await Promise.all(Array.from({ length: 50 }, () => Client.open(server)))
    await server.connections(50)
    await server.freeze()
    // There will be one event for both.
    await Promise.all(
      clients.map(async (client, index) => {
        await client.send(new Pattern(index).bytes(0, 20_000))
        client.finish()
      }),
    )
    server.thaw()
    for (const [index, client] of clients.entries()) {
      await client.expect(new Pattern(index), 0, 20_000)
      await t.notThrowsAsync(client.expectEnd())
    }
    await isEmpty(server, before)
  },
  { linux: true },
)

each(
  'peers that vanish leave nothing behind',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const before = await descriptorsOf(server)
    const clients = await Promise.all(Array.from({ length: 40 }, () => Client.open(server)))
    for (const [index, client] of clients.entries()) await client.roundTrip(Buffer.from(`I am ${index}`))
    // Half of them by reset, and half of those before it looks.
    for (const [index, client] of clients.entries()) {
      if (index === 20) await server.freeze()
      if (index % 2 === 0) client.reset()
      else client.close()
    }
    server.thaw()
    await isEmpty(server, before)
    for (const client of clients) await server.line(`disconnected ${client.peer}`)
    t.is(server.matching(/^disconnected /).length, 1 + 40)
    const next = await Client.open(server)
    await t.notThrowsAsync(next.roundTrip(Buffer.from('hello')))
    next.close()
  },
  { linux: true },
)

// oven-sh/bun#37077
each(
  'fault-64 a peer that resets with bytes kept for it is logged with its address, and leaves nothing behind',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const before = await descriptorsOf(server)
    const other = await Client.open(server)
    for (let round = 0; round < 3; round += 1) {
      const client = await Client.open(server)
      await fill(client, server, new Pattern(round))
      client.reset()
      t.regex(await server.line(`disconnected ${client.peer}`), /ECONNRESET|EPIPE|reset/i)
      await server.connections(1)
      await other.roundTrip(Buffer.from('hello'))
    }
    other.close()
    await isEmpty(server, before)
    t.is(server.errors, '')
  },
  { linux: true },
)

each(
  'connections that are reset before they are accepted leave nothing behind',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const before = await descriptorsOf(server)
    await server.freeze()
    const gone = await Promise.all(Array.from({ length: 20 }, () => Client.open(server)))
    for (const client of gone) client.reset()
    const next = await Client.open(server)
    server.thaw()
    await t.notThrowsAsync(next.roundTrip(Buffer.from('hello')))
    await server.connections(1)
    next.close()
    await isEmpty(server, before)
    t.deepEqual(server.matching(/^cannot/), [])
    t.is(server.errors, '')
  },
  { linux: true },
)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  each(
    `${signal}: every peer gets what has come from it, then the end`,
    async (t, column) => {
      const server = await startColumn(t, column, ['--log-encoding', 'none'])
      const clients = await Promise.all(Array.from({ length: 10 }, () => Client.open(server)))
      await server.connections(10)
      await server.freeze()
      // All of it is in the kernel when the signal comes.
      await Promise.all(clients.map((client, index) => client.send(new Pattern(index).bytes(0, 20_000))))
      server.signal(signal)
      server.thaw()
      for (const [index, client] of clients.entries()) {
        await client.expect(new Pattern(index), 0, 20_000)
        await t.notThrowsAsync(client.expectEnd())
        client.finish()
      }
      t.deepEqual(await within(server.ended, signal), fine)
      t.is(server.errors, '')
    },
    { linux: true },
  )

  each(`${signal}: a peer gets what is kept for it, then the end`, async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const client = await Client.open(server)
    const pattern = new Pattern(1)
    const sent = await fillUp(client, server, pattern)
    server.signal(signal)
    await t.notThrowsAsync(client.expect(pattern, 0, sent))
    await t.notThrowsAsync(client.expectEnd())
    client.finish()
    t.deepEqual(await within(server.ended, signal), fine)
  })

  each(`${signal}: a server with idle peers, or with none, ends`, async (t, column) => {
    for (const count of [0, 3]) {
      const server = await startColumn(t, column)
      const clients = await Promise.all(Array.from({ length: count }, () => Client.open(server)))
      await server.connections(count)
      server.signal(signal)
      for (const client of clients) {
        await client.expectEnd()
        client.finish()
      }
      t.deepEqual(await within(server.ended, signal), fine)
    }
  })
}

each('a stopping server sends a slow peer all it has read from it, then the end', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'none'])
  const client = await Client.open(server)
  const pattern = new Pattern(1)
  await fill(client, server, pattern)
  const { received = 0 } = await server.status()
  server.signal('SIGTERM')
  // Something from it is still unread by the server, which must not cost it what it is owed.
  await t.notThrowsAsync(client.expect(pattern, 0, received))
  const rest = await client.rest()
  pattern.check(received, rest)
  client.close()
  t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
})

each('a stopping server does not wait for a peer that never reads', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'none'])
  const client = await Client.open(server)
  await fill(client, server, new Pattern(1))
  server.write('quit\n')
  t.deepEqual(await within(server.ended, 'quit'), fine)
  client.close()
})

each('nobody can connect to a server that is stopping', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'none'])
  const client = await Client.open(server)
  await fill(client, server, new Pattern(1))
  server.write('quit\n')
  const outcome = await eventually(async () => {
    const next = new Client(server)
    try {
      await next.connected()
      return undefined
    } catch (error) {
      return (error as Error).message
    } finally {
      next.close()
    }
  }, 'refusal')
  t.regex(outcome, /ECONNREFUSED|ECONNRESET/)
  client.close()
  t.deepEqual(await within(server.ended, 'quit'), fine)
})

each('a reader of the log that goes away ends the log, not the server', async (t, column) => {
  const server = await startColumn(t, column)
  server.child.stdout?.destroy()
  for (let round = 0; round < 20; round += 1) {
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    client.finish()
    await client.expectEnd()
  }
  t.deepEqual(await server.quit(), fine)
  t.is(server.errors, '')
})
