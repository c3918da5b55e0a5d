import type { Estimate, Result, Side, TurnCell } from '../result.js'

/** How many of the watched descriptors become ready in a turn. */
export const shares = [
  { id: 'one', name: '1' },
  { id: 'percent', name: '1 %' },
  { id: 'tenth', name: '10 %' },
  { id: 'all', name: 'all' },
] as const

export type Share = (typeof shares)[number]['id']

export const sides: readonly { readonly id: Side; readonly name: string }[] = [
  { id: 'api', name: 'public API' },
  { id: 'native', name: 'native (Rust alone)' },
]

/** What a cell's time may be. */
export const clocks = [
  { id: 'cpu', name: 'processor time' },
  { id: 'wall', name: 'on the clock' },
] as const

export type Clock = (typeof clocks)[number]['id']

/** Whether so many of so many are the share, however a fraction was rounded. */
function isShare(share: Share, active: number, watched: number): boolean {
  if (share === 'one') return active === 1
  if (share === 'all') return active === watched
  return Math.abs(active - Math.max(1, watched * (share === 'tenth' ? 0.1 : 0.01))) < 1
}

/** Scans first, in the order of their age; what is unknown comes last. */
const order = ['select', 'poll', 'epoll level', 'epoll edge', 'kqueue level', 'kqueue edge']

function rank(variant: string): number {
  const found = order.indexOf(variant)
  return found < 0 ? order.length : found
}

export function inOrder(variants: Iterable<string>): string[] {
  return [...new Set(variants)].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

export const ascending = (numbers: Iterable<number>): number[] =>
  [...new Set(numbers)].toSorted((a, b) => a - b)

/** One line of a plot, or one column of a table: the cells of a variant by the number of watched descriptors. */
export interface Series {
  readonly variant: string
  readonly cells: ReadonlyMap<number, TurnCell>
  /** The code of the refusal. */
  readonly refused: ReadonlyMap<number, string>
}

export interface Chosen {
  readonly sizes: readonly number[]
  readonly series: readonly Series[]
}

/** The turns of one side and share. */
export function choose({ turns, refusals }: Result, side: Side, share: Share): Chosen {
  const cells = turns.filter((cell) => cell.side === side && isShare(share, cell.active, cell.watched))
  const refused = refusals.filter((refusal) => refusal.side === side)
  const series = inOrder([...cells, ...refused].map(({ variant }) => variant)).map((variant) => ({
    variant,
    cells: new Map(cells.filter((cell) => cell.variant === variant).map((cell) => [cell.watched, cell])),
    refused: new Map(
      refused.filter((it) => it.variant === variant).map(({ watched, code }) => [watched, code]),
    ),
  }))
  return cells.length === 0
    ? { sizes: [], series: [] }
    : { sizes: ascending([...cells, ...refused].map(({ watched }) => watched)), series }
}

/** What is certain of a difference of two estimates. */
export function difference(a: Estimate, b: Estimate): Estimate {
  return {
    median: a.median - b.median,
    low: a.low - b.high,
    high: a.high - b.low,
    spread: Math.max(a.spread, b.spread),
    rounds: Math.min(a.rounds, b.rounds),
  }
}
