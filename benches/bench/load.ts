import { Program, beside } from '../shared/processes.js'
import { pinned } from './cores.js'

/** How much is sent: so many messages, or for so many seconds if that is 0. */
export interface Amount {
  readonly seconds: number
  readonly messages: number
}

/** What came of it. Latencies are in microseconds. */
export interface Outcome {
  readonly messages: number
  readonly seconds: number
  readonly late: number
  readonly unsent: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export type LoadRequest =
  | { readonly kind: 'connect'; readonly port: number; readonly first: number; readonly count: number }
  | ({ readonly kind: 'run'; readonly bytes: number; readonly rate: number } & Amount)
  | ({
      readonly kind: 'churn'
      readonly port: number
      readonly connections: number
      readonly bytes: number
    } & Amount)
  | { readonly kind: 'close' }

/** Descriptors that a process needs for itself. */
const OWN_FILES = 100
/** What one address has ports for, with some to spare. */
const MOST_PORTS = 25_000

/** Programs that send a load, as many as the connections need. Only the first sends messages at a rate. */
export class Load {
  readonly #programs: Program[] = []
  readonly #core: number | undefined
  readonly #capacity: number

  constructor(core: number | undefined, openFiles: number) {
    this.#core = core
    this.#capacity = Math.min(openFiles - OWN_FILES, MOST_PORTS)
  }

  /** Makes so many connections. */
  async connect(port: number, count: number): Promise<void> {
    for (let first = 0, index = 0; first < count; first += this.#capacity, index += 1) {
      const some = Math.min(this.#capacity, count - first)
      await (await this.#program(index)).ask({ kind: 'connect', port, first, count: some })
    }
  }

  /** Sends messages over the connections of the first program. */
  async run(bytes: number, rate: number, amount: Amount): Promise<Outcome> {
    return (await this.#program(0)).ask<Outcome>({ kind: 'run', bytes, rate, ...amount })
  }

  /** Sends one message over each of `count` connections. */
  async touch(bytes: number, count: number): Promise<void> {
    for (let first = 0, index = 0; first < count; first += this.#capacity, index += 1) {
      const messages = Math.min(this.#capacity, count - first)
      await (await this.#program(index)).ask({ kind: 'run', bytes, rate: 0, seconds: 0, messages })
    }
  }

  /** Opens and closes connections, over and over. */
  async churn(port: number, connections: number, bytes: number, amount: Amount): Promise<Outcome> {
    return (await this.#program(0)).ask<Outcome>({ kind: 'churn', port, connections, bytes, ...amount })
  }

  /** Resets all connections. */
  async close(): Promise<void> {
    for (const program of this.#programs) await program.ask({ kind: 'close' })
  }

  async end(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end()))
  }

  async #program(index: number): Promise<Program> {
    const { [index]: there } = this.#programs
    if (there !== undefined) return there
    const file = beside(import.meta.url, './loader')
    return Program.start(file, { into: this.#programs, wrapper: pinned(this.#core) })
  }
}
