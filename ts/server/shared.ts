import { Reactor } from '../reactor.js'
import { argumentType } from '../errors.js'

let shared: Reactor | undefined

/** The reactor of this thread that servers share unless they are given another one. Made when it is first needed. */
export function sharedReactor(): Reactor {
  if (shared === undefined || shared.closed) shared = new Reactor()
  return shared
}

export function reactorOf(value: unknown): Reactor {
  if (value === undefined) return sharedReactor()
  // Not `instanceof`, which a proxy answers as it likes.
  if (typeof value !== 'object' || value === null || !Reactor.owns(value))
    throw argumentType('options.reactor', 'a Reactor', value)
  return value
}
