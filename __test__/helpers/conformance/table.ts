/**
 * The table of the core's own conformance test, of which there is one copy. `readiness.json` has what epoll, poll(2) and
 * select(2) were seen to do; `columns.json` what each backend and mode of fdreactor should do, which follows from it by
 * rules that are written in Rust, once.
 */
import { readFileSync } from 'node:fs'

/** A case of the table. */
export interface Row {
  readonly id: string
  /** Its steps, in the notation that steps.ts reads. Without them it is a procedure of its own. */
  readonly setup?: readonly string[]
}

function load(name: string): unknown {
  const place = new URL(`../../../crates/fdreactor/tests/conformance/${name}`, import.meta.url)
  return JSON.parse(readFileSync(place, 'utf8'))
}

export const rows = load('readiness.json') as readonly Row[]

const columns = load('columns.json') as Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/** What is accepted of a case in a column such as `poll::oneshot`; nothing if it does not exist there. */
export function accepted(id: string, column: string): readonly string[] | undefined {
  return columns[id]?.[column]
}

/** Whether the items are the pattern's: as many, and each equal to one of the pattern's alternatives. */
export function matches(pattern: string, items: string): boolean {
  const [wanted, got] = [pattern.split(';'), items.split(';')]
  return (
    wanted.length === got.length && wanted.every((one, index) => one.split('|').includes(got[index] ?? ''))
  )
}
