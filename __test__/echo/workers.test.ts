// `--workers`: several threads behind one address, and one process to its user.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { within } from '../helpers/echo-change.js'
import { burst } from '../helpers/echo-clients.js'
import { serial } from '../helpers/echo-columns.js'
import { Client } from '../helpers/echo-connection.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { runCli, startEcho } from '../helpers/echo-server.js'
import type { EchoServer, Start } from '../helpers/echo-server.js'
import { runtime } from '../helpers/runtime.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const fine = { code: 0, signal: null }
const modes = [[], ['--server']] as const
const name = (mode: readonly string[]): string => (mode.length > 0 ? 'server' : 'readiness')

const start = (t: ExecutionContext, args: readonly string[], how?: Start): Promise<EchoServer> =>
  startEcho(t, ['--port', '0', ...args], how)

/** How many connections each Worker has taken. */
async function shares(server: EchoServer): Promise<number[]> {
  const from = server.lines.length
  server.write('status\n')
  const line = await server.line('status: ', from)
  return (/accepted by each worker: ([\d, ]+)$/.exec(line)?.[1] ?? '').split(', ').map(Number)
}

for (const mode of modes) {
  // Only Linux spreads connections.
  serial({ linux: true })(`several workers serve, and status sums them up::${name(mode)}`, async (t) => {
    const server = await start(t, ['--workers', '3', '--quiet', ...mode])
    t.is(server.lines[0], `listening on 127.0.0.1:${server.port} (epoll, level, 3 workers)`)
    // All of them chosen by the hash of their addresses: that 200 go to one is as likely as 1 in 3^199.
    const count = 200
    await t.notThrowsAsync(burst(server, { count, size: 1000 }))
    await server.connections(0)
    const each = await shares(server)
    t.is(each.length, 3)
    t.is(
      each.reduce((all, one) => all + one, 0),
      count,
    )
    t.true(each.filter((one) => one > 0).length > 1, each.join(', '))
    const { accepted, received, sent, kept } = await server.status()
    // Each client sends its number of bytes more than the first one.
    const bytes = count * 2000 + (count * (count - 1)) / 2
    t.deepEqual(
      { accepted, received, sent, kept },
      { accepted: count, received: bytes, sent: bytes, kept: 0 },
    )
    t.deepEqual(await server.quit(), fine)
    t.is(server.lines.at(-1), 'stopped')
    t.is(server.errors, '')
  })

  test.serial(
    `a signal: every peer of every worker gets what has come, then the end::${name(mode)}`,
    async (t) => {
      const server = await start(t, ['--workers', '2', ...mode])
      const clients = await Promise.all(Array.from({ length: 20 }, () => Client.open(server)))
      await server.connections(20)
      await Promise.all(clients.map((client, index) => client.send(new Pattern(index).bytes(0, 20_000))))
      server.signal('SIGTERM')
      for (const [index, client] of clients.entries()) {
        await client.expect(new Pattern(index), 0, 20_000)
        await t.notThrowsAsync(client.expectEnd())
        client.finish()
      }
      t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
      for (const client of clients)
        t.is(server.matching(new RegExp(`^disconnected ${client.peer} `)).length, 1)
      t.is(server.matching(/^stopped$/).length, 1)
      t.is(server.errors, '')
    },
  )

  test.serial(`a second signal ends it, whoever it waits for::${name(mode)}`, async (t) => {
    const server = await start(t, ['--workers', '2', ...mode])
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    server.signal('SIGINT')
    // The first one has arrived; this peer does not end, so it is waited for.
    await client.expectEnd()
    try {
      server.signal('SIGINT')
    } catch {
      // This test had to wait so long that the server has given up by itself.
    }
    t.deepEqual(await within(server.ended, 'SIGINT'), fine)
    t.regex(await server.line(`disconnected ${client.peer}`), /server stopped/)
    client.close()
  })
}

test.serial('commands, the manual driver and one worker', async (t) => {
  const server = await start(t, ['--workers', '1', '--driver', 'manual', '--backend', 'poll'])
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('hello'))
  t.like(await server.status(), { connections: 1, accepted: 1, received: 5, sent: 5 })
  server.write('help\n')
  t.regex(await server.line(/^commands: /), /status/)
  client.close()
  t.deepEqual(await server.quit(), fine)
})

test.serial('an address that somebody has is told, even if he would share it', async (t) => {
  const server = await start(t, ['--workers', '2'])
  const { code, stdout, stderr } = await runCli(t, ['echo', '--workers', '2', '--port', String(server.port)])
  t.regex(stderr, /^[^\n]*EADDRINUSE[^\n]*\n$/)
  t.true(stderr.includes(`127.0.0.1:${server.port}`), stderr)
  t.is(stdout, '')
  t.is(code, 1)
})

for (const count of ['0', '257', 'many', '-1', '1.5']) {
  test.serial(`a number of workers that is none is told in one line: ${count}`, async (t) => {
    const { code, stdout, stderr } = await runCli(t, ['echo', `--workers=${count}`])
    t.regex(stderr, /^[^\n]*--workers[^\n]*256[^\n]*\n$/)
    t.true(stderr.includes(`'${count}'`), stderr)
    t.is(stdout, '')
    t.is(code, 2)
  })
}

serial({ linux: true })('a backend that a worker lacks is told in one line, with exit code 2', async (t) => {
  const args = ['echo', '--workers', '2', '--port', '0', '--backend', 'kqueue']
  const { code, stdout, stderr } = await runCli(t, args)
  t.regex(stderr, /^[^\n]*kqueue[^\n]*\n$/)
  t.is(stdout, '')
  t.is(code, 2)
})

/** Loaded into each thread of the server: SIGUSR2 has the second Worker do what kills it. */
const killer = (deed: string): string => `
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'
const channel = new BroadcastChannel('die')
if (isMainThread) process.on('SIGUSR2', () => channel.postMessage(0))
else if (threadId === 2) channel.onmessage = () => { ${deed} }
channel.unref()
`

for (const [deed, reason] of [
  [`throw new Error('made to fail')`, 'made to fail'],
  ['process.exit(7)', 'it ended with status 7'],
] as const) {
  const declare = runtime === 'node' ? serial({ linux: true }) : test.serial.skip
  declare(`a worker that dies ends the others well, and the process with a message: ${deed}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fdreactor-workers-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'killer.mjs')
    writeFileSync(file, killer(deed))
    const wrapper = ['env', `NODE_OPTIONS=--import=${pathToFileURL(file).href}`]
    const server = await start(t, ['--workers', '2', '--server', '--quiet'], { wrapper })
    const clients = await Promise.all(Array.from({ length: 40 }, () => Client.open(server)))
    for (const client of clients) await client.roundTrip(Buffer.from('hello'))
    const [first = 0, second = 0] = await shares(server)
    t.true(first > 0 && second > 0, `${first} and ${second}`)
    server.signal('SIGUSR2')
    // Those of the first one get the end; the others may find their connection reset.
    const ends = await Promise.all(
      clients.map(async (client) => {
        const outcome = await client.expectEnd().then(
          () => true,
          () => false,
        )
        client.close()
        return outcome
      }),
    )
    t.true(ends.filter(Boolean).length >= first, `${ends.filter(Boolean).length} of ${first}`)
    t.deepEqual(await within(server.ended, 'a death'), { code: 1, signal: null })
    t.is(server.errors, `fdreactor echo: worker 2 of 2 has died: ${reason}\n`)
    t.is(server.lines.at(-1), 'stopped')
  })
}
