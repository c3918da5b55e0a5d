import { raise } from '../dispatch.js'
import type { Traffic } from '../dispatch.js'
import { failureToError } from '../errors.js'
import { Exchange } from './exchange.js'
import type { Later, Role } from './role.js'

/** The kinds of records: crates/fdreactor-node/src/serving.rs. */
const DATA = 0
const ACCEPTED = 1
const CONNECTED = 2
const ENDED = 3
const DRAINED = 4
const IDLE = 5
const CLOSED = 6
const SHORTAGE = 7

/** A connection, as the records tell of it. */
export interface Receiver extends Later {
  opened(): void
  received(bytes: Buffer): void
  peerEnded(): void
  drained(): void
  idle(): void
  gone(error: Error | undefined): void
  lost(): void
  destroy(): void
}

/** A listener, or a connection that is not established yet: what has a number and is no connection. */
export interface Beginning {
  readonly role: Role
  /** Whether it is a listener, and stays. */
  readonly isListener: boolean
  /** Makes the connection that has come. */
  begin(id: number): Receiver
  /** What the addon said. */
  failed(failure: number): void
}

/**
 * Hands the records of a batch to their connections, and keeps its place: whatever interrupts a batch, the rest is delivered later.
 * Consecutive records of one server share one entry into its asynchronous context.
 */
