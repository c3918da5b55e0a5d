import { LeftOut } from './scene.js'
import type { Column, Played, Program, Scene } from './scene.js'
import { Stage } from './stage.js'
import { table, wrap } from './table.js'

/** What a program did in every column. */
interface Performance {
  readonly title: string
  readonly kind: Program['kind']
  readonly rows: readonly {
    readonly step: string
    readonly cells: Readonly<Record<string, readonly string[]>>
  }[]
  readonly calls: Readonly<Record<string, Played['calls']>>
  /** Why it could not be played; then there are no rows. */
  readonly leftOut?: string
}

/** A scene that has been played. */
export interface Report {
  readonly name: string
  readonly title: string
  readonly programs: readonly Performance[]
  readonly why: string
}

const HEADINGS = { shown: '', fault: 'Fault: ', right: 'Right: ' } as const
const STEP_WIDTH = 34
const CELL_WIDTH = 18
const LINE_WIDTH = 110

function perform({ play: script, ...program }: Program, columns: readonly Column[]): Performance {
  try {
    const played = columns.map((column) => [column.name, Stage.play(script, column)] as const)
    const steps = played[0]?.[1].rows.map(({ step }) => step) ?? []
    return {
      ...program,
      rows: steps.map((step, index) => ({
        step,
        cells: Object.fromEntries(played.map(([name, { rows }]) => [name, rows[index]?.lines ?? []])),
      })),
      calls: Object.fromEntries(played.map(([name, { calls }]) => [name, calls])),
    }
  } catch (error) {
    if (error instanceof LeftOut) return { ...program, rows: [], calls: {}, leftOut: error.message }
    throw error
  }
}

/** Plays a scene in every column. */
export function play({ programs, ...scene }: Scene, columns: readonly Column[]): Report {
  return { ...scene, programs: programs.map((program) => perform(program, columns)) }
}

function programText({ title, kind, rows, calls, leftOut }: Performance): string {
  const heading = `${HEADINGS[kind]}${title}`
  if (leftOut !== undefined) return `${heading}\n\nleft out: ${leftOut}\n`
  const names = Object.keys(calls)
  const body = rows.map(({ step, cells }) => [[step], ...names.map((name) => cells[name] ?? [])])
  const sums = names.map((name) =>
    Object.entries(calls[name] ?? {}).map(([call, often]) => `${call} x ${often}`),
  )
  const head = [[''], ...names.map((name) => [name])]
  const widths = [STEP_WIDTH, ...names.map(() => CELL_WIDTH)]
  return `${heading}\n\n${table([head, ...body, [['system calls'], ...sums]], widths)}`
}

/** A report for a terminal. */
export function text({ name, title, programs, why }: Report): string {
  return `${name}: ${title}\n\n${programs.map((program) => `${programText(program)}\n`).join('')}${wrap(`Why: ${why}`, LINE_WIDTH).join('\n')}\n`
}
