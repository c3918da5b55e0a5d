// What is wrong with a command line, or with the address it names, is told in one line.
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Client } from '../helpers/echo-connection.js'
import { serial } from '../helpers/echo-columns.js'
import { runCli, startEcho } from '../helpers/echo-server.js'
import { hasLoop } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const wrong: readonly (readonly [title: string, args: readonly string[], says: RegExp])[] = [
  ['an unknown option', ['--colour'], /--colour/],
  ['an unknown short option', ['-z'], /-z/],
  ['an argument too many', ['now'], /now/],
  ['an unknown backend', ['--backend', 'io_uring'], /--backend.*epoll.*io_uring/],
  ['an unknown trigger', ['--trigger', 'rising'], /--trigger.*level.*rising/],
  ['an unknown driver', ['--driver', 'bus'], /--driver.*loop.*bus/],
  ['an unknown encoding', ['--log-encoding', 'big5'], /--log-encoding.*gb2312.*big5/],
  ['a port that is no number', ['--port', 'http'], /--port.*http/],
  ['a port out of range', ['--port', '65536'], /--port.*65536/],
  ['a negative port', ['--port=-1'], /--port.*-1/],
  ['a fraction of a port', ['--port', '80.5'], /--port.*80\.5/],
  ['an empty port', ['--port='], /--port/],
  ['a backlog of nothing', ['--backlog', '0'], /--backlog.*0/],
  ['a missing value', ['--port'], /--port/],
  ['a value that is the next option', ['--backend', '--quiet'], /--backend/],
  ['a value for what has none', ['--quiet=yes'], /--quiet/],
  ['a fraction of a log rate', ['--log-rate', '1.5'], /--log-rate.*1\.5/],
  ['a negative log rate', ['--log-rate=-1'], /--log-rate.*-1/],
  ['no seconds', ['--stats-every', '0'], /--stats-every.*0\.1 to 86400.*'0'/],
  ['too few seconds', ['--stats-every', '0.09'], /--stats-every.*'0\.09'/],
  ['too many seconds', ['--stats-every', '86401'], /--stats-every.*'86401'/],
  ['seconds that are no number', ['--stats-every', '1e3'], /--stats-every.*'1e3'/],
  ['a value for --json', ['--json=yes'], /--json/],
  ['edge on poll', ['--backend', 'poll', '--trigger', 'edge'], /edge.*poll/],
  ['threads without work', ['--threads', '2'], /--threads.*--work-ms/],
  ['a queue without threads', ['--work-ms', '5', '--queue', '2'], /--queue.*--threads/],
  ['a queue without anything', ['--queue', '2'], /--queue.*--threads/],
  ['a crash without threads', ['--work-ms', '5', '--crash-on', 'x'], /--crash-on.*--threads/],
  ['a crash on nothing', ['--work-ms', '5', '--threads', '1', '--crash-on='], /--crash-on.*empty/],
  ['work that takes no number', ['--work-ms', 'long'], /--work-ms.*3600000.*long/],
  ['work that takes a fraction', ['--work-ms', '0.5'], /--work-ms.*0\.5/],
  ['work that takes too long', ['--work-ms', '3600001'], /--work-ms.*3600001/],
  ['no threads', ['--work-ms', '5', '--threads', '0'], /--threads.*256.*'0'/],
  ['too many threads', ['--work-ms', '5', '--threads', '257'], /--threads.*257/],
  ['a queue that is too long', ['--work-ms', '5', '--threads', '1', '--queue', '65537'], /--queue.*65537/],
  ['a negative queue', ['--work-ms', '5', '--threads', '1', '--queue=-1'], /--queue.*-1/],
  ['a grace that is no number', ['--grace-ms', 'soon'], /--grace-ms.*soon/],
  ['a grace that is too long', ['--grace-ms', '3600001'], /--grace-ms.*3600001/],
  ['edge on select', ['--trigger', 'edge', '--backend', 'select'], /edge.*select/],
]

for (const [title, args, says] of wrong) {
  test(`${title} is told in one line, with exit code 2`, async (t) => {
    const { code, stdout, stderr } = await runCli(t, ['echo', ...args])
    t.regex(stderr, says)
    t.regex(stderr, /^[^\n]+\n$/)
    t.is(stdout, '')
    t.is(code, 2)
  })
}

serial({ linux: true })(
  'a backend that this system lacks is told in one line, with exit code 2',
  async (t) => {
    const { code, stdout, stderr } = await runCli(t, ['echo', '--port', '0', '--backend', 'kqueue'])
    t.regex(stderr, /^[^\n]*kqueue[^\n]*\n$/)
    t.is(stdout, '')
    t.is(code, 2)
  },
)

