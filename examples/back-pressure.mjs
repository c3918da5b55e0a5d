// Sending more than a peer takes: write until WOULD_BLOCK, then wait for room. Nothing piles up in this process.
import { connect } from 'node:net'
import { Reactor, TcpListener, WOULD_BLOCK } from 'fdreactor'

const SIZE = 16 * 1024 * 1024

const reactor = new Reactor()
const listener = TcpListener.bind({ port: 0 })
const chunk = Buffer.alloc(64 * 1024)

reactor.register(listener, { readable: true }, () => {
  const stream = listener.accept()
  if (stream === null) return
  listener.close()
  send(stream)
})

/** @param {import('fdreactor').TcpStream} stream */
function send(stream) {
  let sent = 0
  // Level: called in every turn while there is room, and not at all while there is none.
  reactor.register(stream, { writable: true }, () => {
    const count = stream.write(chunk, 0, Math.min(chunk.length, SIZE - sent))
    if (count === WOULD_BLOCK) return
    sent += count
    if (sent < SIZE) return
    console.log(`sent ${sent} bytes`)
    // Closing is fine here: nothing is unread, so the kernel still delivers what it has taken.
    stream.close()
  })
}

// A peer that takes its time: it reads again only after a round of its loop.
const peer = connect(listener.localAddress.port, '127.0.0.1')
let received = 0
peer.on('data', (bytes) => {
  received += bytes.length
  peer.pause()
  setImmediate(() => peer.resume())
})
peer.on('end', () => console.log(`received ${received} bytes`))
