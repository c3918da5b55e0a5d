/** What the comparison and the programs that it starts say to each other. */
import type { Backend, ReactorStats, Trigger } from 'fdreactor'

/** The server's figures so far. */
export interface Figures {
  /** Microseconds of processor time, of all threads. */
  readonly cpu: number
  /** Bytes of resident memory. */
  readonly rss: number
  readonly stats: ReactorStats
  readonly connections: number
  /** What the server said of connections that it could not take. */
  readonly complaints: readonly string[]
}

/** What the server is started with, in its one argument, as JSON. */
export interface ServerOptions {
  readonly backend: Backend
  readonly trigger: Trigger
}

/**
 * `collect`: collects garbage first, so that memory is what is in use. `rest`: takes no turns until `work`, so that a server
 * that is not measured disturbs none that is.
 */
export type ServerRequest =
  { readonly kind: 'port' | 'rest' | 'work' } | { readonly kind: 'figures'; readonly collect?: boolean }

/** A message every 1 / `rate` seconds, whether echoes come or not. */
export interface Load {
  readonly rate: number
  readonly seconds: number
  readonly bytes: number
  /** Milliseconds; messages that took longer are counted. */
  readonly limitMs: number
  /** How long outstanding echoes are awaited when all is sent. */
  readonly drainMs: number
}

/** What became of it. Times are in microseconds, from when a message was due. */
export interface Outcome {
  readonly planned: number
  readonly sent: number
  readonly received: number
  /** Messages that this end was late with by itself, because it did not get to them. */
  readonly late: number
  /** Messages that took longer than the limit; those that never came back are among them. */
  readonly over: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** A `set` is connections to one server, by a name of the asker's choice. `close` answers how many there were. */
export type ClientsRequest =
  | { readonly kind: 'connect'; readonly set: string; readonly port: number; readonly count: number }
  | { readonly kind: 'run'; readonly set: string; readonly load: Load }
  | { readonly kind: 'close'; readonly set: string }
