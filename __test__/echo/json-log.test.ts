// `--json`: every line is one object, of a closed list, and says what the text says.
import { readFileSync } from 'node:fs'
import { jsonLine, textLine } from '../../dist/echo/index.js'
import type { Entry } from '../../dist/echo/index.js'
import { limited } from '../helpers/child.js'
import { eventually } from '../helpers/echo-change.js'
import { Client } from '../helpers/echo-connection.js'
import { each, fewer, startColumn } from '../helpers/echo-columns.js'
import { startEcho } from '../helpers/echo-server.js'
import type { EchoServer } from '../helpers/echo-server.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const fine = { code: 0, signal: null }

type Line = Record<string, unknown>

const place = { address: '127.0.0.1', port: 5000 }
const counts = {
  connections: 1,
  accepted: 2,
  received: 3,
  sent: 4,
  kept: 5,
  turns: 6,
  events: 7,
  callbacks: 8,
  systemCalls: 9,
  slowestTurnMs: 1.25,
}
const COUNTED =
  'status: 1 connections, 2 accepted, 3 bytes received, 4 sent, 5 kept, 6 turns, 7 events, 8 callbacks, 9 system calls, slowest turn 1.3 ms'

const isTime = (time: unknown): boolean => new Date(String(time)).toISOString() === time

/** Everything that there is to tell, and how people read it. */
const ALL: readonly (readonly [entry: Entry, text: string])[] = [
  [
    { event: 'listening', ...place, backend: 'epoll', trigger: 'edge' },
    'listening on 127.0.0.1:5000 (epoll, edge)',
  ],
  [
    { event: 'listening', address: '::1', port: 1, backend: 'poll', trigger: 'level', workers: 3 },
    'listening on [::1]:1 (poll, level, 3 workers)',
  ],
  [{ event: 'connected', ...place }, 'connected 127.0.0.1:5000'],
  [{ event: 'connected', address: null, port: null }, 'connected unknown'],
  [{ event: 'received', ...place, bytes: 3, text: 'a"\n' }, 'received 127.0.0.1:5000 "a\\"\\n"'],
  [
    { event: 'received', ...place, bytes: 9, text: 'abc', characters: 9 },
    'received 127.0.0.1:5000 "abc..." (9 characters)',
  ],
  [
    { event: 'disconnected', ...place, reason: 'ended', bytes: 3, unsent: 0 },
    'disconnected 127.0.0.1:5000 (ended; 3 bytes received, 0 not sent)',
  ],
  [
    { event: 'begun', ...place, bytes: 3, working: 2, waiting: 1 },
    'begun 127.0.0.1:5000 (3 bytes; 2 at work, 1 waiting)',
  ],
  [
    { event: 'done', ...place, bytes: 3, working: 1, waiting: 0 },
    'done 127.0.0.1:5000 (3 bytes; 1 at work, 0 waiting)',
  ],
  [
    { event: 'failed', ...place, bytes: 3, reason: 'it died' },
    'failed 127.0.0.1:5000 (3 bytes): it died. With a hole it is no echo: the connection ends',
  ],
  [{ event: 'cannot-accept', reason: 'EMFILE' }, 'cannot accept: EMFILE'],
  [{ event: 'cannot-accept', more: 3 }, 'cannot accept: 3 more times'],
  [{ event: 'refused', ...place, reason: 'ERR_X' }, 'refused: 127.0.0.1:5000: ERR_X'],
  [{ event: 'refused', more: 2 }, 'refused: 2 more times'],
  [{ event: 'status', ...counts }, COUNTED],
  [{ event: 'status', ...counts, acceptedByWorker: [1, 1] }, `${COUNTED}; accepted by each worker: 1, 1`],
  [{ event: 'help', text: 'commands: some' }, 'commands: some'],
  [
    { event: 'unknown-command', text: 'open' },
    'unknown command "open". commands: status (counts), quit or exit (stop), help',
  ],
  [{ event: 'dropped', lines: 7 }, '7 lines of this log were dropped: nobody read them'],
  [{ event: 'dropped', lines: 7, limit: 5 }, '7 lines of this log were left out: more than 5 a second'],
  [{ event: 'stopped' }, 'stopped'],
]

