import { libraryError } from './errors.js'
import type { native } from './native.js'

/** What a reactor's backend can do. */
export interface Capabilities {
  /** Edge-triggering. */
  readonly edge: boolean
  /** One event, then silence. */
  readonly oneshot: boolean
  /** Urgent data. */
  readonly priority: boolean
  /** Waking not all of several reactors that watch one descriptor. */
  readonly exclusive: boolean
  /** Telling a half-close or hang-up as such; without it they show as readable or writable only. */
  readonly disconnect: boolean
  /** The highest descriptor it takes, or `Infinity`. */
  readonly maxFd: number
}

/** What a reactor has done since it was made: whole numbers, but for `slowestTurnMs`. */
export interface ReactorStats {
  /**
   * Waits that ended: calls of epoll_wait(2) and its like. Not those that the thread driver begins anew because what is watched has
   * changed meanwhile.
   */
  readonly waits: number
  /** Events that the kernel reported and that were not stale when the wait ended. */
  readonly events: number
  /** Callbacks that ran. */
  readonly callbacks: number
  /** Calls between JavaScript and the addon that turns made. */
  readonly crossings: number
  /** Events dropped because their registration had changed or gone meanwhile. */
  readonly stale: number
  /** Registrations that were parked. */
  readonly parked: number
  /** Times that the kernel's set was rebuilt, to get rid of a descriptor that was closed while a duplicate of it lives. */
  readonly rebuilds: number
  /**
   * System calls that changed the kernel's set, by whatever asked for it: epoll_ctl(2), kevent(2). Like the three below, those that
   * failed count too: they cost as much. 0 on poll and select, which hand their set over in each wait.
   */
  readonly changes: number
  /** System calls that accepted for `listen`: accept4(2), or accept(2). Those that found nobody waiting count too. */
  readonly accepts: number
  /** System calls that read for the connections of `listen` and `connect`: read(2). Those that found nothing count too. */
  readonly reads: number
  /** System calls that wrote for the same: send(2), sendmsg(2). Those that found no room count too. */
  readonly writes: number
  /**
   * The longest that a turn kept this thread, in milliseconds and fractions of them, by a monotonic clock: from the end of its wait
   * until its callbacks, their ticks and promises had run. What it accepted, read and wrote for servers is included; of the turn under
   * way, what has passed of it.
   *
   * - `'thread'`: from when the batch has reached this thread, and without ticks and promises, which run behind it.
   * - `'manual'`: without ticks and promises, which run when the caller of `poll()` has returned. What was accepted and read before
   *   the callbacks is measured by itself.
   * - With `turnBudgetMs` each part of a batch is measured by itself, and what was put off without ticks and promises.
   */
  readonly slowestTurnMs: number
}

type NativeReactor = InstanceType<typeof native.NativeReactor>
type NativeStats = NonNullable<ReturnType<NativeReactor['stats']>>

/** What a reactor that is closed natively has done. */
const NOTHING: NativeStats = {
  waits: 0,
  events: 0,
  stale: 0,
  parked: 0,
  rebuilds: 0,
  changes: 0,
  accepts: 0,
  reads: 0,
  writes: 0,
  slowestTurnMs: 0,
}

/** What the addon counts. */
export function statsOf(reactor: NativeReactor): NativeStats {
  return reactor.stats() ?? NOTHING
}

export function capabilitiesOf(reactor: NativeReactor): Capabilities {
  const core = reactor.capabilities()
  if (core === null) throw libraryError('ERR_FDREACTOR_INTERNAL', 'A new reactor is closed')
  return { ...core, maxFd: core.maxFd < 0 ? Number.POSITIVE_INFINITY : core.maxFd }
}
