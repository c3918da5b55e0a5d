import { readdirSync } from 'node:fs'
import { Reactor, TcpListener, TcpStream } from '../../dist/index.js'
import type { InterestOptions, Source } from '../../dist/index.js'
import { makeLoop, makePipe } from './kit.js'
import type { Descriptor } from './kit.js'

export { Descriptor, makeLoop as openLoop } from './kit.js'

/** How long anything may take before a test gives up: far more than it needs on a busy machine. */
export const PATIENCE_MS = 20_000

export interface Pipe {
  readonly reader: Descriptor
  readonly writer: Descriptor
}

/** A pipe with both ends non-blocking. */
export function openPipe(): Pipe {
  const [reader, writer] = makePipe()
  return { reader, writer }
}

/** The numbers of a pipe's ends, and the ends themselves for who wants to close one. */
export interface Ends {
  readonly reader: number
  readonly writer: number
  readonly ends: Pipe
}

/** Lends a pipe. */
export function withPipe(body: (pipe: Ends) => void): void {
  const ends = openPipe()
  try {
    body({ reader: ends.reader.fd, writer: ends.writer.fd, ends })
  } finally {
    ends.reader.close()
    ends.writer.close()
  }
}

/** Waits, in this thread, until a descriptor is ready: for what the kernel or another process does in its own time. */
export function awaitReady(source: Source, interest: InterestOptions): void {
  using reactor = new Reactor({ driver: 'manual' })
  reactor.register(source, interest, () => {})
  if (reactor.poll(PATIENCE_MS) !== 1) throw new Error(`fd ${source.fd} did not become ready`)
}

export interface Pair {
  readonly client: TcpStream
  readonly server: TcpStream
}

/** An established connection. */
export function openPair(host = '127.0.0.1'): Pair {
  using listener = TcpListener.bind({ host, port: 0 })
  const client = TcpStream.connect({ host, port: listener.localAddress.port })
  awaitReady(listener, { readable: true })
  const server = listener.accept()
  if (server === null) throw new Error('no connection waits')
  awaitReady(client, { writable: true })
  return { client, server }
}

/**
 * Opens descriptors until one has the wanted number, which must be free, and closes the others. The kernel gives out the
 * lowest free number, so that one comes.
 */
export function openAs<T extends Source & { close(): void }>(number: number, open: () => T): T {
  const others: T[] = []
  try {
    for (;;) {
      const candidate = open()
      if (candidate.fd === number) return candidate
      others.push(candidate)
      if (candidate.fd > number) throw new Error(`fd ${number} is not free`)
    }
  } finally {
    for (const other of others) other.close()
  }
}

/** A number that is not open. */
export function closedNumber(): number {
  const pipe = makeLoop()
  pipe.close()
  return pipe.fd
}

/** How many descriptors this process has open. */
export function countOpen(): number {
  return readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length
}
