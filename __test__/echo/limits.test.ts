// Where there is no room for another connection: the server says so once, serves those that it has, and goes on when
// there is room.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limited } from '../helpers/child.js'
import { eventually } from '../helpers/echo-change.js'
import { Client } from '../helpers/echo-connection.js'
import { each, startColumn } from '../helpers/echo-columns.js'
import type { EchoServer } from '../helpers/echo-server.js'
import type { ExecutionContext } from '../helpers/test.js'

const SET_SIZE = 1024

const all = <T>(list: readonly T[], step: (item: T, index: number) => Promise<void>): Promise<void[]> =>
  Promise.all(list.map((item, index) => step(item, index)))

function open(t: ExecutionContext, server: EchoServer, count: number): Client[] {
  const clients = Array.from({ length: count }, () => new Client(server))
  t.teardown(() => {
    for (const client of clients) client.close()
  })
  return clients
}

/** Sends and waits for the echo: then it is served. */
async function hello(client: Client, index: number): Promise<void> {
  await client.connected()
  await client.roundTrip(Buffer.from(`I am ${index}`))
}

// weechat/weechat#465, rsyslog/rsyslog#1728, open62541/open62541#6188
each(
  'fault-82 select refuses the descriptor 1,024 with its error, and goes on serving',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const room = SET_SIZE - server.descriptors()
    const clients = open(t, server, room)
    await all(clients, hello)

    // One at a time, so that each is refused by itself.
    for (let round = 0; round < 5; round += 1) {
      const [refused] = open(t, server, 1) as [Client]
      await refused.connected()
      const outcome = await refused.read().then(
        (chunk) => (chunk === undefined ? 'ended' : 'served'),
        () => 'reset',
      )
      t.not(outcome, 'served')
      refused.close()
    }
    await server.line(/ERR_FDREACTOR_FD_LIMIT/)
    const told = server.matching(/ERR_FDREACTOR_FD_LIMIT/)
    t.true(told.length > 0 && told.length <= 5, told.join('\n'))
    t.regex(told[0] ?? '', /127\.0\.0\.1:\d+/, 'whom it refused')

    // Those that it has are served, and with some gone it takes others.
    await all(clients, hello)
    for (const client of clients.splice(0, 10)) client.close()
    await server.connections(room - 10)
    const others = open(t, server, 10)
    await all(others, hello)
    await all([...clients, ...others], hello)
    t.is((await server.status())['connections'], room)
  },
  // `listen` does not say whom it refused.
  { linux: true, on: [{ backend: 'select', trigger: 'level' }] },
)

// oven-sh/bun#32705
each(
  'fault-55 without a free descriptor it says EMFILE once, does not spin, and serves those who waited when there is room',
  async (t, column) => {
    const folder = mkdtempSync(join(tmpdir(), 'fdreactor-echo-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const trace = join(folder, 'trace')
    // -D: the traced program stays this process's child, and strace watches from the side.
    const strace = [
      'strace',
      '-D',
      '-f',
      '-qq',
      '-e',
      'trace=accept4,accept',
      '-e',
      'signal=none',
      '-o',
      trace,
    ]
    const server = await startColumn(t, column, ['--log-encoding', 'none'], {
      wrapper: [...limited(64), ...strace],
    })
    const accepts = (): number => readFileSync(trace, 'utf8').match(/\baccept4?\(/g)?.length ?? 0

    const clients = open(t, server, 200)
    const served = new Set<Client>()
    const everybody = all(clients, async (client, index) => {
      await hello(client, index)
      served.add(client)
    })
    everybody.catch(() => undefined)
    t.regex(await server.line(/EMFILE/), /\bEMFILE\b/)
    const few = await eventually(async () => {
      const { connections } = await server.status()
      return connections === served.size ? connections : undefined
    }, 'connections served')
    t.true(few > 0 && few < 64, String(few))

    // By count and not by the clock: a server that tries whenever it wakes tries at each of these; one that waits
    // between two tries makes a few, however long this takes.
    const before = accepts()
    const [first] = served
    for (let round = 0; round < 2000; round += 1) await first?.roundTrip(Buffer.from('still there?'))
    t.log(`${accepts() - before} accepts in 2,000 round trips with ${few} connections`)
    t.true(accepts() - before < 500, `${accepts() - before} accepts`)
    t.is(server.matching(/EMFILE/).length, 1)

    // Room comes bit by bit: each that leaves makes room for one of those who wait. It is one shortage all the same.
    const left = new Set<Client>()
    while (left.size < clients.length) {
      const leaving = await eventually(
        () => [...served].find((client) => !left.has(client)),
        'another served',
      )
      const waiting = clients.length - served.size
      left.add(leaving)
      leaving.finish()
      await leaving.expectEnd()
      if (waiting > 0) {
        await eventually(
          () => (clients.length - served.size < waiting ? true : undefined),
          'room for one more',
        )
      }
    }
    await everybody
    await server.connections(0)
    const told = server.matching(/EMFILE/).length
    t.log(`${told} lines with EMFILE`)
    t.true(told <= 20, `${told} lines with EMFILE for one shortage`)

    // The next one is told again.
    const from = server.lines.length
    const again = open(t, server, 100)
    const next = all(again, async (client, index) => {
      await hello(client, index)
      // They stay until it has happened.
      await server.line(/EMFILE/, from)
      client.finish()
      await client.expectEnd()
    })
    await t.notThrowsAsync(next)
    await server.connections(0)
    t.deepEqual(await server.quit(), { code: 0, signal: null })
  },
  { linux: true, tools: ['strace'] },
)
