import { isScan } from './crossover.js'
import { EVENTS } from './plan.js'
import { TURNS } from './repeated.js'
import { whereEdgeGainsNothing } from './strategies/finding.js'
import type { Estimate, Fit, LoadCell, Refusal, StrategyCell, TurnCell, Verdict } from './result.js'

/** What the claims are judged by. */
export interface Evidence {
  readonly turns: readonly TurnCell[]
  readonly refusals: readonly Refusal[]
  readonly fits: readonly Fit[]
  readonly load: readonly LoadCell[]
  readonly strategies: readonly StrategyCell[]
  /** In how many turns a descriptor was told that nobody read. */
  readonly told: { readonly level: number; readonly edge: number }
}

/** Not to grow is to cost less than this share of what an idle descriptor costs a scan. */
const NEGLIGIBLE = 0.01

const scaled = (estimate: Estimate, by: number): Estimate => ({
  ...estimate,
  median: estimate.median * by,
  low: estimate.low * by,
  high: estimate.high * by,
})

const LEVEL = `${EVENTS} level`
const EDGE = `${EVENTS} edge`

const UNKNOWN = 'It was not measured.'

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 })
const ratio = (value: number): string => (value < 10 ? value.toFixed(2) : number(value))

/** Three digits that mean something. */
function figure(value: number): string {
  return value >= 100 ? number(value) : value.toPrecision(3)
}

function micro(nanoseconds: number): string {
  return `${figure(nanoseconds / 1000)} µs`
}

/** Whether each first one is less than the second; `null` where intervals overlap and none speaks against it. */
function decided(pairs: readonly (readonly [Estimate, Estimate])[]): boolean | null {
  if (pairs.every(([less, more]) => less.high < more.low)) return true
  return pairs.some(([less, more]) => less.low > more.high) ? false : null
}

/** The cells of a variant through the public API, by the number watched. */
function cells(turns: readonly TurnCell[], variant: string, which: (cell: TurnCell) => boolean): TurnCell[] {
  return turns
    .filter((cell) => cell.side === 'api' && cell.variant === variant && which(cell))
    .toSorted((a, b) => a.watched - b.watched)
}

const oneActive = (cell: TurnCell): boolean => cell.active === 1
const everyOneActive = (cell: TurnCell): boolean => cell.active === cell.watched

function limit({ turns, refusals }: Evidence): Pick<Verdict, 'holds' | 'finding'> {
  const refused = refusals.filter(({ variant, side }) => variant === 'select' && side === 'api')
  const most = cells(turns, LEVEL, oneActive).at(-1)?.watched ?? 0
  if (most === 0) return { holds: null, finding: UNKNOWN }
  if (most <= 1024)
    return {
      holds: null,
      finding: `No more than ${number(most)} descriptors were watched, so it was not put to the test.`,
    }
  const first = Math.min(...refused.map(({ watched }) => watched))
  return refused.length > 0
    ? {
        holds: true,
        finding: `select refused ${number(first)} descriptors (${refused[0]?.code}); ${EVENTS} watched ${number(most)}.`,
      }
    : {
        holds: null,
        finding: `select was let go beyond its limit, as asked; ${EVENTS} watched ${number(most)}.`,
      }
}

function scanGrows({ turns, fits }: Evidence): Pick<Verdict, 'holds' | 'finding'> {
  const scans = fits.filter(({ variant, side }) => side === 'api' && isScan(variant))
  if (scans.length === 0) return { holds: null, finding: 'It was not measured at two numbers.' }
  const sentences = scans.map(({ variant, b }) => {
    const all = cells(turns, variant, oneActive)
    const [first, last] = [all[0], all.at(-1)]
    const growth = first && last ? last.cpu.median / first.cpu.median : Number.NaN
    return (
      `${variant}: ${figure(b.median)} ns for each idle descriptor (${figure(b.low)} to ${figure(b.high)}), ` +
      `${ratio(growth)} times the cost at ${number(last?.watched ?? 0)} as at ${number(first?.watched ?? 0)}`
    )
  })
  return { holds: scans.every(({ b }) => b.low > 1), finding: `${sentences.join('; ')}.` }
}

function callbackFlat({ turns, fits }: Evidence): Pick<Verdict, 'holds' | 'finding'> {
  const growths = [LEVEL, EDGE].flatMap((variant) => {
    const all = cells(turns, variant, oneActive)
    const [first, last] = [all[0], all.at(-1)]
    if (!first || !last || first === last) return []
    return [{ variant, first, last, growth: last.cpu.median / first.cpu.median }]
  })
  if (growths.length === 0) return { holds: null, finding: 'It was not measured at two numbers.' }
  const sentences = growths.map(
    ({ variant, first, last, growth }) =>
      `${variant}: ${micro(first.cpu.median)} at ${number(first.watched)} descriptors, ${micro(last.cpu.median)} at ` +
      `${number(last.watched)} (${ratio(growth)} times)`,
  )
  const scan = fits.find(({ variant, side }) => side === 'api' && variant === 'poll')
  const lines = fits.filter(({ variant, side }) => side === 'api' && !isScan(variant))
  return {
    holds: scan ? decided(lines.map(({ b }) => [b, scaled(scan.b, NEGLIGIBLE)])) : null,
    finding: `${sentences.join('; ')}.`,
  }
}