for (const host of ['no such host', 'name.invalid', '999.1.1.1', '']) {
  test(`a host that is none is told in one line: '${host}'`, async (t) => {
    const { code, stdout, stderr } = await runCli(t, ['echo', '--port', '0', '--host', host])
    t.regex(stderr, /^[^\n]+\n$/)
    t.true(stderr.includes(host === '' ? 'host' : host), stderr)
    t.is(stdout, '')
    t.true(code === 1 || code === 2, String(code))
  })
}

test('an address of another machine is told with the address, with exit code 1', async (t) => {
  // Set aside for documentation, so that nobody has it.
  const { code, stderr } = await runCli(t, ['echo', '--port', '7789', '--host', '192.0.2.1'])
  t.regex(stderr, /^[^\n]*EADDRNOTAVAIL[^\n]*192\.0\.2\.1:7789\b[^\n]*\n$/)
  t.is(code, 1)
})

/** Containers often lack it. */
const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
)
const testIPv6 = hasIPv6 ? test : test.skip

for (const host of ['127.0.0.1', '::1']) {
  const declare = host === '::1' ? testIPv6 : test
  declare(`a port in use is told with the address, with exit code 1: ${host}`, async (t) => {
    const other = createServer()
    t.teardown(() => other.close())
    await new Promise<void>((resolve) => {
      other.listen({ host, port: 0 }, resolve)
    })
    const address = other.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const { code, stdout, stderr } = await runCli(t, ['echo', '--host', host, '--port', String(port)])
    t.regex(stderr, /^[^\n]*EADDRINUSE[^\n]*\n$/)
    t.true(stderr.includes(`${host}:${port}`) || stderr.includes(`[${host}]:${port}`), stderr)
    t.is(stdout, '')
    t.is(code, 1)
  })
}

test('without options it listens on 127.0.0.1:7788, or says that somebody else does', async (t) => {
  const address = /127\.0\.0\.1:7788/
  const server = await startEcho(t, []).catch((error: unknown) => (error as Error).message)
  if (typeof server === 'string') {
    t.regex(server, /EADDRINUSE/)
    t.regex(server, address)
  } else {
    t.regex(server.lines[0] ?? '', address)
    t.deepEqual(await server.quit(), { code: 0, signal: null })
  }
})

test('the first line names the backend and the trigger', async (t) => {
  const server = await startEcho(t, ['--port', '0', '--backend', 'poll'])
  t.is(server.lines[0], `listening on 127.0.0.1:${server.port} (poll, level)`)
  t.not(server.port, 0)
})

testIPv6('an IPv6 address stands in brackets, in the first line and in the log', async (t) => {
  const server = await startEcho(t, ['--port', '0', '--host', '::1'])
  t.regex(server.lines[0] ?? '', /^listening on \[::1\]:\d+ \(/)
  const client = await Client.open(server)
  t.regex(client.peer, /^\[::1\]:\d+$/)
  await client.roundTrip(Buffer.from('hello'))
  t.truthy(await server.line(`connected ${client.peer}`))
  t.true((await server.line(`received ${client.peer}`)).includes('hello'))
  client.close()
  t.truthy(await server.line(`disconnected ${client.peer}`))
})

test('a name of this machine is a host', async (t) => {
  const server = await startEcho(t, ['--port', '0', '--host', 'localhost'])
  const client = await Client.open(server)
  await t.notThrowsAsync(client.roundTrip(Buffer.from('hello')))
  client.close()
})

for (const driver of ['auto', ...(hasLoop ? ['loop'] : []), 'thread', 'manual']) {
  test(`it echoes and stops with the driver::${driver}`, async (t) => {
    const server = await startEcho(t, ['--port', '0', '--driver', driver])
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    client.finish()
    await t.notThrowsAsync(client.expectEnd())
    t.deepEqual(await server.quit(), { code: 0, signal: null })
  })
}

test('--quiet logs neither connections nor what they send', async (t) => {
  const server = await startEcho(t, ['--port', '0', '--quiet'])
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('secret'))
  client.finish()
  await client.expectEnd()
  await server.connections(0)
  await server.quit()
  const log = server.lines.filter((line) => !line.startsWith('status: ')).join('\n')
  t.false(log.includes('secret'))
  t.false(log.includes(client.peer))
})

test('--help lists every option on standard output, with exit code 0', async (t) => {
  const { code, stdout, stderr } = await runCli(t, ['echo', '--help'])
  for (const option of [
    'backend',
    'trigger',
    'driver',
    'host',
    'port',
    'backlog',
    'log-encoding',
    'quiet',
    'log-rate',
    'json',
    'stats-every',
    'server',
    'workers',
    'work-ms',
    'threads',
    'queue',
    'crash-on',
    'grace-ms',
  ]) {
    t.true(stdout.includes(`--${option}`), option)
  }
  t.is(stderr, '')
  t.is(code, 0)
})

test('an unknown command is told in one line, with exit code 2', async (t) => {
  const { code, stderr } = await runCli(t, ['ecko'])
  t.regex(stderr, /^[^\n]*ecko[^\n]*\n$/)
  t.is(code, 2)
})
