// A log whose reader has stalled holds up neither the peers nor the end of the server.
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../helpers/echo-connection.js'
import { each, serial, startColumn } from '../helpers/echo-columns.js'
import { eventually, within } from '../helpers/echo-change.js'
import { EchoServer, cli } from '../helpers/echo-server.js'
import { commandFor } from '../helpers/runtime.js'
import type { ExecutionContext } from '../helpers/test.js'

/** Each line of the log shows a message, and all of them are far more than a pipe and the log keep. */
const MESSAGES = 6000
const message = Buffer.alloc(1000, 'x')

each('lines that nobody reads are dropped and counted, and every byte is echoed', async (t, column) => {
  const server = await startColumn(t, column, ['--log-rate', '0'])
  server.child.stdout?.pause()
  const client = await Client.open(server)
  for (let i = 0; i < MESSAGES; i += 1) await client.roundTrip(message)
  server.child.stdout?.resume()
  const told = await server.line(/^\d+ lines of this log were dropped/)
  const dropped = Number(told.split(' ', 1)[0])
  await client.roundTrip(Buffer.from('last'))
  await server.line(`received ${client.peer} "last"`)
  const seen = server.matching(/^received \S+ "x/).length
  t.true(dropped > 0)
  // TCP may merge two messages in one read; what was read is in the log or counted.
  t.true(seen + dropped <= MESSAGES, `${seen} seen, ${dropped} dropped`)
  t.true(seen + dropped > MESSAGES / 2, `${seen} seen, ${dropped} dropped`)
  client.close()
})

each('a signal ends the server although nobody reads its log', async (t, column) => {
  const server = await startColumn(t, column, ['--log-rate', '0'])
  server.child.stdout?.pause()
  const client = await Client.open(server)
  for (let i = 0; i < MESSAGES; i += 1) await client.roundTrip(message)
  client.close()
  const exited = new Promise<number | null>((resolve) => {
    server.child.once('exit', resolve)
  })
  server.signal('SIGTERM')
  t.is(await within(exited, 'SIGTERM'), 0)
})

/** Nobody reads where it listens, so that is said: an address that no other process of these tests has. */
const host = `127.1.${(process.pid >> 8) & 255}.${process.pid & 255}`

/** Starts a server whose log goes to `target`, a path. */
async function startInto(t: ExecutionContext, target: string, port: number): Promise<EchoServer> {
  const wrapper = ['sh', '-c', 'exec "$@" > "$0"', target]
  const args = ['echo', '--host', host, '--port', String(port), '--log-rate', '0']
  const server = new EchoServer([...wrapper, ...commandFor(cli), ...args])
  t.teardown(async () => {
    server.kill()
    await server.ended.catch(() => undefined)
  })
  server.host = host
  server.port = port
  await eventually(async () => {
    const client = new Client(server)
    const outcome = await client.connected().then(
      () => true,
      () => undefined,
    )
    client.close()
    return outcome
  }, 'listener')
  return server
}

const fine = { code: 0, signal: null }

serial({ linux: true })('a pipe that nobody reads holds up nobody', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-stalled-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  // There is a reader, who takes nothing.
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  t.teardown(() => closeSync(reader))
  const server = await startInto(t, pipe, 7791)
  const client = await Client.open(server)
  for (let i = 0; i < MESSAGES; i += 1) await client.roundTrip(message)
  client.close()
  t.deepEqual(await server.quit(), fine)
  // The log began, and no line of it is torn but the last that went into the pipe.
  const text = readFileSync(reader, 'utf8').split('\n')
  t.is(text[0], `listening on ${host}:7791 (epoll, level)`)
  t.true(
    text.slice(1, -1).every((line) => /^(?:connected|received|disconnected) 127\.0\.0\.1:\d+/.test(line)),
  )
})

serial({ linux: true })('a full disk ends the log, not the server', async (t) => {
  const server = await startInto(t, '/dev/full', 7792)
  const client = await Client.open(server)
  for (let i = 0; i < 100; i += 1) await client.roundTrip(message)
  client.close()
  t.deepEqual(await server.quit(), fine)
  t.is(server.errors, '')
})

serial({ linux: true, tools: ['socat'] })('a terminal that is held holds up nobody', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-stalled-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const script = join(folder, 'run')
  const command = commandFor(cli)
    .map((word) => `'${word}'`)
    .join(' ')
  writeFileSync(script, `#!/bin/sh\nexec ${command} echo --port 0 --log-rate 0\n`, { mode: 0o700 })
  const terminal = 'pty,setsid,ctty,echo=0,onlcr=0'
  const server = new EchoServer(['socat', '-t', '600', 'STDIO', `EXEC:${script},${terminal}`])
  t.teardown(() => server.kill())
  await server.ready()
  server.child.stdout?.pause()
  const client = await Client.open(server)
  for (let i = 0; i < MESSAGES; i += 1) await client.roundTrip(message)
  server.child.stdout?.resume()
  const told = await server.line(/^\d+ lines of this log were dropped/)
  await client.roundTrip(Buffer.from('last'))
  await server.line(`received ${client.peer} "last"`)
  const dropped = Number(told.split(' ', 1)[0])
  const seen = server.matching(/^received \S+ "x/).length
  t.true(
    dropped > 0 && seen + dropped <= MESSAGES && seen + dropped > MESSAGES / 2,
    `${seen} seen, ${dropped}`,
  )
  client.close()
  server.write('quit\n')
  await server.line('stopped')
})
