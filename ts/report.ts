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

/** What a reactor has done since it was made. */
export interface ReactorStats {
  /** Waits that ended. */
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
}

type NativeReactor = InstanceType<typeof native.NativeReactor>
type NativeStats = NonNullable<ReturnType<NativeReactor['stats']>>

/** What a reactor that is closed natively has done. */
const NOTHING: NativeStats = { waits: 0, events: 0, stale: 0, parked: 0, rebuilds: 0 }

/** What the addon counts. */
export function statsOf(reactor: NativeReactor): NativeStats {
  return reactor.stats() ?? NOTHING
}

export function capabilitiesOf(reactor: NativeReactor): Capabilities {
  const core = reactor.capabilities()
  if (core === null) throw libraryError('ERR_FDREACTOR_INTERNAL', 'A new reactor is closed')
  return { ...core, maxFd: core.maxFd < 0 ? Number.POSITIVE_INFINITY : core.maxFd }
}
