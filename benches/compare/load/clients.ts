/** Holds connections: sets that do nothing, and sets that a load is sent over. */
import type { TcpStream } from 'fdreactor'
import { serve } from '../../shared/channel.js'
import { connect } from './connections.js'
import { Generator } from './generator.js'
import type { ClientsRequest, Load, Outcome } from './protocol.js'

interface Connections {
  readonly port: number
  streams: TcpStream[]
}

const sets = new Map<string, Connections>()
let runs = 0

function setOf(name: string): Connections {
  const set = sets.get(name)
  if (set === undefined) throw new Error(`there are no connections of the name ${name}`)
  return set
}

async function open(name: string, port: number, count: number): Promise<void> {
  const set = sets.get(name) ?? { port, streams: [] }
  sets.set(name, set)
  set.streams.push(...(await connect(port, count)))
}

/** Returns how many there were. */
function close({ streams }: Connections): number {
  const count = streams.length
  for (const stream of streams.splice(0)) stream.close()
  return count
}

function forget(name: string): number {
  const set = sets.get(name)
  sets.delete(name)
  return set === undefined ? 0 : close(set)
}

async function run(set: Connections, load: Load): Promise<Outcome> {
  runs += 1
  const outcome = await new Generator(set.streams, load, runs).run()
  if (outcome.received < outcome.sent) {
    // What is still on its way would come back in the next run.
    const count = close(set)
    set.streams = await connect(set.port, count)
  }
  return outcome
}

serve((asked) => {
  const request = asked as ClientsRequest
  switch (request.kind) {
    case 'connect': {
      return open(request.set, request.port, request.count)
    }
    case 'run': {
      return run(setOf(request.set), request.load)
    }
    case 'close': {
      return forget(request.set)
    }
  }
})
