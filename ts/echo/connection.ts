import { Ready, WOULD_BLOCK } from '../index.js'
import type { Readiness, Registration, TcpStream } from '../index.js'
import { Backlog } from './backlog.js'
import { describe } from './log.js'
import { Account, FAIR_SHARE, HIGH_WATER } from './peer.js'
import type { Peer, Surroundings } from './peer.js'
import type { Asker, Line } from './work/work.js'

/** Reading goes on when half of what stopped it has gone. */
const LOW_WATER = HIGH_WATER / 2
/** One buffer serves every connection: what is not sent at once is copied. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** A peer that is read and written when it is ready. */
export class Connection implements Peer, Asker {
  readonly #stream: TcpStream
  readonly #around: Surroundings
  readonly #account: Account
  readonly #backlog = new Backlog()
  /** What is worked on before it goes back, if anything is. */
  readonly #line: Line | undefined
  readonly #registration: Registration
  #readable = true
  #writable = false
  /** The peer has ended: nothing more will come. */
  #ended = false
  /** The server is stopping: what comes is read and dropped. */
  #stopping = false
  #shut = false
  #closed = false

  /** @throws What `register` throws; then the stream is still open. */
  constructor(stream: TcpStream, account: Account, around: Surroundings) {
    this.#stream = stream
    this.#account = account
    this.#around = around
    this.#line = around.work?.line(account.place, this)
    this.#registration = around.reactor.register(
      stream,
      { readable: true, trigger: around.options.trigger },
      (readiness) => this.#onReady(readiness),
    )
  }

  get kept(): number {
    return this.#backlog.size + (this.#line?.size ?? 0)
  }

  /** Takes what has come so far before it does. */
  finish(): void {
    this.#attempt(() => {
      if (this.#readable) this.#read(false)
      this.#stopping = true
      this.#settle()
    })
  }

  close(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    // Closes the registration first.
    this.#stream.close()
    this.#account.close(reason, this.kept)
    this.#around.gone(this)
    this.#line?.leave()
  }

  answer(replies: readonly Uint8Array[]): void {
    this.#attempt(() => {
      for (const reply of replies) this.#reply(reply)
      this.#settle()
    })
  }

  /** Reads at once: an edge is not told again. */
  letIn(): void {
    this.#attempt(() => {
      if (!this.#stopping) this.#read(this.#around.options.trigger === 'level')
      this.#settle()
    })
  }

  /** A reset is not heard of where nothing is asked for. */
  isThere(): boolean {
    this.#attempt(() => this.#fail(this.#stream.takeError()))
    return !this.#closed
  }

  #onReady(readiness: Readiness): void {
    this.#attempt(() => {
      if ((readiness & Ready.WRITABLE) !== 0) this.#flush()
      // A hang-up is read to its end as well: data may be in front of it.
      if ((readiness & ~Ready.WRITABLE) !== 0 && this.#readable)
        this.#read(this.#around.options.trigger === 'level')
      // What is not read does not tell of a reset.
      if ((readiness & Ready.ERROR) !== 0 || this.#line?.isFull) this.#fail(this.#stream.takeError())
      this.#settle()
    })
  }

  /** A failing peer ends its own connection and nothing else. */
  #attempt(work: () => void): void {
    if (this.#closed) return
    try {
      work()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (error !== undefined) this.close(describe(error))
  }

  /** Level: once, what is left is told again. Edge: until it would block, since it is not. */
  #read(once: boolean): void {
    for (let share = 0; !this.#ended && this.kept < HIGH_WATER && this.#mayTake;) {
      this.#around.totals.calls += 1
      const count = this.#stream.read(scratch)
      if (count === WOULD_BLOCK) return
      if (count === 0) {
        this.#ended = true
        return
      }
      if (!this.#stopping) this.#take(scratch.subarray(0, count))
      share += count
      if (once) return
      if (share >= FAIR_SHARE) {
        // The rest is told in the next turn.
        this.#registration.rearm()
        return
      }
    }
  }

  /** What is dropped needs no room. */
  get #mayTake(): boolean {
    return this.#line === undefined || this.#stopping || this.#line.ask()
  }

  #take(bytes: Buffer): void {
    this.#account.take(bytes)
    if (this.#line === undefined) this.#reply(bytes)
    else this.#line.add(bytes)
  }

  #reply(bytes: Uint8Array): void {
    const sent = this.#backlog.size === 0 ? this.#send(bytes, 0, bytes.length) : 0
    if (sent < bytes.length) this.#backlog.push(bytes.subarray(sent))
  }

  #flush(): void {
    this.#backlog.drain((bytes, offset, length) => this.#send(bytes, offset, length))
  }

  #send(bytes: Uint8Array, offset: number, length: number): number {
    this.#around.totals.calls += 1
    return Math.max(this.#stream.write(bytes, offset, length), 0)
  }

  /** Asks for what can go on from here. Arming anew tells readiness that an edge has told already. */
  #settle(): void {
    if (this.#closed) return
    if (this.#ended && this.kept === 0) {
      this.close('ended')
      return
    }
    if (this.#stopping && this.kept === 0 && !this.#shut) {
      this.#shut = true
      this.#stream.shutdown('write')
    }
    const hasRoom = this.kept < (this.#readable ? HIGH_WATER : LOW_WATER)
    const readable = this.#stopping ? this.#shut : hasRoom && !this.#ended && !this.#line?.isFull
    const writable = this.#backlog.size > 0
    if (readable === this.#readable && writable === this.#writable) return
    this.#readable = readable
    this.#writable = writable
    // Who waits for room may go; what is asked for beside it would be told of an end again and again.
    const disconnect = !writable && this.#line?.isFull === true
    this.#registration.modify({ readable, writable, disconnect })
  }
}
