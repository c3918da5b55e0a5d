import asciichart from 'asciichart'
import { count, plain, tick } from '../../shared/report/format.js'

/** A line of the chart; both axes are logarithmic. */
export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

/** Rows of a decade. */
const ROWS = 4
/** What asciichart keeps before the first column: the labels and the axis. */
const OFFSET = 8
const RESET = '\u001B[0m'
const codes = [31, 35, 34, 36, 32, 33].map((code) => `\u001B[${code}m`)

interface Mark {
  text: string
  colour: string
}

/** The marks of a line of text that asciichart coloured. */
function marksOf(text: string): Mark[] {
  // oxlint-disable-next-line no-control-regex
  return [...text.matchAll(/(\u001B\[\d+m)(.*?)\u001B\[0m|./gu)].map(([all, colour = '', inner]) => ({
    text: inner ?? all,
    colour,
  }))
}

/** The logarithms of a line's heights, at each of so many columns, as far as the line goes. */
function heights({ points }: Line, from: number, to: number, width: number): number[] {
  const ys: number[] = []
  for (let column = 0; column < width; column += 1) {
    const x = from + ((to - from) * column) / Math.max(1, width - 1)
    const next = points.findIndex((point) => Math.log10(point.x) >= x - 1e-9)
    const [a, b] = [points[Math.max(0, next - 1)], points[next]]
    if (a === undefined || b === undefined) break
    const [left, right] = [Math.log10(a.x), Math.log10(b.x)]
    const part = right === left ? 1 : (x - left) / (right - left)
    ys.push(Math.log10(a.y) + (Math.log10(b.y) - Math.log10(a.y)) * part)
  }
  return ys
}

/** The axis below: a tick and a number wherever there is room for one. */
function axis(sizes: readonly number[], from: number, to: number, width: number): string[] {
  const ticks = Array.from({ length: width }, () => '─')
  const labels = Array.from({ length: width + OFFSET }, () => ' ')
  let free = 0
  for (const size of sizes) {
    const column = Math.round(((Math.log10(size) - from) / (to - from || 1)) * (width - 1))
    const text = count(size)
    const start = Math.min(
      Math.max(0, column + OFFSET - Math.floor(text.length / 2)),
      labels.length - text.length,
    )
    if (start < free || (start + text.length > labels.length && free > 0)) continue
    ticks[column] = '┬'
    for (let index = 0; index < text.length; index += 1) labels[start + index] = text[index] as string
    free = start + text.length + 1
  }
  return [`${' '.repeat(OFFSET - 1)}└${ticks.join('')}`, labels.join('').trimEnd()]
}

/** The label of a row that stands for a power of ten. */
function decade(log: number): string {
  const whole = Math.round(log)
  return Math.abs(log - whole) < 1e-6 ? tick(10 ** whole) : ''
}

interface Frame {
  readonly columns: number
  readonly colour: boolean
}

/** A chart with a name at the end of each line; no text where there is no room for one. */
export function chart(lines: readonly Line[], { columns, colour }: Frame): string {
  const drawn = lines.filter(({ points }) => points.length > 1 && points.every(({ y }) => y > 0))
  const longest = Math.max(0, ...drawn.map(({ name }) => name.length))
  const width = Math.min(columns, 110) - OFFSET - longest - 2
  if (drawn.length === 0 || width < 20) return ''
  const points = drawn.flatMap((line) => [...line.points])
  const sizes = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b)
  const [from, to] = [Math.log10(sizes[0] as number), Math.log10(sizes.at(-1) as number)]
  // asciichart has no gaps: a line starts at the left, and may end early.
  const whole = drawn.filter((line) => line.points[0]?.x === sizes[0])
  const logs = points.map(({ y }) => Math.log10(y))
  const min = Math.floor(Math.min(...logs) * ROWS) / ROWS
  const max = Math.max(min + 1, Math.ceil(Math.max(...logs) * ROWS) / ROWS)
  const series = whole.map((line) => heights(line, from, to, width))
  const rows = asciichart
    .plot(series, {
      min,
      max,
      height: (max - min) * ROWS,
      offset: OFFSET,
      colors: whole.map((_, index) => codes[index % codes.length] as string),
      format: (value) => decade(value).padStart(OFFSET - 1),
    })
    .split('\n')
    .map((row) => marksOf(row))

  for (const [index, ys] of series.entries()) {
    const ideal = (max - min) * ROWS - (Math.round((ys.at(-1) as number) * ROWS) - min * ROWS)
    const start = OFFSET + ys.length + 1
    const name = plain((whole[index] as Line).name)
    const isFree = (row: number): boolean =>
      rows[row]?.slice(start - 1, start + name.length).every(({ text }) => text === ' ') ?? false
    const row = [0, -1, 1, -2, 2, -3, 3].map((by) => ideal + by).find((each) => isFree(each))
    if (row === undefined) continue
    const marks = rows[row] as Mark[]
    while (marks.length < start) marks.push({ text: ' ', colour: '' })
    marks.splice(
      start,
      name.length,
      ...name.split('').map((text) => ({ text, colour: codes[index % codes.length] ?? '' })),
    )
  }

  const paint = ({ text, colour: code }: Mark): string => (colour && code !== '' ? code + text + RESET : text)
  return [
    ...rows.map((row) =>
      row
        .map((mark) => paint(mark))
        .join('')
        .trimEnd(),
    ),
    ...axis(sizes, from, to, width),
  ].join('\n')
}