test('every entry has its text, and its object says the same', (t) => {
  for (const [entry, text] of ALL) {
    t.is(textLine(entry), text)
    const { time, ...rest } = JSON.parse(jsonLine(entry)) as Line
    t.deepEqual(rest, { ...entry } as Line)
    t.true(isTime(time))
  }
})

test('the list of events is that of docs/echo.md, with its fields', (t) => {
  const text = readFileSync(new URL('../../docs/echo.md', import.meta.url), 'utf8')
  const words = (cell: string | undefined): string[] => cell?.match(/(?<=`)[\w-]+(?=`)/g) ?? []
  const listed = text.split('\n').flatMap((line) => {
    const [, events, fields] = /^\| (`[a-z].*?) \| (.*?) ?\|/.exec(line) ?? []
    return words(events).map((event) => [event, new Set(words(fields))] as const)
  })
  const told = new Map<string, Set<string>>()
  for (const [{ event, ...rest }] of ALL) {
    told.set(event, new Set([...(told.get(event) ?? []), ...Object.keys(rest)]))
  }
  t.deepEqual(new Map(listed), told)
})

test('what could move a cursor is escaped in both, and no text is changed', (t) => {
  const text = '\u0000\n\u001B[2J\u007F\u009B1m\u2028\u202E\uD800'
  const entry: Entry = { event: 'received', ...place, bytes: 9, text }
  for (const line of [jsonLine(entry), textLine(entry)]) {
    // eslint-disable-next-line no-control-regex
    t.notRegex(line, /[\u0000-\u001F\u007F-\u009F\u2028\u202E]/)
  }
  t.is((JSON.parse(jsonLine(entry)) as Line)['text'], text)
})

/** All lines so far, without their times, which must be in order. */
function entries(t: ExecutionContext, server: EchoServer): Line[] {
  let last = ''
  return server.lines.map((line) => {
    const { time, ...rest } = JSON.parse(line) as Line
    t.true(isTime(time) && String(time) >= last, `${String(time)} after ${last}`)
    last = String(time)
    return rest
  })
}

const keys = (line: Line | undefined): string => Object.keys(line ?? {}).join()
const STATUS = ['event', ...Object.keys(counts)].join()

each(
  'a conversation is told as objects',
  async (t, column) => {
    const server = await startColumn(t, column, ['--json'])
    const client = await Client.open(server)
    const text = 'a\n\u001B[2J\u202E"文'
    await client.roundTrip(Buffer.from(text))
    const [, port] = client.peer.split(':')
    const whom = { address: '127.0.0.1', port: Number(port) }
    client.finish()
    await client.expectEnd()
    await server.line(/"event":"disconnected"/)
    server.write('help\nopen\nstatus\n')
    await server.line(/"event":"status"/)
    t.deepEqual(await server.quit(), fine)
    t.is(server.errors, '')

    const [listening, connected, received, disconnected, help, unknown, status, ...rest] = entries(t, server)
    const { backend, trigger } = column
    t.deepEqual(listening, { event: 'listening', address: '127.0.0.1', port: server.port, backend, trigger })
    t.deepEqual(connected, { event: 'connected', ...whom })
    t.deepEqual(received, { event: 'received', ...whom, bytes: Buffer.byteLength(text), text })
    t.deepEqual(disconnected, {
      event: 'disconnected',
      ...whom,
      reason: 'ended',
      bytes: Buffer.byteLength(text),
      unsent: 0,
    })
    t.deepEqual(help, { event: 'help', text: 'commands: status (counts), quit or exit (stop), help' })
    t.deepEqual(unknown, { event: 'unknown-command', text: 'open' })
    t.is(keys(status), STATUS)
    t.like(status, { event: 'status', connections: 0, accepted: 1, received: 13, sent: 13, kept: 0 })
    t.deepEqual(rest, [{ event: 'stopped' }])
  },
  { on: fewer },
)

each(
  'bytes that are shown later count where they are shown, and long text is cut',
  async (t, column) => {
    const server = await startColumn(t, column, ['--json', '--log-encoding', 'gb2312'])
    const client = await Client.open(server)
    // Half a character shows nothing yet, and half a one at the end has no bytes of its own left.
    await client.roundTrip(Buffer.from([0xce]))
    await client.roundTrip(Buffer.from([0xc4, 0xce]))
    client.finish()
    await client.expectEnd()
    await server.line(/"event":"disconnected"/)
    const received = (): Line[] => entries(t, server).filter(({ event }) => event === 'received')
    t.deepEqual(
      received().map(({ bytes, text }) => [bytes, text]),
      [
        [3, '文'],
        [0, '\uFFFD'],
      ],
    )
    const other = await Client.open(server)
    await other.roundTrip(Buffer.alloc(1001, 'x'))
    await server.line(/"characters":/)
    const long = received().at(-1) ?? {}
    t.deepEqual([long['bytes'], long['text'], long['characters']], [1001, 'x'.repeat(1000), 1001])
    other.close()
  },
  { on: fewer.filter(({ backend, trigger }) => backend !== 'select' && trigger === 'level') },
)

test.serial('workers tell objects as well, and the sum has what each has taken', async (t) => {
  const server = await startEcho(t, ['--port', '0', '--json', '--workers', '2'])
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('hello'))
  server.write('status\n')
  await server.line(/"event":"status"/)
  client.finish()
  await client.expectEnd()
  await server.line(/"event":"disconnected"/)
  t.deepEqual(await server.quit(), fine)
  const lines = server.lines.map((line) => JSON.parse(line) as Line)
  // Those of a worker come through the main thread and may be late.
  t.is(lines.length, 6)
  t.deepEqual(
    new Set(lines.map(({ event }) => event)),
    new Set(['listening', 'connected', 'received', 'status', 'disconnected', 'stopped']),
  )
  t.is(lines[0]?.['workers'], 2)
  const status = lines.find(({ event }) => event === 'status')
  t.is(keys(status), `time,${STATUS},acceptedByWorker`)
  t.true(['0,1', '1,0'].includes(String(status?.['acceptedByWorker'])))
  t.is(lines.at(-1)?.['event'], 'stopped')
})

each(
  'without a free descriptor the object says so',
  async (t, column) => {
    const server = await startColumn(t, column, ['--json', '--quiet'], { wrapper: limited(64) })
    const clients = Array.from({ length: 100 }, () => new Client(server))
    t.teardown(() => {
      for (const client of clients) client.close()
    })
    await server.line(/"event":"cannot-accept"/)
    const [, fault] = entries(t, server)
    t.is(keys(fault), 'event,reason')
    t.regex(String(fault?.['reason']), /EMFILE/)
    for (const client of clients) client.close()
    await eventually(async () => {
      const from = server.lines.length
      server.write('status\n')
      const line = await server.line(/"event":"status"/, from)
      return line.includes('"connections":0') || undefined
    }, 'status without connections')
    const others = entries(t, server).filter(({ event }) => event !== 'status' && event !== 'listening')
    for (const other of others) t.true(['event,reason', 'event,more'].includes(keys(other)), keys(other))
    t.is(server.errors, '')
  },
  { linux: true, on: fewer.filter(({ backend, trigger }) => backend === 'epoll' && trigger === 'level') },
)

test.serial('a wrong command line is told to people', async (t) => {
  const server = await startEcho(t, ['--port', '0', '--json'])
  const other = startEcho(t, ['--port', String(server.port), '--json'])
  const error = await t.throwsAsync(other)
  t.regex(error?.message ?? '', /fdreactor echo: .*EADDRINUSE/)
})
