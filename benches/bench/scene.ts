import { random, shuffled } from '../shared/statistics.js'
import type { Cores } from './cores.js'
import { Load } from './load.js'
import type { Plan } from './options.js'
import type { Peer } from './peers.js'
import type { LeftOut } from './result.js'
import { Server } from './server.js'
import type { Manner } from './server.js'

/** Says how far it is. */
export type Progress = (done: number, total: number, what: string) => void

/** What a measurement works with: the servers and the load, which have all ended when it has. */
export class Scene {
  readonly plan: Plan
  readonly peers: readonly Peer[]
  readonly load: Load
  readonly leftOut: LeftOut[] = []
  /** What a reader should know, a sentence each. */
  readonly notes: string[] = []
  readonly openFiles: number
  readonly signal: AbortSignal
  readonly #cores: Cores | undefined
  readonly #progress: Progress
  readonly #next: () => number
  readonly #all: Server[] = []
  readonly #kept = new Map<string, Server>()
  #done = 0

  constructor(
    plan: Plan,
    peers: readonly Peer[],
    {
      cores,
      openFiles,
      signal,
      progress,
    }: {
      cores: Cores | undefined
      openFiles: number
      signal: AbortSignal
      progress: Progress
    },
  ) {
    this.plan = plan
    this.peers = peers
    this.openFiles = openFiles
    this.signal = signal
    this.#cores = cores
    this.#progress = progress
    this.#next = random(plan.seed)
    this.load = new Load(cores?.load, openFiles)
  }

  /**
   * Measures each peer once a round, in an order of its own each round. One that fails is left out of what is left of this
   * case, and so are its rounds before.
   */
  async rounds<Sample>(
    what: string,
    total: number,
    once: (peer: Peer) => Promise<Sample>,
  ): Promise<Map<string, Sample[]>> {
    const samples = new Map<string, Sample[]>(this.peers.map(({ name }) => [name, []]))
    for (let round = 1; round <= this.plan.rounds; round += 1) {
      for (const peer of shuffled(this.peers, this.#next)) {
        this.signal.throwIfAborted()
        const found = samples.get(peer.name)
        this.#progress(this.#done, total, `${what}: ${peer.name}, round ${round} of ${this.plan.rounds}`)
        this.#done += 1
        if (found === undefined) continue
        try {
          found.push(await once(peer))
        } catch (error) {
          this.signal.throwIfAborted()
          samples.delete(peer.name)
          this.leftOut.push({ peer: peer.name, why: `${what}: ${await this.#reason(peer, error)}` })
          await this.load.close()
        }
      }
    }
    return samples
  }

  /** The server of a peer, which stays between rounds. */
  async server(peer: Peer, manner: Manner): Promise<Server> {
    const key = `${peer.name} ${manner}`
    const there = this.#kept.get(key)
    if (there !== undefined && !there.hasEnded) return there
    const server = await this.fresh(peer, manner)
    this.#kept.set(key, server)
    return server
  }

  /** A server that has done nothing yet. */
  fresh(peer: Peer, manner: Manner): Promise<Server> {
    return Server.start(peer, manner, this.#cores?.server, this.#all)
  }

  async end(): Promise<void> {
    await Promise.all([this.load.end(), ...this.#all.map((server) => server.end())])
  }

  async #reason(peer: Peer, error: unknown): Promise<string> {
    const server = this.#all.findLast((each) => each.peer === peer.name)
    if (server !== undefined) return server.reasonOf(error)
    return error instanceof Error ? error.message : String(error)
  }
}
