const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Holds the calling thread for so long. It sleeps, so that the lesson costs no processor. */
export function block(ms: number): void {
  Atomics.wait(cell, 0, 0, ms)
}
