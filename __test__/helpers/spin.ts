// What an idle reactor does between two points: by count, since a clock says nothing on a busy machine.
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReactorStats } from '../../dist/index.js'
import { PATIENCE_MS } from './descriptors.js'
import type { Rig } from './matrix.js'

/** What a reactor did while nothing happened. */
export interface Idle {
  /** Waits that ended; in the manual driver those of `poll` beyond the one that lasts the whole time. */
  readonly waits: number
  readonly callbacks: number
  readonly stale: number
  readonly parked: number
  readonly rebuilds: number
  /** How often the helper thread ran. Its waits that only a change ended are not among `waits`. Linux. */
  readonly threadRuns: number
  /** How many events the host's loop got from the kernel, in the quietest of a few windows: it has some of its own. */
  readonly loopEvents: number
  /** Whether the host's loop went round without waiting. */
  readonly isLoopBusy: boolean
}

/** What is promised of every state in which nothing is told. */
export const SILENT: Idle = {
  waits: 0,
  callbacks: 0,
  stale: 0,
  parked: 0,
  rebuilds: 0,
  threadRuns: 0,
  loopEvents: 0,
  isLoopBusy: false,
}

/** How many timers a window has. In each of them the loop waits once, and whatever spins beside it gets the processor. */
const ROUNDS = 10
/** The most turns of the loop that a timer takes, for rounding. */
const TURNS_PER_TIMER = 5
const WINDOWS = 5
/** How long one `poll` of the manual driver lasts: less than a slice of its wait. */
const POLL_MS = 20
const SETTLING_ROUNDS = 200

/** A helper thread, seen by the kernel. One that sleeps at two points and went to sleep as often did not run in between. */
class HelperThread {
  readonly #file: number
  readonly #bytes = Buffer.alloc(4096)

  /** Its file is opened once: a test may run out of descriptors meanwhile. */
  constructor(task: string) {
    this.#file = openSync(`/proc/self/task/${task}/status`, 'r')
  }

  /** How often it has gone to sleep, or `undefined` while it runs. 0 once it has ended. */
  sleeps(): number | undefined {
    let text = ''
    try {
      text = this.#bytes.toString('latin1', 0, readSync(this.#file, this.#bytes, 0, 4096, 0))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 0
      throw error
    }
    const count = Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(text)?.[1])
    return /^State:\s+S/m.test(text) ? count : undefined
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Those of all reactors in this process, by the name that the library gives them. */
function helperThreads(): HelperThread[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/task').flatMap((task) => {
    try {
      const name = readFileSync(`/proc/self/task/${task}/comm`, 'utf8')
      return name === 'fdreactor\n' ? [new HelperThread(task)] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

/** Turns and events of the host's loop, where it counts them. */
function loopCounts(): { turns: number; events: number } {
  // Only Node has them.
  const { uvMetricsInfo } = performance.nodeTiming as Partial<typeof performance.nodeTiming>
  return { turns: uvMetricsInfo?.loopCount ?? 0, events: uvMetricsInfo?.events ?? 0 }
}

/** Looks at one reactor, and at the threads that wait for it. */
export class SpinWatch {
  readonly #rig: Rig
  readonly #threads: readonly HelperThread[]

  private constructor(rig: Rig, threads: readonly HelperThread[]) {
    this.#rig = rig
    this.#threads = threads
    rig.own(this)
  }

  /** Finds the thread, which takes its name when it begins to run. */
  static async on(rig: Rig): Promise<SpinWatch> {
    const hasThread = rig.driver === 'thread' && process.platform === 'linux'
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const threads = helperThreads()
      if (threads.length > 0 || !hasThread) return new SpinWatch(rig, threads)
      if (performance.now() > deadline) throw new Error('no helper thread of that name')
      await sleep(1)
    }
  }

  /** What the reactor does from now on, with what was done before having come to an end. */
  async idle(): Promise<Idle> {
    if (this.#rig.driver === 'manual') return this.#idlePoll()
    await this.#settle()
    const before = this.#rig.reactor.stats()
    const sleepsBefore = this.#sleeps()
    let loopEvents = Number.POSITIVE_INFINITY
    let isLoopBusy = false
    for (let window = 0; window < WINDOWS && loopEvents > 0; window += 1) {
      const from = loopCounts()
      for (let round = 0; round < ROUNDS; round += 1) await sleep(1)
      const to = loopCounts()
      loopEvents = Math.min(loopEvents, to.events - from.events)
      isLoopBusy ||= to.turns - from.turns > ROUNDS * TURNS_PER_TIMER
    }
    const sleeps = this.#sleeps()
    const threadRuns = this.#threads.reduce((sum, _, index) => {
      const [from, to] = [sleepsBefore[index], sleeps[index]]
      // One that is running ran.
      return sum + (from === undefined || to === undefined ? 1 : to - from)
    }, 0)
    return { ...difference(before, this.#rig.reactor.stats()), threadRuns, loopEvents, isLoopBusy }
  }

  #idlePoll(): Idle {
    const { reactor } = this.#rig
    const before = reactor.stats()
    const start = performance.now()
    reactor.poll(POLL_MS)
    const isEarly = performance.now() - start < POLL_MS
    const { waits, ...rest } = difference(before, reactor.stats())
    // One that comes back early has not waited; what ended it was not silence.
    return {
      ...rest,
      waits: isEarly ? waits : waits - 1,
      threadRuns: 0,
      loopEvents: 0,
      isLoopBusy: false,
    }
  }

  /** Until two looks in a row see the same: the thread has gone back to its wait, wakes have been taken. */
  async #settle(): Promise<void> {
    let last = ''
    for (let round = 0; round < SETTLING_ROUNDS; round += 1) {
      await sleep(1)
      const sleeps = this.#sleeps()
      const now = JSON.stringify([this.#rig.reactor.stats().waits, sleeps])
      if (now === last && !sleeps.includes(undefined)) return
      last = now
    }
  }

  #sleeps(): (number | undefined)[] {
    return this.#threads.map((thread) => thread.sleeps())
  }

  close(): void {
    for (const thread of this.#threads) thread.close()
  }
}

function difference(
  before: ReactorStats,
  after: ReactorStats,
): Pick<Idle, 'waits' | 'callbacks' | 'stale' | 'parked' | 'rebuilds'> {
  return {
    waits: after.waits - before.waits,
    callbacks: after.callbacks - before.callbacks,
    stale: after.stale - before.stale,
    parked: after.parked - before.parked,
    rebuilds: after.rebuilds - before.rebuilds,
  }
}
