// Slow work: whom it holds up, in which order its replies come, and what becomes of it when its peer goes.
import { each, startColumn } from '../helpers/echo-columns.js'
import { Client } from '../helpers/echo-connection.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { startEcho } from '../helpers/echo-server.js'
import { Gate, HELD, RANDOM, hasGates, peersOf, settled } from '../helpers/echo-work.js'
import { hasLoop } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const fine = { code: 0, signal: null }
const gated = hasGates ? {} : { on: [] }

each(
  'in the loop’s thread the work of one peer holds up everybody',
  async (t, column) => {
    const gate = new Gate(t)
    const server = await startColumn(t, column, ['--work-ms', HELD], gate)
    const [first, second] = [await Client.open(server), await Client.open(server)]
    await first.send(Buffer.from('one'))
    await server.line(`begun ${first.peer} (3 bytes; 1 at work, 0 waiting)`)
    await gate.held(1)
    // Both are there now, and cannot be served.
    await second.send(Buffer.from('two'))
    const asked = server.status()
    gate.open(2)
    await asked
    await server.line(`done ${second.peer}`)
    const [one, two] = [first.peer, second.peer]
    t.deepEqual(
      [peersOf(server, 'begun'), peersOf(server, 'done')],
      [
        [one, two],
        [one, two],
      ],
    )
    const place = (start: string): number => server.lines.findIndex((line) => line.startsWith(start))
    t.true(place(`begun ${two}`) > place(`done ${one}`))
    t.true(place('status: ') > place(`done ${one}`))
    t.is(String(await first.receive(3)), 'one')
    t.is(String(await second.receive(3)), 'two')
    first.finish()
    await first.expectEnd()
    second.close()
    t.deepEqual(await server.quit(), fine)
  },
  gated,
)

each(
  'in threads it holds up nobody, and who half-closes is answered before the end',
  async (t, column) => {
    const gate = new Gate(t)
    const server = await startColumn(t, column, ['--work-ms', HELD, '--threads', '2'], gate)
    const clients = [await Client.open(server), await Client.open(server), await Client.open(server)]
    const [first, second, third] = clients as [Client, Client, Client]
    await first.send(Buffer.from('first'))
    t.is(await server.line('begun '), `begun ${first.peer} (5 bytes; 1 at work, 0 waiting)`)
    await second.send(Buffer.from('second'))
    t.is(await server.line(`begun ${second.peer}`), `begun ${second.peer} (6 bytes; 2 at work, 0 waiting)`)
    await third.send(Buffer.from('third'))
    third.finish()
    await server.line(`received ${third.peer} "third"`)
    const { connections, received, sent, kept } = await server.status()
    t.deepEqual({ connections, received, sent, kept }, { connections: 3, received: 16, sent: 0, kept: 16 })
    t.deepEqual(peersOf(server, 'begun'), [first.peer, second.peer])
    t.deepEqual(peersOf(server, 'done'), [])
    gate.open(1)
    await server.line(`begun ${third.peer} (5 bytes; 2 at work, 0 waiting)`)
    t.is(peersOf(server, 'done').length, 1)
    gate.open(2)
    t.is(String(await first.receive(5)), 'first')
    t.is(String(await second.receive(6)), 'second')
    t.is(String(await third.receive(5)), 'third')
    await third.expectEnd()
    t.is(
      await server.line(`disconnected ${third.peer}`),
      `disconnected ${third.peer} (ended; 5 bytes received, 0 not sent)`,
    )
    t.deepEqual(await server.quit(), fine)
    t.is(server.errors, '')
  },
  gated,
)

