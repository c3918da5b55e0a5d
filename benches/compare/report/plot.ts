/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import uPlot from 'uplot'
import { tick } from '../../shared/report/format.js'

/** A figure with its interval. */
export interface Point {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface Line {
  readonly name: string
  /** Which colour and dash. */
  readonly look: number
  /** One for each of the plot's positions; what was not measured has none. */
  readonly points: readonly (Point | null)[]
  /** Of what was not measured, why. */
  readonly missing?: readonly string[]
}

export interface Plotted {
  readonly xs: readonly number[]
  /** Positions that stand for names, not for numbers. */
  readonly isOrdinal: boolean
  readonly lines: readonly Line[]
  readonly xTitle: string
  readonly yTitle: string
  readonly formatX: (x: number) => string
}

/** uPlot names this in an enum that has no value when it runs. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const logarithmic: Pick<uPlot.Scale, 'distr'> = { distr: 3 }

export const dashes: readonly (readonly number[])[] = [[], [10, 5], [2, 4], [12, 4, 2, 4], [6, 3], [1, 3]]

const property = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()

export const colourOf = (look: number): string => property(`--line-${(look % dashes.length) + 1}`)

/** The numbers along a logarithmic axis: powers of ten, and as many between as there is need for. */
function ticks(min: number, max: number): number[] {
  for (const steps of [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9], []]) {
    const found: number[] = []
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1) {
      for (const step of steps) {
        // A quotient is exact where a product of a negative power is not.
        const place = power < 0 ? step / 10 ** -power : step * 10 ** power
        if (place >= min * 0.999 && place <= max * 1.001) found.push(place)
      }
    }
    if (found.length >= 3) return found
  }
  return [min, max]
}

/** The names at the ends of the lines, moved apart so that each can be read. */
function labels(lines: readonly Line[], xs: readonly number[]) {
  return (u: uPlot): void => {
    const ratio = devicePixelRatio
    const height = 19 * ratio
    const ends = lines.flatMap((line) => {
      const last = line.points.findLastIndex((point) => point !== null)
      const point = line.points[last]
      if (point === null || point === undefined) return []
      return [{ line, x: u.valToPos(xs[last] as number, 'x', true), y: u.valToPos(point.value, 'y', true) }]
    })
    ends.sort((a, b) => a.y - b.y)
    for (let index = 1; index < ends.length; index += 1) {
      const [above, it] = [ends[index - 1], ends[index]]
      if (above && it && it.y - above.y < height && Math.abs(it.x - above.x) < 80 * ratio)
        it.y = above.y + height
    }
    u.ctx.save()
    u.ctx.font = `600 ${14 * ratio}px system-ui, sans-serif`
    u.ctx.textAlign = 'left'
    u.ctx.textBaseline = 'middle'
    for (const { line, x, y } of ends) {
      u.ctx.fillStyle = colourOf(line.look)
      u.ctx.fillText(line.name, x + 9 * ratio, y)
    }
    u.ctx.restore()
  }
}

export interface Drawn {
  readonly destroy: () => void
}

/** Draws lines with their intervals, and tells which position the cursor is at. */
export function draw(target: HTMLElement, plotted: Plotted, onMove: (index: number | null) => void): uPlot {
  const { xs, lines, isOrdinal } = plotted
  const width = target.clientWidth
  const isWide = width >= 620
  const axis = {
    stroke: property('--soft'),
    font: '14px system-ui, sans-serif',
    labelFont: '14px system-ui, sans-serif',
  }
  const grid = { stroke: property('--grid'), width: 1 }
  const values = lines.flatMap(({ points }) => points.flatMap((point) => (point === null ? [] : [point])))
  const least = Math.min(...values.map(({ value, low }) => (low > 0 ? low : value)))
  const most = Math.max(...values.map(({ high }) => high))
  const yRange: [number, number] = [least / 1.3, most * 1.3]
  const first = xs[0] as number
  const last = xs.at(-1) as number
  const xRange: [number, number] = isOrdinal ? [first - 0.15, last + 0.15] : [first / 1.08, last * 1.08]
  const series: uPlot.Series[] = [{}]
  const data: (number | null)[][] = [[...xs]]
  const bands: uPlot.Band[] = []
  for (const { name, look, points } of lines) {
    const colour = colourOf(look)
    const bound = (pick: (point: Point) => number): (number | null)[] =>
      points.map((point) => (point === null ? null : Math.max(pick(point), yRange[0])))
    data.push(
      points.map((point) => point?.value ?? null),
      bound(({ high }) => high),
      bound(({ low }) => low),
    )
    series.push(
      {
        label: name,
        stroke: colour,
        width: 2.5,
        dash: [...(dashes[look % dashes.length] ?? [])],
        points: { show: true, size: 7, fill: colour, stroke: colour },
      },
      { width: 0, points: { show: false } },
      { width: 0, points: { show: false } },
    )
    bands.push({ series: [data.length - 2, data.length - 1], fill: `${colour}33` })
  }
  const options: uPlot.Options = {
    width,
    height: isWide ? 420 : 320,
    legend: { show: false },
    padding: [12, isWide ? 96 : 30, 0, 0],
    cursor: {
      drag: { x: false, y: false },
      y: false,
      points: { size: (_, index) => (index % 3 === 1 ? 11 : 0) },
    },
    scales: {
      x: { time: false, ...(isOrdinal ? {} : logarithmic), range: xRange },
      y: { ...logarithmic, range: yRange },
    },
    axes: [
      {
        ...axis,
        grid,
        ticks: grid,
        label: plotted.xTitle,
        labelSize: 24,
        size: 34,
        splits: () => (isOrdinal ? [...xs] : ticks(first, last)),
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map((x) => plotted.formatX(x)),
      },
      {
        ...axis,
        grid,
        ticks: grid,
        label: plotted.yTitle,
        labelSize: 26,
        size: 68,
        splits: () => ticks(yRange[0], yRange[1]),
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map((y) => tick(y)),
      },
    ],
    series,
    bands,
    hooks: {
      draw: isWide ? [labels(lines, xs)] : [],
      setCursor: [(u) => onMove(u.cursor.idx ?? null)],
    },
  }
  return new uPlot(options, data as uPlot.AlignedData, target)
}
