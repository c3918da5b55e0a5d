import type { AsyncResource } from 'node:async_hooks'
import { RECORD_WORDS, native } from './native.js'
import { Ready } from './ready.js'
import { raiseLater } from './runtime.js'

/** What the dispatcher knows of a registration. */
export interface Entry {
  readonly slot: number
  /** Which arming of the slot it is; -1 once closed. A record with another generation is stale. */
  generation: number
  /** Calls the user back, in the asynchronous context of `register`. */
  readonly resource: AsyncResource
  readonly call: (readiness: number) => void
  /** The library closes it: its descriptor is gone. */
  readonly drop: () => void
}

/** What else the turns of a reactor are for: its servers. */
export interface Traffic {
  /** Whether something of an earlier batch waits. */
  readonly pending: boolean
  /** How often the addon was called. */
  readonly crossings: number
  /** Takes what a new batch has for it. */
  load(): void
  /**
   * Calls back until the batch or the time is used up (`performance.now()`, 0 for no limit). An exception goes to `report`; if that
   * throws, the rest waits. Returns how many records were dealt with.
   */
  run(report: (error: unknown) => void, limit: number): number
  /** Says whether `flush` will be called soon. */
  gather(isGathering: boolean): void
  /** Carries out what was ordered. */
  flush(): void
  /** Looks at the timeouts, where the host's timers cannot. */
  beat(): void
  /** The reactor is about to close. */
  close(): void
}

/**
 * Hands the records of a batch to their registrations. It keeps its place: whatever interrupts a batch (an exception in the
 * manual driver, the turn budget), the rest is dispatched later and nothing is lost.
 */
export class Dispatcher {
  /** The batch, which the addon fills: `[slot, generation, readiness]` a record. */
  readonly records: Uint32Array
  readonly #budgetMs: number
  readonly #entries: (Entry | undefined)[] = []
  /** Those whose slot has another owner already while the record that says so waits: the addon has closed them on its own. */
  readonly #dismissed = new Set<Entry>()
  #next = 0
  #end = 0
  #running = false
  callbacks = 0
  stale = 0
  #slowestMs = 0
  /** When the stretch under way began, if it is measured here. */
  #beganAt = 0
  /** The servers, once there are any. */
  traffic: Traffic | undefined

  constructor(batchSize: number, budgetMs: number) {
    this.records = new Uint32Array(batchSize * RECORD_WORDS)
    this.#budgetMs = budgetMs
  }

  add(entry: Entry): void {
    const before = this.#entries[entry.slot]
    if (before !== undefined) this.#dismissed.add(before)
    this.#entries[entry.slot] = entry
  }

  /** Forgets a registration: no record reaches it any more. Its slot may have another owner by now. */
  remove(entry: Entry): void {
    entry.generation = -1
    if (this.#entries[entry.slot] === entry) this.#entries[entry.slot] = undefined
    this.#dismissed.delete(entry)
  }

  /** Whether a callback is running. */
  get running(): boolean {
    return this.#running
  }

  /** Whether records of an earlier batch still wait. */
  get pending(): boolean {
    return this.#next < this.#end || this.traffic?.pending === true
  }

  /** Takes a new batch of `count` records. The one before is done with. */
  load(count: number): void {
    this.#next = 0
    this.#end = count * RECORD_WORDS
    this.traffic?.load()
  }

  /** Drops what waits. */
  clear(): void {
    this.#end = 0
  }

  /**
   * Dispatches until the batch or the budget is used up. An exception of a callback goes to `report`; if that throws, the
   * rest waits. Returns how many callbacks ran.
   */
  run(report: (error: unknown) => void): number {
    const before = this.callbacks
    const limit = this.#budgetMs === Number.POSITIVE_INFINITY ? 0 : performance.now() + this.#budgetMs
    this.#running = true
    try {
      while (this.#next < this.#end) {
        this.#dispatchOne(report)
        if (limit !== 0 && performance.now() >= limit) return this.callbacks - before
      }
      this.callbacks += this.traffic?.run(report, limit) ?? 0
    } finally {
      this.#running = false
    }
    return this.callbacks - before
  }

  /** The same in the manual driver: with the exception of a callback, and what callbacks ordered is carried out. */
  runManually(): number {
    const { traffic } = this
    this.#beganAt = performance.now()
    traffic?.gather(true)
    try {
      return this.run(rethrow)
    } finally {
      traffic?.gather(false)
      traffic?.flush()
      this.#over()
    }
  }

  /** The same for what the budget has put off. */
  runLater(report: (error: unknown) => void): void {
    this.#beganAt = performance.now()
    this.run(report)
    this.#over()
  }

  /**
   * The longest that it took where the addon does not see when it is over, in milliseconds: in the manual driver, and for what the
   * budget has put off.
   */
  get slowestMs(): number {
    return Math.max(this.#slowestMs, this.#beganAt === 0 ? 0 : performance.now() - this.#beganAt)
  }

  #over(): void {
    this.#slowestMs = this.slowestMs
    this.#beganAt = 0
  }

  #find(slot: number, generation: number): Entry | undefined {
    const present = this.#entries[slot]
    if (present?.generation === generation) return present
    for (const entry of this.#dismissed) {
      if (entry.slot === slot && entry.generation === generation) return entry
    }
    return undefined
  }

  #dispatchOne(report: (error: unknown) => void): void {
    const { records } = this
    const place = this.#next
    this.#next = place + RECORD_WORDS
    const entry = this.#find(records[place] as number, records[place + 1] as number)
    if (entry === undefined) {
      this.stale += 1
      return
    }
    const readiness = records[place + 2] as number
    if ((readiness & Ready.INVALID) !== 0) entry.drop()
    this.callbacks += 1
    try {
      entry.resource.runInAsyncScope(entry.call, undefined, readiness)
    } catch (error) {
      report(error)
    }
  }
}

function rethrow(error: unknown): never {
  throw error
}

/** Raises an error as an `uncaughtException`. Returns if a handler takes it; the process ends if there is none. */
export function raise(error: unknown): void {
  if (raiseLater === undefined) native.raise(error)
  else raiseLater(error)
}
