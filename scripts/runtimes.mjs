// The tests under other runtimes than the one that `npm test` uses: other versions of Node.js, Bun and Deno, from npm, each
// at a fixed version. Prints one table. What a runtime cannot do stands, with its reason, in __test__/runtimes.json and in
// docs/runtimes.md, and nothing else may be missing. Such a case is run all the same, and one that passes is a failure: its
// reason is gone. Only what may pass or not, or may hang, is not run.
// Options: --only NAME[,NAME...] (of the runtimes), --files TEXT (part of a test file's path), --cases (a row for each case),
// --part (the files that depend most on the runtime: what `npm test` runs), --present (only runtimes that are installed
// already; status 3 if there is none).
import { readFileSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bring, fileOf, isPresent } from './cache.mjs'
import { programs } from './programs.mjs'
import { root, run, stopAllOnSignals } from './run.mjs'
import { setupOrExit } from './setup.mjs'

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {import('./cache.mjs').Program} program
 * @property {readonly string[]} args what stands before the file to run
 */

/** @type {readonly Runtime[]} */
const runtimes = [
  { name: 'node22', program: programs.node22, args: ['--import=tsx'] },
  { name: 'node24', program: programs.node24, args: ['--import=tsx'] },
  { name: 'bun', program: programs.bun, args: [] },
  // A file that is named x.js here is x.ts.
  {
    name: 'deno',
    program: programs.deno,
    args: ['run', '--allow-all', '--unstable-sloppy-imports'],
  },
]

/** They look at the sources and at npm's view of the package, and run nothing of it. */
const notOfTheRuntime = new Set([
  '__test__/package.test.ts',
  '__test__/types.test.ts',
  // They start programs of the benches, on Node.js.
  '__test__/benches/bench/command.test.ts',
  '__test__/benches/bench/load.test.ts',
  '__test__/prebuilds/inspect.test.ts',
  '__test__/prebuilds/smoke.test.ts',
])

/** They hold fdreactor/epoll beside what the package `epoll` does, which is for Node.js. */
const ofNode = new Set(
  ['equal', 'faults', 'fivdi', 'onoff', 'override'].map((name) => `__test__/epoll/${name}.test.ts`),
)

/** @param {Runtime} runtime @param {string} file */
const isFor = ({ name }, file) => name.startsWith('node') || !ofNode.has(file)

/** How environments end, what keeps a process alive, in which order and on which thread callbacks come. */
const part = new Set(
  ['context', 'dispatch', 'lifetime', 'poll', 'reactor', 'waker', 'workers'].map(
    (name) => `__test__/${name}.test.ts`,
  ),
)

/** The status that says that nothing was to be done. */
const nothingPresent = 3

/** @typedef {{ runtimes: string[], file: string, title: string, may?: boolean, reason: string }} Exception */
/** @type {Exception[]} */
const exceptions = JSON.parse(readFileSync(join(root, '__test__/runtimes.json'), 'utf8'))

/** A file that hangs is ended. */
const limitMs = 10 * 60_000

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`)

/**
 * @param {string} from
 * @returns {string[]}
 */
function testFiles(from) {
  return readdirSync(join(root, from), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${from}/${entry.name}`
      if (entry.isDirectory()) return testFiles(path)
      return path.endsWith('.test.ts') ? [path] : []
    })
    .toSorted()
}

/** @typedef {{ title: string, outcome: 'passed' | 'failed' | 'left out', error?: string }} Result */

/**
 * What becomes of a result: a failure that is expected is left out, and a success that is not is a failure.
 *
 * @param {Result} result
 * @param {readonly Exception[]} excepted
 * @returns {Result}
 */
function judge(result, excepted) {
  if (!excepted.some(({ title, may }) => !may && result.title.startsWith(title))) return result
  if (result.outcome === 'failed') return { title: result.title, outcome: 'left out' }
  const error = 'it passes: its exception in __test__/runtimes.json is out of date'
  return { title: result.title, outcome: 'failed', error }
}

/**
 * @param {Runtime} runtime
 * @param {string} file
 * @returns {Promise<Result[]>}
 */
async function runFile(runtime, file) {
  const excepted = exceptions.filter((one) => one.runtimes.includes(runtime.name) && one.file === file)
  const left = excepted.filter(({ may }) => may)
  const { code, output, timedOut } = await run(
    fileOf(runtime.program),
    [...runtime.args, '__test__/helpers/run-file.ts', file, ...left.map(({ title }) => title)],
    { env: { FDREACTOR_RUNNER: '1' }, limitMs },
  )
  /** @type {Result[]} */
  const results = []
  const rest = []
  for (const line of output.split('\n')) {
    if (line.startsWith('{"title":')) results.push(judge(JSON.parse(line), excepted))
    else rest.push(line)
  }
  if (code !== 0 || results.length === 0) {
    const how = timedOut ? 'did not end' : `ended with status ${code}`
    results.push({ title: `(the file ${how})`, outcome: 'failed', error: rest.slice(-20).join('\n') })
  }
  return results
}

