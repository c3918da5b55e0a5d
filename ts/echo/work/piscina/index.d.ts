// What is used of the library piscina, which scripts/bundle-library.mjs puts here in dist/. Its own declarations do not hold under
// `exactOptionalPropertyTypes`.
import type { Transferable, Worker } from 'node:worker_threads'

export declare class Piscina {
  readonly threads: readonly Worker[]
  constructor(options: {
    /** Whose default export works. */
    readonly filename: string
    readonly minThreads: number
    readonly maxThreads: number
    /** After which a thread beyond the least number is ended. */
    readonly idleTimeout: number
    readonly recordTiming: boolean
    readonly workerData: unknown
  })
  /** A thread has died that worked on nothing, as one does that cannot start. */
  on(event: 'error', listener: (error: unknown) => void): this
  /** Rejects with what the thread, or the work, has died of. */
  run(task: unknown, options: { readonly transferList: readonly Transferable[] }): Promise<unknown>
  /** Terminates the threads. What waits is rejected. */
  destroy(): Promise<void>
}
