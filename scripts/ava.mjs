// Runs ava and reads its ordinary report: its TAP reporter dies of a test that hangs or calls `process.exit`, and then
// says nothing about the others.
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { root } from './run.mjs'

/**
 * @typedef {object} Report
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} skipped
 * @property {readonly string[]} faults
 */

/**
 * Runs a program and shows what it writes.
 *
 * @typedef {(program: string, args: readonly string[], env: NodeJS.ProcessEnv) => Promise<import('./run.mjs').Outcome>} Show
 */

/** Where more files than this fail, it is not for want of processor time. */
const mostAgain = 6

/** What ava writes before a test's title: the path of its file, in words. */
const names = new Map(
  readdirSync(join(root, '__test__'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => [path.slice(0, -'.test.ts'.length).split('/').join(' › '), `__test__/${path}`]),
)

/** A file that came to a bad end; its name is in the line. */
const badEnd =
  /^ {2}(?:✘ (?<exit>\S+) exited (?:due to|with) .*|✘ Exiting due to process\.exit\(\) when running (?<exiting>\S+)|✘ No tests found in (?<empty>[^\s,]+).*|Failed to exit when running (?<hung>\S+))$/u

/**
 * The file that a line of the report is about.
 *
 * @param {string} line
 * @returns {string | undefined}
 */
export function fileOf(line) {
  const groups = badEnd.exec(line)?.groups
  if (groups) return groups['exit'] ?? groups['exiting'] ?? groups['empty'] ?? groups['hung']
  const title = /^ {2}(?:✔|✘ \[fail\]:|- \[(?:skip|todo)\]) (.*)$/u.exec(line)?.[1] ?? ''
  const parts = title.split(' › ')
  for (let length = parts.length - 1; length > 0; length -= 1) {
    const file = names.get(parts.slice(0, length).join(' › '))
    if (file !== undefined) return file
  }
  return undefined
}

/**
 * Counts what stands in a report.
 *
 * @param {string} output
 * @param {(line: string) => boolean} [counts] which lines
 * @returns {Report & { bad: readonly string[], isCut: boolean }} and the lines that tell of a failure, and whether a hanging test cut it short
 */
export function readReport(output, counts = () => true) {
  const lines = output.split('\n').filter((line) => counts(line))
  const bad = lines.filter((line) => /^ {2}✘ \[fail\]: /u.test(line) || badEnd.test(line))
  const pending = Number(/^ {2}(\d+) tests? remained pending after a timeout$/mu.exec(output)?.[1] ?? 0)
  return {
    passed: lines.filter((line) => line.startsWith('  ✔ ')).length,
    failed: bad.length + pending,
    skipped: lines.flatMap((line) => /^ {2}- \[(?:skip|todo)\] (.*)$/u.exec(line)?.slice(1, 2) ?? []),
    faults: bad.map((line) => line.replace(/^ {2}(?:✘ )?/u, '')),
    bad,
    isCut: /^ {2}✘ Timed out while running tests/mu.test(output),
  }
}

/**
 * Runs all tests. A few files that failed beside others, on a machine that may be short of processor time, are run once
 * more, one at a time: that run counts for them, and they are named, since such a test wants to be mended.
 *
 * @param {Show} show
 * @returns {Promise<Report & { code: number, again: readonly string[] }>}
 */
export async function runAva(show) {
  // TERM decides which marks it writes.
  const env = { TERM: 'xterm' }
  const { code, output } = await show('ava', ['--no-color'], env)
  const first = readReport(output)
  const suspects = new Set(first.bad.map((line) => fileOf(line)))
  if (
    code === 0 ||
    first.isCut ||
    suspects.size === 0 ||
    suspects.size > mostAgain ||
    suspects.has(undefined)
  )
    return { ...first, code, again: [] }

  const files = [...suspects].filter((file) => file !== undefined)
  console.log(`\nonce more, one at a time: ${files.join(', ')}`)
  const second = await show('ava', ['--no-color', '--serial', '--concurrency=1', ...files], env)
  const others = readReport(output, (line) => !suspects.has(fileOf(line)))
  const result = readReport(second.output)
  return {
    passed: others.passed + result.passed,
    failed: others.failed + result.failed,
    skipped: [...others.skipped, ...result.skipped],
    faults: result.faults,
    code: second.code,
    again: first.faults,
  }
}
