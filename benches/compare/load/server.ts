/** The package's own echo server, with its figures for who started it. */
import { setImmediate } from 'node:timers/promises'
import { EchoServer, Log, defaultOptions, textLine } from '#echo'
import type { Entry } from '#echo'
import { serve } from '../../shared/channel.js'
import type { Figures, ServerOptions, ServerRequest } from './protocol.js'

/** How long the server waits at most before it looks whether it was asked something. */
const SLICE_MS = 20
const MOST_COMPLAINTS = 20

/** Keeps what the server says instead of writing it. */
class Notes extends Log {
  readonly said: string[] = []
  connections = 0

  constructor() {
    super({ quiet: true, json: false, logRate: 0 })
  }

  override say(entry: Entry): void {
    if (this.said.length < MOST_COMPLAINTS) this.said.push(textLine(entry))
  }

  override note({ event }: Entry): void {
    if (event === 'connected') this.connections += 1
    if (event === 'disconnected') this.connections -= 1
  }
}

const { backend, trigger } = JSON.parse(process.argv[2] ?? '{}') as ServerOptions
const notes = new Notes()
// The manual driver is the same for every backend: `auto` would set the host's loop against a thread.
const server = new EchoServer(
  { ...defaultOptions(), backend, trigger, driver: 'manual', port: 0, logEncoding: 'none', quiet: true },
  '127.0.0.1',
  notes,
)

function figures(): Figures {
  const { user, system } = process.cpuUsage()
  return {
    cpu: user + system,
    rss: process.memoryUsage.rss(),
    stats: server.reactor.stats(),
    connections: notes.connections,
    complaints: notes.said,
  }
}

/** Until the server is to work again, if it rests. */
let rest: Promise<void> | undefined
let endRest = (): void => {}

serve((asked) => {
  const request = asked as ServerRequest
  switch (request.kind) {
    case 'port': {
      return server.address.port
    }
    case 'rest': {
      rest = new Promise((resolve) => {
        endRest = resolve
      })
      return undefined
    }
    case 'work': {
      endRest()
      return undefined
    }
    case 'figures': {
      if (request.collect === true) globalThis.gc?.()
      return figures()
    }
  }
})
while (!server.reactor.closed) {
  await rest
  server.reactor.poll(SLICE_MS)
  await setImmediate()
}
