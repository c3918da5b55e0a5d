import type { StrategyCell } from '../result.js'

/** Sizes as people say them. */
function size(bytes: number): string {
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`
}

function connections(count: number): string {
  return count === 1 ? 'one connection' : `${count} connections`
}

/** Calls that go to the kernel for a message. */
const calls = ({ waits, reads, writes }: StrategyCell): number => waits + reads + writes

const digits = (value: number): string => String(Number(value.toFixed(2)))

function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** The same work by level, and the edge strategy that makes the fewest calls for it. */
interface Contest {
  readonly level: StrategyCell
  readonly edge: StrategyCell
}

function contests(cells: readonly StrategyCell[]): Contest[] {
  return cells
    .filter(({ strategy }) => strategy === 'level')
    .flatMap((level) => {
      const edges = cells.filter(
        (cell) =>
          cell.strategy !== 'level' && cell.bytes === level.bytes && cell.connections === level.connections,
      )
      const edge = edges.toSorted((a, b) => calls(a) - calls(b) || a.cpu.median - b.cpu.median)[0]
      return edge === undefined ? [] : [{ level, edge }]
    })
}

/** Edge saves no call, or not a hundredth of one for a message: what rounding could make of none. */
export function savesNothing({ level, edge }: Contest): boolean {
  return calls(level) - calls(edge) < 0.01
}

const works = (some: readonly Contest[]): string =>
  list(some.map(({ level }) => `${size(level.bytes)} over ${connections(level.connections)}`))

const pairs = (some: readonly Contest[]): string =>
  list(some.map(({ level, edge }) => `${digits(calls(level))} against ${digits(calls(edge))}`))

/** Where edge gains nothing, judged by system calls a message, which do not depend on what else the machine does. */
export function whereEdgeGainsNothing(cells: readonly StrategyCell[]): string {
  const all = contests(cells)
  if (all.length === 0) return 'Level and edge were not compared.'
  const equal = all.filter((contest) => savesNothing(contest))
  const fewer = all.filter((contest) => !savesNothing(contest))
  const gains = `for ${works(fewer)} (${pairs(fewer)} system calls a message, level first)`
  if (equal.length === 0) return `Edge saves system calls everywhere: ${gains}.`
  const nothing = `Edge saves no system call for ${works(equal)} (${pairs(equal)} a message, level first)`
  return fewer.length === 0 ? `${nothing}.` : `${nothing}; it saves some ${gains}.`
}
