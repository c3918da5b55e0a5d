// A flood of notes is cut off, and every line is either there or counted.
import { Client } from '../helpers/echo-connection.js'
import { each, fewer, serial, startColumn } from '../helpers/echo-columns.js'
import { startEcho } from '../helpers/echo-server.js'
import type { EchoServer } from '../helpers/echo-server.js'

const CLIENTS = 100
const LIMIT = 5
const fine = { code: 0, signal: null }
const DROPPED = /^(\d+) lines of this log were left out: more than 5 a second$/

/** All of them are there at once when it goes on. */
async function flood(server: EchoServer): Promise<void> {
  await server.freeze()
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => Client.open(server)))
  for (const client of clients) client.finish()
  server.thaw()
  for (const client of clients) await client.expectEnd()
  await server.connections(0)
}

/** Notes that are there, and how many are told to be left out. */
function account(server: EchoServer): { shown: number; leftOut: number } {
  const shown = server.matching(/^(?:dis)?connected /).length
  const told = server.lines.map((line) => Number(DROPPED.exec(line)?.[1] ?? 0))
  return { shown, leftOut: told.reduce((all, count) => all + count, 0) }
}

const options = (limit: number): string[] => ['--log-encoding', 'none', '--log-rate', String(limit)]

each(
  'of a flood so many lines a second are shown, and the others are counted',
  async (t, column) => {
    const server = await startColumn(t, column, options(LIMIT))
    await flood(server)
    // Each second has its own line; the last is told at the end at the latest.
    t.deepEqual(await server.quit(), fine)
    const { shown, leftOut } = account(server)
    t.is(shown + leftOut, CLIENTS * 2)
    t.true(shown >= LIMIT && leftOut > 0, `${shown} shown`)
    t.true(shown <= LIMIT * (server.matching(DROPPED).length + 1), `${shown} shown`)
    t.is(server.lines.at(-1), 'stopped')
  },
  { linux: true, on: fewer },
)

each(
  'it is told when the second is over, although nothing more comes',
  async (t, column) => {
    const server = await startColumn(t, column, options(1))
    await flood(server)
    await server.line(/^\d+ lines of this log were left out: more than 1 a second$/)
    t.is(server.matching(/^stopped$/).length, 0)
    t.deepEqual(await server.quit(), fine)
  },
  { linux: true, on: fewer.filter(({ backend }) => backend === 'epoll') },
)

each(
  'what must be seen is not limited, and 0 limits nothing',
  async (t, column) => {
    const server = await startColumn(t, column, options(0))
    await flood(server)
    t.deepEqual(await server.quit(), fine)
    t.deepEqual(account(server), { shown: CLIENTS * 2, leftOut: 0 })

    const limited = await startColumn(t, column, options(1))
    const from = limited.lines.length
    limited.write('help\n'.repeat(50))
    limited.write('status\n')
    await limited.line('status: ', from)
    t.is(limited.matching(/^commands: /).length, 50)
    t.deepEqual(await limited.quit(), fine)
  },
  { linux: true, on: fewer.filter(({ backend, trigger }) => backend === 'epoll' && trigger === 'level') },
)

for (const mode of [[], ['--server']]) {
  serial({ linux: true })(`each worker has its own limit, and none is lost::${mode.join('')}`, async (t) => {
    const server = await startEcho(t, ['--port', '0', '--workers', '2', ...options(LIMIT), ...mode])
    await flood(server)
    t.deepEqual(await server.quit(), fine)
    const { shown, leftOut } = account(server)
    t.is(shown + leftOut, CLIENTS * 2)
    t.true(leftOut > 0)
    t.is(server.lines.at(-1), 'stopped')
  })
}
