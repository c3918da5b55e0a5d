// `fdreactor doctor` from outside: on a system where everything works, and with binaries that do not.
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Reactor } from '../../dist/index.js'
import type { Backend } from '../../dist/index.js'
import { BACKENDS } from '../../dist/internal.js'
import { run } from '../helpers/child.js'
import type { Outcome } from '../helpers/child.js'
import { binary, install, version } from '../helpers/installed.js'
import { CASES, NATIVE } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

interface Told {
  readonly works: boolean
  readonly binary: string | null
  readonly problem: string | null
  readonly backends: readonly {
    name: Backend
    isDefault: boolean
    capabilities: Record<string, unknown> | null
  }[]
  readonly limits: readonly { name: string; values: Record<string, unknown> }[]
  readonly selfTest: readonly (Case & { passed: boolean; error?: string })[]
  readonly [fact: string]: unknown
}

function fdreactor(args: readonly string[], env: NodeJS.ProcessEnv = {}, main = cli): Promise<Outcome> {
  const script = `
  process.argv = [process.execPath, '${main}', ...${JSON.stringify(args)}]
  await import('${main}')`
  return run(script, { isBare: true, env })
}

async function json(env?: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<[number | null, Told]> {
  const { code, stdout } = await fdreactor(['doctor', '--json', ...args], env)
  return [code, JSON.parse(stdout) as Told]
}

/** As they are sorted, whichever order they come in. */
const waysOf = (cases: readonly Case[]): readonly string[] =>
  cases.map(({ backend, driver, trigger }) => `${backend} ${driver} ${trigger}`).toSorted()

test('what works is said to work, in every way that there is', async (t) => {
  const [code, told] = await json()
  t.is(code, 0)
  t.true(told.works)
  t.is(told.problem, null)
  t.deepEqual(waysOf(told.selfTest), waysOf(CASES))
  t.deepEqual(
    told.selfTest.filter(({ passed, error }) => !passed || error !== undefined),
    [],
  )
  t.is(realpathSync(told.binary ?? ''), realpathSync(binary))
  t.is(told['fdreactor'], version)
  const system = told['system'] as Record<string, unknown>
  t.deepEqual([system['platform'], system['arch']], [process.platform, process.arch])
})

test('backends are told with what a reactor says of itself', async (t) => {
  const [, { backends }] = await json()
  t.deepEqual(
    backends.map(({ name }) => name),
    [...BACKENDS],
  )
  const here = new Set(CASES.map(({ backend }) => backend))
  for (const { name, isDefault, capabilities } of backends) {
    t.is(isDefault, name === NATIVE)
    if (!here.has(name)) {
      t.is(capabilities, null)
      continue
    }
    using reactor = new Reactor({ backend: name, driver: 'manual' })
    t.deepEqual(capabilities, JSON.parse(JSON.stringify(reactor.capabilities)) as Record<string, unknown>)
  }
})

if (process.platform === 'linux') {
  test("limits are the system's, and this process's", async (t) => {
    const read = (file: string): number => Number(readFileSync(`/proc/sys/${file}`, 'utf8'))
    const [, hard] = /^Max open files +(\d+|unlimited) +(\d+|unlimited)/m
      .exec(readFileSync('/proc/self/limits', 'utf8'))!
      .slice(1)
    const [, { limits }] = await json()
    t.deepEqual(
      limits.map(({ name, values }) => [name, values['value'] ?? String(values['hard'])]),
      [
        ['open files', hard],
        ['fs.epoll.max_user_watches', read('fs/epoll/max_user_watches')],
        ['net.core.somaxconn', read('net/core/somaxconn')],
      ],
    )
  })
}

test('people read the same', async (t) => {
  const { code, stdout, stderr } = await fdreactor(['doctor'])
  t.deepEqual([code, stderr], [0, ''])
  const lines = stdout.split('\n')
  t.true(lines[0]?.startsWith(`fdreactor ${version} on `), lines[0])
  const works = lines.map((line) =>
    /^ {2}(\w+) +(\w+) +(\w+) +works \([\d.]+ ms\)$/.exec(line)?.slice(1).join(' '),
  )
  t.deepEqual(works.filter((line) => line !== undefined).toSorted(), waysOf(CASES))
  t.deepEqual(lines.slice(-2), ['Everything works.', ''])
  for (const word of ['binary: ', 'open files: soft ', 'To raise it: ulimit -n N'])
    t.true(stdout.includes(word), word)
  t.deepEqual(
    lines.filter((line) => line.length > 110 && !line.startsWith('binary: ')),
    [],
  )
})

/** A binary that is the real one, but for what the code changes in `addon`. */
function spoilt(t: ExecutionContext, code: string): NodeJS.ProcessEnv {
  const file = install(t).write(
    'spoilt.cjs',
    `const addon = { ...require('${binary}') }; const { NativeReactor } = addon; ${code}; module.exports = addon`,
  )
  return { NAPI_RS_NATIVE_LIBRARY_PATH: file }
}

test('a way that does not work is told with its reason, and the others go on', async (t) => {
  // poll cannot be waited on: ENOMEM of poll(2), the nineteenth of the system calls.
  const env = spoilt(
    t,
    `const failure = -(((addon.contract().syscalls.indexOf('poll') + 1) << 16) | require('os').constants.errno.ENOMEM)
    addon.NativeReactor = { open: (backend, driver, ...rest) =>
      backend === 2 && driver === 1 ? failure : NativeReactor.open(backend, driver, ...rest) }`,
  )
  const [code, told] = await json(env)
  t.is(code, 1)
  t.false(told.works)
  t.deepEqual(waysOf(told.selfTest), waysOf(CASES))
  const failed = told.selfTest.filter(({ passed }) => !passed)
  t.deepEqual(
    failed.map(({ backend, driver, error }) => [backend, driver, error]),
    [['poll', 'thread', 'poll ENOMEM: not enough memory']],
  )
  const { stdout } = await fdreactor(['doctor'], env)
  t.regex(stdout, /^ {2}poll +thread +level +FAILED: poll ENOMEM: not enough memory$/m)
  t.regex(stdout, new RegExp(`\\n\\n1 of ${CASES.length} ways FAILED\\.\\n$`))
})

test('a way that says nothing fails when its time is over', async (t) => {
  const env = spoilt(
    t,
    // Whatever is registered with the manual driver is never ready.
    `addon.NativeReactor = { open: (backend, driver, ...rest) => {
      const reactor = NativeReactor.open(backend, driver, ...rest)
      if (driver === 2) Object.defineProperty(reactor, 'turn', { value: () => 0 })
      return reactor
    } }`,
  )
  const [code, told] = await json(env, '--timeout', '0.5')
  t.is(code, 1)
  const silent = told.selfTest.filter(({ driver }) => driver === 'manual')
  t.deepEqual([...new Set(silent.map(({ error }) => error))], ['nothing came of it in 0.5 s'])
  t.deepEqual(waysOf(told.selfTest), waysOf(CASES))
})

test("without a binary there is the loader's explanation, and a failure", async (t) => {
  const main = join(install(t).place, 'dist/cli/main.js')
  const env = { NAPI_RS_NATIVE_LIBRARY_PATH: '' }
  const { code, stdout, stderr } = await fdreactor(['doctor'], env, main)
  t.deepEqual([code, stderr], [1, ''])
  t.regex(
    stdout,
    /\n\nfdreactor \S+ has no binary that works here \(.*\)\. It has looked for\n {2}.*: not there\n/,
  )
  t.true(stdout.includes('open files: '))
  const { stdout: text } = await fdreactor(['doctor', '--json'], env, main)
  const told = JSON.parse(text) as Told
  t.deepEqual([told.works, told.binary, told.backends.length, told.selfTest.length], [false, null, 0, 0])
  t.true(stdout.endsWith(`\n${told.problem}\n`))
})

test('a wrong command line is told in one line, with exit code 2', async (t) => {
  for (const args of [['--timeout', 'soon'], ['--timeout', '0'], ['--nonsense'], ['extra']]) {
    const { code, stdout, stderr } = await fdreactor(['doctor', ...args])
    t.deepEqual([code, stdout], [2, ''], args.join(' '))
    t.regex(stderr, /^fdreactor doctor: .+ \('fdreactor doctor --help' shows the options\)\n$/)
  }
})

test('the help names every command, and each has a help of its own', async (t) => {
  const { stdout } = await fdreactor(['help'])
  const names = [...stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name = '']) => name)
  t.deepEqual(names, ['echo', 'demo', 'doctor', 'compare', 'bench'])
  for (const name of names) {
    const help = await fdreactor([name, '--help'])
    t.is(help.code, 0)
    t.true(help.stdout.startsWith(`Usage: fdreactor ${name} `), help.stdout)
  }
})

test('the version is told without loading the addon', async (t) => {
  const env = spoilt(t, `process.stdout.write('loaded ')`)
  t.is((await fdreactor(['--version'], env)).stdout, `${version}\n`)
  t.is((await fdreactor(['--help'], env)).stdout.startsWith('Usage: '), true)
  t.true((await fdreactor(['doctor', '--json'], env)).stdout.startsWith('loaded '))
})
