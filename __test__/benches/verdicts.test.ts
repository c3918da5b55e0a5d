import { crossovers } from '../../benches/compare/crossover.js'
import { EVENTS } from '../../benches/compare/plan.js'
import type { Estimate, Fit, LoadCell, StrategyCell, TurnCell } from '../../benches/compare/result.js'
import { verdicts } from '../../benches/compare/verdicts.js'
import type { Evidence } from '../../benches/compare/verdicts.js'
import test from '../helpers/test.js'

const about = (median: number, width = 0.02): Estimate => ({
  median,
  low: median * (1 - width),
  high: median * (1 + width),
  spread: width,
  rounds: 5,
})

/** A turn's cost by a model: what is fixed, what an idle one and what an active one costs. */
const costs: Readonly<Record<string, { fixed: number; idle: number; active: number }>> = {
  select: { fixed: 1000, idle: 70, active: 100 },
  poll: { fixed: 1000, idle: 80, active: 100 },
  [`${EVENTS} level`]: { fixed: 1500, idle: 0, active: 300 },
  [`${EVENTS} edge`]: { fixed: 1500, idle: 0, active: 300 },
}

function turn(variant: string, watched: number, active: number): TurnCell {
  const { fixed, idle, active: each } = costs[variant] ?? { fixed: 0, idle: 0, active: 0 }
  const cost = about(fixed + idle * (watched - active) + each * active)
  return { variant, side: 'api', watched, active, cpu: cost, wall: cost }
}

const names = Object.keys(costs)
const sizes = [10, 960, 10_000]
const turns = names.flatMap((variant) =>
  sizes.flatMap((watched) =>
    variant === 'select' && watched >= 1024
      ? []
      : [turn(variant, watched, 1), turn(variant, watched, watched)],
  ),
)
const fits: Fit[] = names.map((variant) => {
  const { fixed = 0, idle = 0 } = costs[variant] ?? {}
  return { variant, side: 'api', a: about(fixed), b: about(idle) }
})
const loadCell = (variant: string, cpu: number): LoadCell => ({
  variant,
  idle: 10_000,
  active: 10,
  rate: 2000,
  bytes: 64,
  p50: about(100),
  p99: about(200),
  p999: about(300),
  cpu: about(cpu),
  memory: 700,
  sustained: null,
  doubt: null,
})
const strategy = (name: string, cpu: number): StrategyCell => ({
  strategy: name,
  bytes: 64,
  connections: 1,
  callbacks: 1,
  waits: 1,
  reads: 1,
  writes: 1,
  cpu: about(cpu),
})

const evidence: Evidence = {
  turns,
  refusals: [{ variant: 'select', side: 'api', watched: 10_000, code: 'ERR_FDREACTOR_FD_LIMIT' }],
  fits,
  load: [loadCell('poll', 1000), loadCell(`${EVENTS} level`, 10)],
  strategies: [strategy('level', 5), strategy('edge, until it would block', 6)],
  told: { level: 3, edge: 1 },
}

const of = (changed: Partial<Evidence>, id: string) => {
  const found = verdicts({ ...evidence, ...changed }).find((verdict) => verdict.id === id)
  if (!found) throw new Error(`there is no verdict ${id}`)
  return found
}

test('every claim has its verdict, once, as sentences', (t) => {
  const found = verdicts(evidence)
  t.deepEqual(
    found.map(({ id, holds }) => [id, holds]),
    [
      ['limit', true],
      ['scan-grows', true],
      ['callback-flat', true],
      ['all-active', false],
      ['told-once', true],
      ['edge-cheaper', false],
      ['under-load', true],
    ],
  )
  for (const { claim, finding } of found) {
    t.regex(claim, /^\S.*\.$/)
    t.regex(finding, /^\S.*\.$/)
    t.notRegex(finding, /NaN|undefined|Infinity/)
  }
})

test('figures stand in the findings', (t) => {
  t.is(
    of({}, 'limit').finding,
    `select refused 10,000 descriptors (ERR_FDREACTOR_FD_LIMIT); ${EVENTS} watched 10,000.`,
  )
  t.regex(of({}, 'scan-grows').finding, /^select: 70\.0 ns for each idle descriptor \(68\.6 to 71\.4\)/)
  t.regex(of({}, 'all-active').finding, /2\.98 times at 960, 3\.00 times at 10,000\.$/)
  t.regex(of({}, 'under-load').finding, /1,000 µs with poll and 10\.0 µs with .* \(100 times\)\.$/)
})

test('a verdict follows the figures', (t) => {
  /** The callback variants' cost of an idle descriptor. */
  const growing = (b: Estimate): Fit[] =>
    fits.map((fit) => (fit.variant.startsWith(EVENTS) ? Object.assign({}, fit, { b }) : fit))
  t.false(of({ fits: growing(about(2)) }, 'callback-flat').holds)
  t.true(of({ fits: growing(about(0.5)) }, 'callback-flat').holds)
  t.is(of({ fits: growing(about(0.5, 1)) }, 'callback-flat').holds, null)
  const flat = fits.map((fit) => Object.assign({}, fit, { b: about(0.5) }))
  t.false(of({ fits: flat }, 'scan-grows').holds)
  const cheap = turns.map((cell) =>
    cell.variant.startsWith(EVENTS) ? Object.assign({}, cell, { cpu: about(cell.cpu.median / 10) }) : cell,
  )
  t.true(of({ turns: cheap }, 'all-active').holds)
  t.false(of({ told: { level: 3, edge: 3 } }, 'told-once').holds)
  t.false(of({ told: { level: 1, edge: 1 } }, 'told-once').holds)
  const strategies = [strategy('level', 5), strategy('edge, until it would block', 4)]
  t.true(of({ strategies }, 'edge-cheaper').holds)
  t.is(of({ load: [loadCell('poll', 10), loadCell(`${EVENTS} level`, 10)] }, 'under-load').holds, null)
  t.false(of({ load: [loadCell('poll', 9), loadCell(`${EVENTS} level`, 10)] }, 'under-load').holds)
})

test('what was not measured is not judged', (t) => {
  const nothing = { turns: [], refusals: [], fits: [], load: [], strategies: [], told: evidence.told }
  t.deepEqual(
    verdicts(nothing).map(({ holds }) => holds),
    [null, null, null, null, true, null, null],
  )
  for (const { finding } of verdicts(nothing)) t.notRegex(finding, /NaN|undefined|Infinity/)
  t.is(of({ refusals: [] }, 'limit').holds, null)
})

test('lines cross where the costs are equal', (t) => {
  const found = crossovers(fits, [3, 100])
  const at = (scan: string) => found.find((each) => each.scan === scan && each.callback === `${EVENTS} level`)
  // 1500 = 1000 + 80 N, 1500 = 1000 + 70 N
  t.is(at('poll')?.watched, 7)
  t.is(at('select')?.watched, 8)
  t.is(found.length, 4)
  t.is(crossovers(fits, [10])[0]?.watched, 0)
  const never = fits.map((fit) => (fit.variant === 'poll' ? Object.assign({}, fit, { b: about(0) }) : fit))
  t.is(crossovers(never, [3]).find(({ scan }) => scan === 'poll')?.watched, null)
  const native = fits.map((fit) => Object.assign({}, fit, { side: 'native' as const }))
  t.deepEqual(crossovers(native, [3]), [])
})
