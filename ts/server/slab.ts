const SIZE = 1024 * 1024
/** With less than this free, the next turn gets a new slab. */
const LEAST = 64 * 1024

/**
 * The memory that reads go into. What was handed out stays its holders': it is replaced, and never read into twice, unless all views
 * of it were lent.
 */
export class Slab {
  #bytes = fresh()
  #used = 0
  #isKept = false

  get bytes(): Buffer {
    return this.#bytes
  }

  /** What its views lie in. */
  get memory(): ArrayBufferLike {
    return this.#bytes.buffer
  }

  /** What a read has brought. */
  view(offset: number, length: number): Buffer {
    this.#used = offset + length
    return this.#bytes.subarray(offset, offset + length)
  }

  /** Somebody may keep a view of it. */
  keep(): void {
    this.#isKept = true
  }

  /** Begins anew, if nobody may keep a view. Whether it did. */
  empty(): boolean {
    if (this.#isKept || this.#used === 0) return false
    this.#used = 0
    return true
  }

  /** Replaces it if little of it is left, or if somebody has given it away. Whether it did. */
  renew(): boolean {
    if (this.#bytes.length - this.#used >= LEAST) return false
    this.#bytes = fresh()
    this.#used = 0
    this.#isKept = false
    return true
  }
}

function fresh(): Buffer {
  const bytes = Buffer.allocUnsafeSlow(SIZE)
  // Not imported above: most programs that import this have no server.
  process.getBuiltinModule('node:worker_threads').markAsUntransferable(bytes.buffer)
  return bytes
}
