import type { Estimate } from '../result.js'
import { type Shown, scaled, shownDuration, shownNumber } from './format.js'

/** A table, before anybody knows what it is drawn with. */
export interface Sheet {
  readonly id: string
  readonly title: string
  /** What one has to know to read it, in whole sentences. */
  readonly note: string
  readonly head: readonly Head[]
  readonly rows: readonly (readonly Cell[])[]
}

export interface Head {
  readonly text: string
  readonly isNumber?: boolean
}

export interface Cell extends Partial<Shown> {
  readonly text: string
  readonly kind?: 'refused' | 'none'
  /** For a bar beside it: 0 to 1. */
  readonly bar?: number
}

export const none: Cell = { text: '–', kind: 'none' }

export const cell = (text: string): Cell => ({ text })

/** Of nanoseconds, divided by what they are shared among. */
export function time(estimate: Estimate | undefined, by = 1): Cell {
  return estimate === undefined ? none : shownDuration(scaled(estimate, 1 / by))
}

/** Of microseconds. */
export const microseconds = (estimate: Estimate): Cell => shownDuration(scaled(estimate, 1000))

export const number = (estimate: Estimate | null): Cell => (estimate === null ? none : shownNumber(estimate))

export const refused = (code: string): Cell => ({ text: `refused (${code})`, kind: 'refused' })

/**
 * Without the columns that say the same in each of several rows; those are said once, in the note. The first column
 * stays: it names the rows.
 */
export function hoist(sheet: Sheet): Sheet {
  const [first = []] = sheet.rows
  const isSame = (column: number): boolean =>
    column > 0 &&
    sheet.rows.length > 1 &&
    sheet.rows.every((row) => row[column]?.text === first[column]?.text)
  const same = sheet.head.flatMap(({ isNumber }, column) =>
    isSame(column) && first[column]?.interval === undefined ? [{ column, isNumber }] : [],
  )
  if (same.length === 0) return sheet
  const columns = new Set(same.map(({ column }) => column))
  const said = [...columns].flatMap((column) => {
    const text = first[column] as Cell
    return text.kind === 'none' ? [] : [`${sheet.head[column]?.text}: ${text.text}.`]
  })
  const stays = (_: unknown, column: number): boolean => !columns.has(column)
  return {
    ...sheet,
    note: [sheet.note, ...said].filter((part) => part !== '').join(' '),
    head: sheet.head.filter(stays),
    rows: sheet.rows.map((row) => row.filter(stays)),
  }
}
