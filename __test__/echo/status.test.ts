// What the echo server tells of its work: when it is asked, by a signal, and by the clock.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, within } from '../helpers/echo-change.js'
import { Client } from '../helpers/echo-connection.js'
import { each, fewer, startColumn } from '../helpers/echo-columns.js'
import { startEcho } from '../helpers/echo-server.js'
import type { EchoServer } from '../helpers/echo-server.js'
import { hasLoop } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const MESSAGES = 50
const fine = { code: 0, signal: null }

const WHOLE =
  /^status: 1 connections, 2 accepted, 7 bytes received, 7 sent, 0 kept, \d+ turns, \d+ events, \d+ callbacks, \d+ system calls, slowest turn \d+\.\d ms$/

each('a status has all counts on one line', async (t, column) => {
  const server = await startColumn(t, column)
  for (const word of ['hello', 'hi']) {
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from(word))
    if (word === 'hello') {
      client.finish()
      await client.expectEnd()
    } else t.teardown(() => client.close())
  }
  await server.connections(1)
  t.regex(server.lines.at(-1) ?? '', WHOLE)
})

/** System calls of the main thread between two lines `status:` of the log, those of the host left out. */
function callsBetween(trace: string, pid: number): number {
  const lines = trace
    .split('\n')
    .filter((line) => line.startsWith(`${pid} `))
    .map((line) => line.replace(/^\d+ +/, ''))
  const first = lines.findIndex((line) => line.startsWith('write(1, "status: '))
  const last = lines.findLastIndex((line) => line.startsWith('write(1, "status: '))
  const sockets = new Set(lines.map((line) => /^accept4\(.* = (\d+)$/.exec(line)?.[1]))
  const hosts = new Set(lines.map((line) => /^epoll_pwait2?\((\d+),/.exec(line)?.[1]))
  const isOurs = (line: string): boolean => {
    const [, call = '', fd] = /^(\w+)\((\d+)/.exec(line) ?? []
    if (call === 'epoll_wait' || call === 'accept4') return true
    if (call === 'epoll_ctl') return !hosts.has(fd)
    return /^(?:read|write|sendto|sendmsg|recvfrom)$/.test(call) && sockets.has(fd)
  }
  return lines.slice(first, last).filter((line) => isOurs(line)).length
}

each(
  'the system calls of a status are those that strace sees',
  async (t, column) => {
    const folder = mkdtempSync(join(tmpdir(), 'fdreactor-status-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const trace = join(folder, 'trace')
    const wrapper = ['strace', '-D', '-f', '-qq', '-e', 'signal=none', '-o', trace]
    const server = await startColumn(t, column, ['--quiet'], { wrapper })
    const before = await server.status()
    const client = await Client.open(server)
    for (let count = 0; count < MESSAGES; count += 1) await client.roundTrip(Buffer.from('message'))
    // More than the server has room for: the rest is kept, and sent when it is ready again.
    const much = Buffer.alloc(8 << 20, 'x')
    const sent = client.send(much)
    await client.receive(much.length)
    await sent
    client.finish()
    await client.expectEnd()
    const after = await server.status()
    t.is(after['connections'], 0)
    t.deepEqual(await server.quit(), fine)
    const told = (after['system'] as number) - (before['system'] as number)
    t.true(told > MESSAGES * 3, String(told))
    t.is(callsBetween(readFileSync(trace, 'utf8'), server.pid), told)
  },
  // Node's loop has its turns in the main thread.
  {
    linux: true,
    tools: ['strace'],
    on: fewer.filter(({ backend }) => backend === 'epoll' && hasLoop),
  },
)

/** Lines that a signal, a command or the clock has brought. */
const told = (server: EchoServer): string[] => server.matching(/^status: /)

async function answersSignals(server: EchoServer): Promise<string[]> {
  for (let count = 1; count <= 3; count += 1) {
    server.signal('SIGUSR2')
    // It has come before the next is sent, since two that wait are one.
    await eventually(() => told(server).length === count || undefined, `status ${count}`)
  }
  return told(server)
}

each('SIGUSR2 asks for the status', async (t, column) => {
  const server = await startColumn(t, column, ['--quiet'])
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('hello'))
  for (const line of await answersSignals(server))
    t.regex(line, /^status: 1 connections, 1 accepted, 5 bytes /)
  t.deepEqual(await server.quit(), fine)
  t.is(told(server).length, 3)
  client.close()
})

test.serial('SIGUSR2: the main thread answers for all workers', async (t) => {
  const server = await startEcho(t, ['--port', '0', '--quiet', '--workers', '2'])
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('hello'))
  for (const line of await answersSignals(server)) {
    t.regex(
      line,
      /^status: 1 connections, 1 accepted, 5 bytes received, 5 sent, .* ms; accepted by each worker: (?:0, 1|1, 0)$/,
    )
  }
  t.deepEqual(await server.quit(), fine)
  client.close()
})

for (const args of [[], ['--server'], ['--driver', 'manual'], ['--driver', 'thread'], ['--workers', '2']]) {
  test.serial(`--stats-every tells the counts again and again::${args.join(' ')}`, async (t) => {
    const server = await startEcho(t, ['--port', '0', '--quiet', '--stats-every', '0.1', ...args])
    await eventually(() => told(server).length >= 3 || undefined, 'three lines')
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    const from = server.lines.length
    await server.line(/^status: 1 connections, 1 accepted, 5 bytes received, 5 sent/, from)
    client.close()
    server.signal('SIGTERM')
    t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
    t.is(server.lines.at(-1), 'stopped')
    t.is(server.errors, '')
  })
}

test.serial('without --stats-every nothing is told', async (t) => {
  const server = await startEcho(t, ['--port', '0'])
  const client = await Client.open(server)
  for (let count = 0; count < 3; count += 1) await client.roundTrip(Buffer.from('hello'))
  client.close()
  await server.line(`disconnected ${client.peer}`)
  t.deepEqual(await server.quit(), fine)
  t.is(told(server).length, 0)
})
