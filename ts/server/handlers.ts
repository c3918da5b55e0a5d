import { argumentType, isArray, isRevoked } from '../errors.js'
import { callable, options } from '../validate.js'
import type { Connection } from './connection.js'

/**
 * What is called when something happens to a connection. One object serves all connections of a server, and is `this` in each
 * call.
 *
 * The order is `open`, then `data` as often as bytes come, then `end` once if the peer ends, then `error` if something failed, and
 * then, exactly once and last, `close`. While a connection is paused it gets no `data` and no `end`. An exception becomes an
 * `uncaughtException` (with the manual driver it leaves `poll()`), and everything else is called all the same.
 */
export interface SocketHandlers<T = undefined> {
  /** It is established. */
  open?(connection: Connection<T>): void
  /**
   * Bytes have come, as they came: a stream has no messages. The view is the handler's own for as long as it keeps it; other views
   * lie in the same memory, so what is kept for long is better copied.
   */
  data?(connection: Connection<T>, bytes: Buffer): void
  /** Everything that had been kept since `write` returned false has been sent. */
  drain?(connection: Connection<T>): void
  /** The peer has ended: no more `data`. Unless half-open connections are allowed, this side ends when this has returned. */
  end?(connection: Connection<T>): void
  /**
   * Nothing was read or written for as long as `setTimeout` or `limits.idleTimeoutMs` says; called again each time that passes.
   * Without this handler the connection is destroyed with `ERR_FDREACTOR_TIMEOUT`.
   */
  timeout?(connection: Connection<T>): void
  /** It has failed, and `close` follows. Without this handler `close` gets the error all the same. */
  error?(connection: Connection<T>, error: Error): void
  /** It is closed, and its descriptor too. `error` is what it failed with, if it failed. */
  close?(connection: Connection<T>, error?: Error): void
}

const KEYS = ['open', 'data', 'drain', 'end', 'timeout', 'error', 'close'] as const

type Handler = (...args: unknown[]) => unknown

export type Handlers = {
  readonly [key in (typeof KEYS)[number]]: Handler | undefined
} & {
  /** The object that they came from. */
  readonly receiver: object
}

/** Reads each handler once: later changes of the object are not looked at. */
export function parseHandlers(value: unknown, name: string): Handlers {
  if (typeof value !== 'object' || value === null || isArray(value) || isRevoked(value))
    throw argumentType(name, 'an object of handlers', value)
  // A class of the user's own may have more than handlers; a plain object that has is misspelt.
  if (Object.getPrototypeOf(value) === Object.prototype) options(value, name, KEYS)
  const given = value as Record<string, unknown>
  const handler = (key: (typeof KEYS)[number]): Handler | undefined => {
    const each = given[key]
    return each === undefined ? undefined : (callable(each, `${name}.${key}`) as Handler)
  }
  return {
    receiver: value,
    open: handler('open'),
    data: handler('data'),
    drain: handler('drain'),
    end: handler('end'),
    timeout: handler('timeout'),
    error: handler('error'),
    close: handler('close'),
  }
}
