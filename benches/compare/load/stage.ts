import { setTimeout as sleep } from 'node:timers/promises'
import { nameOf } from '../result.js'
import type { Variant } from '../result.js'
import { isShort } from './doubt.js'
import type { Holders } from './holders.js'
import { start } from './programs.js'
import type { Program } from '../../shared/processes.js'
import type { Figures, Load, Outcome } from './protocol.js'
import { SUSTAINED_P99_MS, highest } from './sustain.js'

/** Connections after which it is looked whether the server has them. */
const STEP = 1000
const PATIENCE_MS = 20_000
const LOOK_MS = 5
const WARM_UP_SECONDS = 0.2
const PROBE_SECONDS = 0.4
/** How long echoes are awaited after the last message. */
const DRAIN_MS = 3000
/** Where the next round's search begins, by what the last one found. */
const BELOW = 0.75

/** The server takes no more connections. */
export class Refused extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** What one round found. */
export interface Round {
  readonly outcome: Outcome
  /** Microseconds of the server's processor time a message. */
  readonly cpu: number
  readonly sustained: number | null
}

export interface StagePlan {
  readonly active: number
  readonly rate: number
  readonly bytes: number
  readonly seconds: number
}

/** One variant's server with its connections. */
export class Stage {
  readonly variant: Variant
  readonly rounds: Round[] = []
  /** Bytes for each idle connection. */
  memory = 0
  /** Whether a rate was not sustained because the generator could not send it. */
  isGeneratorShort = false
  readonly #plan: StagePlan
  readonly #server: Program
  readonly #clients: Program
  readonly #set: string
  #port = 0
  #connections = 0

  private constructor(variant: Variant, plan: StagePlan, server: Program, clients: Program) {
    this.variant = variant
    this.#plan = plan
    this.#server = server
    this.#clients = clients
    this.#set = nameOf(variant)
  }

  static async start(
    variant: Variant,
    plan: StagePlan,
    clients: Program,
    programs: Program[],
  ): Promise<Stage> {
    const server = await start('server', programs, JSON.stringify(variant))
    const stage = new Stage(variant, plan, server, clients)
    stage.#port = await server.ask<number>({ kind: 'port' })
    return stage
  }

  /** Connects what is active, then what does nothing, and finds what memory an idle connection takes. @throws Refused */
  async connect(holders: Holders, idle: number): Promise<void> {
    const { active, rate } = this.#plan
    await this.#clients.ask({ kind: 'connect', set: this.#set, port: this.#port, count: active })
    await this.#await(active)
    // What the first messages allocate is not the idle connections'.
    await this.#run(rate, WARM_UP_SECONDS)
    if (idle > 0) await this.#addIdle(holders, idle)
    await this.#server.ask({ kind: 'rest' })
  }

  async measure(sustain: boolean): Promise<void> {
    await this.#server.ask({ kind: 'work' })
    await this.#run(this.#plan.rate, WARM_UP_SECONDS)
    const before = await this.#figures()
    const outcome = await this.#run(this.#plan.rate, this.#plan.seconds)
    const after = await this.#figures()
    const cpu = (after.cpu - before.cpu) / Math.max(outcome.received, 1)
    this.rounds.push({ outcome, cpu, sustained: sustain ? await this.#sustained() : null })
    await this.#server.ask({ kind: 'rest' })
  }

  /** Ends the server and all that is connected to it. */
  async close(holders: Holders): Promise<void> {
    await this.#server.end()
    await this.#clients.ask({ kind: 'close', set: this.#set })
    await holders.close(this.#set)
  }

  async #addIdle(holders: Holders, idle: number): Promise<void> {
    const before = await this.#figures(true)
    for (let left = idle; left > 0;) {
      const some = Math.min(left, STEP)
      left -= some
      await holders.connect(this.#set, this.#port, some)
      await this.#await(some)
    }
    const after = await this.#figures(true)
    this.memory = (after.rss - before.rss) / idle
  }

  #figures(collect = false): Promise<Figures> {
    return this.#server.ask<Figures>({ kind: 'figures', collect })
  }

  #run(rate: number, seconds: number): Promise<Outcome> {
    const load: Load = {
      rate,
      seconds,
      bytes: this.#plan.bytes,
      limitMs: SUSTAINED_P99_MS,
      drainMs: DRAIN_MS,
    }
    return this.#clients.ask<Outcome>({ kind: 'run', set: this.#set, load })
  }

  #sustained(): Promise<number> {
    const last = this.rounds.at(-1)?.sustained ?? 0
    return highest(Math.max(last * BELOW, this.#plan.rate), async (rate) => {
      const { planned, sent, received, late, p99 } = await this.#run(rate, PROBE_SECONDS)
      const holds = sent === planned && received === planned && p99 <= SUSTAINED_P99_MS * 1000
      if (!holds && isShort({ planned, sent, late })) this.isGeneratorShort = true
      return holds
    })
  }

  /** Until the server has so many connections more. */
  async #await(more: number): Promise<void> {
    this.#connections += more
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const { connections, complaints } = await this.#figures()
      const [complaint] = complaints
      const code = /\bERR_FDREACTOR_\w+/.exec(complaint ?? '')?.[0]
      if (code !== undefined) throw new Refused(code)
      if (complaint !== undefined) throw new Error(`the echo server says: ${complaint}`)
      if (connections === this.#connections) return
      if (performance.now() > end) {
        throw new Error(
          `the echo server has ${connections} of ${this.#connections} connections and takes no more`,
        )
      }
      await sleep(LOOK_MS)
    }
  }
}
