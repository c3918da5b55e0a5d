// Work that takes longer than a callback: the connection is silent until the work is done.
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Reactor, TcpListener, WOULD_BLOCK } from 'fdreactor'

const reactor = new Reactor()
const listener = TcpListener.bind({ port: 0 })
const buffer = Buffer.alloc(64 * 1024)

reactor.register(listener, { readable: true }, () => {
  for (let peer = listener.accept(); peer !== null; peer = listener.accept()) serve(peer)
})

/** @param {import('fdreactor').TcpStream} stream */
function serve(stream) {
  reactor.register(stream, { readable: true, oneshot: true }, (_readiness, registration) => {
    const count = stream.read(buffer)
    if (count === 0) {
      stream.close()
      listener.close()
      return
    }
    const request = buffer.toString('utf8', 0, Math.max(count, 0))
    const done = count === WOULD_BLOCK ? Promise.resolve() : work(request)
    // What has arrived meanwhile is told then.
    void done.finally(() => registration.rearm())
  })
}

const client = connect(listener.localAddress.port, '127.0.0.1')

/** @param {string} request */
async function work(request) {
  console.log('begin', request)
  // The client does not wait for an answer.
  if (request === 'first') client.write('second')
  else client.end()
  await wait(20)
  console.log('end', request)
}

client.write('first')
