import { Reactor, TcpListener, TcpStream } from 'fdreactor'

/** How long the loopback may take for anything, in milliseconds, before a run gives up. */
export const PATIENCE_MS = 10_000

/** Both ends of an established connection. */
export interface Pair {
  readonly client: TcpStream
  readonly server: TcpStream
}

function openPair(listener: TcpListener): Pair {
  const client = TcpStream.connect({ port: listener.localAddress.port })
  try {
    using reactor = new Reactor({ driver: 'manual' })
    reactor.register(listener, { readable: true }, () => {})
    reactor.poll(PATIENCE_MS)
    const server = listener.accept()
    if (server === null) throw new Error('a connection over the loopback was not established')
    client.setNoDelay()
    server.setNoDelay()
    return { client, server }
  } catch (error) {
    client.close()
    throw error
  }
}

export function closePairs(pairs: readonly Pair[]): void {
  for (const { client, server } of pairs) {
    client.close()
    server.close()
  }
}

/** Connections within this process. Each is accepted before the next begins, so that its ends are known. */
export function openPairs(count: number): Pair[] {
  using listener = TcpListener.bind({ port: 0 })
  const pairs: Pair[] = []
  try {
    while (pairs.length < count) pairs.push(openPair(listener))
    return pairs
  } catch (error) {
    closePairs(pairs)
    throw error
  }
}
