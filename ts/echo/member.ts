import { Worker } from 'node:worker_threads'
import type { Counts } from './counts.js'
import type { Order, Report, Task } from './messages.js'

type Listening = Extract<Report, { readonly kind: 'listening' }>

/** One Worker, as the main thread sees it. */
export class Member {
  /** Where it listens, once it does. Rejects with what kept it from listening. */
  readonly listening: Promise<Listening>
  /** Resolves when it has ended: with why it died, or with nothing if it did as it was told. */
  readonly ended: Promise<string | undefined>
  readonly #worker: Worker
  /** Who waits for its counts, in order. */
  readonly #asked: ((counts: Counts | undefined) => void)[] = []
  #isTold = false
  #hasEnded = false

  constructor(task: Task) {
    // Beside this in dist/, whatever the bundle is cut into: scripts/bundle-library.mjs sees to that.
    this.#worker = new Worker(new URL('worker.js', import.meta.url), { workerData: task })
    this.listening = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: Report) => {
        if (message.kind === 'counts') this.#asked.shift()?.(message.counts)
        else if (message.kind === 'listening') resolve(message)
        else reject(Object.assign(new Error(message.message), { code: message.code }))
      })
      this.#worker.once('error', reject)
      this.#worker.once('exit', (status) => reject(new Error(`a worker ended with status ${status}`)))
    })
    // It is asked for at the start only.
    this.listening.catch(() => undefined)
    this.ended = new Promise((resolve) => {
      let reason: string | undefined
      this.#worker.once('error', (error) => {
        reason = error instanceof Error ? error.message : String(error)
      })
      this.#worker.once('exit', (status) => {
        this.#hasEnded = true
        for (const answer of this.#asked.splice(0)) answer(undefined)
        if (reason === undefined && !(this.#isTold && status === 0)) reason = `it ended with status ${status}`
        // Its last lines go first.
        setImmediate(resolve, reason)
      })
    })
  }

  /** What it has done, or nothing if it ends before it can tell. */
  counts(): Promise<Counts | undefined> {
    if (this.#hasEnded) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#asked.push(resolve)
      this.#tell('status')
    })
  }

  /** Has it stop; told twice, at once. */
  stop(): void {
    this.#isTold = true
    this.#tell('stop')
  }

  /** Ends it without a word. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #tell(order: Order): void {
    this.#worker.postMessage(order)
  }
}
