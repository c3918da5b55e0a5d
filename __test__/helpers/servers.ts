/** Servers and their peers, for tests of every case. */
import { once } from 'node:events'
import net from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { connect, listen } from '../../dist/index.js'
import type { ConnectOptions, Connection, ListenOptions, Server, SocketHandlers } from '../../dist/index.js'
import { PATIENCE_MS } from './descriptors.js'
import type { Rig } from './matrix.js'

type Options = Partial<ListenOptions<unknown>>
export type Link = Connection<unknown>

/** A server of a rig, on a free port unless something else is said; it is stopped when the test ends. */
export function serve(rig: Rig, socket: SocketHandlers<unknown>, options: Options = {}): Server<unknown> {
  const { reactor, trigger } = rig
  const place = options.unix === undefined ? { port: 0 } : {}
  const server = listen<unknown>({ reactor, trigger, socket, ...place, ...options })
  rig.own({ close: () => server.stop(true) })
  return server
}

/** A connection of a rig to a server. */
export async function join(
  rig: Rig,
  server: Server<unknown>,
  socket: SocketHandlers<unknown>,
  options: Partial<ConnectOptions<unknown>> = {},
): Promise<Link> {
  const { reactor, trigger } = rig
  const { family, address, port } = server.address
  const place = family === 'unix' ? { unix: address } : { hostname: address, port }
  return settled(rig, connect<unknown>({ reactor, trigger, socket, ...place, ...options }))
}

/** Waits for a promise while the reactor works: a manual one does nothing by itself. */
export async function settled<T>(rig: Rig, promise: Promise<T>): Promise<T> {
  const state = { isDone: false }
  const mark = (): void => {
    state.isDone = true
  }
  promise.then(mark, mark)
  await rig.until(() => state.isDone)
  return promise
}

/** Lets the host's loop go round until something is so. A rig's own `until` lets its reactor work as well. */
export async function until(isDone: () => boolean, turn: () => void = () => {}): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!isDone()) {
    if (performance.now() > deadline) throw new Error(`it did not come to pass: ${String(isDone)}`)
    turn()
    await setImmediate()
  }
}

/** A peer that is Node's own. It is destroyed when the test ends. */
export async function peer(
  rig: Rig,
  server: Server<unknown>,
  options: net.SocketConstructorOpts = {},
): Promise<net.Socket> {
  const { family, address, port } = server.address
  const socket = new net.Socket(options)
  socket.on('error', () => {})
  rig.own({ close: () => socket.destroy() })
  if (family === 'unix') socket.connect({ path: address })
  else socket.connect({ host: address, port })
  await settled(rig, once(socket, 'connect'))
  return socket
}

/** Everything a peer receives, and whether it has ended. */
export function receive(socket: net.Socket): { text: string; bytes: number; isOver: boolean } {
  const got = { text: '', bytes: 0, isOver: false }
  socket.on('data', (bytes: Buffer) => {
    got.bytes += bytes.length
    if (got.text.length < 1000) got.text += bytes.toString('latin1')
  })
  socket.on('end', () => {
    got.isOver = true
  })
  return got
}

/** Handlers that write down what they are called for, and then do something. */
export function logging(log: string[], socket: SocketHandlers<unknown> = {}): SocketHandlers<unknown> {
  const code = (error?: Error): string => (error === undefined ? '' : ` ${(error as { code?: string }).code}`)
  return {
    open(link) {
      log.push('open')
      socket.open?.(link)
    },
    data(link, bytes) {
      log.push(`data ${bytes.toString('latin1')}`)
      socket.data?.(link, bytes)
    },
    drain(link) {
      log.push('drain')
      socket.drain?.(link)
    },
    end(link) {
      log.push('end')
      socket.end?.(link)
    },
    error(link, error) {
      log.push(`error${code(error)}`)
      socket.error?.(link, error)
    },
    close(link, error) {
      log.push(`close${code(error)}`)
      socket.close?.(link, error)
    },
  }
}

/** The last that a log says of a connection. */
export const isClosed = (log: readonly string[]): boolean => log.at(-1)?.startsWith('close') === true
