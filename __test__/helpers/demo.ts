// What `fdreactor demo` says, as data.
import type { ExecutionContext } from './test.js'
import { runFile } from './child.js'
import { cli } from './echo-server.js'

interface Program {
  readonly title: string
  readonly kind: 'shown' | 'fault' | 'right'
  readonly rows: readonly {
    readonly step: string
    readonly cells: Readonly<Record<string, readonly string[]>>
  }[]
  readonly calls: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly leftOut?: string
}

export interface Report {
  readonly name: string
  readonly title: string
  readonly programs: readonly Program[]
  readonly why: string
}

/** As the tests write them: with the letters of the conformance table. */
const LETTERS = new Map([
  ['READABLE', 'I'],
  ['READ_CLOSED', 'D'],
  ['HANGUP', 'H'],
  ['ERROR', 'E'],
  ['INVALID', 'N'],
])

function short(line: string): string {
  const words = line.split(' ')
  const letters = words.map((word) => LETTERS.get(word))
  return letters.includes(undefined) ? line : letters.join('')
}

/** Plays one scene. */
export async function playScene(t: ExecutionContext, name: string): Promise<Report> {
  const { code, stdout, stderr } = await runFile(cli, { args: ['demo', name, '--json'] })
  t.is(stderr, '')
  t.is(code, 0)
  return JSON.parse(stdout) as Report
}

/** A column of a program: one line for each step, its parts joined by commas. */
export function column({ rows }: Program, name: string): readonly string[] {
  return rows.map(({ cells }) => (cells[name] ?? []).map((line) => short(line)).join(', '))
}
