// A TCP relay: node examples/relay/main.mjs --to 127.0.0.1:7788 [--port 7789] [--backend epoll]
import { parseArgs } from 'node:util'
import { Reactor } from 'fdreactor'
import { Relay } from './relay.mjs'

const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    port: { type: 'string', default: '7789' },
    backend: { type: 'string', default: 'auto' },
  },
})
const [, host, port] = /^(.*):(\d+)$/.exec(values.to ?? '') ?? []
if (host === undefined) {
  console.error('usage: node examples/relay/main.mjs --to ADDRESS:PORT [--port PORT] [--backend NAME]')
  process.exit(2)
}

const reactor = new Reactor({ backend: /** @type {import('fdreactor').Backend} */ (values.backend) })
const relay = new Relay(reactor, { port: Number(values.port) }, { host, port: Number(port) })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.once(signal, () => {
    relay.close()
    reactor.close()
  })

// Last: whoever started it may send a signal as soon as this is read.
console.log(`relaying ${relay.address.address}:${relay.address.port} to ${host}:${port}`)
