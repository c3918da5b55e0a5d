/** The tables of a run, before anybody knows what they are drawn with. */
import { bytes, count, shownNumber } from '../shared/report/format.js'
import { cell, hoist, microseconds, none, number } from '../shared/report/sheet.js'
import type { Cell, Head, Sheet } from '../shared/report/sheet.js'
import type {
  AcceptCell,
  Cpu,
  DispatchCell,
  EchoCell,
  Estimate,
  MemoryCell,
  Ratios,
  Result,
} from './result.js'

const text = (name: string): Head => ({ text: name })
const figure = (name: string): Head => ({ text: name, isNumber: true })

/** Of bytes. */
function size(estimate: Estimate): Cell {
  const { plusMinus, interval } = shownNumber(estimate)
  const { median } = estimate
  // Garbage that was collected meanwhile may make it less than nothing.
  return { text: `${median < 0 ? '-' : ''}${bytes(Math.abs(median))}`, plusMinus, interval }
}

const times = (estimate: Estimate | undefined): Cell =>
  estimate === undefined ? none : shownNumber(estimate)

const percent = (estimate: Estimate | null): Cell =>
  estimate === null ? none : cell(`${Math.round(estimate.median * 100)} %`)

const cpuHeads = [figure('CPU'), figure('user'), figure('system')]

/** Only the sum is exact: user and system time are in the proportion of ticks. */
const part = (estimate: Estimate): Cell => cell(microseconds(estimate).text)

function cpuCells(cpu: Cpu | null): Cell[] {
  return cpu === null ? [none, none, none] : [microseconds(cpu.all), part(cpu.user), part(cpu.system)]
}

/** The yardsticks that were measured, of some. */
function yardsticks(cells: readonly { readonly ratios: Ratios }[], some: readonly string[]): string[] {
  return some.filter((name) => cells.some(({ ratios }) => name in ratios))
}

const byHeads = (names: readonly string[]): Head[] => names.map((name) => figure(`by ${name}`))
const byCells = (ratios: Ratios, names: readonly string[]): Cell[] => names.map((name) => times(ratios[name]))

/** The rows of each different value of a key. */
function groups<Row>(rows: readonly Row[], key: (row: Row) => string): Row[][] {
  const found = new Map<string, Row[]>()
  for (const row of rows) found.set(key(row), [...(found.get(key(row)) ?? []), row])
  return [...found.values()]
}

function echoCost(cells: readonly EchoCell[], title: string, id: string): Sheet {
  const names = yardsticks(cells, ['rust', 'node', 'bun'])
  return {
    id: `${id}-cost`,
    title: `${title}: processor time of the server a message`,
    note: '',
    head: [text('server'), ...cpuHeads, ...byHeads(names), figure('busy')],
    rows: cells.map(({ peer, cpu, ratios, busy }) =>
      [cell(peer), cpuCells(cpu), byCells(ratios, names), percent(busy)].flat(),
    ),
  }
}

function echoService(cells: readonly EchoCell[], title: string, id: string, open: number | null): Sheet {
  const rate = open === null ? [] : [`${count(open)} messages a second, timed from when they were due.`]
  return {
    id: `${id}-service`,
    title: `${title}: throughput and latency`,
    note: [...rate, ...new Set(cells.flatMap(({ doubt }) => doubt ?? []))].join(' '),
    head: [text('server'), figure('messages/s'), figure('p50'), figure('p99'), figure('p99.9')],
    rows: cells.map(({ peer, rate: found, p50, p99, p999 }) => [
      cell(peer),
      number(found),
      microseconds(p50),
      microseconds(p99),
      microseconds(p999),
    ]),
  }
}

function echoSheets(cells: readonly EchoCell[], open: number | null): Sheet[] {
  return groups(cells, ({ bytes: of, connections }) => `${of}-${connections}`).flatMap((mine) => {
    const { bytes: of = 0, connections = 0 } = mine[0] ?? {}
    const title = `Echo, ${count(of)} B, ${count(connections)} ${connections === 1 ? 'connection' : 'connections'}`
    const id = `echo-${of}-${connections}`
    return [echoCost(mine, title, id), echoService(mine, title, id, open)]
  })
}

function acceptSheets(cells: readonly AcceptCell[]): Sheet[] {
  return groups(cells, ({ bytes: of }) => String(of)).map((mine) => {
    const of = mine[0]?.bytes ?? 0
    const names = yardsticks(mine, ['rust', 'node'])
    return {
      id: `accept-${of}`,
      title:
        of === 0
          ? 'Accept: connections that the server closes at once'
          : `Accept: connections that exchange ${count(of)} B and are reset`,
      note: 'Compared by the connections for each second of processor time.',
      head: [text('server'), ...cpuHeads, ...byHeads(names), figure('connections/s'), figure('busy')],
      rows: mine.map(({ peer, rate, ratios, cpu, busy }) =>
        [cell(peer), cpuCells(cpu), byCells(ratios, names), number(rate), percent(busy)].flat(),
      ),
    }
  })
}

function memorySheets(cells: readonly MemoryCell[]): Sheet[] {
  return groups(cells, ({ connections }) => String(connections)).map((mine) => {
    const connections = mine[0]?.connections ?? 0
    const names = yardsticks(mine, ['node'])
    return {
      id: `memory-${connections}`,
      title: `Memory: ${count(connections)} idle connections`,
      note: '',
      head: [text('server'), figure('a connection'), ...byHeads(names), figure('the server itself')],
      rows: mine.map(({ peer, memory, ratios, base }) =>
        [cell(peer), size(memory), byCells(ratios, names), size(base)].flat(),
      ),
    }
  })
}

function dispatchSheets(cells: readonly DispatchCell[]): Sheet[] {
  if (cells.length === 0) return []
  const names = yardsticks(cells, ['epoll'])
  return [
    {
      id: 'dispatch',
      title: 'Dispatch: callbacks for descriptors that are always ready',
      note: '',
      head: [text('package'), figure('descriptors'), figure('callbacks/s'), ...byHeads(names), ...cpuHeads],
      rows: cells.map(({ peer, descriptors, rate, ratios, cpu }) =>
        [cell(peer), cell(count(descriptors)), number(rate), byCells(ratios, names), cpuCells(cpu)].flat(),
      ),
    },
  ]
}

/** All tables of a run. */
export function sheetsOf({ echo, accept, memory, dispatch, settings }: Result): Sheet[] {
  return [
    echoSheets(echo, settings.open),
    acceptSheets(accept),
    memorySheets(memory),
    dispatchSheets(dispatch),
  ]
    .flat()
    .map((sheet) => hoist(sheet))
}