each(
  'a reply waits for those before it',
  async (t, column) => {
    const gate = new Gate(t)
    const server = await startColumn(t, column, ['--work-ms', HELD, '--threads', '3'], gate)
    const client = await Client.open(server)
    const threads: number[] = []
    for (const [index, text] of ['first', 'second', 'third'].entries()) {
      await client.send(Buffer.from(text))
      const held = await gate.held(index + 1)
      threads.push(...held.filter((thread) => !threads.includes(thread)))
    }
    for (const [index, size] of [5, 6].entries()) {
      gate.openThread(threads[2 - index] ?? 0)
      await server.line(`done ${client.peer} (${size} `)
      t.like(await server.status(), { received: 16, sent: 0, kept: 16 })
    }
    gate.openThread(threads[0] ?? 0)
    t.is(String(await client.receive(16)), 'firstsecondthird')
    t.like(await server.status(), { received: 16, sent: 16, kept: 0 })
    client.close()
    t.deepEqual(await server.quit(), fine)
  },
  gated,
)

each(
  'many requests of random sizes come back in their order',
  async (t, column) => {
    const gate = new Gate(t)
    const args = ['--work-ms', RANDOM, '--threads', '4', '--log-encoding', 'none']
    const server = await startColumn(t, column, args, gate)
    const clients = await Promise.all([1, 2, 3].map(() => Client.open(server)))
    await Promise.all(
      clients.map(async (client, seed) => {
        const pattern = new Pattern(seed)
        let sent = 0
        for (let round = 0; round < 60; round += 1) {
          // Small ones, which come one by one, and some that are cut by the reads.
          const size = 1 + Math.floor(Math.random() * (round % 10 === 0 ? 100_000 : 100))
          await client.send(pattern.bytes(sent, size))
          sent += size
        }
        client.finish()
        await client.expect(pattern, 0, sent)
        await client.expectEnd()
      }),
    )
    t.deepEqual(await server.quit(), fine)
  },
  gated,
)

each(
  'what waits of a peer that resets is never begun',
  async (t, column) => {
    const gate = new Gate(t)
    const server = await startColumn(t, column, ['--work-ms', HELD, '--threads', '1'], gate)
    const clients = await Promise.all([1, 2, 3, 4].map(() => Client.open(server)))
    const [working, leaving, halfClosed, staying] = clients as [Client, Client, Client, Client]
    for (const client of clients) {
      await client.send(Buffer.from('hello'))
      await server.line(`received ${client.peer}`)
    }
    t.deepEqual(peersOf(server, 'begun'), [working.peer])
    leaving.reset()
    t.regex(await server.line(`disconnected ${leaving.peer}`), /5 bytes received, 5 not sent/)
    halfClosed.finish()
    await settled(server)
    halfClosed.reset()
    // What is being worked on is worked on, and its reply is nobody's.
    working.reset()
    await server.line(`disconnected ${working.peer}`)
    gate.open(3)
    t.is(String(await staying.receive(5)), 'hello')
    await server.connections(1)
    // `listen` asks for nothing of a peer that has ended, and may find out only when it sends.
    const begun = peersOf(server, 'begun').filter((peer) => !column.server || peer !== halfClosed.peer)
    t.deepEqual(begun, [working.peer, staying.peer])
    t.deepEqual(await server.quit(), fine)
    t.is(server.errors, '')
  },
  gated,
)

for (const driver of ['auto', ...(hasLoop ? ['loop'] : []), 'thread', 'manual']) {
  for (const mode of [[], ['--server']]) {
    test.serial(`threads work for the driver::${driver}::${mode.join('')}`, async (t) => {
      const args = ['--port', '0', '--driver', driver, '--work-ms', '1', '--threads', '2', ...mode]
      const server = await startEcho(t, args)
      const clients = await Promise.all([1, 2, 3].map(() => Client.open(server)))
      await Promise.all(
        clients.map(async (client) => {
          for (const text of ['a', 'bc', 'def']) await client.roundTrip(Buffer.from(text))
          client.finish()
          await client.expectEnd()
        }),
      )
      await server.connections(0)
      t.is(peersOf(server, 'begun').length, 9)
      t.deepEqual(await server.quit(), fine)
      t.is(server.errors, '')
    })
  }
}
