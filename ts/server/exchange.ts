import { check } from '../errors.js'
import { native } from '../native.js'
import { Slab } from './slab.js'

/** The layout of the memory that is shared with the addon: crates/fdreactor-node/src/serving.rs. */
const WORDS = 4
const HEADER = 8
const MOST_RECORDS = 4096 + 64
const ORDERS = 4096
const COUNT = 0
const DUE = 1
const GATHERING = 2
const ORDERED = 3
const EMPTIED = 4
const FIRST_ORDER = HEADER + MOST_RECORDS * WORDS
const AREA = FIRST_ORDER + ORDERS * WORDS

/** Small writes are copied here. Its pages come into being when they are used. */
const STAGING_SIZE = 1024 * 1024
/** From here on a write costs less sent at once, from where it lies, than copied. */
const LARGEST_COPY = 4095

/** The kinds of orders. */
const WRITE = 0
export const END = 1
export const PAUSE = 2
export const RESUME = 3
/** Bytes that lie in the slab and are not copied. */
const WRITE_BACK = 4

type NativeReactor = InstanceType<typeof native.NativeReactor>
type NativeTraffic = InstanceType<typeof native.NativeTraffic>

/**
 * Talks with the addon: what is asked of connections is gathered, and carried out once for a whole batch or tick.
 *
 * During a batch of the loop and the thread driver the addon carries it out by itself, when the batch has been told and its ticks
 * and promises have run. Otherwise `flush` is called: at the end of a manual `poll`, or of the tick.
 */
export class Exchange {
  readonly native: NativeTraffic
  /** What the addon reads into. */
  readonly slab: Slab
  /** Records and orders: see above. */
  readonly area = new Uint32Array(AREA)
  readonly #staging = Buffer.allocUnsafeSlow(STAGING_SIZE)
  #staged = 0
  /** Bytes that are kept for each connection, or wait here to be sent. */
  #kept = new Uint32Array(64)
  /** What is longer is sent at once. */
  #largest = LARGEST_COPY
  #isScheduled = false
  /** Whether somebody will call `flush` soon. */
  isGathering = false
  /** What happens at the end of a tick, before what it ordered is carried out. */
  onTick: (() => void) | undefined
  /** How often the addon was called to carry out orders. */
  crossings = 0

  constructor(reactor: NativeReactor, gathers: boolean) {
    const slab = new Slab()
    this.slab = slab
    const opened = native.NativeTraffic.open(
      reactor,
      this.area,
      this.#staging,
      this.#kept,
      slab.bytes,
      gathers,
    )
    if (typeof opened === 'number') check(opened)
    this.native = opened as NativeTraffic
  }

  /** How many records a new batch has, and in how many milliseconds the addon wants to be asked what is due (0: as before). */
  load(): { readonly count: number; readonly due: number } {
    const { area } = this
    const loaded = { count: area[COUNT] as number, due: area[DUE] as number }
    area[COUNT] = 0
    area[DUE] = 0
    return loaded
  }

  /** Where a record begins. */
  static place(index: number): number {
    return HEADER + index * WORDS
  }

  /** Begins to count for a connection. */
  prepare(id: number): void {
    if (id >= this.#kept.length) {
      const larger = new Uint32Array(Math.max(id + 1, this.#kept.length * 2))
      larger.set(this.#kept)
      this.#kept = larger
      this.native.setKept(larger)
    }
    this.#kept[id] = 0
  }

  /** Bytes that the peer has not taken yet. */
  kept(id: number): number {
    return this.#kept[id] ?? 0
  }

  /**
   * Writes bytes. Returns how many are kept then: if that is `enough` or more, the kernel has been asked.
   */
  write(id: number, bytes: Uint8Array, enough: number): number {
    const { length } = bytes
    if (length > this.#largest) return this.#send(id, bytes, length)
    this.#makeRoom(length)
    const offset = this.#staged
    this.#staging.set(bytes, offset)
    this.#staged = offset + length
    return this.#gather(id, WRITE, offset, length, enough)
  }

  /** The same with bytes of the slab, from where they lie. */
  writeBack(id: number, offset: number, length: number, enough: number): number {
    this.#makeRoom(0)
    return this.#gather(id, WRITE_BACK, offset, length, enough)
  }

  /** The same for a text that has at most `most` bytes. */
  writeText(id: number, text: string, encoding: BufferEncoding, most: number, enough: number): number {
    if (most > LARGEST_COPY) {
      return this.write(id, Buffer.from(text, encoding), enough)
    }
    this.#makeRoom(most)
    const offset = this.#staged
    const length = this.#staging.write(text, offset, encoding)
    this.#staged = offset + length
    return this.#gather(id, WRITE, offset, length, enough)
  }

  /** Runs `fn`, and copies what it writes as long as there is room. */
  cork<R>(fn: () => R): R {
    const before = this.#largest
    this.#largest = STAGING_SIZE
    try {
      return fn()
    } finally {
      this.#largest = before
    }
  }

  order(id: number, kind: number): void {
    this.#makeRoom(0)
    this.#append(id, kind, 0, 0)
  }

  /** Has the next turn read into another slab, if little of this one is left. */
  renewSlab(): void {
    if (this.slab.empty()) this.area[EMPTIED] = 1
    else if (this.slab.renew()) this.#replaceSlab()
  }

  #replaceSlab(): void {
    this.crossings += 1
    this.native.setSlab(this.slab.bytes)
  }

  /** Carries out what was ordered. */
  flush(): void {
    this.crossings += 1
    this.native.flush()
  }

  /** Whether something was ordered that has not been carried out. */
  get hasOrders(): boolean {
    return this.area[ORDERED] !== 0
  }

  /** The addon carries out nothing any more. */
  end(): void {
    this.area[GATHERING] = 0
    this.area[ORDERED] = 0
  }

  /** Has `onTick` called at the end of this tick; unless that `isNeeded`, not where the orders of a batch are carried out anyway. */
  schedule(isNeeded = false): void {
    if (this.#isScheduled || (!isNeeded && this.#isCarriedOut)) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.onTick?.()
      if (this.hasOrders && !this.#isCarriedOut) this.flush()
    })
  }

  /** Whether what is ordered will be carried out without being asked for. */
  get #isCarriedOut(): boolean {
    return this.isGathering || this.area[GATHERING] === 1
  }

  #send(id: number, bytes: Uint8Array, length: number): number {
    this.crossings += 1
    const kept = check(this.native.send(this.hasOrders, id, bytes, 0, length))
    this.#kept[id] = kept
    return kept
  }

  #makeRoom(length: number): void {
    const { area } = this
    const ordered = area[ORDERED] as number
    if (ordered === 0) this.#staged = 0
    else if (ordered === ORDERS || this.#staged + length > STAGING_SIZE) {
      this.flush()
      this.#staged = 0
    }
  }

  #gather(id: number, kind: number, offset: number, length: number, enough: number): number {
    const kept = (this.#kept[id] as number) + length
    this.#kept[id] = kept
    this.#append(id, kind, offset, length)
    if (kept < enough) return kept
    // Only the kernel knows how much of it is too much.
    this.flush()
    return this.kept(id)
  }

  #append(id: number, kind: number, offset: number, length: number): void {
    const { area } = this
    const ordered = area[ORDERED] as number
    const place = FIRST_ORDER + ordered * WORDS
    area[place] = id
    area[place + 1] = kind
    area[place + 2] = offset
    area[place + 3] = length
    area[ORDERED] = ordered + 1
    if (ordered === 0) this.schedule()
  }
}
