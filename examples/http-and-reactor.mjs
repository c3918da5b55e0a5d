// An app that serves HTTP with node:http and an echo service with a reactor, in one process and on one thread.
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { Reactor, TcpListener, WOULD_BLOCK } from 'fdreactor'

/** After so many milliseconds of callbacks everything else in the process gets its turn: HTTP, timers, promises. */
const TURN_BUDGET_MS = 5

/**
 * Starts both. Neither keeps the process alive: that is for whoever uses them to decide.
 *
 * @param {{ readonly turnBudgetMs?: number }} [options]
 */
export async function startApp({ turnBudgetMs = TURN_BUDGET_MS } = {}) {
  const reactor = new Reactor({ turnBudgetMs }).unref()
  const listener = TcpListener.bind({ port: 0 })
  const buffer = Buffer.alloc(64 * 1024)
  let echoed = 0

  reactor.register(listener, { readable: true }, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) serveEcho(peer)
  })

  /** @param {import('fdreactor').TcpStream} stream */
  function serveEcho(stream) {
    // One read a turn: level tells again of the rest. What the peer does not take is kept, and until it has gone
    // nothing more is read.
    let kept = Buffer.alloc(0)
    const registration = reactor.register(stream, { readable: true }, () => {
      const wasFull = kept.length > 0
      try {
        if (!wasFull) {
          const count = stream.read(buffer)
          if (count === WOULD_BLOCK) return
          if (count === 0) {
            stream.close()
            return
          }
          kept = Buffer.from(buffer.subarray(0, count))
        }
        const sent = Math.max(stream.write(kept), 0)
        echoed += sent
        kept = kept.subarray(sent)
        const isFull = kept.length > 0
        if (isFull !== wasFull) registration.modify({ readable: !isFull, writable: isFull })
      } catch {
        stream.close() // the peer has reset the connection
      }
    })
  }

  const http = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ echoed, callbacks: reactor.stats().callbacks }))
  })
  http.on('connection', (socket) => socket.unref())
  await new Promise((resolve) => {
    http.listen(0, '127.0.0.1', () => resolve(undefined))
  })
  http.unref()

  const address = /** @type {import('node:net').AddressInfo} */ (http.address())
  return { http, reactor, httpPort: address.port, echoPort: listener.localAddress.port }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const app = await startApp()
  console.log(`http on port ${app.httpPort}, echo on port ${app.echoPort}; the end of the input ends it`)
  process.stdin.resume() // this is what keeps the process
}
