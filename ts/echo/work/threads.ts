/** The pool of threads: a file of its own, so that the library is loaded only where threads are asked for. */
import { fileURLToPath } from 'node:url'
import { Piscina } from './piscina/index.js'
import type { WorkOptions } from './work.js'

/** Threads that work, each on one request at a time. They are started when they are needed; one that dies is replaced. */
export class Threads {
  readonly #options: WorkOptions
  #pool: Piscina
  #failure: unknown

  constructor(options: WorkOptions) {
    this.#options = options
    this.#pool = this.#open()
  }

  /**
   * Has a request worked on. Its memory goes to the thread.
   *
   * @throws What the thread died of.
   */
  async run(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const pool = this.#pool
    try {
      return (await pool.run(bytes, { transferList: [bytes.buffer] })) as Uint8Array
    } catch (error) {
      throw pool === this.#pool ? error : this.#failure
    }
  }

  /** Terminates the threads, whatever they do. */
  close(): void {
    void this.#pool.destroy()
  }

  #open(): Piscina {
    const pool = new Piscina({
      // Beside this in dist/.
      filename: fileURLToPath(new URL('task.js', import.meta.url)),
      minThreads: 0,
      maxThreads: this.#options.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      workerData: this.#options,
    })
    // A thread that did not start. What was to be its work waits for another, unless there is none.
    pool.on('error', (error) => {
      if (pool !== this.#pool || pool.threads.length > 0) return
      this.#failure = error
      this.#pool = this.#open()
      void pool.destroy()
    })
    return pool
  }
}
