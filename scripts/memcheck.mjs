// Runs the tests of the core under valgrind: no use of memory that was freed or never written, no leak, and no descriptor
// left open. The last line is `N passed, N failed`. Exit status: 0 fine, 1 not, 77 if there is no valgrind here.
//
// Not the addon: Node's compiler writes machine code that valgrind would have to translate anew all the time, and V8 frees
// nothing at its end. scripts/soak.mjs looks at the addon's memory from outside instead.
//
// Options: --all (every trial of the conformance table, which takes half an hour), --only TEXT (jobs with TEXT in the name),
// --times.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { leftOut } from './cross-check.mjs'
import { root, run, stopAll, which } from './run.mjs'

/**
 * @typedef {object} Job
 * @property {string} name
 * @property {string} binary
 * @property {boolean} isTrial whether it is one trial of the conformance table
 * @property {NodeJS.ProcessEnv} env
 */

const { values: options } = parseArgs({
  options: { all: { type: 'boolean' }, only: { type: 'string' }, times: { type: 'boolean' } },
})

/** One that hangs; the longest takes a few seconds. */
const limitMs = 5 * 60_000

/** How valgrind's own verdict is told from that of the tests. */
const errorStatus = 99

const valgrind = [
  `--error-exitcode=${errorStatus}`,
  '--leak-check=full',
  '--show-leak-kinds=definite,indirect,possible',
  '--errors-for-leak-kinds=definite,indirect,possible',
  '--track-fds=yes',
  // Rust's frames are many: a suppression must reach the one it names.
  '--num-callers=60',
  `--suppressions=${join(root, 'scripts/memcheck.supp')}`,
]

/** @returns {Promise<ReadonlyMap<string, string>>} the test binaries of the core, by name */
async function build() {
  const args = ['test', '--package', 'fdreactor', '--no-run', '--message-format=json']
  const { code, output } = await run('cargo', args)
  const messages = output.split('\n').filter((line) => line.startsWith('{'))
  /** @type {Map<string, string>} */
  const binaries = new Map()
  for (const message of messages.map((line) => JSON.parse(line))) {
    if (message.reason === 'compiler-message' && code !== 0) console.log(message.message.rendered)
    if (message.executable) binaries.set(message.target.name, message.executable)
  }
  if (code !== 0) throw new Error(`cargo ended with status ${code}`)
  return binaries
}

/** What valgrind cannot do, by the beginning of the trials' names. */
const beyond = new Map([
  ['E13', 'it accepts the connection that a limit of open files forbids, and then drops it'],
  ['H02', 'a timer of 20 ms is over before the first wait'],
  ['H10', 'it has no pidfd_open'],
  ['L09', 'it measures resident memory, and most of that is of valgrind itself'],
  ['L08::poll', 'it keeps a lowered limit of open files from the kernel, which then takes as many as before'],
])

/** @param {string} name */
const isBeyond = (name) => [...beyond.keys()].some((start) => name.startsWith(start))

/** Of how many cases one is run. */
const share = 4

/**
 * The trials of the conformance table that are run: some of the cases, each on another backend and trigger than the one
 * before. What a backend refuses is left out, for it ends before anything happens.
 *
 * @param {string} binary
 * @returns {Promise<string[]>}
 */
async function trials(binary) {
  const { output } = await run(binary, ['--list'])
  const names = [...output.matchAll(/^((\w+)::(\w+)::(\w+)): test$/gm)]
    .filter(([, , , backend, mode]) => mode !== 'edge' || backend === 'epoll')
    .map(([, name = '']) => name)
    .filter((name) => !isBeyond(name))
  if (options.all) return names
  const columns = [...new Set(names.map((name) => name.slice(name.indexOf('::'))))]
  const cases = [...new Set(names.map((name) => name.slice(0, name.indexOf('::'))))]
  return cases
    .filter((_, index) => index % share === 0)
    .flatMap((id, index) => {
      // Not every case exists everywhere.
      const here = columns.filter((column) => names.includes(id + column))
      return id + (here[index % here.length] ?? '')
    })
}

/** @returns {Promise<Job[]>} */
async function jobs() {
  const binaries = await build()
  const table = binaries.get('conformance')
  const ordinary = [...binaries].filter(([name]) => name !== 'conformance')
  if (table === undefined || ordinary.length < 3) {
    throw new Error(`cargo built only ${[...binaries.keys()].join(', ')}`)
  }
  const all = [
    // A hundred histories on each backend: they take three minutes as they are.
    ...ordinary.map(([name, binary]) => ({
      name,
      binary,
      isTrial: false,
      env: { FDREACTOR_HISTORIES_STEPS: '1' },
    })),
    // A trial is a process of its own that its parent starts; here it is started by name.
    ...(await trials(table)).map((name) => ({
      name,
      binary: table,
      isTrial: true,
      env: { FDREACTOR_CONFORMANCE_TRIAL: name },
    })),
  ]
  return all.filter(({ name }) => name.includes(options.only ?? ''))
}

/**
 * What is wrong with a run, by what it and valgrind wrote; and how many tests it was.
 *
 * @param {Job} job
 * @param {import('./run.mjs').Outcome} outcome
 * @param {string} log
 */
function judge({ name, isTrial }, { code, output, timedOut }, log) {
  const tests = isTrial
    ? Number(output === name)
    : Number(/^test result: ok\. (\d+) passed/m.exec(output)?.[1])
  const faults = []
  if (timedOut) faults.push('it does not end')
  else if (code !== 0 && code !== errorStatus) faults.push(`it ended with status ${code}:\n${output}`)
  else if (!(tests > 0)) faults.push(`it ran no test:\n${output}`)
  if (!log.includes('ERROR SUMMARY: 0 errors')) faults.push(log)
  // Up to the blank line: a descriptor or socket, and where it was opened.
  const open = log.replaceAll(/^==\d+== ?/gm, '').matchAll(/^Open \w.*\n((?:.+\n)*)/gm)
  for (const [text, where] of open) if (!where?.includes('<inherited from parent>')) faults.push(text)
  return { tests: Number.isNaN(tests) ? 0 : tests, faults }
}

/** @returns {Promise<number>} the exit status */
async function check() {
  if (process.platform !== 'linux' || !which('valgrind')) {
    console.log('the core under valgrind: there is no valgrind here (Debian: valgrind)')
    return leftOut
  }
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-memcheck-'))
  try {
    const waiting = await jobs()
    for (const [name, reason] of beyond) console.log(`left out: ${name} under valgrind: ${reason}`)
    console.log(`${waiting.length} processes`)
    let passed = 0
    let failed = 0
    const work = async () => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        const log = join(folder, job.name)
        const start = Date.now()
        const args = [...valgrind, `--log-file=${log}`, job.binary]
        const outcome = await run('valgrind', args, {
          // The tests' own folder, as cargo has it.
          cwd: join(root, 'crates/fdreactor'),
          env: job.env,
          limitMs,
        })
        const { tests, faults } = judge(job, outcome, readFileSync(log, 'utf8'))
        if (options.times) console.log(`${job.name} ${((Date.now() - start) / 1000).toFixed(1)} s`)
        passed += faults.length === 0 ? tests : 0
        failed += faults.length === 0 ? 0 : 1
        for (const fault of faults) console.log(`${job.name}: ${fault}`)
      }
    }
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, () => work()))
    console.log(`${passed} passed, ${failed} failed`)
    return failed > 0 || passed === 0 ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

for (const [signal, status] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.once(signal, () => {
    stopAll()
    process.exit(status)
  })
}
async function main() {
  process.exitCode = await check()
}

await main()
