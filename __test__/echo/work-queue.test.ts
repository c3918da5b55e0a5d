// A full queue: nothing more is read, and all that was sent comes back when there is room.
import { eventually } from '../helpers/echo-change.js'
import { each, startColumn } from '../helpers/echo-columns.js'
import { Client } from '../helpers/echo-connection.js'
import { Pattern } from '../helpers/echo-pattern.js'
import type { EchoServer } from '../helpers/echo-server.js'
import { Gate, HELD, RANDOM, hasGates, peersOf, settled } from '../helpers/echo-work.js'

const KIB = 1024
const MIB = 1024 * KIB
/** What one read gives at most. */
const READ = 64 * KIB
const fine = { code: 0, signal: null }
const gated = hasGates ? {} : { on: [] }

/** The most that waited for a thread when another request was begun or done. */
const mostWaiting = (server: EchoServer): number =>
  Math.max(...server.lines.map((line) => Number(/; \d+ at work, (\d+) waiting\)$/.exec(line)?.[1] ?? 0)))

each(
  'a full queue stops reading, without a spin, and lets everybody in by turns',
  async (t, column) => {
    const gate = new Gate(t)
    const args = ['--work-ms', HELD, '--threads', '1', '--queue', '2', '--log-encoding', 'none']
    const server = await startColumn(t, column, args, gate)
    const clients = await Promise.all([1, 2, 3].map(() => Client.open(server)))
    const [big, one, two] = clients as [Client, Client, Client]
    const pattern = new Pattern(1)
    const sending = big.send(pattern.bytes(0, 4 * MIB))
    // As much as is read at all: three requests, and with `--server` a fourth, which had been read with the third.
    const most = column.server ? 4 : 3
    await gate.held(1)
    await eventually(async () => {
      const { received = 0 } = await server.status()
      // A read may give less than there is: the first ones find little.
      await settled(server)
      return received > 2 && (await server.status())['received'] === received ? true : undefined
    }, 'a full queue')
    const { received = 0, sent } = await server.status()
    t.true(received <= most * READ, `${received} bytes read`)
    t.is(sent, 0)
    // These are ready one after the other.
    for (const client of [one, two]) {
      await client.send(Buffer.from('x'))
      await settled(server)
    }
    const { callbacks: before = 0, received: now } = await server.status()
    t.is(now, received + (column.server ? 2 : 0))
    const rounds = 50
    for (let round = 0; round < rounds; round += 1) await server.status()
    const { callbacks = 0 } = await server.status()
    // One for each question.
    t.true(callbacks - before <= rounds + 5, `${callbacks - before} callbacks`)

    gate.open(2000)
    t.is(String(await one.receive(1)), 'x')
    t.is(String(await two.receive(1)), 'x')
    await big.expect(pattern, 0, 4 * MIB)
    await sending
    // Those that were in first, and then each in its turn.
    const [first, second, third] = [big.peer, one.peer, two.peer]
    t.deepEqual(peersOf(server, 'begun').slice(0, 7), [first, first, first, first, second, third, first])
    t.true(mostWaiting(server) <= 2, `${mostWaiting(server)} waited`)
    for (const client of clients) client.close()
    await server.connections(0)
    t.deepEqual(await server.quit(), fine)
  },
  gated,
)

for (const queue of [0, 3]) {
  each(
    `much more than there is room for comes back as it was, queue ${queue}`,
    async (t, column) => {
      const gate = new Gate(t)
      const args = ['--work-ms', RANDOM, '--threads', '2', '--queue', String(queue), '--log-encoding', 'none']
      const server = await startColumn(t, column, args, gate)
      const size = 2 * MIB
      await Promise.all(
        [1, 2, 3, 4].map(async (seed) => {
          const client = await Client.open(server)
          const pattern = new Pattern(seed)
          const sending = client.send(pattern.bytes(0, size))
          client.finish()
          await client.expect(pattern, 0, size)
          await client.expectEnd()
          await sending
        }),
      )
      t.true(mostWaiting(server) <= queue, `${mostWaiting(server)} waited`)
      await server.connections(0)
      t.like(await server.status(), { received: 4 * size, sent: 4 * size, kept: 0 })
      t.deepEqual(await server.quit(), fine)
      t.is(server.errors, '')
    },
    gated,
  )
}

each(
  'who waits outside and resets makes way for the next one',
  async (t, column) => {
    const gate = new Gate(t)
    const server = await startColumn(t, column, ['--work-ms', HELD, '--threads', '1', '--queue', '1'], gate)
    const clients = await Promise.all([1, 2, 3, 4].map(() => Client.open(server)))
    for (const client of clients) {
      await client.send(Buffer.from('hello'))
      await settled(server)
    }
    const [working, waiting, outside, last] = clients as [Client, Client, Client, Client]
    outside.reset()
    gate.open(4)
    for (const client of [working, waiting, last]) t.is(String(await client.receive(5)), 'hello')
    await server.connections(3)
    // `listen` had read it, and hears of the reset or not while it does not read.
    const begun = peersOf(server, 'begun').filter((peer) => !column.server || peer !== outside.peer)
    t.deepEqual(begun, [working.peer, waiting.peer, last.peer])
    t.deepEqual(await server.quit(), fine)
    t.is(server.errors, '')
  },
  gated,
)

each(
  'places that come free at once go to those who wait, one each',
  async (t, column) => {
    const gate = new Gate(t)
    const args = ['--work-ms', HELD, '--threads', '1', '--queue', '2', '--log-encoding', 'none']
    const server = await startColumn(t, column, args, gate)
    const clients = await Promise.all([1, 2, 3, 4].map(() => Client.open(server)))
    const [working, leaving, big, small] = clients as [Client, Client, Client, Client]
    for (const client of [working, leaving, leaving]) {
      await client.send(Buffer.from('x'))
      await settled(server)
    }
    const pattern = new Pattern(1)
    const sending = big.send(pattern.bytes(0, MIB))
    await settled(server)
    await small.send(Buffer.from('x'))
    await settled(server)
    leaving.reset()
    await server.line(`disconnected ${leaving.peer}`)
    gate.open(1000)
    await big.expect(pattern, 0, MIB)
    await sending
    for (const client of [working, small]) t.is(String(await client.receive(1)), 'x')
    t.deepEqual(peersOf(server, 'begun').slice(0, 4), [working.peer, big.peer, small.peer, big.peer])
    t.deepEqual(await server.quit(), fine)
  },
  gated,
)
