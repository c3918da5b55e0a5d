import { Ready, WOULD_BLOCK } from 'fdreactor'
import type { Reactor, Readiness, Registration, TcpStream } from 'fdreactor'
import type { Pattern } from './pattern.js'

const scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** What comes back is not what was sent: then no figure is worth anything. */
export class EchoFault extends Error {}

/** One connection's part of a run. Many messages may be on their way; each byte that comes back is looked at. */
export class Conversation {
  readonly #stream: TcpStream
  readonly #pattern: Pattern
  /** The number of this connection's message `index`. */
  readonly #numberOf: (index: number) => number
  readonly #onEcho: (message: number) => void
  readonly #registration: Registration
  readonly #outgoing: Buffer
  readonly #expected: Buffer
  /** What the socket did not take. */
  readonly #pending: Buffer[] = []
  #sent = 0
  #received = 0
  /** Bytes that came of the message that is on its way back. */
  #offset = 0

  constructor(
    reactor: Reactor,
    stream: TcpStream,
    pattern: Pattern,
    numberOf: (index: number) => number,
    onEcho: (message: number) => void,
  ) {
    this.#stream = stream
    this.#pattern = pattern
    this.#numberOf = numberOf
    this.#onEcho = onEcho
    this.#outgoing = Buffer.alloc(pattern.bytes)
    this.#expected = Buffer.alloc(pattern.bytes)
    this.#registration = reactor.register(stream, { readable: true }, (readiness) => this.#onReady(readiness))
  }

  /** Sends the next message, or has it wait behind those that the socket has not taken. */
  send(): void {
    this.#pattern.fill(this.#outgoing, this.#numberOf(this.#sent))
    this.#sent += 1
    const isWaiting = this.#pending.length > 0
    const taken = isWaiting ? 0 : Math.max(this.#stream.write(this.#outgoing), 0)
    if (taken === this.#outgoing.length) return
    this.#pending.push(Buffer.from(this.#outgoing.subarray(taken)))
    if (!isWaiting) this.#registration.modify({ readable: true, writable: true })
  }

  /** The messages that have not come back. */
  outstanding(): number[] {
    return Array.from({ length: this.#sent - this.#received }, (_, index) =>
      this.#numberOf(this.#received + index),
    )
  }

  /** Ends the conversation; the connection stays. */
  end(): void {
    this.#registration.close()
  }

  #onReady(readiness: Readiness): void {
    if ((readiness & Ready.WRITABLE) !== 0) this.#flush()
    if ((readiness & ~Ready.WRITABLE) !== 0) this.#read()
  }

  #flush(): void {
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const taken = Math.max(this.#stream.write(first), 0)
      if (taken < first.length) {
        this.#pending[0] = first.subarray(taken)
        return
      }
      this.#pending.shift()
    }
    this.#registration.modify({ readable: true })
  }

  #read(): void {
    for (;;) {
      const count = this.#stream.read(scratch)
      if (count === WOULD_BLOCK) return
      if (count === 0) throw new EchoFault('the server ended a connection')
      this.#check(count)
      if (count < scratch.length) return
    }
  }

  #check(count: number): void {
    const { bytes } = this.#pattern
    for (let at = 0; at < count;) {
      if (this.#received === this.#sent) throw new EchoFault('more came back than was sent')
      const message = this.#numberOf(this.#received)
      if (this.#offset === 0) this.#pattern.fill(this.#expected, message)
      const length = Math.min(bytes - this.#offset, count - at)
      const end = this.#offset + length
      if (scratch.compare(this.#expected, this.#offset, end, at, at + length) !== 0) {
        throw new EchoFault(`message ${message} came back changed`)
      }
      at += length
      this.#offset = end
      if (end === bytes) {
        this.#offset = 0
        this.#received += 1
        this.#onEcho(message)
      }
    }
  }
}
