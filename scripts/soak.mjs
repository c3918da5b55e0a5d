// Works a reactor of every backend, trigger and driver for long and looks at what the process holds: memory that grows,
// descriptors and threads that stay. Ends with a table of what was done and measured. Exit status: 0 flat, 1 not, 77 not on
// this system. Options: --full (a million registrations and a hundred million events), --minutes N (at least, in all),
// --seed N (of what is left to chance), --only TEXT (part of a row's name).
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { leftOut } from './cross-check.mjs'
import { root, run, stopAllOnSignals } from './run.mjs'

/** @typedef {import('./soak-column.mjs').Plan} Plan */
/** @typedef {import('./soak-column.mjs').Report} Report */

const { values } = parseArgs({
  options: {
    full: { type: 'boolean' },
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})

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
const usual = {
  registrations: 1_080_000,
  events: 10_800_000,
  reactors: 16_200,
  waits: 21_600,
  errors: 2160,
  workers: 54,
}
const all = values.full ? { ...usual, registrations: 2_160_000, events: 108_000_000, workers: 216 } : usual
const counted = /** @type {const} */ (['registrations', 'events', 'reactors', 'waits', 'errors', 'workers'])

/**
 * How much the last quarter of the rounds may hold more than the second one, at their lowest. The first is for what is made
 * once: compiled code, pools, caches. Descriptors and threads may not change at all after it.
 *
 * What malloc has given out comes back to the same number, so 128 KiB are two bytes for each registration of the rounds
 * between, and 150 for each reactor. V8's heap also holds what it learns about code. Resident memory has a wide bound, for the
 * kernel and V8 keep what is free; it would show what is taken from the system in any other way.
 */
const bounds = { allocated: 128 * 2 ** 10, heap: 2 ** 20, rss: 8 * 2 ** 20 }

/** At once, so that the check is over soon. */
const parallel = Math.min(availableParallelism(), 4)

const minutes = Number(values.minutes)
const limitMs = (15 + minutes) * 60_000
const share = (/** @type {number} */ count) => Math.ceil(count / columns.length / rounds)

/** @param {Report} report @param {keyof typeof bounds} key */
function growth({ samples }, key) {
  const of = (/** @type {number} */ quarter) =>
    // What is there for a moment only adds, such as code that is being compiled.
    Math.min(
      ...samples
        .slice(Math.floor((samples.length * quarter) / 4), Math.floor((samples.length * (quarter + 1)) / 4))
        .map((sample) => sample[key]),
    )
  return of(3) - of(1)
}

/** What is wrong with a column. @param {Report} report */
function faultsOf(report) {
  const settled = report.samples.slice(Math.floor(report.samples.length / 4))
  return [
    ...Object.entries(bounds).flatMap(([name, bound]) => {
      const key = /** @type {keyof typeof bounds} */ (name)
      const grown = growth(report, key)
      const numbers = report.samples.map((sample) => mib(sample[key])).join(' ')
      return grown > bound ? [`${key} grows by ${mib(grown)} MiB: ${numbers}`] : []
    }),
    .../** @type {const} */ (['descriptors', 'threads']).flatMap((key) => {
      const numbers = report.samples.map((sample) => sample[key]).join(' ')
      return new Set(settled.map((sample) => sample[key])).size > 1 ? [`${key} change: ${numbers}`] : []
    }),
  ]
}

const comma = (/** @type {number} */ count) => count.toLocaleString('en')

const mib = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(2)

/**
 * One column, in a process of its own: what it reports, or how it ended.
 *
 * @param {typeof columns[number]} column
 * @param {number} lastMs
 * @returns {Promise<Report | string>}
 */
async function work([backend, trigger, driver], lastMs) {
  /** @type {Plan} */
  const plan = {
    backend,
    trigger,
    driver,
    library: join(root, 'dist/index.js'),
    rounds,
    lastMs,
    seed: Number(values.seed),
    registrations: share(all.registrations),
    events: share(all.events),
    reactors: share(all.reactors),
    waits: share(all.waits),
    errors: share(all.errors),
    workers: all.workers / columns.length / rounds,
  }
  const { code, output } = await run(
    process.execPath,
    // A young generation of one size: it grows when the collector is late, and stays so.
    ['--expose-gc', '--max-semi-space-size=1', join(root, 'scripts/soak-column.mjs'), JSON.stringify(plan)],
    // Threads that come and go would leave free memory behind in an arena each.
    { limitMs, env: { MALLOC_ARENA_MAX: '1' } },
  )
  const line = output.trim().split('\n').at(-1) ?? ''
  return code === 0 && line.startsWith('{') ? JSON.parse(line) : `ended with status ${code}:\n${output}`
}

/** @param {readonly (readonly string[])[]} rows */
function table(rows) {
  const widths = rows[0]?.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0))) ?? []
  const line = (/** @type {readonly string[]} */ row) =>
    row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
  return rows.map((row) => line(row).join('  ')).join('\n')
}

/** @returns {Promise<number>} the exit status */
async function check() {
  if (process.platform !== 'linux') {
    console.log('the soak: it reads /proc')
    return leftOut
  }
  const wanted = columns.filter((column) => column.join('::').includes(values.only))
  const lastMs = (minutes * 60_000) / Math.ceil(wanted.length / parallel)
  /** @type {Map<typeof columns[number], Report>} */
  const reports = new Map()
  let failed = 0
  const waiting = [...wanted]
  const worker = async () => {
    for (let column = waiting.shift(); column !== undefined; column = waiting.shift()) {
      const report = await work(column, lastMs)
      const faults = typeof report === 'string' ? [report] : faultsOf(report)
      for (const fault of faults) console.log(`${column.join('::')}: ${fault}`)
      failed += faults.length > 0 ? 1 : 0
      if (typeof report !== 'string') reports.set(column, report)
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))

  const sums = counted.map((key) => [...reports.values()].reduce((sum, report) => sum + report[key], 0))
  const rows = wanted.flatMap((column) => {
    const report = reports.get(column)
    if (report === undefined) return []
    const last = report.samples.at(-1)
    const grown = Object.keys(bounds).map((key) => growth(report, /** @type {keyof typeof bounds} */ (key)))
    return [
      [
        column.join('::'),
        ...counted.map((key) => comma(report[key])),
        ...grown.map((bytes) => (bytes / 1024).toFixed(0)),
        mib(last?.rss ?? 0),
        `${last?.descriptors}`,
        `${last?.threads}`,
      ],
    ]
  })
  const head = [
    '',
    ...counted,
    ...Object.keys(bounds).map((key) => `${key} +KiB`),
    'rss MiB',
    'open',
    'threads',
  ]
  console.log(table([head, ...rows, ['all', ...sums.map((count) => comma(count))]]))
  return failed > 0 || reports.size === 0 ? 1 : 0
}

stopAllOnSignals()
async function main() {
  process.exitCode = await check()
}

await main()
