// The relay of examples/relay as a process, and a server behind it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { commandFor } from './runtime.js'
import type { ExecutionContext } from './test.js'
import { within } from './echo-change.js'

const program = fileURLToPath(new URL('../../examples/relay/main.mjs', import.meta.url))

/** Everything up to the end. (What `node:stream/consumers` offers destroys the socket then: it could not be written any more.) */
export function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    socket.once('end', () => resolve(Buffer.concat(chunks)))
    socket.once('error', reject)
  })
}

/** A server that a relay leads to; peers may half-close. */
export interface Target {
  readonly port: number
  /** Listens no more. */
  readonly close: () => Promise<void>
}

export async function openTarget(t: ExecutionContext, serve: (socket: Socket) => void): Promise<Target> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    // A reset is what some of the tests are about: they listen for it themselves.
    socket.on('error', () => {})
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const close = async (): Promise<void> => {
    server.close()
    await within(once(server, 'close'), 'the end of the target')
  }
  return { port: (server.address() as AddressInfo).port, close }
}

export interface RelayProcess {
  readonly host: string
  readonly port: number
  /** Ends it, and answers with its exit status. */
  readonly stop: () => Promise<number | null>
}

/** Starts a relay that leads there. */
export async function startRelay(
  t: ExecutionContext,
  target: Target,
  {
    backend = 'auto',
    wrapper = [],
  }: { readonly backend?: string; readonly wrapper?: readonly string[] } = {},
): Promise<RelayProcess> {
  const [command = '', ...args] = [...wrapper, ...commandFor(program)]
  const child = spawn(
    command,
    [...args, '--port', '0', '--to', `127.0.0.1:${target.port}`, '--backend', backend],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  const lines = once(createInterface(child.stdout), 'line')
  const [line] = (await within(lines, 'the first line of the relay')) as [string]
  const [, host = '', port] = /^relaying (\S+):(\d+) to /.exec(line) ?? []
  const stop = async (): Promise<number | null> => {
    // Deno's child.kill would hide the exit status.
    process.kill(child.pid ?? 0, 'SIGTERM')
    const [code] = (await within(ended, 'the end of the relay')) as [number | null]
    return code
  }
  return { host, port: Number(port), stop }
}
