/** Tables and texts on a terminal. */
import Table from 'cli-table3'
import { plain } from './format.js'
import type { Cell, Sheet } from './sheet.js'

export interface Frame {
  /** Of the terminal. */
  readonly columns: number
  /** Whether it shows colours, and they are wanted. */
  readonly colour: boolean
}

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const

/** Text in a style, if there are colours. */
export function painter(colour: boolean): (style: keyof typeof styles, text: string) => string {
  return (style, text) => (colour ? `\u001B[${styles[style]}m${text}\u001B[0m` : text)
}

/** Breaks text between words; a word that is longer than a line is broken too. */
export function wrap(text: string, columns: number, indent = ''): string {
  const width = Math.max(8, columns - indent.length)
  const lines: string[] = []
  let line = ''
  for (const word of plain(text).split(/\s+/)) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length > width) {
      lines.push(line)
      line = ''
    }
    for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width))
    line = line === '' ? rest : `${line} ${rest}`
  }
  lines.push(line)
  return lines.map((each, index) => (index === 0 ? each : indent + each)).join('\n')
}

/** How much a cell says: all, or without its interval; in the narrowest table words stand below each other. */
type Detail = 'interval' | 'figure' | 'narrow'

function textOf({ text, plusMinus, kind }: Cell, detail: Detail): string {
  // A long code must not push the figures beside it out.
  if (kind === 'refused') return plain(text).replaceAll(/ |_(?=FD_)/g, (at) => (at === ' ' ? '\n' : '_\n'))
  return plain(detail === 'interval' && plusMinus ? `${text} ${plusMinus}` : text)
}

const longest = (parts: readonly string[]): number => Math.max(0, ...parts.map(({ length }) => length))

/** How wide each column must be so that no word is broken. */
function widths({ head, rows }: Sheet, detail: Detail): number[] {
  return head.map(({ text, isNumber }, column) => {
    const apart = detail === 'narrow' && !isNumber ? /[\n ]/ : '\n'
    const cells = rows.map((row) => longest(textOf(row[column] as Cell, detail).split(apart)))
    return Math.max(longest(plain(text).split(' ')), ...cells)
  })
}

const total = (columns: readonly number[]): number => columns.reduce((sum, width) => sum + width + 3, 1)

/** One figure a line, where no table fits. */
function list({ head, rows }: Sheet, columns: number): string {
  return rows
    .map((row) =>
      row
        .map((it, column) => {
          const text = `${plain(head[column]?.text ?? '')}: ${textOf(it, 'interval').replaceAll('\n', ' ')}`
          return wrap(column === 0 ? text : `- ${text}`, columns, '    ')
        })
        .join('\n  '),
    )
    .join('\n')
}

export function drawSheet(sheet: Sheet, { columns, colour }: Frame): string {
  const paint = painter(colour)
  const details: readonly Detail[] = ['interval', 'figure', 'narrow']
  const [detail, fitting] = details
    .map((each) => [each, widths(sheet, each)] as const)
    .find(([, each]) => total(each) <= columns) ?? ['narrow' as const, undefined]
  const heading = [
    paint('bold', wrap(sheet.title, columns)),
    ...(sheet.note === '' ? [] : [wrap(sheet.note, columns)]),
  ]
  if (fitting === undefined) return [...heading, list(sheet, columns)].join('\n')
  // What room is left is for the words.
  const words = sheet.head.findIndex(({ isNumber }) => !isNumber)
  const whole = widths(sheet, 'interval')
  if (words >= 0)
    fitting[words] = Math.min(whole[words] ?? 0, (fitting[words] ?? 0) + columns - total(fitting))
  const table = new Table({
    head: sheet.head.map(({ text }) => plain(text)),
    colWidths: fitting.map((width) => width + 2),
    colAligns: sheet.head.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  })
  for (const row of sheet.rows) {
    table.push(
      row.map((it) => (it.kind === 'refused' ? paint('yellow', textOf(it, detail)) : textOf(it, detail))),
    )
  }
  return [...heading, table.toString()].join('\n')
}

/** Names and texts in two columns, or below each other where there is no room for that. */
export function drawFacts(about: readonly (readonly [string, string])[], columns: number): string {
  const key = Math.max(...about.map(([name]) => name.length)) + 2
  return about
    .map(([name, text]) =>
      columns < 3 * key
        ? wrap(`${name}: ${text}`, columns, '  ')
        : name.padEnd(key) + wrap(text, columns - key).replaceAll('\n', `\n${' '.repeat(key)}`),
    )
    .join('\n')
}
