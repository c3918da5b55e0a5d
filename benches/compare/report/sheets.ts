import type { Crossover, Result, Side } from '../result.js'
import { bytes, count, digits } from '../../shared/report/format.js'
import { type Clock, choose, difference, inOrder, type Share, shares, sides } from './select.js'
import {
  type Cell,
  cell,
  hoist,
  microseconds,
  none,
  number,
  refused,
  type Sheet,
  time,
} from '../../shared/report/sheet.js'

const nameOfSide = (side: Side): string => sides.find(({ id }) => id === side)?.name ?? side

/** How many of them become ready, in words. */
const ready: Readonly<Record<Share, string>> = {
  one: 'one of them ready',
  percent: '1 % of them ready',
  tenth: '10 % of them ready',
  all: 'all of them ready',
}

interface TurnsAsked {
  readonly side: Side
  readonly share: Share
  readonly clock: Clock
  /** Of a turn, or of each of its events. */
  readonly per: 'turn' | 'event'
}

/** One row for each number of watched descriptors, one column for each variant; empty if nothing was measured. */
export function turnsSheet(result: Result, { side, share, clock, per }: TurnsAsked): Sheet {
  const { sizes, series } = choose(result, side, share)
  return {
    id: `${per}-${side}-${share}-${clock}`,
    title: `Cost of one ${per}, ${ready[share]}: ${nameOfSide(side)}`,
    note: clock === 'cpu' ? 'Processor time.' : 'Time on the clock.',
    head: [
      { text: 'watched', isNumber: true },
      ...series.map(({ variant }) => ({ text: variant, isNumber: true })),
    ],
    rows: sizes.map((watched) => {
      const figures = series.map(({ cells, refused: codes }): Cell => {
        const code = codes.get(watched)
        const found = cells.get(watched)
        if (found === undefined && code !== undefined) return refused(code)
        return time(found?.[clock], per === 'event' ? found?.active : 1)
      })
      return [cell(count(watched))].concat(figures)
    }),
  }
}

/** What the public API adds to the same turn in Rust alone, for each event. */
export function boundarySheet(result: Result): Sheet {
  const api = choose(result, 'api', 'all')
  const native = choose(result, 'native', 'all')
  const variants = inOrder(api.series.map(({ variant }) => variant)).filter((variant) =>
    native.series.some((series) => series.variant === variant && series.cells.size > 0),
  )
  const of = (chosen: typeof api, variant: string, watched: number): Result['turns'][number] | undefined =>
    chosen.series.find((series) => series.variant === variant)?.cells.get(watched)
  const rows = api.sizes.map((watched) => {
    const figures = variants.map((variant): Cell => {
      const [mine, theirs] = [of(api, variant, watched), of(native, variant, watched)]
      const code = api.series.find((series) => series.variant === variant)?.refused.get(watched)
      if (mine === undefined && code !== undefined) return refused(code)
      if (mine === undefined || theirs === undefined) return none
      return time(difference(mine.cpu, theirs.cpu), mine.active)
    })
    return [cell(count(watched))].concat(figures)
  })
  return {
    id: 'boundary',
    title: 'What the boundary costs an event, all of them ready: public API less native',
    note: 'Processor time: the crossing into JavaScript, the dispatch and the callback.',
    head: [
      { text: 'watched', isNumber: true },
      ...variants.map((variant) => ({ text: variant, isNumber: true })),
    ],
    rows: variants.length === 0 ? [] : rows,
  }
}

export function changesSheet({ changes }: Result): Sheet {
  const variants = inOrder(changes.map(({ variant }) => variant))
  const sorted = changes.toSorted(
    (a, b) =>
      a.watched - b.watched ||
      variants.indexOf(a.variant) - variants.indexOf(b.variant) ||
      (a.side < b.side ? -1 : 1),
  )
  return hoist({
    id: 'changes',
    title: 'Cost of a change, for each descriptor',
    note: 'Processor time.',
    head: [
      { text: 'variant' },
      { text: 'side' },
      { text: 'watched', isNumber: true },
      { text: 'register', isNumber: true },
      { text: 'modify', isNumber: true },
      { text: 'remove', isNumber: true },
    ],
    rows: sorted.map(({ variant, side, watched, register, modify, remove }) => [
      cell(variant),
      cell(side === 'api' ? 'API' : side),
      cell(count(watched)),
      time(register),
      time(modify),
      time(remove),
    ]),
  })
}

