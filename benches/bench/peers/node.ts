/** The echo server of the benches on node:net. */
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { collectV8, control, isClosing } from './control.js'

function serve(socket: Socket): void {
  // Whoever resets a connection ends it.
  socket.on('error', () => {})
  if (isClosing) {
    socket.destroy()
    return
  }
  socket.on('data', (bytes) => {
    if (!socket.write(bytes)) socket.pause()
  })
  socket.on('drain', () => socket.resume())
}

const server = createServer({ noDelay: true }, serve)
server.listen({ host: '127.0.0.1', port: 0, backlog: 511 }, () =>
  control((server.address() as AddressInfo).port, collectV8),
)
