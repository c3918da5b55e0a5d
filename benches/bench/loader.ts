/** The program that sends a load. It is blocked while it does. */
import { native } from '#internal'
import { serve } from '../shared/channel.js'
import type { LoadRequest, Outcome } from './load.js'

let load = new native.BenchLoad()

function fail(fault: string): never {
  throw new Error(fault)
}

function outcome(found: number[] | string): Outcome {
  if (typeof found === 'string') return fail(found)
  const [messages, seconds, late, unsent, p50, p99, p999, max] = found
  return { messages, seconds, late, unsent, p50, p99, p999, max } as Outcome
}

serve((asked) => {
  const request = asked as LoadRequest
  switch (request.kind) {
    case 'connect': {
      const fault = load.connect(request.port, request.first, request.count)
      return fault === null ? undefined : fail(fault)
    }
    case 'run': {
      const { bytes, rate, seconds, messages } = request
      return outcome(load.run(bytes, rate, seconds, messages))
    }
    case 'churn': {
      const { port, connections, bytes, seconds, messages } = request
      return outcome(native.benchChurn(port, connections, bytes, seconds, messages))
    }
    case 'close': {
      load.close()
      load = new native.BenchLoad()
      return undefined
    }
  }
})
