import { Reactor } from 'fdreactor'
import type { TcpStream } from 'fdreactor'
import { Client } from './client.js'
import { Echo } from './echo.js'
import type { Calls, Strategy } from './echo.js'
import { PATIENCE_MS, closePairs, openPairs } from './pairs.js'

/** A message up to this size is on the other side in one piece, so that its calls can be counted exactly. */
const SMALL = 16 * 1024

/** What is echoed, and how. */
export interface Work {
  readonly strategy: Strategy
  readonly bytes: number
  readonly connections: number
  readonly backend: 'epoll' | 'kqueue'
}

/** All of a run, not a message. */
export interface Counts extends Calls {
  readonly callbacks: number
  readonly waits: number
}

/** Waits until every one of some descriptors is readable. */
class Observer {
  readonly #reactor = new Reactor({ driver: 'manual' })

  constructor(streams: readonly TcpStream[]) {
    for (const stream of streams) this.#reactor.register(stream, { readable: true }, () => {})
  }

  await(): void {
    const end = performance.now() + PATIENCE_MS
    while (this.#reactor.poll(PATIENCE_MS) < this.#reactor.size) {
      if (performance.now() > end) throw new Error('a message was lost on the loopback')
    }
  }

  close(): void {
    this.#reactor.close()
  }
}

/** One server's reactor with its connections and their clients, all in this thread. */
export class Run {
  readonly #work: Work
  readonly #pairs
  readonly #reactor
  readonly #clients: readonly Client[]
  readonly #calls: Calls = { reads: 0, writes: 0 }

  constructor(work: Work) {
    this.#work = work
    this.#reactor = new Reactor({ backend: work.backend, driver: 'manual' })
    try {
      this.#pairs = openPairs(work.connections)
    } catch (error) {
      this.#reactor.close()
      throw error
    }
    const message = Buffer.from(Array.from({ length: work.bytes }, (_, index) => index % 251))
    this.#clients = this.#pairs.map(({ client }) => new Client(client, message))
    for (const { server } of this.#pairs) {
      new Echo(server, work.strategy, this.#calls).watch(this.#reactor)
    }
  }

  /** Every connection echoes so many messages, one after the other. Takes a turn whenever a client cannot go on. */
  echo(each: number): void {
    for (let message = 0; message < each; message += 1) {
      for (const client of this.#clients) client.begin()
      let left = this.#clients
      let end = performance.now() + PATIENCE_MS
      for (;;) {
        let moved = 0
        for (const client of left) moved += client.send() + client.receive()
        left = left.filter(({ isDone }) => !isDone)
        if (left.length === 0) break
        if (moved > 0) end = performance.now() + PATIENCE_MS
        else if (performance.now() > end) throw new Error('a message was lost on the loopback')
        this.#reactor.poll(1)
      }
    }
  }

  /** As `echo`, and counts. Of small messages nobody goes on before all have come, so that the counts are always the same. */
  count(each: number): Counts {
    const before = this.#counts()
    if (this.#work.bytes <= SMALL) this.#echoAtOnce(each)
    else this.echo(each)
    const after = this.#counts()
    return {
      callbacks: after.callbacks - before.callbacks,
      waits: after.waits - before.waits,
      reads: after.reads - before.reads,
      writes: after.writes - before.writes,
    }
  }

  close(): void {
    this.#reactor.close()
    closePairs(this.#pairs)
  }

  #counts(): Counts {
    const { callbacks, waits } = this.#reactor.stats()
    return { callbacks, waits, ...this.#calls }
  }

  #echoAtOnce(each: number): void {
    const servers = new Observer(this.#pairs.map(({ server }) => server))
    const clients = new Observer(this.#pairs.map(({ client }) => client))
    try {
      for (let message = 0; message < each; message += 1) {
        for (const client of this.#clients) {
          client.begin()
          client.send()
        }
        servers.await()
        this.#reactor.poll(0)
        clients.await()
        for (const client of this.#clients) client.receive()
        if (this.#clients.some(({ isDone }) => !isDone)) throw new Error('a message came in pieces')
      }
    } finally {
      servers.close()
      clients.close()
    }
  }
}
