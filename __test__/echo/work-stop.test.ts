// A server that stops while it works.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, within } from '../helpers/echo-change.js'
import { columns, each, startColumn } from '../helpers/echo-columns.js'
import { Client } from '../helpers/echo-connection.js'
import { type EchoServer, startEcho } from '../helpers/echo-server.js'
import { Gate, HELD, hasGates, peersOf, settled } from '../helpers/echo-work.js'
import { runtime } from '../helpers/runtime.js'
import test from '../helpers/test.js'

const fine = { code: 0, signal: null }
const gated = hasGates ? {} : { on: [] }
/** Longer than any test waits. */
const LONG = '3600000'

/** Signals, and waits until it is heard. */
async function stop(server: EchoServer): Promise<void> {
  server.signal('SIGTERM')
  const isRefused = (): Promise<true | undefined> =>
    new Promise((resolve) => {
      const socket = connect({ host: server.host, port: server.port })
      socket.on('connect', () => {
        socket.destroy()
        resolve(undefined)
      })
      socket.on('error', () => resolve(true))
    })
  await eventually(isRefused, 'refused connection')
}

each(
  'SIGTERM: what was accepted is worked on and answered, then comes the end',
  async (t, column) => {
    const gate = new Gate(t)
    const args = ['--work-ms', HELD, '--threads', '1', '--grace-ms', LONG]
    const server = await startColumn(t, column, args, gate)
    const [first, second] = [await Client.open(server), await Client.open(server)]
    for (const [index, client] of [first, second, first].entries()) {
      await client.send(Buffer.from(`request ${index}`))
      await server.line(new RegExp(`^received ${client.peer} "request ${index}"$`))
    }
    await stop(server)
    // What comes now is dropped: turns have gone by that brought nothing.
    for (let round = 0; round < 3; round += 1) await settled(server)
    await second.send(Buffer.from('too late'))
    gate.open(10)
    t.is(String(await first.receive(18)), 'request 0request 2')
    t.is(String(await second.receive(9)), 'request 1')
    for (const client of [first, second]) {
      await client.expectEnd()
      client.finish()
    }
    t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
    t.deepEqual(peersOf(server, 'done'), [first.peer, second.peer, first.peer])
    t.is(server.lines.at(-1), 'stopped')
    t.is(server.errors, '')
  },
  gated,
)

each(
  'SIGTERM: a longer grace than two seconds is given',
  async (t, column) => {
    const gate = new Gate(t)
    const args = ['--work-ms', HELD, '--threads', '1', '--grace-ms', LONG]
    const server = await startColumn(t, column, args, gate)
    const client = await Client.open(server)
    await client.send(Buffer.from('hello'))
    await server.line('begun ')
    await stop(server)
    await sleep(3000)
    gate.open(1)
    t.is(String(await client.receive(5)), 'hello')
    await client.expectEnd()
    client.close()
    t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
  },
  hasGates ? { on: columns.slice(0, 1) } : gated,
)

each('SIGTERM: work that outlasts the grace is given up', async (t, column) => {
  const server = await startColumn(t, column, ['--work-ms', LONG, '--threads', '2', '--grace-ms', '200'])
  const client = await Client.open(server)
  await client.send(Buffer.from('hello'))
  await server.line('begun ')
  server.signal('SIGTERM')
  t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
  t.is(server.lines.at(-2), `disconnected ${client.peer} (server stopped; 5 bytes received, 5 not sent)`)
  t.is(server.lines.at(-1), 'stopped')
  t.is(server.errors, '')
  client.close()
})

each('a second signal ends it at once, also while its threads block', async (t, column) => {
  const args = ['--work-ms', LONG, '--threads', '2', '--queue', '0', '--grace-ms', LONG]
  const server = await startColumn(t, column, args)
  const clients = await Promise.all([1, 2, 3].map(() => Client.open(server)))
  for (const client of clients) await client.send(Buffer.from('hello'))
  await server.line('begun ', server.lines.indexOf(await server.line('begun ')) + 1)
  await stop(server)
  server.signal('SIGTERM')
  t.deepEqual(await within(server.ended, 'a second SIGTERM'), fine)
  for (const { peer } of clients) t.regex(await server.line(`disconnected ${peer}`), /\(server stopped; /)
  t.deepEqual(peersOf(server, 'done'), [])
  t.is(server.errors, '')
  for (const client of clients) client.close()
})

for (const mode of [[], ['--server']]) {
  const declare = hasGates ? test.serial : test.serial.skip
  declare(`each of several workers has threads of its own::${mode.join('')}`, async (t) => {
    const gate = new Gate(t)
    const args = ['--port', '0', '--workers', '2', '--threads', '2', '--work-ms', HELD, '--grace-ms', LONG]
    const server = await startEcho(t, [...args, ...mode], gate)
    // By the hash of their addresses: that 40 go to one is as likely as 1 in 2^39.
    const clients = await Promise.all(Array.from({ length: 40 }, () => Client.open(server)))
    for (const client of clients) await client.send(Buffer.from(client.peer))
    await gate.held(4)
    t.deepEqual(peersOf(server, 'done'), [])
    gate.open(20)
    await eventually(() => (peersOf(server, 'done').length === 20 ? true : undefined), '20 done')
    await server.connections(40)
    const sent = clients.reduce((sum, { peer }) => sum + peer.length, 0)
    await eventually(
      async () => ((await server.status())['received'] === sent ? true : undefined),
      'everything received',
    )
    server.signal('SIGTERM')
    gate.open(40)
    for (const client of clients) {
      t.is(String(await client.receive(client.peer.length)), client.peer)
      await client.expectEnd()
      client.finish()
    }
    t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
    t.is(server.lines.at(-1), 'stopped')
    t.is(server.errors, '')
  })
}

/** As a program that has the server in it: nothing but the server itself ends its threads. */
const program = `
import { connect } from 'node:net'
import { EchoServer, Log } from ${JSON.stringify(new URL('../../dist/echo/index.js', import.meta.url).href)}
class Quiet extends Log {
  say() {}
  note() {}
}
const log = new Quiet({ quiet: true })
const work = { ms: ${HELD}, threads: 2, queue: 0, crashOn: undefined }
const options = { backend: 'auto', trigger: 'level', driver: 'auto', port: 0, backlog: 5, logEncoding: 'none', quiet: true }
const server = new EchoServer({ ...options, server: false, workers: 0, graceMs: ${LONG}, work }, '127.0.0.1', log)
const peer = connect(server.address.port, '127.0.0.1', () => peer.write('hello'))
peer.on('error', () => undefined)
process.stdin.once('data', () => {
  process.stdin.destroy()
  server.stop()
  server.stop()
  peer.destroy()
  console.log('stopped')
})
`

const here = runtime === 'node' ? test.serial : test.serial.skip
here('no thread keeps the process alive', async (t) => {
  const gate = new Gate(t)
  const [env = '', ...before] = gate.wrapper
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-work-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'program.mjs')
  writeFileSync(file, program)
  const command = [...before, process.execPath, file]
  const child = spawn(env, command, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  await gate.held(1)
  child.stdin.write('stop')
  t.is(String((await once(child.stdout, 'data'))[0]), 'stopped\n')
  t.deepEqual(await within(ended, 'the process'), [0, null])
})
