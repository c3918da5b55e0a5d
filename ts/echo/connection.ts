import { Ready, WOULD_BLOCK } from '../index.js'
import type { Reactor, Readiness, Registration, TcpStream, Trigger } from '../index.js'
import { Backlog } from './backlog.js'
import { describe, quote } from './log.js'
import type { Log, TextLog } from './log.js'

/** Reading stops when this much is kept for a peer that does not read, and goes on when half of it has gone. */
const HIGH_WATER = 256 * 1024
const LOW_WATER = HIGH_WATER / 2
/** What one call reads at most before the others get their turn. */
const FAIR_SHARE = 1024 * 1024
/** One buffer serves every connection: what is not sent at once is copied. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** What all connections of a server share. */
export interface Surroundings {
  readonly reactor: Reactor
  readonly trigger: Trigger
  readonly log: Log
  readonly totals: { received: number; sent: number }
  /** The connection is closed. */
  gone(connection: Connection): void
}

/** One peer: its bytes go back in order, as fast as it takes them. */
export class Connection {
  readonly peer: string
  readonly #stream: TcpStream
  readonly #around: Surroundings
  readonly #text: TextLog | undefined
  readonly #backlog = new Backlog()
  readonly #registration: Registration
  #received = 0
  #readable = true
  #writable = false
  /** The peer has ended: nothing more will come. */
  #ended = false
  /** The server is stopping: what comes is read and dropped. */
  #stopping = false
  #shut = false
  #closed = false

  /** @throws What `register` throws; then the stream is still open. */
  constructor(stream: TcpStream, peer: string, around: Surroundings, text: TextLog | undefined) {
    this.peer = peer
    this.#stream = stream
    this.#around = around
    this.#text = text
    this.#registration = around.reactor.register(
      stream,
      { readable: true, trigger: around.trigger },
      (readiness) => this.#onReady(readiness),
    )
  }

  /** Bytes that the peer has not taken yet. */
  get kept(): number {
    return this.#backlog.size
  }

  /**
   * Takes what has come so far, sends what is kept, and then the end. Closing with bytes unread would reset the connection,
   * and the peer would lose what is on its way: so whatever still comes is read until the peer has ended too.
   */
  finish(): void {
    this.#attempt(() => {
      if (this.#readable) this.#read(false)
      this.#stopping = true
      this.#settle()
    })
  }

  /** Ends the connection now. */
  close(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    // Closes the registration first.
    this.#stream.close()
    const rest = this.#text?.end() ?? ''
    if (rest !== '') this.#around.log.note(`received ${this.peer} ${quote(rest)}`)
    this.#around.log.note(
      `disconnected ${this.peer} (${reason}; ${this.#received} bytes received, ${this.kept} not sent)`,
    )
    this.#around.gone(this)
  }

  #onReady(readiness: Readiness): void {
    this.#attempt(() => {
      if ((readiness & Ready.WRITABLE) !== 0) this.#flush()
      // A hang-up is read to its end as well: data may be in front of it.
      if ((readiness & ~Ready.WRITABLE) !== 0 && this.#readable) this.#read(this.#around.trigger === 'level')
      if ((readiness & Ready.ERROR) !== 0) this.#fail(this.#stream.takeError())
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
    for (let share = 0; !this.#ended && this.kept < HIGH_WATER;) {
      const count = this.#stream.read(scratch)
      if (count === WOULD_BLOCK) return
      if (count === 0) {
        this.#ended = true
        return
      }
      if (!this.#stopping) this.#echo(scratch.subarray(0, count))
      share += count
      if (once) return
      if (share >= FAIR_SHARE) {
        // The rest is told in the next turn.
        this.#registration.rearm()
        return
      }
    }
  }

  #echo(bytes: Buffer): void {
    this.#received += bytes.length
    this.#around.totals.received += bytes.length
    const text = this.#text?.push(bytes) ?? ''
    if (text !== '') this.#around.log.note(`received ${this.peer} ${quote(text)}`)
    const sent = this.kept === 0 ? this.#send(bytes, 0, bytes.length) : 0
    if (sent < bytes.length) this.#backlog.push(bytes.subarray(sent))
  }

  #flush(): void {
    this.#backlog.drain((bytes, offset, length) => this.#send(bytes, offset, length))
  }

  #send(bytes: Buffer, offset: number, length: number): number {
    const sent = Math.max(this.#stream.write(bytes, offset, length), 0)
    this.#around.totals.sent += sent
    return sent
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
    const readable = this.#stopping ? this.#shut : hasRoom && !this.#ended
    const writable = this.kept > 0
    if (readable === this.#readable && writable === this.#writable) return
    this.#readable = readable
    this.#writable = writable
    this.#registration.modify({ readable, writable })
  }
}
