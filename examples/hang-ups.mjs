// The ways in which a peer goes, and one handler that is right for all of them.
import { Reactor, TcpListener, TcpStream, WOULD_BLOCK } from 'fdreactor'

const reactor = new Reactor()
const listener = TcpListener.bind({ port: 0 })
const buffer = Buffer.alloc(64 * 1024)

/**
 * Serves one connection: answers what it was asked when the peer has ended. Resolves with how that went.
 *
 * @param {TcpStream} stream
 * @returns {Promise<string>}
 */
function serve(stream) {
  let asked = 0
  return new Promise((resolve) => {
    /** @param {string} how */
    const close = (how) => {
      stream.close() // and its registration with it
      resolve(how)
    }
    reactor.register(stream, { readable: true }, () => {
      try {
        // Whatever is told, a read finds out: bytes, the end, or the error. Bytes come before both.
        const count = stream.read(buffer)
        if (count === WOULD_BLOCK) return
        if (count > 0) {
          asked += count
          return
        }
        // The peer has ended, and may well be waiting for this.
        stream.write(Buffer.from(`${asked} bytes`))
        close(`answered ${asked} bytes`)
      } catch (error) {
        close(error instanceof Error && 'code' in error ? String(error.code) : 'failed')
      }
    })
  })
}

/** @type {Record<string, (peer: TcpStream) => void>} */
const ways = {
  'ends after a question': (peer) => {
    peer.write(Buffer.from('hello'))
    peer.shutdown('write')
  },
  closes: (peer) => peer.close(),
  resets: (peer) => peer.reset(),
}

for (const [way, go] of Object.entries(ways)) {
  const peer = TcpStream.connect({ port: listener.localAddress.port })
  await reactor.ready(listener, { readable: true })
  const stream = listener.accept()
  if (stream === null) throw new Error('no connection waits')
  const served = serve(stream)
  go(peer)
  console.log(`a peer ${way}: ${await served}`)
  peer.close()
}
listener.close()