export function fitsSheet({ fits }: Result): Sheet {
  const variants = inOrder(fits.map(({ variant }) => variant))
  const sorted = fits.toSorted(
    (a, b) => variants.indexOf(a.variant) - variants.indexOf(b.variant) || (a.side < b.side ? -1 : 1),
  )
  return {
    id: 'fits',
    title: 'Lines through the turns with one ready: cost = a + b × watched',
    note: 'b is what each idle descriptor adds to every turn.',
    head: [
      { text: 'variant' },
      { text: 'side' },
      { text: 'a', isNumber: true },
      { text: 'b', isNumber: true },
    ],
    rows: sorted.map(({ variant, side, a, b }) => [
      cell(variant),
      cell(side === 'api' ? 'API' : side),
      time(a),
      time(b),
    ]),
  }
}

export function crossoverSentence({ scan, callback, active, watched }: Crossover): string {
  const where =
    watched === null
      ? 'at no measured number of watched descriptors'
      : watched === 0
        ? 'at every measured number of watched descriptors'
        : `from about ${count(watched)} watched descriptors on`
  return `${callback} costs less than ${scan} ${where} (${count(active)} ready).`
}

export function loadSheet({ load, loadRefusals }: Result): Sheet {
  const doubted = load.some(({ doubt }) => doubt !== null)
    ? ' (?): the generator could not keep to the rate, so latencies are partly its own.'
    : ''
  const refusals = loadRefusals.map(
    ({ variant, watched, code }) => ` ${variant} refused ${count(watched)} idle connections (${code}).`,
  )
  const variants = inOrder(load.map(({ variant }) => variant))
  const sorted = load.toSorted(
    (a, b) => a.idle - b.idle || variants.indexOf(a.variant) - variants.indexOf(b.variant),
  )
  return hoist({
    id: 'load',
    title: 'The echo server at a fixed arrival rate',
    note:
      'Latency from when a message was due to when its echo was whole; processor time of the server; the highest ' +
      `rate it sustained.${refusals.join('')}${doubted}`,
    head: [
      { text: 'variant' },
      { text: 'idle', isNumber: true },
      { text: 'active', isNumber: true },
      { text: 'messages per s', isNumber: true },
      { text: 'bytes', isNumber: true },
      { text: 'p50', isNumber: true },
      { text: 'p99', isNumber: true },
      { text: 'p99.9', isNumber: true },
      { text: 'CPU per message', isNumber: true },
      { text: 'memory per idle', isNumber: true },
      { text: 'highest per s', isNumber: true },
    ],
    rows: sorted.map((it) => [
      cell(it.doubt === null ? it.variant : `${it.variant} (?)`),
      cell(count(it.idle)),
      cell(count(it.active)),
      cell(count(it.rate)),
      cell(count(it.bytes)),
      microseconds(it.p50),
      microseconds(it.p99),
      microseconds(it.p999),
      microseconds(it.cpu),
      it.memory === null ? none : cell(bytes(it.memory)),
      it.sustained?.median === 0 ? cell('none') : number(it.sustained),
    ]),
  })
}

export function strategiesSheet({ strategies }: Result): Sheet {
  const most = Math.max(...strategies.map(({ cpu }) => cpu.median))
  return hoist({
    id: 'strategies',
    title: 'Strategies of level and edge: one echo after the other',
    note: 'All figures are a message; processor time of both ends of the connection.',
    head: [
      { text: 'strategy' },
      { text: 'bytes', isNumber: true },
      { text: 'connections', isNumber: true },
      { text: 'callbacks', isNumber: true },
      { text: 'waits', isNumber: true },
      { text: 'reads', isNumber: true },
      { text: 'writes', isNumber: true },
      { text: 'CPU', isNumber: true },
    ],
    rows: strategies.map((it) => [
      cell(it.strategy),
      cell(count(it.bytes)),
      cell(count(it.connections)),
      cell(digits(it.callbacks)),
      cell(digits(it.waits)),
      cell(digits(it.reads)),
      cell(digits(it.writes)),
      { ...microseconds(it.cpu), bar: it.cpu.median / most },
    ]),
  })
}

/** All that the reports show as tables, in their order; what was not measured is left out. */
export function sheetsOf(result: Result): Sheet[] {
  const turns = (asked: Omit<TurnsAsked, 'clock'>): Sheet => turnsSheet(result, { ...asked, clock: 'cpu' })
  return [
    ...sides.map(({ id }) => turns({ side: id, share: 'one', per: 'turn' })),
    ...sides.map(({ id }) => turns({ side: id, share: 'all', per: 'event' })),
    boundarySheet(result),
    fitsSheet(result),
    changesSheet(result),
    loadSheet(result),
    strategiesSheet(result),
  ].filter(({ rows }) => rows.length > 0)
}

/** The turns that `sheetsOf` leaves to the details. */
export function furtherSheets(result: Result): Sheet[] {
  return shares
    .filter(({ id }) => id !== 'one')
    .flatMap(({ id: share }) =>
      sides.map(({ id: side }) => turnsSheet(result, { side, share, per: 'turn', clock: 'cpu' })),
    )
    .filter(({ rows }) => rows.length > 0)
}
