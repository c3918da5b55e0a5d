import { WOULD_BLOCK } from 'fdreactor'

/** One buffer serves all: only what is not taken at once is copied. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** One direction of a connection: the bytes of one stream for another, and then the end. It keeps at most 64 KiB. */
export class Flow {
  #from
  #to
  /** @type {Buffer} */
  #kept = Buffer.alloc(0)
  /** The source has ended. */
  #ended = false
  /** The end has been passed on. */
  #done = false

  /**
   * @param {import('fdreactor').TcpStream} from
   * @param {import('fdreactor').TcpStream} to
   */
  constructor(from, to) {
    this.#from = from
    this.#to = to
  }

  /** Bytes that are not taken yet. */
  get kept() {
    return this.#kept.length
  }

  /** Whether it can go on when there is something to read. A full sink stops the source: that is all of back-pressure. */
  get wantsRead() {
    return !this.#ended && this.kept === 0
  }

  /** Whether it can go on when there is room to write. */
  get wantsWrite() {
    return this.kept > 0
  }

  /** Whether everything has been passed on, the end too. */
  get done() {
    return this.#done
  }

  /** Does what can be done now: at most one read, so that no connection keeps the others waiting. */
  move() {
    if (this.kept > 0) this.#kept = this.#send(this.#kept)
    if (this.wantsRead) {
      const count = this.#from.read(scratch)
      if (count === 0) this.#ended = true
      else if (count !== WOULD_BLOCK) this.#kept = Buffer.from(this.#send(scratch.subarray(0, count)))
    }
    if (this.#ended && this.kept === 0 && !this.#done) {
      this.#to.shutdown('write')
      this.#done = true
    }
  }

  /**
   * @param {Buffer} bytes
   * @returns {Buffer} what was not taken
   */
  #send(bytes) {
    return bytes.subarray(Math.max(this.#to.write(bytes), 0))
  }
}
