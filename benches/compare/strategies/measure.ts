import { setImmediate } from 'node:timers/promises'
import type { StrategyCell } from '../result.js'
import { estimate, random, shuffled } from '../../shared/statistics.js'
import { STRATEGIES } from './echo.js'
import { Run } from './run.js'
import type { Counts, Work } from './run.js'

/** What passes through a cell in one round at most: large messages are fewer. */
const MOST_BYTES = 32 * 1024 * 1024
/** Messages of each connection that are counted, and those that go ahead of a measured round to warm up. */
const COUNTED = 20
const WARM_UP = 5

export interface StrategyPlan {
  readonly sizes: readonly number[]
  readonly connections: readonly number[]
  /** Of one cell in one round, as long as they are not too many bytes. */
  readonly messages: number
  readonly rounds: number
  readonly seed: number
  readonly backend: 'epoll' | 'kqueue'
  readonly signal?: AbortSignal
}

/** Says how far it is. */
export type Progress = (done: number, total: number, what: string) => void

interface Cell {
  readonly work: Work
  /** Messages of each connection in a round. */
  readonly each: number
  readonly counts: Counts
  readonly cpu: number[]
}

function within<T>(work: Work, body: (run: Run) => T): T {
  const run = new Run(work)
  try {
    return body(run)
  } finally {
    run.close()
  }
}

/** Counts apart from the measured rounds: what makes counts exact takes time of its own. */
function prepare(work: Work, messages: number): Cell {
  const total = Math.min(messages, MOST_BYTES / work.bytes)
  const each = Math.max(1, Math.ceil(total / work.connections))
  return { work, each, counts: within(work, (run) => run.count(COUNTED)), cpu: [] }
}

function round({ work, each, cpu }: Cell): void {
  within(work, (run) => {
    run.echo(WARM_UP)
    const before = process.cpuUsage()
    run.echo(each)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / (each * work.connections))
  })
}

function finish({ work, counts, cpu }: Cell): StrategyCell {
  const messages = COUNTED * work.connections
  return {
    strategy: work.strategy.name,
    bytes: work.bytes,
    connections: work.connections,
    callbacks: counts.callbacks / messages,
    waits: counts.waits / messages,
    reads: counts.reads / messages,
    writes: counts.writes / messages,
    cpu: estimate(cpu),
  }
}

const describe = ({ strategy, bytes, connections }: Work): string =>
  `${strategy.name}, ${bytes} bytes, ${connections === 1 ? 'one connection' : `${connections} connections`}`

/** What level and edge cost when they echo the same messages, in this thread alone. */
export async function measureStrategies(plan: StrategyPlan, progress: Progress): Promise<StrategyCell[]> {
  const works = plan.sizes.flatMap((bytes) =>
    plan.connections.flatMap((connections) =>
      STRATEGIES.map((strategy): Work => ({ strategy, bytes, connections, backend: plan.backend })),
    ),
  )
  const total = works.length * (plan.rounds + 1)
  let done = 0
  const step = async (work: Work): Promise<void> => {
    progress(done, total, describe(work))
    done += 1
    // Lets the progress be seen and the signal be heard.
    await setImmediate()
    plan.signal?.throwIfAborted()
  }

  const cells: Cell[] = []
  for (const work of works) {
    await step(work)
    cells.push(prepare(work, plan.messages))
  }
  const next = random(plan.seed)
  for (let index = 0; index < plan.rounds; index += 1) {
    for (const cell of shuffled(cells, next)) {
      await step(cell.work)
      round(cell)
    }
  }
  progress(total, total, 'done')
  return cells.map(finish)
}
