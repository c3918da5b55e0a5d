import { execFileSync } from 'node:child_process'
import type { Program } from '../../shared/processes.js'
import { start } from './programs.js'

/** Descriptors that a process needs for itself. */
const OWN_FILES = 100
/** What a loopback address has ports for, with some to spare: 32,768 to 60,999 by default. */
const MOST_PORTS = 25_000

/** How many open files a process that is started from here may have. */
export function openFiles(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
}

/** How many connections one process can have, and one server. */
export function mostConnections(limit: number): number {
  return Math.min(limit - OWN_FILES, MOST_PORTS)
}

interface Share {
  readonly program: Program
  count: number
}

/** Programs that hold idle connections, as many as it takes. */
export class Holders {
  readonly #programs: Program[]
  readonly #capacity: number
  readonly #shares: Share[] = []

  /** Each program that is started goes into `programs`. */
  constructor(programs: Program[], capacity: number) {
    this.#programs = programs
    this.#capacity = capacity
  }

  async connect(set: string, port: number, count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const share = await this.#roomy()
      const some = Math.min(left, this.#capacity - share.count)
      share.count += some
      left -= some
      await share.program.ask({ kind: 'connect', set, port, count: some })
    }
  }

  async close(set: string): Promise<void> {
    for (const share of this.#shares) {
      const closed = await share.program.ask<number>({ kind: 'close', set })
      share.count -= closed
    }
  }

  async #roomy(): Promise<Share> {
    const roomy = this.#shares.find(({ count }) => count < this.#capacity)
    if (roomy !== undefined) return roomy
    const share = { program: await start('clients', this.#programs), count: 0 }
    this.#shares.push(share)
    return share
  }
}
