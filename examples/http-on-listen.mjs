// Node's own http server on connections that the reactor reads and writes.
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { text } from 'node:stream/consumers'
import { listen, toDuplex } from 'fdreactor'

const app = createServer((request, response) => {
  response.end(`${request.method} ${request.url} from ${request.socket.remoteAddress}`)
})
// Nobody may keep a connection for longer without a word.
app.timeout = 60_000

const server = listen({
  port: 0,
  socket: {
    open(connection) {
      app.emit('connection', toDuplex(connection))
    },
  },
})

const [response] = await once(get({ port: server.port, path: '/hello', agent: false }), 'response')
console.log(response.statusCode, await text(response))
server.stop()
await server.closed
console.log('closed')
