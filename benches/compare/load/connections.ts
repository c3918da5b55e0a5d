import { setImmediate } from 'node:timers/promises'
import { Reactor, TcpStream } from 'fdreactor'

/** Connections that are begun at once: fewer than a listener lets wait. */
const WAVE = 128
const PATIENCE_MS = 10_000

async function wave(port: number, count: number, streams: TcpStream[]): Promise<void> {
  using reactor = new Reactor({ driver: 'manual' })
  for (let index = 0; index < count; index += 1) {
    const stream = TcpStream.connect({ port })
    streams.push(stream)
    reactor.register(stream, { writable: true }, (_readiness, registration) => {
      registration.close()
      const error = stream.takeError()
      if (error !== undefined) throw error
      stream.setNoDelay()
    })
  }
  const end = performance.now() + PATIENCE_MS
  while (reactor.size > 0) {
    reactor.poll(1)
    await setImmediate()
    if (performance.now() > end) throw new Error('a connection over the loopback was not established')
  }
}

/** Connects so many times. */
export async function connect(port: number, count: number): Promise<TcpStream[]> {
  const streams: TcpStream[] = []
  try {
    while (streams.length < count) await wave(port, Math.min(WAVE, count - streams.length), streams)
    return streams
  } catch (error) {
    for (const stream of streams) stream.close()
    throw error
  }
}