/** @param {string} title */
const driverOf = (title) => /::(loop|thread|manual)$/.exec(title)?.[1]

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      files: { type: 'string' },
      cases: { type: 'boolean' },
      part: { type: 'boolean' },
      present: { type: 'boolean' },
    },
  })
  const names = values.only?.flatMap((list) => list.split(','))
  const named = runtimes.filter(({ name }) => names?.includes(name) ?? true)
  const wanted = values.present ? named.filter(({ program }) => isPresent(program)) : named
  const files = testFiles('__test__').filter(
    (file) =>
      !notOfTheRuntime.has(file) && file.includes(values.files ?? '') && (!values.part || part.has(file)),
  )
  if (named.length > 0 && wanted.length === 0) {
    say('none of them is installed: node scripts/runtimes.mjs installs and runs them')
    process.exitCode = nothingPresent
    return
  }
  if (wanted.length === 0 || files.length === 0) {
    console.error(`nothing to run (the runtimes are ${runtimes.map(({ name }) => name).join(', ')})`)
    process.exitCode = 2
    return
  }

  await setupOrExit({ forTests: true })
  for (const { program } of wanted) await bring(program)

  /** Results by file and runtime. @type {Map<string, Map<string, Result[]>>} */
  const found = new Map(files.map((file) => [file, new Map()]))
  const work = files.flatMap((file) =>
    wanted.filter((runtime) => isFor(runtime, file)).map((runtime) => ({ file, runtime })),
  )
  const worker = async () => {
    for (let next = work.shift(); next; next = work.shift()) {
      const results = await runFile(next.runtime, next.file)
      found.get(next.file)?.set(next.runtime.name, results)
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker))

  const counts = { passed: 0, failed: 0 }
  /** @type {string[]} */
  const failures = []
  /** @type {Map<string, number>} */
  const leftOut = new Map()
  const rows = [['', ...wanted.map(({ name }) => name)]]
  for (const [file, byRuntime] of found) {
    const titles = [
      ...new Set([...byRuntime.values()].flatMap((results) => results.map(({ title }) => title))),
    ]
    /** @type {string[][]} */
    const caseRows = titles.map((title) => [`  ${title}`])
    const row = [file.replace('__test__/', '').replace('.test.ts', '')]
    for (const { name } of wanted) {
      const results = new Map(byRuntime.get(name)?.map((result) => [result.title, result]))
      const sums = { passed: 0, failed: 0, 'left out': 0, 'not there': 0 }
      for (const [index, title] of titles.entries()) {
        const result = results.get(title)
        // Only Node.js has a loop that can be driven, and runs every file.
        const isThere = result !== undefined || (byRuntime.has(name) && driverOf(title) !== 'loop')
        const outcome = isThere ? (result?.outcome ?? 'failed') : 'not there'
        sums[outcome] += 1
        caseRows[index]?.push(
          { passed: '+', failed: 'FAILED', 'left out': 'left out', 'not there': '-' }[outcome],
        )
        if (outcome === 'failed') failures.push(`${name}: ${file}: ${title}\n${result?.error ?? '(missing)'}`)
        if (outcome === 'left out') {
          const reason =
            exceptions.find(
              (one) => one.runtimes.includes(name) && one.file === file && title.startsWith(one.title),
            )?.reason ?? 'a tool is missing'
          leftOut.set(`${name}: ${reason}`, (leftOut.get(`${name}: ${reason}`) ?? 0) + 1)
        }
      }
      counts.passed += sums.passed
      counts.failed += sums.failed
      row.push(
        [`${sums.passed}`, sums['left out'] && `-${sums['left out']}`, sums.failed && `!${sums.failed}`]
          .filter(Boolean)
          .join(' '),
      )
    }
    rows.push(row)
    if (values.cases) rows.push(...caseRows)
  }

  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  for (const row of rows)
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  say('\ncases passed; -N left out for a reason; !N failed')
  if (leftOut.size > 0)
    say(`\nleft out:\n${[...leftOut].map(([reason, count]) => `  ${count} of ${reason}`).join('\n')}`)
  if (failures.length > 0) say(`\nfailed:\n${failures.join('\n\n')}`)
  say(`${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed > 0 ? 1 : 0
}

stopAllOnSignals()
await main()
