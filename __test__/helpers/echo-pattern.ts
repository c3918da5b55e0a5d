import { EchoFailure } from './echo-change.js'

const WORD = 4

/** Spreads a number over 32 bits (the last step of MurmurHash3). */
function mix(value: number): number {
  let word = value
  word = Math.imul(word ^ (word >>> 16), 0x85_eb_ca_6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2_b2_ae_35)
  return word ^ (word >>> 16)
}

/**
 * An endless sequence of bytes that depend on their position and a seed, so that what is lost, repeated, swapped or
 * somebody else's shows, and where. No byte has to be kept for the comparison.
 */
export class Pattern {
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = mix(seed + 0x9e_37_79_b9)
  }

  bytes(position: number, length: number): Buffer {
    const first = Math.floor(position / WORD)
    const words = new Uint32Array(Math.ceil((position + length) / WORD) - first)
    for (let index = 0; index < words.length; index += 1) words[index] = mix(first + index + this.#seed)
    const start = position - first * WORD
    return Buffer.from(words.buffer, start, length)
  }

  /** @throws EchoFailure with the position of the first byte that is wrong */
  check(position: number, received: Buffer): void {
    const expected = this.bytes(position, received.length)
    if (expected.equals(received)) return
    const index = expected.findIndex((byte, at) => byte !== received[at])
    throw new EchoFailure(`byte ${position + index} is ${received[index]} instead of ${expected[index]}`)
  }
}
