import { WOULD_BLOCK } from 'fdreactor'
import type { TcpStream } from 'fdreactor'

const scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** The other end: sends a message and takes its echo, by calls that do not wait. */
export class Client {
  readonly #stream: TcpStream
  readonly #message: Buffer
  #sent = 0
  #received = 0

  constructor(stream: TcpStream, message: Buffer) {
    this.#stream = stream
    this.#message = message
    this.#sent = message.length
    this.#received = message.length
  }

  /** The next message is due. */
  begin(): void {
    this.#sent = 0
    this.#received = 0
  }

  get isDone(): boolean {
    return this.#received === this.#message.length
  }

  /** Sends until the socket takes no more. Returns how many bytes it took. */
  send(): number {
    const before = this.#sent
    while (this.#sent < this.#message.length) {
      const count = this.#stream.write(this.#message, this.#sent)
      if (count === WOULD_BLOCK) break
      this.#sent += count
    }
    return this.#sent - before
  }

  /** Takes what has come. Returns how many bytes that were. @throws If they are not the message. */
  receive(): number {
    const before = this.#received
    while (!this.isDone) {
      const count = this.#stream.read(scratch)
      if (count === WOULD_BLOCK) break
      const end = this.#received + count
      if (count === 0 || scratch.compare(this.#message, this.#received, end, 0, count) !== 0) {
        throw new Error('what came back is not what was sent')
      }
      this.#received = end
    }
    return this.#received - before
  }
}
