import type { Place } from '../entries.js'
import type { Journal } from './journal.js'
import { OrderedLine } from './line.js'
import type { Request } from './line.js'
import type { Threads } from './threads.js'
import type { Asker, Line, Work, WorkOptions } from './work.js'

/**
 * Hands requests to threads: as many at a time as there are threads. So many others wait in a queue, in the order in which they came;
 * when that is full lines wait outside, in their order too, and are let in one request at a time.
 */
export class Desk implements Work {
  readonly #options: WorkOptions
  readonly #journal: Journal
  readonly #queue = new Set<Request>()
  readonly #outside = new Set<OrderedLine>()
  #threads: Promise<Threads> | undefined
  #busy = 0
  #isGoing = false
  #isClosed = false

  constructor(options: WorkOptions, journal: Journal) {
    this.#options = options
    this.#journal = journal
  }

  line(place: Place, asker: Asker): Line {
    return new OrderedLine(place, asker, this)
  }

  /** Whether a request of that line may come. If not, the line is let in when there is room. */
  admits(line: OrderedLine): boolean {
    if (this.#outside.size === 0 && this.#hasRoom) return true
    this.#outside.add(line)
    return false
  }

  /** Takes a request that was admitted. */
  enter(request: Request): void {
    this.#queue.add(request)
    this.#go()
  }

  /** Forgets a line and its requests: what has not been begun never is. */
  leave(line: OrderedLine, requests: readonly Request[]): void {
    this.#outside.delete(line)
    for (const request of requests) this.#queue.delete(request)
    this.#go()
  }

  close(): void {
    this.#isClosed = true
    this.#queue.clear()
    this.#outside.clear()
    this.#threads?.then(
      (threads) => threads.close(),
      () => undefined,
    )
  }

  get #hasRoom(): boolean {
    const { threads, queue } = this.#options
    return this.#busy + this.#queue.size < threads + queue
  }

  /** Begins what can be begun, and lets in whom there is room for. They come back here, so it is one loop and no recursion. */
  #go(): void {
    if (this.#isGoing || this.#isClosed) return
    this.#isGoing = true
    for (;;) {
      this.#begin()
      const [line] = this.#outside
      if (line === undefined || !this.#hasRoom) break
      this.#outside.delete(line)
      line.letIn()
    }
    this.#isGoing = false
  }

  #begin(): void {
    for (const request of this.#queue) {
      if (this.#busy === this.#options.threads) return
      if (!request.line.isThere()) continue
      this.#queue.delete(request)
      this.#busy += 1
      void this.#run(request)
    }
  }

  async #run(request: Request): Promise<void> {
    const { line, size } = request
    this.#journal.begun(line.place, size, this.#busy, this.#queue.size)
    let reply: Uint8Array | undefined
    let failure: unknown
    try {
      reply = await this.#work(request)
    } catch (error) {
      failure = error
    }
    if (this.#isClosed) return
    this.#busy -= 1
    if (reply === undefined) {
      this.#journal.failed(line.place, size, failure)
      line.fail()
    } else {
      this.#journal.done(line.place, size, this.#busy, this.#queue.size)
      line.answer(request, reply)
    }
    this.#go()
  }

  /** The library is loaded when there is work. */
  async #work(request: Request): Promise<Uint8Array> {
    this.#threads ??= import('./threads.js').then(({ Threads: Pool }) => new Pool(this.#options))
    return (await this.#threads).run(request.take())
  }
}
