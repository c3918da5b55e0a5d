import { argumentType, check, isRevoked, libraryFailure } from '../errors.js'
import { boolean, callable, milliseconds, stretch } from '../validate.js'
import { endAddress } from './address.js'
import { bytesOf, encodingOf, joined, mostBytes, placeIn } from './bytes.js'
import type { Connection, EndAddress, ReadyState } from './connection.js'
import { END, PAUSE, RESUME } from './exchange.js'
import type { Handlers } from './handlers.js'
import { timeout } from './limits.js'
import type { Later, Role } from './role.js'

/** The bits of a connection's state. */
const PAUSED = 1
/** `end` was called. */
const ENDED = 2
const PEER_ENDED = 4
const UNREF = 8
/** `write` has returned false, and `drain` is owed. */
const FULL = 16
/** The addon has closed it, or was told to. */
const GONE = 32
/** `destroy` or `reset` was called: nothing is delivered any more but the close. */
const DESTROYED = 64
/** `close` is called or has been. */
const CLOSED = 128
/** `close` has returned, and the number may be somebody else's. */
const FORGOTTEN = 256

/** What Linux takes (tcp(7)). */
const MAX_KEEP_ALIVE_MS = 32_767_000

/** What few connections have, and then only for a while. */
interface Extra {
  /** What came while it was paused, in order; its end, when that came. */
  readonly held: Buffer[]
  isEndHeld: boolean
  error: Error | undefined
  remote: EndAddress | undefined
  moved: readonly number[] | undefined
}

/** A connection. There may be very many, so it has few fields: what is rare is in `#extra`, what is shared in `role`. */
export class Link implements Connection<unknown>, Later {
  data: unknown
  role: Role
  readonly #id: number
  #state = 0
  #extra: Extra | undefined

  constructor(role: Role, id: number) {
    this.data = role.data
    this.role = role
    this.#id = id
    role.exchange.prepare(id)
    role.count(1)
    role.changed(1)
  }

