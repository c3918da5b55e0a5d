/** What a peer has not taken yet, in order. Small pieces share blocks, so that the memory is near the number of bytes. */
export class Backlog {
  readonly #blocks: Block[] = []
  #size = 0

  /** Bytes kept. */
  get size(): number {
    return this.#size
  }

  /** Keeps a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    this.#size += bytes.length
    for (let rest = bytes; rest.length > 0;) {
      let block = this.#blocks.at(-1)
      if (block === undefined || block.end === BLOCK_SIZE) {
        block = { bytes: Buffer.allocUnsafeSlow(BLOCK_SIZE), start: 0, end: 0 }
        this.#blocks.push(block)
      }
      const taken = Math.min(rest.length, BLOCK_SIZE - block.end)
      block.bytes.set(rest.subarray(0, taken), block.end)
      block.end += taken
      rest = rest.subarray(taken)
    }
  }

  /** Hands everything to `write` until it takes less than it was given. `write` returns how many bytes it took. */
  drain(write: (bytes: Buffer, offset: number, length: number) => number): void {
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      const length = block.end - block.start
      const taken = write(block.bytes, block.start, length)
      block.start += taken
      this.#size -= taken
      if (taken < length) return
      this.#blocks.shift()
    }
  }
}

interface Block {
  readonly bytes: Buffer
  start: number
  end: number
}

const BLOCK_SIZE = 64 * 1024
