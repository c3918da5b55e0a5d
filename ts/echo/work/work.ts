import type { Place } from '../entries.js'
import type { Log } from '../log.js'
import { Blocking } from './blocking.js'
import { Desk } from './desk.js'
import { Journal } from './journal.js'

/** What is done with each request before it is answered: blocking work, as a computation or a synchronous call would be. */
export interface WorkOptions {
  /** For how many milliseconds it blocks its thread. */
  readonly ms: number
  /** In how many threads; 0 is in the loop's own. */
  readonly threads: number
  /** How many requests may wait for a thread, in all. */
  readonly queue: number
  /** What a request contains that its thread is to die of. */
  readonly crashOn: string | undefined
}

/** Whose requests are worked on: one peer. */
export interface Asker {
  /** Takes replies, in the order of their requests. */
  answer(replies: readonly Uint8Array[]): void
  /** There is room again for the line, which had none. */
  letIn(): void
  /** Whether the peer is still there, as far as the system knows: work for nobody is not begun. */
  isThere(): boolean
  /** Ends the connection. */
  close(reason: string): void
}

/** The requests of one peer. */
export interface Line {
  /** Bytes that are not answered yet. */
  readonly size: number
  /** Whether nothing should be read for it: it waits for room, and `letIn` will be called. */
  readonly isFull: boolean
  /** Whether another request may come. If not, it waits from now on. */
  ask(): boolean
  /** A request: what one read gave. The memory is the caller's again when this returns. */
  add(bytes: Uint8Array): void
  /** The peer has gone. What has not been begun never is. */
  leave(): void
}

/** What works for all peers of a server. */
export interface Work {
  /** @param place of the peer, for the log */
  line(place: Place, asker: Asker): Line
  /** Ends at once, whatever is being worked on. */
  close(): void
}

/** What the options ask for, or nothing. Threads are started when there is work for them. */
export function openWork(options: WorkOptions | undefined, log: Log): Work | undefined {
  if (options === undefined) return undefined
  const journal = new Journal(log)
  return options.threads === 0 ? new Blocking(options, journal) : new Desk(options, journal)
}
