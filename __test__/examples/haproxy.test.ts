// examples/haproxy: HAProxy in front of two servers. The client's own address, exact bytes, and one server less.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { which } from '../../scripts/run.mjs'
import { TcpListener } from '../../dist/index.js'
import { within } from '../helpers/echo-change.js'
import { serial } from '../helpers/echo-columns.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { commandFor } from '../helpers/runtime.js'
import type { ExecutionContext } from '../helpers/test.js'

const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/haproxy/${name}`, import.meta.url))

interface Backend {
  readonly port: number
  stop(): Promise<void>
}

/** Ends a process that the test has started, and waits for its end. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await within(once(child, 'exit'), 'the end of a process')
}

async function startBackend(t: ExecutionContext): Promise<Backend> {
  const [program = '', ...args] = commandFor(example('server.mjs'))
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => end(child))
  const [line] = (await within(once(createInterface(child.stdout), 'line'), 'a first line')) as [string]
  const [, port] = /^listening on 127\.0\.0\.1:(\d+)$/.exec(line) ?? []
  return { port: Number(port), stop: () => end(child) }
}

/** HAProxy with the example's configuration, on a socket that listens already: nobody can take its port before. */
function startProxy(t: ExecutionContext, [one, two]: readonly [Backend, Backend]): number {
  const listener = TcpListener.bind({ port: 0 })
  const { port } = listener.localAddress
  const child = spawn(which('haproxy') ?? 'haproxy', ['-db', '-f', example('haproxy.cfg')], {
    stdio: ['ignore', 'ignore', 'pipe', listener.fd],
    env: { ...process.env, FRONT: 'fd@3', ONE: `127.0.0.1:${one.port}`, TWO: `127.0.0.1:${two.port}` },
  })
  listener.close()
  t.teardown(() => end(child))
  let said = ''
  child.stderr?.on('data', (text: Buffer) => {
    said += text.toString()
  })
  child.once('exit', (code) => {
    if (code !== null) t.fail(`HAProxy ended with status ${code}: ${said}`)
  })
  return port
}

/** Sends bytes of a pattern, checks that they come back behind the greeting, and says which server has greeted. */
async function visit(t: ExecutionContext, port: number, seed: number, size: number): Promise<number> {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  const pattern = new Pattern(seed)
  await within(once(socket, 'connect'), 'a connection')
  const { localPort } = socket
  socket.end(pattern.bytes(0, size))
  let kept = Buffer.alloc(0)
  let server = 0
  let position = 0
  socket.on('data', (bytes: Buffer) => {
    let rest = bytes
    if (server === 0) {
      kept = Buffer.concat([kept, bytes])
      const line = kept.indexOf('\n')
      if (line < 0) return
      const [, greeter, address, number] =
        /^(\d+) greets (\S+) (\d+)$/.exec(kept.toString('latin1', 0, line)) ?? []
      t.deepEqual([address, Number(number)], ['127.0.0.1', localPort])
      server = Number(greeter)
      rest = kept.subarray(line + 1)
    }
    pattern.check(position, rest)
    position += rest.length
  })
  await within(once(socket, 'end'), 'the end')
  t.is(position, size)
  return server
}

const MIB = 1024 * 1024

serial({ tools: ['haproxy'] })(
  "HAProxy tells each client's address, its bytes come back, and one server serves when the other has gone",
  async (t) => {
    const [one, two] = [await startBackend(t), await startBackend(t)]
    const port = startProxy(t, [one, two])
    const sizes = [0, 1, 1000, 100_000, 4 * MIB, 65_536, 3, 12_345]
    const greeters = await Promise.all(sizes.map((size, index) => visit(t, port, index, size)))
    const inOrder = (ports: readonly number[]): number[] => [...new Set(ports)].toSorted((a, b) => a - b)
    t.deepEqual(inOrder(greeters), inOrder([one.port, two.port]))
    await one.stop()
    // A connection that it was given and had not taken yet ends with it.
    while ((await visit(t, port, 0, 0)) !== two.port) await new Promise(setImmediate)
    for (const [index, size] of sizes.entries()) t.is(await visit(t, port, index, size), two.port)
  },
)

serial({})('who is no proxy is closed, and a header may come byte by byte', async (t) => {
  const { port } = await startBackend(t)
  const talk = async (pieces: readonly (string | Buffer)[]): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString()
    })
    socket.on('end', () => socket.end())
    for (const piece of pieces) {
      socket.write(piece)
      await new Promise(setImmediate)
    }
    if (pieces.length > 1) socket.end()
    await within(once(socket, 'close'), 'the close')
    return text
  }
  t.is(await talk(['GET / HTTP/1.1\r\n\r\n']), '')
  // It stays a beginning for longer than a header may be.
  const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
  const endless = Buffer.concat([signature, Buffer.from([0x20, 0, 255, 255]), Buffer.alloc(8192)])
  t.is(await talk([endless]), '')
  const header = 'PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n'
  t.is(await talk(`${header}hello`.split('')), `${port} greets 192.0.2.1 1234\nhello`)
  const local = Buffer.concat([signature, Buffer.from([0x20, 0, 0, 0])])
  t.is(await talk([local, 'x']), `${port} greets proxy 0\nx`)
})
