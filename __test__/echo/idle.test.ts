// Who does nothing costs nothing: counted in system calls.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../helpers/echo-change.js'
import { Client } from '../helpers/echo-connection.js'
import { type Column, each, fewer, startColumn } from '../helpers/echo-columns.js'
import { Pattern } from '../helpers/echo-pattern.js'
import type { EchoServer, Start } from '../helpers/echo-server.js'
import { runtime } from '../helpers/runtime.js'
import type { ExecutionContext } from '../helpers/test.js'

const needs = { linux: true, tools: ['strace'], on: fewer } as const

/** Bun looks at its heap once a second, and stops only when it has not changed for half a minute. */
const quiet = runtime === 'bun' ? ['env', 'BUN_GC_TIMER_DISABLE=1'] : []

interface Traced {
  readonly server: EchoServer
  /** Waits for a second in which the server makes no system call. */
  readonly silence: () => Promise<true>
  /** What it has done so far, one system call a line. */
  readonly calls: () => string
}

async function startTraced(t: ExecutionContext, column: Column, how: Start = {}): Promise<Traced> {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-idle-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const trace = join(folder, 'trace')
  // -D: the traced program stays this process's child, and strace watches from the side.
  const strace = ['strace', '-D', '-f', '-qq', '-e', 'signal=none', '-o', trace]
  const wrapper = [...(how.wrapper ?? []), ...quiet, ...strace]
  const server = await startColumn(t, column, ['--log-encoding', 'none'], { ...how, wrapper })
  const size = (): number => statSync(trace).size
  t.true(size() > 0, 'nothing is traced')
  return {
    server,
    // Several attempts, since node itself tidies up for a while after it has had work.
    silence: () =>
      eventually(async () => {
        const before = size()
        await sleep(1000)
        return size() === before || undefined
      }, 'second without a system call'),
    calls: () => readFileSync(trace, 'utf8'),
  }
}

/** Waits until the server keeps bytes, or none any more. */
async function keeps(server: EchoServer, isSo: (kept: number) => boolean): Promise<void> {
  await eventually(async () => {
    const { kept = 0 } = await server.status()
    return isSo(kept) || undefined
  }, 'bytes kept, or none')
}

each(
  'fifty idle connections cost no system call',
  async (t, column) => {
    const { server, silence } = await startTraced(t, column)
    const clients = await Promise.all(Array.from({ length: 50 }, () => Client.open(server)))
    for (const client of clients) await client.roundTrip(Buffer.from('hello'))
    // Nor does one that has gone.
    clients[0]?.finish()
    await clients[0]?.expectEnd()
    t.true(await silence())
    for (const client of clients.slice(1)) await client.roundTrip(Buffer.from('hello'))
    for (const client of clients) client.close()
  },
  needs,
)

each(
  'a peer that does not read costs no system call while it does not, nor when it has read everything',
  async (t, column) => {
    const { server, silence } = await startTraced(t, column)
    const client = await Client.open(server)
    // More than the server and the kernels keep.
    const bytes = Buffer.alloc(64 * 1024 * 1024)
    client.send(bytes).catch(() => undefined)
    await keeps(server, (kept) => kept > 0)
    // Neither that it has sent more nor that it takes nothing wakes the server.
    t.true(await silence())
    await client.receive(bytes.length)
    // Nor that it could be sent something.
    t.is((await server.status())['kept'], 0)
    t.true(await silence())
    client.close()
  },
  needs,
)

// nodejs/node#11307, libuv/libuv#2922
each(
  'fault-28 a peer that has ended and takes nothing of what is kept for it costs no system call',
  async (t, column) => {
    const { server, silence } = await startTraced(t, column)
    const client = await Client.open(server)
    const pattern = new Pattern(28)
    // Little enough for the server to read all of it, and so the end; more than its peer's system takes.
    let sent = 0
    for (let kept = 0; kept === 0; { kept = 0 } = await server.status()) {
      await client.send(pattern.bytes(sent, 65_536))
      sent += 65_536
      await eventually(async () => ((await server.status())['received'] === sent ? true : undefined), 'read')
    }
    client.finish()
    t.true(await silence())
    await client.expect(pattern, 0, sent)
    await t.notThrowsAsync(client.expectEnd())
  },
  needs,
)

// libuv/libuv#3671
each(
  'fault-51 a peer that has taken all that was kept for it costs no system call',
  async (t, column) => {
    const { server, silence } = await startTraced(t, column)
    const client = await Client.open(server)
    const pattern = new Pattern(51)
    const size = 16 * 1024 * 1024
    const sending = client.send(pattern.bytes(0, size))
    await keeps(server, (kept) => kept > 0)
    await client.expect(pattern, 0, size)
    await sending
    await keeps(server, (kept) => kept === 0)
    t.true(await silence())
    await client.roundTrip(Buffer.from('hello'))
    client.close()
  },
  needs,
)

each(
  'standard input at its end costs no system call',
  async (t, column) => {
    for (const stdin of ['pipe', 'ignore'] as const) {
      const { server, silence } = await startTraced(t, column, { stdin })
      server.child.stdin?.end()
      t.true(await silence())
      const client = await Client.open(server)
      await client.roundTrip(Buffer.from('hello'))
      client.close()
    }
  },
  needs,
)

each(
  'a server without a free descriptor asks for one now and then, and does nothing between',
  async (t, column) => {
    // node raises the soft limit to the hard one, so both are set.
    const { server, calls } = await startTraced(t, column, {
      wrapper: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'],
    })
    const clients = Array.from({ length: 100 }, () => new Client(server))
    t.teardown(() => {
      for (const client of clients) client.close()
    })
    await server.line(/EMFILE/)
    await Promise.all(clients.map((client) => client.connected()))
    const count = (text: string, call: RegExp): number => text.match(call)?.length ?? 0
    const begin = calls().length
    const accepts = (): number => count(calls().slice(begin), /\baccept4?\(/g)
    await eventually(() => accepts() >= 10 || undefined, 'ten more accepts')
    const since = calls().slice(begin)
    const tries = count(since, /\baccept4?\(/g)
    // Before each the loop had waited for a timer, and not just the rest of one, since nothing else came.
    const inVain =
      /^(\d+) +(?:<\.\.\. )?epoll_p?wait2?\b.*, (?:\d{2,}|\{tv_sec=\d+, tv_nsec=\d{8,}\})(?:, (?:NULL|\[\]), 8)?\) += 0$/gm
    const timers = [...since.matchAll(inVain)].filter(([, thread]) => Number(thread) === server.pid).length
    t.log(`${timers} timers for ${tries} accepts`)
    t.true(timers * 2 >= tries, `${timers} timers for ${tries} accepts`)
    t.is(server.matching(/EMFILE/).length, 1)
  },
  needs,
)
