/**
 * Tables of system calls that fail. strace makes them fail in a process of its own (`injected-child.mjs`), one process for
 * each place and case; what each row came to is a test by itself.
 */
import { run } from './child.js'
import type { Outcome } from './child.js'
import { CASES } from './matrix.js'
import type { Case } from './matrix.js'
import test from './test.js'
import { testWith } from './tools.js'

/** A call that fails. A place may add what else its scene is to know. */
export interface Row {
  /** By its manual page. */
  readonly call: string
  readonly error: string
  /** Which of the thread's calls fail, in strace's words: `1` is the first, `2+` all from the second on. */
  readonly when?: string
}

export interface Place<R extends Row> {
  /** Of a row, without the case. */
  readonly title: (row: R) => string
  /** Which cases there are. Default: all. */
  readonly where?: (which: Case) => boolean
  /** Which rows a case has. */
  readonly rows: (which: Case) => readonly R[]
  /** Defines `scene(row)`, which plays one row and returns what it came to. */
  readonly script: string
  /** What each row must come to, besides leaking nothing. */
  readonly expect: (row: R, which: Case) => object
}

const child = new URL('injected-child.mjs', import.meta.url).href

const servers = new URL('injected-server.mjs', import.meta.url).href

/** What a script about servers begins with. */
export const SERVERS = `
import { World, fail } from '${servers}'
let named = 0
/** A server of the case, of a row's kind. */
const world = ({ kind = 'tcp' }, acts, options = {}) => {
  // Outside the file system.
  const place = kind === 'unix' ? { unix: \`\\0fdreactor-\${process.pid}-\${(named += 1)}\` } : {}
  return new World({ reactor: { backend, driver }, trigger, acts, options: { ...place, ...options } })
}
`

const PREAMBLE = `
import {
  attempt, inject, firstOf, isCalm, pipe, play, rests, serves, told, threadsNamed, until,
} from '${child}'
import { readlinkSync } from 'node:fs'
listener.close(); client.close()
const byte = Buffer.from('x')
const nothing = () => {}
`

/** Rows of one call, for several errors. */
export function rows(call: string, list: string, when?: string): readonly Row[] {
  const one = when === undefined ? { call } : { call, when }
  return list.split(' ').map((error) => Object.assign({ error }, one))
}

/** The same rows with more in each. */
export function withMore<R extends Row, M extends object>(table: readonly R[], more: M): readonly (R & M)[] {
  return table.map((row) => Object.assign({}, row, more))
}

/** strace and its faults are Linux's. */
const declare = process.platform === 'linux' ? testWith('strace') : test.skip
/** One after another: each place has processes of its own. */
const serial = declare === test ? test.serial : test.skip

/** What run-file.ts leaves out: it is not played either, for it could end the process that plays the others. */
const leftOut = process.env['FDREACTOR_RUNNER'] === undefined ? [] : process.argv.slice(3)

/** Declares the tests of a place. */
export function faults<R extends Row>({
  title,
  where = () => true,
  rows: of,
  script,
  expect,
}: Place<R>): void {
  for (const which of CASES.filter((one) => where(one))) {
    const all = of(which)
    const table = all.filter((row) => !leftOut.some((start) => title(row).startsWith(start)))
    let played: Promise<Outcome> | undefined
    const play = (): Promise<Outcome> =>
      run(`${PREAMBLE}${script}\nawait play(${JSON.stringify(table)}, scene)`, {
        args: [which.backend, which.driver, which.trigger],
      })
    for (const row of all) {
      serial(`${title(row)}::${which.backend}::${which.trigger}::${which.driver}`, async (t) => {
        played ??= play()
        const { code, signal, stdout, stderr } = await played
        const lines = stdout.trimEnd().split('\n')
        const line = lines[table.indexOf(row)]
        if (line === undefined || line === '') {
          t.fail(`the process did not come that far: ${code ?? signal}, ${stderr}`)
          return
        }
        t.deepEqual(JSON.parse(line), { leaked: 0, ...expect(row, which) })
        // It keeps quiet when all is over, and ends by itself.
        const end = lines[table.length]
        t.deepEqual(
          { code, signal, stderr, end },
          { code: 0, signal: null, stderr: '', end: '{"calm":true}' },
        )
      })
    }
  }
}
