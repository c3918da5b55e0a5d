/** The load as the benches use it: from a program of its own, through the addon. Rust's own tests have more of it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Load } from '../../../benches/bench/load.js'
import type { Outcome } from '../../../benches/bench/load.js'
import { left, programsOf } from '../../helpers/benches/programs.js'
import { commandFor } from '../../helpers/runtime.js'
import test from '../../helpers/test.js'
import type { ExecutionContext } from '../../helpers/test.js'

/** A server of this process that does so with each connection. */
async function serve(t: ExecutionContext, each: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    each(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

function loadFor(t: ExecutionContext, openFiles = 1000): Load {
  const load = new Load(undefined, openFiles)
  t.teardown(() => load.end())
  return load
}

const exactly = (messages: number): { seconds: number; messages: number } => ({ seconds: 0, messages })

async function offer(t: ExecutionContext, port: number, connections = 1): Promise<Outcome> {
  const load = loadFor(t)
  await load.connect(port, connections)
  return load.run(64, 0, exactly(100))
}

test('messages are counted exactly, and their latencies are in order', async (t) => {
  // In pieces.
  const port = await serve(t, (socket) => {
    socket.on('data', (bytes) => {
      for (let at = 0; at < bytes.length; at += 1000) socket.write(bytes.subarray(at, at + 1000))
    })
  })
  const load = loadFor(t)
  await load.connect(port, 7)
  for (const bytes of [1, 64, 100_000]) {
    const { messages, unsent, late, seconds, p50, p99, p999, max } = await load.run(bytes, 0, exactly(50))
    t.deepEqual({ messages, unsent, late }, { messages: 50, unsent: 0, late: 0 })
    t.true(seconds > 0 && p50 > 0 && p50 <= p99 && p99 <= p999 && p999 <= max)
  }
  const open = await load.run(64, 2000, exactly(200))
  t.is(open.messages + open.unsent, 200)
  await load.close()
  const churned = await load.churn(port, 5, 64, exactly(40))
  t.is(churned.messages, 40)
})

test('connections are shared among programs when one cannot have them all', async (t) => {
  const seen = new Set<Socket>()
  let bytesSeen = 0
  const port = await serve(t, (socket) => {
    seen.add(socket)
    socket.on('data', (bytes) => {
      bytesSeen += bytes.length
      socket.write(bytes)
    })
  })
  // 20 for each.
  const load = loadFor(t, 120)
  await load.connect(port, 50)
  await load.touch(10, 50)
  t.is(seen.size, 50)
  t.is(bytesSeen, 500)
  t.is(programsOf(process.pid, /bench\/loader\./).length >= 3, true)
})

test('a changed byte ends the run', async (t) => {
  const port = await serve(t, (socket) => {
    let before = 0
    socket.on('data', (bytes) => {
      const at = 3 * 64 + 5 - before
      if (at >= 0 && at < bytes.length) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      before += bytes.length
      socket.write(bytes)
    })
  })
  const error = await t.throwsAsync(offer(t, port))
  t.is(error.message, 'connection 0: message 3 came back changed at byte 5')
})

test('more than was sent ends the run', async (t) => {
  const port = await serve(t, (socket) => {
    socket.on('data', (bytes) => socket.write(Buffer.concat([bytes, bytes])))
  })
  const error = await t.throwsAsync(offer(t, port))
  t.regex(
    error.message,
    /^connection 0: (?:more came back than was sent|message 1 came back changed at byte 0)$/,
  )
})

test('a connection that is ended or reset ends the run', async (t) => {
  const ending = await serve(t, (socket) => {
    socket.once('data', () => socket.end())
  })
  t.is((await t.throwsAsync(offer(t, ending))).message, 'connection 0: the server ended it')
  const resetting = await serve(t, (socket) => {
    socket.once('data', () => socket.resetAndDestroy())
  })
  t.regex((await t.throwsAsync(offer(t, resetting))).message, /^read: .*reset/)
})

test('a server that is not there is said', async (t) => {
  const port = await serve(t, () => {})
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port: free } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  t.not(port, free)
  t.regex((await t.throwsAsync(offer(t, free))).message, /^connect: .*refused/)
})

test('the program of a load ends with the one that started it, also in the middle of a run', async (t) => {
  const port = await serve(t, (socket) => void socket.pipe(socket))
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'script.mts')
  writeFileSync(
    file,
    `import { Load } from '${new URL('../../../benches/bench/load.ts', import.meta.url).href}'
     const load = new Load(undefined, 1000)
     await load.connect(${port}, 1)
     console.log('running')
     await load.run(64, 0, { seconds: 3600, messages: 0 })`,
  )
  const [program = '', ...args] = commandFor(file, { typescript: true })
  const parent = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => parent.kill('SIGKILL'))
  await once(parent.stdout, 'data')
  const started = programsOf(parent.pid!, /bench\/loader\./)
  t.is(started.length, 1)
  parent.kill('SIGKILL')
  t.deepEqual(await left(started), [])
})
