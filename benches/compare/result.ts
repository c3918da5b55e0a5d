/** What a run of the comparison finds: what `--json` writes, and what the reports and `--diff` read. */
import type { Estimate, Machine } from '../shared/result.js'

export type { Estimate, Machine } from '../shared/result.js'

/** Of this file's shape; other numbers are refused. */
export const FORMAT = 1

export type Backend = 'epoll' | 'kqueue' | 'poll' | 'select'
export type Trigger = 'level' | 'edge'

/** One way of watching. `select`, `poll`, `epoll level`, `epoll edge`, ... */
export interface Variant {
  readonly backend: Backend
  readonly trigger: Trigger
}

/** `name` of a variant: the scans have no triggers to tell apart. */
export function nameOf({ backend, trigger }: Variant): string {
  return backend === 'epoll' || backend === 'kqueue' ? `${backend} ${trigger}` : backend
}

/** Who calls the turns: the public API with a callback for each event, or Rust alone. */
export type Side = 'api' | 'native'

/** A turn: `active` of `watched` descriptors become ready, and all their events are handed over. */
export interface TurnCell {
  readonly variant: string
  readonly side: Side
  readonly watched: number
  readonly active: number
  /** Nanoseconds of a turn, on the clock and of processor time, above those of making the descriptors ready. */
  readonly wall: Estimate
  readonly cpu: Estimate
}

/** What was not measured, because the backend refuses so many descriptors. */
export interface Refusal {
  readonly variant: string
  readonly side: Side
  readonly watched: number
  /** `ERR_FDREACTOR_FD_LIMIT`. */
  readonly code: string
}

/** Nanoseconds of processor time for each descriptor. */
export interface ChangeCell {
  readonly variant: string
  readonly side: Side
  readonly watched: number
  readonly register: Estimate
  readonly modify: Estimate
  readonly remove: Estimate
}

/** cost = a + b N with one active descriptor, in nanoseconds; b is the cost of an idle one. */
export interface Fit {
  readonly variant: string
  readonly side: Side
  readonly a: Estimate
  readonly b: Estimate
}

/** From how many watched descriptors on (one of them active) the event-callback variant costs less than the scan. */
export interface Crossover {
  readonly scan: string
  readonly callback: string
  readonly active: number
  /** `0`: at every measured number. `null`: at none. */
  readonly watched: number | null
}

/** The echo server at a fixed arrival rate. */
export interface LoadCell {
  readonly variant: string
  readonly idle: number
  readonly active: number
  /** Messages a second that were asked for, and their bytes. */
  readonly rate: number
  readonly bytes: number
  /** Microseconds from when a message was due to when its echo was whole. */
  readonly p50: Estimate
  readonly p99: Estimate
  readonly p999: Estimate
  /** Microseconds of the server's processor time a message. */
  readonly cpu: Estimate
  /** Bytes of the server's resident memory that each idle connection added; `null` if they are too few to tell. */
  readonly memory: number | null
  /** The highest rate it sustained, messages a second; `null` if it was not looked for. */
  readonly sustained: Estimate | null
  /** Why the figures are to be doubted: the generator could not keep to the rate, or echoes did not come back: a sentence. */
  readonly doubt: string | null
}

/** Echoing one message after the other: what the strategies of level and edge cost. All counts are a message. */
export interface StrategyCell {
  /** `level`, `edge, until it would block`, `edge, until a short read`. */
  readonly strategy: string
  readonly bytes: number
  readonly connections: number
  readonly callbacks: number
  readonly waits: number
  readonly reads: number
  readonly writes: number
  /** Microseconds of processor time, both ends of the connection together. */
  readonly cpu: Estimate
}

/** One claim of the select-and-epoll tutorial that this grew from, and whether it held here. */
export interface Verdict {
  readonly id: string
  readonly claim: string
  readonly holds: boolean | null
  /** One sentence with the figure. */
  readonly finding: string
}

export interface Settings {
  readonly command: string
  readonly mode: 'quick' | 'default' | 'full'
  readonly kind: 'eventfd' | 'pipe' | 'socket'
  readonly sizes: readonly number[]
  readonly rounds: number
  readonly seed: number
  readonly unboundedSelect: boolean
}

export interface Result {
  readonly format: typeof FORMAT
  readonly started: string
  readonly seconds: number
  readonly machine: Machine
  readonly settings: Settings
  readonly turns: readonly TurnCell[]
  readonly refusals: readonly Refusal[]
  readonly changes: readonly ChangeCell[]
  readonly fits: readonly Fit[]
  readonly crossovers: readonly Crossover[]
  readonly load: readonly LoadCell[]
  /** Servers that could not take so many connections: `watched` is the number of idle ones. */
  readonly loadRefusals: readonly Refusal[]
  readonly strategies: readonly StrategyCell[]
  readonly verdicts: readonly Verdict[]
  /** What disturbed the run, a sentence each; empty if nothing did. */
  readonly disturbances: readonly string[]
}
