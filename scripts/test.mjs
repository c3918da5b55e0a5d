// `npm test`: makes the clone ready, then runs every check, and goes on after one that fails. The last line is
// `N passed, N failed`: the tests of cargo and ava are counted one by one, every other check is one.
// Options: --list, --only NAME[,NAME...].
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runAva } from './ava.mjs'
import { generated } from './build.mjs'
import { leftOut } from './cross-check.mjs'
import { root, run, stopAll, stopAllOnSignals } from './run.mjs'
import { setup } from './setup.mjs'
import { missing, tools } from './tools.mjs'

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} [skipped] what was not run, each with its name
 * @property {readonly string[]} [faults] what failed, where a check has many parts
 * @property {readonly string[]} [again] what failed at first, and was run again
 */

/** Where a check that waits for nothing ends; all of them together take a few minutes. */
const limitMs = 20 * 60_000

const isCI = Boolean(process.env['CI']) && process.env['CI'] !== 'false'

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`)

/**
 * Runs a program and shows what it writes.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
async function show(program, args, env = {}) {
  const outcome = await run(program, args, { env, limitMs, onOutput: (text) => process.stdout.write(text) })
  if (/[^\n]$/.test(outcome.output)) say('')
  if (outcome.timedOut) say(`stopped after ${limitMs / 60_000} minutes`)
  else if (outcome.code !== 0) say(`${program} ended with status ${outcome.code}`)
  return outcome
}

/**
 * @param {boolean} isFine
 * @returns {Result}
 */
const one = (isFine) => ({ passed: isFine ? 1 : 0, failed: isFine ? 0 : 1 })

/**
 * A check that is one program, fine if it ends with status 0.
 *
 * @param {string} line program and arguments
 * @param {NodeJS.ProcessEnv} [env]
 */
function command(line, env) {
  const [program = '', ...args] = line.split(' ')
  return async () => one((await show(program, args, env)).code === 0)
}

/**
 * Counts as failed what ended badly without saying which test it was, and a run without any test.
 *
 * @param {Result} result
 * @param {boolean} isComplete whether the program ended well, and with a summary
 * @returns {Result}
 */
function orFailed(result, isComplete) {
  if ((isComplete || result.failed > 0) && result.passed + result.failed > 0) return result
  return { ...result, failed: result.failed + 1 }
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<Result>}
 */
async function cargoTest(args) {
  const { code, output } = await show('cargo', ['test', '--no-fail-fast', ...args])
  let passed = 0
  let failed = 0
  for (const [, ok, bad] of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed;/gm)) {
    passed += Number(ok)
    failed += Number(bad)
  }
  const named = (/** @type {RegExp} */ line) => [...output.matchAll(line)].map(([, name]) => `cargo: ${name}`)
  const skipped = named(/^test (.+?) +\.\.\. ignored/gm)
  const faults = named(/^test (.+?) +\.\.\. FAILED/gm)
  return orFailed({ passed, failed, skipped, faults }, code === 0)
}

/** @returns {Promise<Result>} */
async function nodeTest() {
  const { code, ...result } = await runAva(show)
  return orFailed(result, code === 0)
}

/** The core is usable without Node. */
async function rustPure() {
  const { code, output } = await run(
    'cargo',
    'tree --package fdreactor --edges normal,build --prefix none'.split(' '),
  )
  const found = output.split('\n').filter((line) => /^napi|^node-/.test(line))
  say(
    code !== 0
      ? output
      : found.length > 0
        ? `in the tree of fdreactor: ${found.join(', ')}`
        : 'no napi in the tree',
  )
  return one(code === 0 && found.length === 0)
}

/**
 * A check that is one of the scripts beside this file. It may end with the status `leftOut`, if what it needs is not here, which
 * in CI is a failure; and it says of its parts `left out: ...`.
 *
 * @param {string} name
 */
function script(name) {
  return async () => {
    const { code, output } = await show(process.execPath, [`scripts/${name}.mjs`])
    const skipped = [...output.matchAll(/^left out: (.*)$/gm)].map(([, what = '']) => what)
    if (code !== leftOut || isCI) return { ...one(code === 0), skipped }
    return { passed: 0, failed: 0, skipped: [output.trim().split('\n')[0] ?? ''] }
  }
}

/**
 * What depends most on the runtime, on Bun and Deno where they are installed; in CI they are. All tests, and on other
 * versions of Node.js as well: `node scripts/runtimes.mjs`.
 *
 * @returns {Promise<Result>}
 */
async function otherRuntimes() {
  const args = ['scripts/runtimes.mjs', '--part', '--only=bun,deno', ...(isCI ? [] : ['--present'])]
  const { code, output } = await show(process.execPath, args)
  if (code === 3) return { passed: 0, failed: 0, skipped: ['Bun and Deno, which are not installed'] }
  const [, passed = '0', failed = '0'] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? []
  return orFailed({ passed: Number(passed), failed: Number(failed) }, code === 0)
}

/**
 * Installs the package as users do, as far as the time allows, row by row. All of it: `npm run test:install`.
 *
 * @returns {Promise<Result>}
 */
async function installTest() {
  const { code, output } = await show(process.execPath, ['scripts/install-test.mjs', '--part'])
  const [, passed = '0', failed = '0'] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? []
  const named = (/** @type {RegExp} */ line) => [...output.matchAll(line)].map(([, what = '']) => what)
  const skipped = named(/^left out: (.*)$/gm)
  const faults = named(/^failed: (.*)$/gm).map((what) => `install: ${what}`)
  return orFailed({ passed: Number(passed), failed: Number(failed), skipped, faults }, code === 0)
}

const read = () =>
  generated.map((file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''))

/** What stood in the tree before anything was built. */
const before = read()

let isBuilt = false

/** @returns {Promise<Result>} */
async function generatedFiles() {
  if (!isBuilt) {
    say('nothing to compare with: the build failed')
    return one(false)
  }
  const after = read()
  const changed = generated.filter((_, index) => before[index] !== after[index])
  for (const file of changed) {
    say(`${file} was not what the build writes; it is now: look at the change and commit it`)
    await show('git', ['--no-pager', 'diff', '--stat', '--', file])
  }
  if (changed.length === 0) say(`${generated.join(', ')}: unchanged by the build`)
  return one(changed.length === 0)
}

/** @returns {Promise<Result>} */
async function externalTools() {
  for (const { name, debian, usedBy } of missing)
    say(`${name} is not here (Debian: ${debian}); used for ${usedBy}`)
  if (missing.length === 0) say(tools.map(({ name }) => name).join(', '))
  if (isCI)
    return {
      passed: tools.length - missing.length > 0 && missing.length === 0 ? 1 : 0,
      failed: missing.length,
    }
  return missing.length === 0
    ? one(true)
    : { passed: 0, failed: 0, skipped: missing.map(({ name }) => `what needs ${name}`) }
}

/** In the order in which they run: what takes seconds comes first. @type {Readonly<Record<string, () => Promise<Result>>>} */
const checks = {
  tools: externalTools,
  generated: generatedFiles,
  rooms: command('node scripts/rooms.mjs'),
  versions: command('node scripts/versions.mjs'),
  format: command('prettier --check --log-level warn .'),
  lint: command('oxlint --deny-warnings --type-aware --format unix'),
  types: command('tsc --project tsconfig.test.json'),
  workflows: script('workflows'),
  docs: script('docs'),
  package: script('check-package'),
  'node-test': nodeTest,
  clients: script('clients'),
  runtimes: otherRuntimes,
  install: installTest,
  'rust-format': command('cargo fmt --all --check -- --color never'),
  'rust-pure': rustPure,
  'rust-test': () => cargoTest(['--package', 'fdreactor', '--package', 'fdreactor-bench']),
  'rust-benches': command('cargo test --quiet --package fdreactor-benches --benches'),
  'rust-lint': command('cargo clippy --workspace --all-targets -- -D warnings'),
  'rust-docs': command('cargo doc --workspace --no-deps', { RUSTDOCFLAGS: '-D warnings' }),
  'rust-crate': script('crate'),
  'rust-cross': script('cross-check'),
  memcheck: script('memcheck'),
  soak: script('soak'),
}

/** @param {number} start */
const since = (start) => `${((Date.now() - start) / 1000).toFixed(1)} s`

/** @returns {Promise<Result>} */
async function ready() {
  try {
    await setup({ forTests: true })
    isBuilt = true
    return { passed: 0, failed: 0 }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return one(false)
  }
}

/** They lean on registries, or on other runtimes, whose moods are not ours: run once more before it counts, and named. */
const moody = new Set(['workflows', 'runtimes', 'install'])

/**
 * @param {string} name of a check
 * @returns {Promise<Result>}
 */
async function tried(name) {
  const check = checks[name] ?? ready
  const first = await check()
  if (first.failed === 0 || !moody.has(name)) return first
  say(`\n${name}: once more`)
  return { ...(await check()), again: [`${name}: ${first.failed} failed`] }
}

/** @param {readonly string[]} names */
async function main(names) {
  const started = Date.now()
  /** @type {(Result & { name: string, time: string })[]} */
  const results = []
  for (const name of ['setup', ...names]) {
    const start = Date.now()
    if (name !== 'setup') say(`\n== ${name}`)
    const result = await tried(name)
    if (name !== 'setup') say(`== ${name}: ${result.failed > 0 ? 'FAILED' : 'done'} in ${since(start)}`)
    results.push({ name, time: since(start), ...result })
  }

  say('')
  for (const { name, time, passed, failed, skipped = [] } of results) {
    const word = failed > 0 ? 'FAILED' : passed === 0 && skipped.length > 0 ? 'left out' : 'ok'
    const counts = `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} left out` : ''}`
    say(
      `${name.padEnd(12)} ${word.padEnd(9)} ${time.padStart(8)}  ${name === 'setup' ? '' : counts}`.trimEnd(),
    )
  }
  // Said again here: of a long log it is the end that is read.
  const parts = {
    skipped: 'left out',
    again: 'failed at first, and was run again',
    faults: 'failed',
  }
  for (const [key, heading] of Object.entries(parts)) {
    const titles = results.flatMap((result) => result[/** @type {keyof typeof parts} */ (key)] ?? [])
    if (titles.length > 0) say(`\n${heading}:\n${titles.map((name) => `  ${name}`).join('\n')}`)
  }
  say(`\nin ${since(started)}`)
  const sum = (/** @type {'passed' | 'failed'} */ key) =>
    results.reduce((total, result) => total + result[key], 0)
  say(`${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') > 0 ? 1 : 0
}

stopAllOnSignals()
process.stdout.on('error', () => {
  stopAll()
  process.exit(1)
})

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, list: { type: 'boolean' } },
})
const wanted = values.only?.flatMap((names) => names.split(','))
const unknown = wanted?.filter((name) => !(name in checks)) ?? []
if (values.list) {
  say(Object.keys(checks).join('\n'))
} else if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(', ')} (there are: ${Object.keys(checks).join(', ')})`)
  process.exitCode = 2
} else {
  await main(Object.keys(checks).filter((name) => !wanted || wanted.includes(name)))
}
