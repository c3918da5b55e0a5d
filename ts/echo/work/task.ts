/** What each thread of `fdreactor echo --threads` does with a request. */
import { workerData } from 'node:worker_threads'
import { block } from './block.js'
import type { WorkOptions } from './work.js'

const { ms, crashOn } = workerData as WorkOptions

export default function work(bytes: Uint8Array): Uint8Array | Promise<never> {
  if (crashOn !== undefined && Buffer.from(bytes.buffer).includes(crashOn)) return die()
  block(ms)
  return bytes
}

/** Not by a rejection, which the pool would take for an answer: by what nobody catches. */
function die(): Promise<never> {
  queueMicrotask(() => {
    throw new Error('the thread has died, as --crash-on asks')
  })
  return new Promise(() => {})
}
