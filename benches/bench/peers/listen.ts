/** The echo server of the benches on `listen`. */
import { listen } from 'fdreactor'
import { collectV8, control, isClosing } from './control.js'

const server = listen({
  hostname: '127.0.0.1',
  port: 0,
  backlog: 511,
  trigger: process.argv[3] === 'edge' ? 'edge' : 'level',
  socket: {
    open(connection) {
      if (isClosing) connection.destroy()
      else connection.setNoDelay(true)
    },
    data(connection, bytes) {
      // Above the high-water mark nothing is read from its peer.
      connection.write(bytes)
    },
    error() {},
  },
})
control(server.port, collectV8)
