import { Reactor, TcpListener, TcpStream } from '../index.js'
import type { Source } from '../index.js'

/** Far more than loopback needs on a busy machine. */
const PATIENCE_MS = 60_000

/** The two ends of an established connection. */
export interface Pair {
  readonly here: TcpStream
  readonly peer: TcpStream
}

/**
 * Does something that reaches `source` through the network, and returns when it is there: bytes, an end, a reset, or a
 * connection to accept. An edge tells of every arrival, however much is unread. Taking the probe out of the kernel's set at the
 * end waits until everybody else who watches has been told too.
 */
export function arrival<T>(source: Source, act: () => T): T {
  const probe = new Reactor({ driver: 'manual' })
  try {
    probe.register(source, { readable: true, trigger: 'edge' }, () => {})
    // What is there already.
    probe.poll(0)
    const result = act()
    if (probe.poll(PATIENCE_MS) === 0) throw new Error(`nothing arrived within ${PATIENCE_MS / 1000} s`)
    return result
  } finally {
    probe.close()
  }
}

/** Connects, and returns when the connection waits to be accepted. */
export function connect(listener: TcpListener): TcpStream {
  return arrival(listener, () => TcpStream.connect({ port: listener.localAddress.port }))
}

/** Takes a connection that waits. */
export function take(listener: TcpListener): TcpStream {
  const stream = listener.accept()
  if (stream === null) throw new Error('no connection waits')
  return stream
}

/** Connects both ends. */
export function openPair(): Pair {
  const listener = TcpListener.bind({ port: 0 })
  const peer = connect(listener)
  const here = take(listener)
  listener.close()
  return { here, peer }
}