export class Delivery implements Traffic {
  readonly #exchange: Exchange
  readonly #links: (Receiver | undefined)[] = []
  readonly #beginnings = new Map<number, Beginning>()
  readonly #later: Later[] = []
  /** What handlers have thrown and nobody has been told of yet. */
  readonly #thrown: unknown[] = []
  #next = 0
  #count = 0
  #isRunning = false
  /** Whether the addon waits to hear that a batch has been dealt with. */
  #isServed = false
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY
  /** What closes everything when the reactor closes. */
  readonly closers = new Set<() => void>()

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    exchange.onTick = () => this.#tick()
  }

  get exchange(): Exchange {
    return this.#exchange
  }

  begin(id: number, beginning: Beginning): void {
    this.#beginnings.set(id, beginning)
  }

  end(id: number): void {
    this.#beginnings.delete(id)
  }

  /** All connections that play this role, or did before a duplex took them over: the scope stays. */
  of({ scope }: Role): Receiver[] {
    return this.#links.filter((link): link is Receiver => link?.role.scope === scope)
  }

  destroyed(id: number, isReset: boolean): void {
    this.#links[id] = undefined
    this.#exchange.native.destroy(id, isReset)
  }

  limit(id: number, ms: number): void {
    this.#promise(this.#exchange.native.setTimeout(id, ms))
  }

  later(link: Later): void {
    this.#later.push(link)
    // A batch that is under way ends with it; its ticks and promises come after that.
    if (!this.#isRunning) this.#exchange.schedule(true)
  }

  thrown(error: unknown): void {
    this.#thrown.push(error)
  }

  get pending(): boolean {
    return this.#next < this.#count || this.#later.length > 0 || this.#thrown.length > 0
  }

  load(): void {
    const { count, due } = this.#exchange.load()
    this.#next = 0
    this.#count = count
    if (count > 0) this.#isServed = true
    if (due !== 0) this.#promise(due)
  }

  run(report: (error: unknown) => void, limit: number): number {
    this.#isRunning = true
    try {
      return this.#runBatch(report, limit)
    } finally {
      this.#isRunning = false
    }
  }

  #runBatch(report: (error: unknown) => void, limit: number): number {
    const before = this.#next
    this.#report(report)
    while (this.#next < this.#count) {
      const role = this.#roleAt(this.#next)
      if (role === undefined) this.#deliver(this.#advance())
      else role.scope.runInAsyncScope(() => this.#runRole(role, report, limit))
      if (limit !== 0 && performance.now() >= limit) break
    }
    if (this.#next === this.#count) this.#finish(report)
    return this.#next - before
  }

  get crossings(): number {
    return this.#exchange.crossings
  }

  flush(): void {
    if (this.#isServed || this.#exchange.hasOrders) this.#exchange.flush()
    this.#isServed = false
  }

  gather(isGathering: boolean): void {
    this.#exchange.isGathering = isGathering
  }

  beat(): void {
    if (performance.now() >= this.#dueAt) this.#expire()
  }

  close(): void {
    this.#next = 0
    this.#count = 0
    clearTimeout(this.#timer)
    this.#exchange.end()
    for (const close of this.closers) close()
    for (const link of this.#links) link?.destroy()
  }

  #roleAt(index: number): Role | undefined {
    const { area } = this.#exchange
    const place = Exchange.place(index)
    const kind = area[place + 1]
    const id = area[kind === ACCEPTED ? place + 2 : place] as number
    return this.#links[id]?.role ?? this.#beginnings.get(id)?.role
  }

  #runRole(role: Role, report: (error: unknown) => void, limit: number): void {
    do {
      try {
        this.#deliver(this.#advance())
      } catch (error) {
        this.#thrown.push(error)
      }
      if (this.#thrown.length > 0) this.#report(report)
      if (limit !== 0 && performance.now() >= limit) return
    } while (this.#next < this.#count && this.#roleAt(this.#next)?.scope === role.scope)
  }

  /** Goes on to the next record. Returns where this one is. */
  #advance(): number {
    this.#next += 1
    return Exchange.place(this.#next - 1)
  }

  #deliver(place: number): void {
    const { area, slab } = this.#exchange
    const id = area[place] as number
    const kind = area[place + 1] as number
    const first = area[place + 2] as number
    const link = this.#links[id]
    switch (kind) {
      case DATA: {
        const length = area[place + 3] as number
        const bytes = slab.view(first, length)
        if (bytes.length === length) link?.received(bytes)
        else link?.lost()
        break
      }
      case ACCEPTED: {
        this.#open(id, this.#beginnings.get(first))
        break
      }
      case CONNECTED: {
        this.#open(id, this.#beginnings.get(id))
        break
      }
      case ENDED: {
        link?.peerEnded()
        break
      }
      case DRAINED: {
        link?.drained()
        break
      }
      case IDLE: {
        link?.idle()
        break
      }
      case CLOSED: {
        const error = first === 0 ? undefined : failureToError(-first)
        this.#links[id] = undefined
        if (link !== undefined) link.gone(error)
        else if (first !== 0) this.#beginnings.get(id)?.failed(-first)
        break
      }
      case SHORTAGE: {
        this.#beginnings.get(id)?.failed(-first)
        break
      }
      default:
      // No space: the slab is looked after at the end of the batch.
    }
  }

  #open(id: number, beginning: Beginning | undefined): void {
    if (beginning === undefined) {
      // Whoever listened has stopped in this very batch.
      this.#exchange.native.destroy(id, false)
      return
    }
    if (!beginning.isListener) this.#beginnings.delete(id)
    const link = beginning.begin(id)
    this.#links[id] = link
    link.opened()
  }

  /** Does what had to wait for the end of the batch. */
  #finish(report: (error: unknown) => void): void {
    for (let link = this.#later[0]; link !== undefined; link = this.#later[0]) {
      this.#later.shift()
      const settling = link
      settling.role.scope.runInAsyncScope(() => settling.settle())
      this.#report(report)
    }
    this.#exchange.renewSlab()
  }

  #tick(): void {
    // In a batch that is not over, what comes later is still to come.
    if (this.#next < this.#count) return
    this.#finish(raise)
  }

  #report(report: (error: unknown) => void): void {
    while (this.#thrown.length > 0) report(this.#thrown.shift())
  }

  /** Asks the addon in so many milliseconds what is due, unless that will be done sooner. */
  #promise(ms: number): void {
    const at = performance.now() + ms
    if (ms === 0 || at >= this.#dueAt) return
    this.#dueAt = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#expire(), Math.min(ms, MAX_TIMER_MS)).unref()
  }

  #expire(): void {
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#promise(this.#exchange.native.expire())
  }
}

/** What setTimeout takes. */
const MAX_TIMER_MS = 2 ** 31 - 1
