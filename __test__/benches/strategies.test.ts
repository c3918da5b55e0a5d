import { STRATEGIES } from '../../benches/compare/strategies/echo.js'
import { whereEdgeGainsNothing } from '../../benches/compare/strategies/finding.js'
import { measureStrategies } from '../../benches/compare/strategies/measure.js'
import type { StrategyPlan } from '../../benches/compare/strategies/measure.js'
import { Run } from '../../benches/compare/strategies/run.js'
import type { StrategyCell } from '../../benches/compare/result.js'
import { countOpen } from '../helpers/descriptors.js'
import { NATIVE } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const backend = NATIVE as 'epoll' | 'kqueue'
const PLAN: StrategyPlan = {
  sizes: [64, 4096],
  connections: [1, 5],
  messages: 10,
  rounds: 3,
  seed: 1,
  backend,
}

const READS = { level: 1, 'edge, until it would block': 2, 'edge, until a short read': 1 }

for (const strategy of STRATEGIES) {
  for (const [bytes, connections] of [
    [64, 1],
    [64, 50],
    [4096, 1],
    [4096, 50],
  ] as const) {
    test.serial(`counts ${strategy.name}: ${bytes} bytes over ${connections}`, (t) => {
      const run = new Run({ strategy, bytes, connections, backend })
      t.teardown(() => run.close())
      const each = 7
      const messages = each * connections
      t.deepEqual(run.count(each), {
        callbacks: messages,
        waits: each,
        reads: READS[strategy.name] * messages,
        writes: messages,
      })
    })
  }

  test.serial(`echoes what does not fit: ${strategy.name}`, (t) => {
    const run = new Run({ strategy, bytes: 8 * 1024 * 1024, connections: 2, backend })
    t.teardown(() => run.close())
    const { reads, callbacks } = run.count(1)
    // 128 whole reads for each connection at least; the client checks every byte.
    t.true(reads >= 256)
    t.true(strategy.until === 'once' ? callbacks >= reads : callbacks < reads)
  })
}

test.serial('measures every cell in every round', async (t) => {
  const open = countOpen()
  const steps: [number, number][] = []
  const cells = await measureStrategies(PLAN, (done, total) => steps.push([done, total]))
  t.is(cells.length, 12)
  for (const cell of cells) {
    const reads = READS[cell.strategy as keyof typeof READS]
    t.like(cell, { callbacks: 1, waits: 1 / cell.connections, reads, writes: 1 })
    t.is(cell.cpu.rounds, 3)
    t.true(cell.cpu.median > 0)
  }
  t.deepEqual(
    steps,
    Array.from({ length: 49 }, (_, index): [number, number] => [index, 48]),
  )
  t.is(countOpen(), open)
})

test.serial('stops where its signal says', async (t) => {
  const open = countOpen()
  const controller = new AbortController()
  const reason = new Error('enough')
  let last = -1
  const measured = measureStrategies({ ...PLAN, signal: controller.signal }, (done) => {
    last = done
    if (done === 20) controller.abort(reason)
  })
  t.is(await t.throwsAsync(measured), reason)
  t.is(last, 20)
  t.is(countOpen(), open)
})

function cellOf(
  strategy: string,
  bytes: number,
  connections: number,
  reads: number,
  waits = 1,
): StrategyCell {
  const cpu = { median: 10, low: 9, high: 11, spread: 0, rounds: 3 }
  return { strategy, bytes, connections, callbacks: waits, waits, reads, writes: 1, cpu }
}

const SMALL = [
  cellOf('level', 64, 1, 1),
  cellOf('edge, until it would block', 64, 1, 2),
  cellOf('edge, until a short read', 64, 1, 1),
]
const LARGE = [
  cellOf('level', 262_144, 50, 4, 4),
  cellOf('edge, until it would block', 262_144, 50, 5),
  cellOf('edge, until a short read', 262_144, 50, 5),
]

test('says where edge gains nothing', (t) => {
  t.is(whereEdgeGainsNothing([]), 'Level and edge were not compared.')
  t.is(
    whereEdgeGainsNothing(SMALL),
    'Edge saves no system call for 64 B over one connection (3 against 3 a message, level first).',
  )
  t.is(
    whereEdgeGainsNothing(LARGE),
    'Edge saves system calls everywhere: for 256 KiB over 50 connections (9 against 7 system calls a message, level first).',
  )
  t.is(
    whereEdgeGainsNothing([...SMALL, ...LARGE]),
    'Edge saves no system call for 64 B over one connection (3 against 3 a message, level first); ' +
      'it saves some for 256 KiB over 50 connections (9 against 7 system calls a message, level first).',
  )
})
