import { Ready } from 'fdreactor'
import { Flow } from './flow.mjs'

/** Two connections whose bytes go from each to the other: a client's, and one to the target. */
export class Link {
  #connected = false
  #closed = false
  #ends
  #up
  #down
  #onGone

  /**
   * @param {import('fdreactor').Reactor} reactor
   * @param {import('fdreactor').TcpStream} client
   * @param {import('fdreactor').TcpStream} target on its way to be connected
   * @param {(link: Link) => void} onGone
   * @throws what `register` throws; then both streams are still open
   */
  constructor(reactor, client, target, onGone) {
    this.#onGone = onGone
    this.#up = new Flow(client, target)
    this.#down = new Flow(target, client)
    this.#ends = {
      client: this.#watch(reactor, client, this.#up, this.#down),
      target: this.#watch(reactor, target, this.#down, this.#up),
    }
    this.#settle()
  }

  /** Bytes that one side has sent and the other has not taken yet. */
  get kept() {
    return this.#up.kept + this.#down.kept
  }

  /** Ends both connections with a reset. */
  reset() {
    if (this.#closed) return
    this.#closed = true
    for (const { stream } of Object.values(this.#ends)) {
      try {
        stream.reset()
      } catch {
        // Not connected, or dead already: it is closed all the same.
      }
    }
    this.#onGone(this)
  }

  /**
   * @param {import('fdreactor').Reactor} reactor
   * @param {import('fdreactor').TcpStream} stream
   * @param {Flow} incoming what is read from it
   * @param {Flow} outgoing what is written to it
   */
  #watch(reactor, stream, incoming, outgoing) {
    // A connection that is neither read nor written may still be reset; select cannot tell.
    const { disconnect } = reactor.capabilities
    const registration = reactor.register(stream, { disconnect }, (readiness) => {
      try {
        if (!this.#connected || (readiness & Ready.ERROR) !== 0) this.#check(stream, readiness)
        if ((readiness & ~Ready.WRITABLE) !== 0 && this.#connected && incoming.wantsRead) incoming.move()
        if ((readiness & Ready.WRITABLE) !== 0 && this.#connected && outgoing.wantsWrite) outgoing.move()
        this.#settle()
      } catch {
        // A reset of one side, or a target that cannot be reached, is passed on to the other.
        this.reset()
      }
    })
    return { stream, registration, incoming, outgoing, disconnect, asked: '' }
  }

  /**
   * Whether the connection to the target has been made; and any error that is pending.
   *
   * @param {import('fdreactor').TcpStream} stream
   * @param {import('fdreactor').Readiness} readiness
   */
  #check(stream, readiness) {
    const error = stream.takeError()
    if (error !== undefined) throw error
    if (stream === this.#ends.target.stream && (readiness & Ready.WRITABLE) !== 0) this.#connected = true
  }

  /** Asks for what each side can go on with. */
  #settle() {
    if (this.#up.done && this.#down.done) {
      this.#close()
      return
    }
    const { client, target } = this.#ends
    for (const end of [client, target]) {
      const readable = this.#connected && end.incoming.wantsRead
      const writable = this.#connected ? end.outgoing.wantsWrite : end === target
      const asked = `${readable} ${writable}`
      if (asked === end.asked) continue
      end.asked = asked
      end.registration.modify({ readable, writable, disconnect: end.disconnect })
    }
  }

  #close() {
    this.#closed = true
    for (const { stream } of Object.values(this.#ends)) stream.close()
    this.#onGone(this)
  }
}
