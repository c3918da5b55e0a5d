// What a connection reports as its peer sends, ends and goes.
import { Reactor, Ready, TcpListener, TcpStream } from 'fdreactor'

/** @param {import('fdreactor').Readiness} readiness */
export const words = (readiness) =>
  Object.entries(Ready)
    .filter(([, bit]) => (readiness & bit) !== 0)
    .map(([word]) => word)
    .join(' ')

const reactor = new Reactor()
const listener = TcpListener.bind({ port: 0 })

// A connection to accept makes a listener readable.
const client = TcpStream.connect({ port: listener.localAddress.port })
console.log('listener:', words(await reactor.ready(listener, { readable: true })))
const server = listener.accept()
if (server === null) throw new Error('no connection waits')

// A connection attempt that has ended makes a stream writable; takeError() says how it ended.
console.log('client:', words(await reactor.ready(client, { writable: true })), client.takeError())

// Bytes make it readable, and so does the end.
client.write(Buffer.from('hello'))
console.log('server:', words(await reactor.ready(server, { readable: true })))
server.read(Buffer.alloc(1024))
client.shutdown('write')
console.log('server:', words(await reactor.ready(server, { readable: true })))

for (const socket of [server, client, listener]) socket.close()
reactor.close()
