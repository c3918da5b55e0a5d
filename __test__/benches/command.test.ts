// `fdreactor compare`, as its users start it.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EVENTS, VARIANTS } from '../../benches/compare/plan.js'
import { nameOf } from '../../benches/compare/result.js'
import type { Result } from '../../benches/compare/result.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function compare(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'compare', ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}

function folderFor(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-compare-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const few = ['--quick', '--only', 'turns', '--kind', 'pipe', '--sizes', '10,30', '--rounds', '2']

test('turns are measured, told, and written; what was written is told again, and compared', async (t) => {
  const folder = folderFor(t)
  const [first, second, html] = ['first.json', 'second.json', 'page.html'].map((name) => join(folder, name))
  if (first === undefined || second === undefined || html === undefined) throw new Error('unreachable')

  const measured = await compare(...few, '--json', first, '--html', html)
  t.is(measured.code, 0, measured.stderr)
  for (const variant of VARIANTS) t.true(measured.stdout.includes(nameOf(variant)), nameOf(variant))
  t.regex(measured.stderr, /turns: {2}\d+ % {2}10 descriptors, round 1 of 2/)
  t.regex(measured.stderr, /turns: 100 % {2}30 descriptors, round 2 of 2/)
  t.false(measured.stdout.includes('\u001B'), 'no colours where no terminal is')

  const result = JSON.parse(readFileSync(first, 'utf8')) as Result
  t.deepEqual(result.settings, {
    command: `fdreactor compare ${few.join(' ')} --json ${first} --html ${html}`,
    mode: 'quick',
    kind: 'pipe',
    sizes: [10, 30],
    rounds: 2,
    seed: 1,
    unboundedSelect: false,
  })
  t.is(result.turns.length, VARIANTS.length * 2 * (2 + 3))
  t.is(result.machine.runtime, `Node.js ${process.versions.node}`)
  t.is(result.machine.openFiles > 0, true)
  t.is(result.verdicts.find(({ id }) => id === 'told-once')?.holds, true)
  t.true(readFileSync(html, 'utf8').startsWith('<!doctype html>'))

  const again = await compare('--from', first, '--json', second)
  t.deepEqual({ code: again.code, stderr: again.stderr }, { code: 0, stderr: '' })
  t.is(again.stdout, measured.stdout)
  t.deepEqual(JSON.parse(readFileSync(second, 'utf8')), result)

  const diff = await compare('--diff', first, second)
  t.deepEqual({ code: diff.code, stderr: diff.stderr }, { code: 0, stderr: '' })
  t.true(diff.stdout.includes(`${EVENTS} edge`))
  t.notRegex(diff.stdout, /[1-9]\d* (?:faster|slower)/, 'nothing differs')
})

test('a wrong command line is one line and status 2', async (t) => {
  const { code, stdout, stderr } = await compare('--only', 'moon')
  t.is(code, 2)
  t.is(stdout, '')
  t.is(
    stderr,
    "fdreactor compare: --only takes turns, load, strategies, not 'moon' ('fdreactor compare --help' shows the options)\n",
  )
})

test('a limit of open files that leaves no room is said, instead of measuring nothing', async (t) => {
  const { code, stdout, stderr } = await new Promise<Ended>((resolve) => {
    const script = `ulimit -n 64; exec "$0" "$1" compare --only turns`
    execFile('sh', ['-c', script, process.execPath, program], (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout: out, stderr: err })
    })
  })
  t.deepEqual({ code, stdout }, { code: 2, stdout: '' })
  t.regex(stderr, /^fdreactor compare: the limit of open files leaves no room .+\n$/)
})

test('a file that is missing, or is no result, is one line and status 1', async (t) => {
  const folder = folderFor(t)
  for (const file of [join(folder, 'missing.json'), program]) {
    const { code, stdout, stderr } = await compare('--from', file)
    t.is(code, 1)
    t.is(stdout, '')
    t.regex(stderr, /^fdreactor compare: .+\n$/)
    t.true(stderr.includes(file))
  }
})

test('help names every option', async (t) => {
  const { code, stdout, stderr } = await compare('--help')
  t.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  for (const option of ['quick', 'full', 'only', 'kind', 'sizes', 'rounds', 'seed', 'unbounded-select'])
    t.true(stdout.includes(`--${option} `), option)
  for (const option of ['json FILE', 'html FILE', 'from FILE', 'diff FILE FILE', 'help, -h'])
    t.true(stdout.includes(`--${option}`), option)
})
