/** Where a message begins in the pattern depends on its number, so that one cannot be taken for another. */
const SHIFTS = 251
const HEADER = 8
const CYCLE = Buffer.from(Array.from({ length: 256 }, (_, index) => (index * 7) % 256))

/** The bytes of a run's messages: the run, the message's number, and a pattern. */
export class Pattern {
  readonly bytes: number
  readonly #run: number
  readonly #pattern: Buffer
  readonly #header = Buffer.alloc(HEADER)

  constructor(bytes: number, run: number) {
    this.bytes = bytes
    this.#run = run
    this.#pattern = Buffer.alloc(bytes + SHIFTS, CYCLE)
  }

  /** Writes a message. */
  fill(target: Buffer, message: number): void {
    const shift = message % SHIFTS
    this.#pattern.copy(target, 0, shift, shift + this.bytes)
    this.#header.writeUInt32LE(message, 0)
    this.#header.writeUInt32LE(this.#run, 4)
    this.#header.copy(target, 0, 0, Math.min(HEADER, this.bytes))
  }
}
