import type { AsyncResource } from 'node:async_hooks'
import type { Exchange } from './exchange.js'
import type { Handlers } from './handlers.js'

/** What the connections of one server share, or of one `connect`: what a connection would otherwise have to hold itself. */
export interface Role {
  /** What is called. `reload` replaces it. */
  handlers: Handlers
  /** The asynchronous context of `listen` or `connect`. */
  readonly scope: AsyncResource
  readonly exchange: Exchange
  readonly isHalfOpenAllowed: boolean
  readonly highWaterMark: number
  /** Whether views are valid only until the batch is over. */
  readonly isLending: boolean
  /** The most bytes that may be kept for one connection. */
  readonly bufferedBytes: number
  /** What `data` is at first. */
  readonly data: unknown
  /** A connection that keeps the process alive has come (1) or gone (-1). */
  count(step: 1 | -1): void
  /** A connection has come or gone. */
  changed(step: 1 | -1): void
  /** Closes a connection at once, or resets it. */
  destroyed(id: number, isReset: boolean): void
  /** For how many milliseconds a connection may be idle from now on; 0 for ever. */
  limit(id: number, ms: number): void
  /** Has `settle` called at the end of the batch or tick. */
  later(link: Later): void
  /** A handler has thrown. */
  thrown(error: unknown): void
}

/** What has something to do when the batch or the tick is over. */
export interface Later {
  readonly role: Role
  settle(): void
}