function allActive({ turns }: Evidence): Pick<Verdict, 'holds' | 'finding'> {
  const events = cells(turns, LEVEL, everyOneActive)
  const scans = cells(turns, 'poll', everyOneActive)
  const pairs = events.flatMap((event) => {
    const scan = scans.find(({ watched }) => watched === event.watched)
    return scan && event.watched >= 100
      ? [{ event: event.cpu, scan: scan.cpu, watched: event.watched, by: event.cpu.median / scan.cpu.median }]
      : []
  })
  if (pairs.length === 0) return { holds: null, finding: UNKNOWN }
  const said = pairs.map(({ watched, by }) => `${ratio(by)} times at ${number(watched)}`)
  return {
    holds: decided(pairs.map(({ event, scan }) => [event, scan])),
    finding: `With every descriptor active, a turn of ${LEVEL} costs, of poll's cost, ${said.join(', ')}.`,
  }
}

function toldOnce({ told }: Evidence): Pick<Verdict, 'holds' | 'finding'> {
  return {
    holds: told.level === TURNS && told.edge === 1,
    finding: `A descriptor that nobody reads was told in ${told.level} of ${TURNS} turns by level, in ${told.edge} by edge.`,
  }
}

function edgeCheaper({ turns, strategies }: Evidence): Pick<Verdict, 'holds' | 'finding'> {
  const contests = strategies
    .filter(({ strategy }) => strategy === 'level')
    .flatMap((level) => {
      const edge = strategies.find(
        ({ strategy, bytes, connections }) =>
          strategy.startsWith('edge, until it') && bytes === level.bytes && connections === level.connections,
      )
      return edge ? [{ level, edge, by: edge.cpu.median / level.cpu.median }] : []
    })
  if (contests.length === 0) {
    const [level, edge] = [cells(turns, LEVEL, oneActive)[0], cells(turns, EDGE, oneActive)[0]]
    if (!level || !edge) return { holds: null, finding: UNKNOWN }
    return {
      holds: null,
      finding: `A turn costs ${micro(edge.cpu.median)} with edge and ${micro(level.cpu.median)} with level; echoing was not measured.`,
    }
  }
  const said = contests.map(
    ({ level, by }) => `${ratio(by)} times at ${number(level.bytes)} B on ${number(level.connections)}`,
  )
  return {
    holds: decided(contests.map(({ edge, level }) => [edge.cpu, level.cpu])),
    finding: `Echoing until it would block costs, of level's processor time for the same messages, ${said.join(', ')} connections. ${whereEdgeGainsNothing(strategies)}`,
  }
}

function underLoad({ load }: Evidence): Pick<Verdict, 'holds' | 'finding'> {
  const most = Math.max(...load.filter(({ variant }) => variant === 'poll').map(({ idle }) => idle))
  const at = (variant: string): LoadCell | undefined =>
    load.find((cell) => cell.variant === variant && cell.idle === most)
  const [scan, events] = [at('poll'), at(LEVEL)]
  if (!scan || !events) return { holds: null, finding: UNKNOWN }
  const by = scan.cpu.median / events.cpu.median
  return {
    holds: decided([[events.cpu, scan.cpu]]),
    finding:
      `With ${number(most)} idle connections and ${number(scan.rate)} messages a second, a message costs the server ` +
      `${figure(scan.cpu.median)} µs with poll and ${figure(events.cpu.median)} µs with ${LEVEL} (${ratio(by)} times).`,
  }
}

/** The claims of the tutorial, each with what was found. */
export function verdicts(evidence: Evidence): Verdict[] {
  return [
    {
      id: 'limit',
      claim: `select takes no more than 1,024 descriptors; ${EVENTS} has no such limit.`,
      ...limit(evidence),
    },
    {
      id: 'scan-grows',
      claim: 'The cost of a scan grows with the number of descriptors.',
      ...scanGrows(evidence),
    },
    {
      id: 'callback-flat',
      claim: `The cost of ${EVENTS} does not grow with the number of descriptors, since only active ones cause a callback.`,
      ...callbackFlat(evidence),
    },
    {
      id: 'all-active',
      claim: `${EVENTS} is cheaper than a scan however many descriptors are active.`,
      ...allActive(evidence),
    },
    {
      id: 'told-once',
      claim: 'An edge that is not handled is not told again; a level is.',
      ...toldOnce(evidence),
    },
    {
      id: 'edge-cheaper',
      claim: 'Edge-triggering costs less than level-triggering.',
      ...edgeCheaper(evidence),
    },
    {
      id: 'under-load',
      claim: `A server with many idle connections costs less on ${EVENTS}.`,
      ...underLoad(evidence),
    },
  ]
}
