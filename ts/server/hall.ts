import { AsyncResource } from 'node:async_hooks'
import { libraryError } from '../errors.js'
import { Reactor } from '../reactor.js'
import type { Owner } from '../registration.js'
import { Delivery } from './delivery.js'
import { Exchange } from './exchange.js'
import type { Handlers } from './handlers.js'
import type { Role } from './role.js'

/** What serves on a reactor: made with its first server or connection. */
export interface Hall {
  readonly owner: Owner
  readonly delivery: Delivery
}

const halls = new WeakMap<Reactor, Hall>()

/** @throws `ERR_FDREACTOR_CLOSED` */
export function hallOf(reactor: Reactor): Hall {
  if (reactor.closed) throw libraryError('ERR_FDREACTOR_CLOSED', 'The reactor is closed')
  const known = halls.get(reactor)
  if (known !== undefined) return known
  const owner = Reactor.ownerOf(reactor)
  const delivery = new Delivery(new Exchange(owner.native, reactor.driver !== 'manual'))
  owner.dispatcher.traffic = delivery
  const hall = { owner, delivery }
  halls.set(reactor, hall)
  return hall
}

export interface RoleOptions {
  readonly handlers: Handlers
  readonly isHalfOpenAllowed: boolean
  readonly highWaterMark: number
  readonly isLending: boolean
  readonly bufferedBytes: number
  readonly data: unknown
  readonly changed: (step: 1 | -1) => void
}

/** A role on a reactor, in the asynchronous context of the caller. */
export function roleIn({ owner, delivery }: Hall, name: string, options: RoleOptions): Role {
  return {
    ...options,
    scope: new AsyncResource(name, { requireManualDestroy: true }),
    exchange: delivery.exchange,
    count: (step) => owner.count(step),
    changed(step) {
      owner.populate(step)
      options.changed(step)
    },
    destroyed: (id, isReset) => delivery.destroyed(id, isReset),
    limit: (id, ms) => delivery.limit(id, ms),
    later: (link) => delivery.later(link),
    thrown: (error) => delivery.thrown(error),
  }
}
