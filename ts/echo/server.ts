import { setImmediate } from 'node:timers/promises'
import { Reactor } from '../index.js'
import type { SocketAddress } from '../index.js'
import type { Counts } from './counts.js'
import { ListeningAcceptor } from './listening.js'
import type { Log } from './log.js'
import type { EchoOptions } from './options.js'
import type { Acceptor, Peer, Surroundings } from './peer.js'
import { ReadinessAcceptor } from './readiness.js'
import { openWork } from './work/work.js'
import type { Work } from './work/work.js'

/** How long the manual driver waits at most before signals, messages and timers get their turn. */
const SLICE_MS = 50

/** The echo server of one thread: a reactor, what accepts on it, and the peers. */
export class EchoServer {
  readonly reactor: Reactor
  readonly #onEnd: () => void
  readonly #acceptor: Acceptor
  readonly #work: Work | undefined
  readonly #graceMs: number
  readonly #peers = new Set<Peer>()
  readonly #totals = { received: 0, calls: 0 }
  #accepted = 0
  /** Bytes that were kept for peers that are gone. */
  #lost = 0
  #stopping: NodeJS.Timeout | undefined

  /**
   * Listens. Calls `onEnd` when it has stopped and its reactor is closed.
   *
   * @throws What the reactor and the listener throw.
   */
  constructor(options: EchoOptions, host: string, log: Log, onEnd: () => void = () => {}) {
    const { backend, driver } = options
    this.#onEnd = onEnd
    this.#graceMs = options.graceMs
    this.#work = openWork(options.work, log)
    this.reactor = new Reactor({ backend, driver })
    const around: Surroundings = {
      options,
      reactor: this.reactor,
      log,
      work: this.#work,
      totals: this.#totals,
      came: (peer) => this.#came(peer),
      gone: (peer) => this.#gone(peer),
    }
    try {
      this.#acceptor = options.server
        ? new ListeningAcceptor(around, host)
        : new ReadinessAcceptor(around, host)
    } catch (error) {
      this.reactor.close()
      throw error
    }
  }

  /** Where it listens. */
  get address(): SocketAddress {
    return this.#acceptor.address
  }

  get counts(): Counts {
    const stats = this.reactor.stats()
    const { waits, changes, accepts, reads, writes } = stats
    return {
      connections: this.#peers.size,
      accepted: this.#accepted,
      received: this.#totals.received,
      sent: this.#sent,
      kept: this.#kept,
      turns: waits,
      events: stats.events,
      callbacks: stats.callbacks,
      systemCalls: waits + changes + accepts + reads + writes + this.#totals.calls,
      // Nobody reads a millionth.
      slowestTurnMs: Math.round(stats.slowestTurnMs * 1000) / 1000,
    }
  }

  /** Takes the turns of a reactor that has no driver, and lets the host's loop run between them, until it has stopped. */
  async run(): Promise<void> {
    while (this.reactor.driver === 'manual' && !this.reactor.closed) {
      this.reactor.poll(SLICE_MS)
      await setImmediate()
    }
  }

  /** Ends: no new connections, what is kept is sent, at most for a while. Called twice, it ends at once. */
  stop(): void {
    if (this.#stopping !== undefined) {
      this.#end()
      return
    }
    this.#stopping = this.#grant(this.#sent)
    this.#acceptor.stop(() => {
      for (const peer of this.#peers) peer.finish()
      if (this.#peers.size === 0) this.#end()
    })
  }

  /** Ends when nothing has been sent for a while. */
  #grant(sent: number): NodeJS.Timeout {
    return setTimeout(() => {
      const now = this.#sent
      if (now === sent) this.#end()
      else this.#stopping = this.#grant(now)
    }, this.#graceMs)
  }

  #end(): void {
    if (this.reactor.closed) return
    clearTimeout(this.#stopping)
    // First, or each peer that goes would make room for others.
    this.#work?.close()
    for (const peer of this.#peers) peer.close('server stopped')
    if (this.reactor.closed) return
    this.reactor.close()
    this.#onEnd()
  }

  #came(peer: Peer): void {
    this.#peers.add(peer)
    this.#accepted += 1
  }

  #gone(peer: Peer): void {
    this.#peers.delete(peer)
    this.#lost += peer.kept
    if (this.#stopping !== undefined && this.#peers.size === 0) this.#end()
  }

  get #kept(): number {
    let kept = 0
    for (const peer of this.#peers) kept += peer.kept
    return kept
  }

  get #sent(): number {
    return this.#totals.received - this.#kept - this.#lost
  }
}