  write(data: unknown, offset?: unknown, length?: unknown): boolean {
    const { exchange, highWaterMark } = this.role
    const isOver = (this.#state & (ENDED | GONE)) !== 0
    let kept = 0
    if (typeof data === 'string') {
      const encoding = encodingOf(offset)
      if (isOver) return false
      if (data !== '') kept = exchange.writeText(this.#id, data, encoding, mostBytes(data), highWaterMark)
    } else {
      const size = stretch(data, offset, length)
      if (isOver) return false
      const start = offset === undefined ? 0 : (offset as number)
      if (size > 0) {
        const place = placeIn(exchange.slab.memory, data as NodeJS.ArrayBufferView)
        kept =
          place < 0
            ? exchange.write(this.#id, bytesOf(data as NodeJS.ArrayBufferView, start, size), highWaterMark)
            : exchange.writeBack(this.#id, place + start, size, highWaterMark)
      }
    }
    if (kept < highWaterMark) return true
    this.#state |= FULL
    return false
  }

  writev(pieces: unknown): boolean {
    return this.write(joined(pieces))
  }

  cork<R>(fn: () => R): R {
    const call = callable(fn, 'fn') as () => R
    return this.role.exchange.cork(call)
  }

  pause(): this {
    if ((this.#state & (PAUSED | GONE)) === 0) {
      this.role.exchange.order(this.#id, PAUSE)
    }
    this.#state |= PAUSED
    return this
  }

  resume(): this {
    if ((this.#state & PAUSED) === 0) return this
    this.#state &= ~PAUSED
    if (this.#hasHeld) this.role.later(this)
    else if ((this.#state & GONE) === 0) this.role.exchange.order(this.#id, RESUME)
    return this
  }

  end(data?: unknown): void {
    if (data !== undefined) this.write(data)
    if ((this.#state & (ENDED | GONE)) !== 0) return
    this.#state |= ENDED
    this.role.exchange.order(this.#id, END)
  }

  destroy(error?: Error): void {
    if (error !== undefined && (isRevoked(error) || !(error instanceof Error)))
      throw argumentType('error', 'an Error', error)
    this.#destroy(false, error)
  }

  reset(): void {
    this.#destroy(true, undefined)
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  setNoDelay(on: boolean = true): this {
    const wanted = boolean(on, 'on')
    if ((this.#state & GONE) === 0) check(this.role.exchange.native.setNoDelay(this.#id, wanted))
    return this
  }

  setKeepAlive(on: boolean = true, idleMs: number = 0): this {
    const wanted = boolean(on, 'on')
    const idle = milliseconds(idleMs, 'idleMs', MAX_KEEP_ALIVE_MS)
    if ((this.#state & GONE) === 0) check(this.role.exchange.native.setKeepAlive(this.#id, wanted, idle))
    return this
  }

  setTimeout(ms: number): this {
    const limit = timeout(ms, 'ms')
    if ((this.#state & GONE) === 0) this.role.limit(this.#id, limit)
    return this
  }

  get localAddress(): EndAddress | undefined {
    if ((this.#state & GONE) !== 0) return undefined
    const address = this.role.exchange.native.localAddress(this.#id)
    return typeof address === 'number' ? undefined : endAddress(address)
  }

  get remoteAddress(): EndAddress | undefined {
    const known = this.#extra?.remote
    if (known !== undefined || (this.#state & FORGOTTEN) !== 0) return known
    const address = this.role.exchange.native.remoteAddress(this.#id)
    if (typeof address === 'number') return undefined
    const remote = endAddress(address)
    this.#more().remote = remote
    return remote
  }

  get bufferedAmount(): number {
    return (this.#state & GONE) === 0 ? this.role.exchange.kept(this.#id) : 0
  }

  get bytesRead(): number {
    return this.#moved()[0] ?? 0
  }

  get bytesWritten(): number {
    return this.#moved()[1] ?? 0
  }

  get readyState(): ReadyState {
    const state = this.#state
    if ((state & (GONE | CLOSED)) !== 0) return 'closed'
    if ((state & ENDED) !== 0) return 'ending'
    return (state & PEER_ENDED) === 0 ? 'open' : 'half-open'
  }

  get isPaused(): boolean {
    return (this.#state & PAUSED) !== 0
  }

  ref(): this {
    return this.#setRef(true)
  }

  unref(): this {
    return this.#setRef(false)
  }

  // For toDuplex.

  /** Whether it is a connection of ours, without running any code of its own. */
  static owns(value: object): value is Link {
    return #id in value
  }

  /** Has these called from now on, for this connection alone. It ends only when it is told to. */
  takeOver(handlers: Handlers): void {
    // A stream keeps what it is given.
    this.role = { ...this.role, handlers, isHalfOpenAllowed: true, isLending: false }
  }

  /** Has what the addon knows of it known from now on, also when its number is another's. */
  remember(): void {
    void [this.remoteAddress, this.#moved()]
  }

  get hasEnded(): boolean {
    return (this.#state & ENDED) !== 0
  }

  get hasPeerEnded(): boolean {
    return (this.#state & PEER_ENDED) !== 0
  }

  get isDestroyed(): boolean {
    return (this.#state & DESTROYED) !== 0
  }

  /** Whether `close` is called or has been. */
  get isOver(): boolean {
    return (this.#state & CLOSED) !== 0
  }

  /** Sends what waits to be sent. Whether the kernel has taken all; if not, `drain` is called when it has. */
  flush(): boolean {
    if (this.bufferedAmount > 0) this.role.exchange.flush()
    if (this.bufferedAmount === 0) return true
    this.#state |= FULL
    return false
  }

  // What the addon tells, in the order in which it happened.

  opened(): void {
    const { open, receiver } = this.role.handlers
    open?.call(receiver, this)
  }

  received(bytes: Buffer): void {
    if (this.#isHolding) {
      this.role.exchange.slab.keep()
      this.#more().held.push(bytes)
      return
    }
    if (!this.role.isLending) this.role.exchange.slab.keep()
    this.#deliver(bytes)
  }

  peerEnded(): void {
    if (this.#isHolding) this.#more().isEndHeld = true
    else this.#tellEnd()
  }

  drained(): void {
    if ((this.#state & FULL) === 0) return
    this.#state &= ~FULL
    const { drain, receiver } = this.role.handlers
    drain?.call(receiver, this)
  }

  idle(): void {
    const { timeout: handler, receiver } = this.role.handlers
    if (handler === undefined) this.destroy(libraryFailure('TIMEOUT'))
    else handler.call(receiver, this)
  }

  /** The addon has closed it. What came before a good end is delivered first. */
  gone(error: Error | undefined): void {
    this.#state |= GONE
    if (error !== undefined || !this.#hasHeld) this.#close(error)
    // Its number will be somebody else's before it is closed.
    else this.remember()
  }

  /** The bytes that were read for it are lost: somebody has given their memory away. */
  lost(): void {
    this.destroy(libraryFailure('DETACHED'))
  }

  /** Delivers what was held back, and closes what was destroyed. */
  settle(): void {
    if (this.#extra !== undefined) this.#release(this.#extra)
    if ((this.#state & CLOSED) !== 0) return
    if ((this.#state & DESTROYED) !== 0) this.#close(this.#extra?.error)
    else if ((this.#state & PAUSED) === 0) {
      if ((this.#state & GONE) !== 0) this.#close(undefined)
      else this.role.exchange.order(this.#id, RESUME)
    }
  }

  /** Delivers what was held back, as far as its handlers let it. */
  #release(extra: Extra): void {
    for (let bytes = extra.held[0]; bytes !== undefined; bytes = extra.held[0]) {
      if ((this.#state & (PAUSED | DESTROYED)) !== 0) return
      extra.held.shift()
      this.#attempt(() => this.#deliver(bytes))
    }
    if (!extra.isEndHeld || (this.#state & (PAUSED | DESTROYED)) !== 0) return
    extra.isEndHeld = false
    this.#attempt(() => this.#tellEnd())
  }

  #deliver(bytes: Buffer): void {
    const { data, receiver } = this.role.handlers
    data?.call(receiver, this, bytes)
  }

  /** Whether what comes has to wait. */
  get #isHolding(): boolean {
    return (this.#state & PAUSED) !== 0 || this.#hasHeld
  }

  get #hasHeld(): boolean {
    const extra = this.#extra
    return extra !== undefined && (extra.held.length > 0 || extra.isEndHeld)
  }

  #tellEnd(): void {
    this.#state |= PEER_ENDED
    const { end, receiver } = this.role.handlers
    try {
      end?.call(receiver, this)
    } finally {
      if (!this.role.isHalfOpenAllowed) this.end()
    }
  }

  #destroy(isReset: boolean, error: Error | undefined): void {
    if ((this.#state & (DESTROYED | CLOSED)) !== 0) return
    this.#state |= DESTROYED
    if (error !== undefined) this.#more().error = error
    if ((this.#state & GONE) === 0) {
      this.#state |= GONE
      this.role.destroyed(this.#id, isReset)
    }
    this.role.later(this)
  }

  #close(error: Error | undefined): void {
    this.#state |= CLOSED
    // What a failure overtook is not told any more, whoever resumes it.
    const extra = this.#extra
    if (extra !== undefined) {
      extra.held.length = 0
      extra.isEndHeld = false
    }
    if ((this.#state & UNREF) === 0) this.role.count(-1)
    const { error: failed, close, receiver } = this.role.handlers
    if (error !== undefined) this.#attempt(() => failed?.call(receiver, this, error))
    this.#attempt(() =>
      error === undefined ? close?.call(receiver, this) : close?.call(receiver, this, error),
    )
    this.#state |= FORGOTTEN
    this.role.changed(-1)
  }

  /** Nothing that a handler throws keeps others from being called. */
  #attempt(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.role.thrown(error)
    }
  }

  #moved(): readonly number[] {
    const known = this.#extra?.moved
    if (known !== undefined || (this.#state & FORGOTTEN) !== 0) return known ?? []
    const moved = this.role.exchange.native.moved(this.#id) ?? []
    if ((this.#state & GONE) !== 0) this.#more().moved = moved
    return moved
  }

  #more(): Extra {
    this.#extra ??= { held: [], isEndHeld: false, error: undefined, remote: undefined, moved: undefined }
    return this.#extra
  }

  #setRef(ref: boolean): this {
    if (ref === ((this.#state & UNREF) === 0)) return this
    this.#state ^= UNREF
    if ((this.#state & CLOSED) === 0) this.role.count(ref ? 1 : -1)
    return this
  }
}
