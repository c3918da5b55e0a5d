// Works a reactor of every backend, trigger and driver for long and looks at what the process holds: memory that grows,
// descriptors and threads that stay. Ends with a table of what was done and measured. Exit status: 0 flat, 1 not, 77 not on
// this system. Options: --full (a million registrations and a hundred million events), --only TEXT (part of a row's name).
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { leftOut } from './cross-check.mjs'
import { root, run, stopAllOnSignals } from './run.mjs'

/** @typedef {import('./soak-column.mjs').Plan} Plan */
/** @typedef {import('./soak-column.mjs').Report} Report */

const { values } = parseArgs({ options: { full: { type: 'boolean' }, only: { type: 'string' } } })

/** What is worked, and in all columns together how much of everything. */
const columns = /** @type {const} */ ([
  ['epoll', 'level', 'loop'],
  ['epoll', 'level', 'thread'],
  ['epoll', 'level', 'manual'],
  ['epoll', 'edge', 'loop'],
  ['epoll', 'edge', 'manual'],
  ['poll', 'level', 'thread'],
  ['poll', 'level', 'manual'],
  ['select', 'level', 'thread'],
  ['select', 'level', 'manual'],
])
const rounds = 12
const all = values.full
  ? { registrations: 2_160_000, events: 108_000_000, reactors: 20_000, workers: 216 }
  : { registrations: 1_080_000, events: 10_800_000, reactors: 4000, workers: 54 }

/**
 * How much the last quarter of the rounds may hold more than the second one, by their medians: 70 bytes for each registration of
 * the rounds between them. Descriptors and threads may not grow at all.
 */
const bounds = { rss: 4 * 2 ** 20, heap: 2 ** 20 }

const limitMs = 15 * 60_000
const share = (/** @type {number} */ count) => Math.ceil(count / columns.length / rounds)

/** @param {number[]} numbers */
const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0

/** @param {Report} report @param {'rss' | 'heap' | 'descriptors' | 'threads'} key */
function growth({ samples }, key) {
  const quarter = samples.length / 4
  const of = (/** @type {number} */ index) =>
    median(samples.slice(index * quarter, (index + 1) * quarter).map((sample) => sample[key]))
  return of(3) - of(1)
}

const mib = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(2)

/** @returns {Promise<number>} the exit status */
async function check() {
  if (process.platform !== 'linux') {
    console.log('the soak: it reads /proc')
    return leftOut
  }
  const rows = [
    ['', 'registrations', 'events', 'reactors', 'workers', 'rss MiB', 'growth', 'heap growth', 'open'],
  ]
  let failed = 0
  const sums = { registrations: 0, events: 0, reactors: 0, workers: 0 }
  for (const [backend, trigger, driver] of columns) {
    const name = `${backend}::${trigger}::${driver}`
    if (!name.includes(values.only ?? '')) continue
    /** @type {Plan} */
    const plan = {
      backend,
      trigger,
      driver,
      library: join(root, 'dist/index.js'),
      rounds,
      registrations: share(all.registrations),
      events: share(all.events),
      reactors: share(all.reactors),
      workers: all.workers / columns.length / rounds,
    }
    const column = join(root, 'scripts/soak-column.mjs')
    const { code, output } = await run(process.execPath, ['--expose-gc', column, JSON.stringify(plan)], {
      limitMs,
    })
    const line = output.trim().split('\n').at(-1) ?? ''
    if (code !== 0 || !line.startsWith('{')) {
      failed += 1
      console.log(`${name} ended with status ${code}:\n${output}`)
      continue
    }
    /** @type {Report} */
    const report = JSON.parse(line)
    for (const key of /** @type {const} */ (['registrations', 'events', 'reactors', 'workers']))
      sums[key] += report[key]
    const grown = { rss: growth(report, 'rss'), heap: growth(report, 'heap') }
    const last = report.samples.at(-1)
    const faults = [
      ...(grown.rss > bounds.rss ? [`memory grows by ${mib(grown.rss)} MiB`] : []),
      ...(grown.heap > bounds.heap ? [`the heap grows by ${mib(grown.heap)} MiB`] : []),
      ...(growth(report, 'descriptors') === 0
        ? []
        : [`descriptors: ${report.samples.map((s) => s.descriptors).join(' ')}`]),
      ...(growth(report, 'threads') === 0
        ? []
        : [`threads: ${report.samples.map((s) => s.threads).join(' ')}`]),
    ]
    for (const fault of faults) console.log(`${name}: ${fault}`)
    failed += faults.length > 0 ? 1 : 0
    rows.push([
      name,
      ...[report.registrations, report.events, report.reactors, report.workers].map((count) =>
        count.toLocaleString('en'),
      ),
      mib(last?.rss ?? 0),
      mib(grown.rss),
      mib(grown.heap),
      `${last?.descriptors}`,
    ])
  }
  rows.push(['all', ...Object.values(sums).map((count) => count.toLocaleString('en'))])
  const widths = rows[0]?.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0))) ?? []
  for (const row of rows) {
    console.log(
      row
        .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
        .join('  '),
    )
  }
  return failed > 0 ? 1 : 0
}

stopAllOnSignals()
async function main() {
  process.exitCode = await check()
}

await main()
