import type { Connection } from '../../../dist/index.js'
import { Pattern } from '../echo-pattern.js'

export type Link = Connection<unknown>

/** A view that somebody kept, and where its bytes stand in the stream. */
interface Keepsake {
  readonly place: number
  readonly bytes: Buffer
}

/** One end of a connection: does what a history says, and holds what it is told against what the documents promise. */
export class End {
  readonly name: string
  /** The bytes that it sends. */
  readonly #pattern: Pattern
  readonly #isLent: boolean
  readonly #isHalfOpen: boolean
  readonly #keepsakes: Keepsake[] = []
  readonly #faults: string[]
  peer: End | undefined
  link: Link | undefined
  written = 0
  received = 0
  /** Whether `end` was called, `destroy` or `reset`, and what was told. */
  hasEnded = false
  isDestroyed = false
  isFull = false
  isToldEnd = false
  errors: Error[] = []
  closes = 0
  /** What it does within the next call of a handler. */
  next: ((end: End) => void) | undefined

  constructor(
    name: string,
    seed: number,
    { isLent, isHalfOpen }: Readonly<Record<'isLent' | 'isHalfOpen', boolean>>,
    faults: string[],
  ) {
    this.name = name
    this.#pattern = new Pattern(seed)
    this.#isLent = isLent
    this.#isHalfOpen = isHalfOpen
    this.#faults = faults
  }

  get isOver(): boolean {
    return this.closes > 0
  }

  #fault(text: string): void {
    this.#faults.push(`${this.name} ${text}`)
  }

  /** Whether what it writes may be lost. */
  get #isCut(): boolean {
    return this.isDestroyed || this.peer?.isDestroyed === true
  }

  write(size: number, isPieces: boolean): void {
    const { link } = this
    if (link === undefined) return
    const bytes = this.#pattern.bytes(this.written, size)
    const canWrite = link.readyState === 'open' || link.readyState === 'half-open'
    const half = size >> 1
    const isFine = isPieces ? link.writev([bytes.subarray(0, half), bytes.subarray(half)]) : link.write(bytes)
    // What was given may be used for something else at once.
    bytes.fill(0)
    if (canWrite) {
      this.written += size
      if (!isFine) this.isFull = true
    } else if (isFine) this.#fault('could write after its end')
  }

  end(): void {
    if (this.link === undefined || this.isOver) return
    this.hasEnded = true
    this.link.end()
  }

  destroy(isReset: boolean): void {
    if (this.link === undefined || this.isOver) return
    this.isDestroyed = true
    if (isReset) this.link.reset()
    else this.link.destroy()
  }

  // What it is told.

  #told(what: string): void {
    if (this.closes > 0) this.#fault(`was told ${what} after the close`)
    else if (this.isDestroyed) this.#fault(`was told ${what} after it was destroyed`)
  }

  data(bytes: Buffer): void {
    this.#told('data')
    if (this.isToldEnd) this.#fault('was told data after the end')
    if (this.link?.isPaused === true) this.#fault('was told data while paused')
    if (bytes.length === 0) this.#fault('was told data without bytes')
    const sent = this.peer?.written ?? 0
    const place = this.received
    this.received += bytes.length
    if (this.received > sent) this.#fault(`was told ${this.received} bytes of ${sent}`)
    if (this.peer !== undefined && !this.peer.#is(place, bytes))
      this.#fault(`was told wrong bytes at ${place}`)
    if (!this.#isLent && this.#keepsakes.length < 8) this.#keepsakes.push({ place, bytes })
    this.#act()
  }

  drained(): void {
    this.#told('drain')
    if (!this.isFull) this.#fault('was told drain, and nothing was full')
    this.isFull = false
    this.#act()
  }

  peerEnded(): void {
    this.#told('end')
    if (this.isToldEnd) this.#fault('was told the end twice')
    if (this.link?.isPaused === true) this.#fault('was told the end while paused')
    this.isToldEnd = true
    const { peer } = this
    if (peer !== undefined && !peer.isDestroyed && this.received !== peer.written)
      this.#fault(`was told the end after ${this.received} of ${peer.written} bytes`)
    if (peer !== undefined && !peer.hasEnded && !peer.isDestroyed)
      this.#fault('was told an end that nobody made')
    this.#act()
    // It ends when this has returned.
    if (!this.#isHalfOpen) this.hasEnded = true
  }

  failed(error: Error): void {
    if (this.closes > 0) this.#fault('was told an error after the close')
    if (this.errors.length > 0) this.#fault('was told two errors')
    this.errors.push(error)
  }

  closed(error: Error | undefined): void {
    this.closes += 1
    if (this.closes > 1) this.#fault('was told the close twice')
    if (this.errors[0] !== error) this.#fault(`was closed with another error: ${String(error)}`)
    if (error !== undefined && !this.#isCut) this.#fault(`failed: ${error.message}`)
    if (error !== undefined && this.isDestroyed)
      this.#fault(`failed after it was destroyed: ${error.message}`)
    if (this.link?.readyState !== 'closed') this.#fault(`is ${this.link?.readyState} when it is closed`)
    if (!this.#isCut && !(this.isToldEnd && this.hasEnded)) this.#fault('was closed before both had ended')
    if (this.link !== undefined && this.link.bytesWritten > this.written)
      this.#fault('has sent more than was written')
    if (!this.#isCut && this.link?.bytesWritten !== this.written)
      this.#fault(`has sent ${this.link?.bytesWritten} of ${this.written} bytes`)
    this.#act()
  }

  /** What was kept is still what it was. */
  look(): void {
    const { peer } = this
    for (const { place, bytes } of this.#keepsakes)
      if (peer !== undefined && !peer.#is(place, bytes))
        this.#fault(`has kept a view that has changed, of ${place}`)
  }

  #is(place: number, bytes: Buffer): boolean {
    return this.#pattern.bytes(place, bytes.length).equals(bytes)
  }

  #act(): void {
    const { next } = this
    this.next = undefined
    next?.(this)
  }
}
