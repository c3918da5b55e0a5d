// What the installation tests found, as tables in Markdown.

/**
 * @typedef {object} Line
 * @property {string} manager
 * @property {string} runtime
 * @property {string} what
 * @property {number} seconds
 * @property {string | undefined} fault
 */

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`)

/** What is done under every runtime; the rest stands for itself. */
const used = new Set(['ESM', 'CommonJS', 'TypeScript as it is'])

/** The columns of the short table that hold more than one thing. */
const groups = /** @type {Readonly<Record<string, string>>} */ ({
  'types, nodenext': 'types',
  'types, bundler': 'types',
  doctor: 'commands',
  echo: 'commands',
  compare: 'commands',
})

/** @param {readonly string[][]} table with its head */
function print([head = [], ...rows]) {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const line = (/** @type {readonly string[]} */ cells) =>
    say(`| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`)
  line(head)
  line(widths.map((width) => '-'.repeat(width)))
  for (const row of rows) line(row)
}

/** @param {Line} line */
const columnOf = ({ what, runtime }) => (used.has(what) ? runtime : (groups[what] ?? what))

/**
 * A line for each package manager: `2/2` is two things done and both well.
 *
 * @param {readonly Line[]} lines
 */
function summarize(lines) {
  const columns = [...new Set(lines.map((line) => columnOf(line)))]
  const order = (/** @type {string} */ column) =>
    lines.findIndex((line) => used.has(line.what) && line.runtime === column)
  const runtimes = columns.filter((column) => order(column) >= 0).toSorted((a, b) => (a < b ? -1 : 1))
  const others = columns.filter((column) => column !== 'install' && !runtimes.includes(column))
  const head = ['install', ...runtimes, ...others]
  const cell = (/** @type {string} */ manager, /** @type {string} */ column) => {
    const here = lines.filter((line) => line.manager === manager && columnOf(line) === column)
    const fine = here.filter(({ fault }) => fault === undefined)
    return here.length === 0 ? '' : `${fine.length}/${here.length}`
  }
  const names = [...new Set(lines.map(({ manager }) => manager))]
  const table = names.map((manager) => [manager].concat(head.map((column) => cell(manager, column))))
  print([['', ...head], ...table])
}

/**
 * @param {readonly Line[]} lines
 * @param {{ isWhole: boolean }} options whether nothing was left out
 */
export function report(lines, { isWhole }) {
  print([
    ['manager', 'runtime', 'what', 'result', 'seconds'],
    ...lines.map(({ manager, runtime, what, fault, seconds }) => [
      manager,
      runtime,
      what,
      fault === undefined ? 'ok' : 'FAILED',
      seconds.toFixed(1),
    ]),
  ])
  if (isWhole) {
    say('')
    summarize(lines)
  }
  for (const { manager, runtime, what, fault } of lines) {
    if (fault === undefined) continue
    say(`\nfailed: ${manager} | ${runtime} | ${what}\n${fault.trimEnd().split('\n').slice(-60).join('\n')}`)
  }
}
