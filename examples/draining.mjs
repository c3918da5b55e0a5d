// An edge-triggered server: accept until nothing waits, read until WOULD_BLOCK, but let the others have their turn.
import { connect } from 'node:net'
import { Reactor, TcpListener, WOULD_BLOCK } from 'fdreactor'

/** What one connection may read before the others are served. */
const FAIR_SHARE = 256 * 1024
const MESSAGE = 1024 * 1024
const CLIENTS = 3

const reactor = new Reactor()
const listener = TcpListener.bind({ port: 0 })
const buffer = Buffer.alloc(64 * 1024)

reactor.register(listener, { readable: true, trigger: 'edge' }, () => {
  for (let peer = listener.accept(); peer !== null; peer = listener.accept()) serve(peer)
})

let served = 0

/** @param {import('fdreactor').TcpStream} stream */
function serve(stream) {
  let total = 0
  const registration = reactor.register(stream, { readable: true, trigger: 'edge' }, () => {
    for (let share = 0; share < FAIR_SHARE;) {
      const count = stream.read(buffer)
      if (count === WOULD_BLOCK) return
      if (count === 0) {
        console.log(`${total} bytes, and the end`)
        stream.close()
        served += 1
        if (served === CLIENTS) listener.close()
        return
      }
      total += count
      share += count
    }
    // There may be more, and no edge will say so: this asks to be called once more.
    registration.rearm()
  })
}

// All at once. The process ends when the last registration is closed.
for (let count = 0; count < CLIENTS; count += 1)
  connect(listener.localAddress.port, '127.0.0.1').end(Buffer.alloc(MESSAGE))
