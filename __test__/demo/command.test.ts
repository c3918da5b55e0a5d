// The command around the scenes, and that what it says does not depend on the run.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limited, runFile } from '../helpers/child.js'
import { playScene } from '../helpers/demo.js'
import type { Report } from '../helpers/demo.js'
import { serial } from '../helpers/echo-columns.js'
import { cli } from '../helpers/echo-server.js'
import { runtime } from '../helpers/runtime.js'
import test from '../helpers/test.js'

const NAMES = ['level-edge', 'oneshot', 'accept-edge', 'half-close', 'hang-up', 'select-limit', 'stale-fd']

const demo = (...args: readonly string[]): ReturnType<typeof runFile> =>
  runFile(cli, { args: ['demo', ...args] })

for (const args of [[], ['--help'], ['-h'], ['level-edge', '--help']]) {
  test.serial(`demo ${args.join(' ')} lists the scenes`, async (t) => {
    const { code, stdout, stderr } = await demo(...args)
    t.is(stderr, '')
    t.is(code, 0)
    const listed = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) {2,}\S/gm)].map(([, name]) => name)
    t.deepEqual(listed, [...NAMES, 'all'])
  })
}

const wrong: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['edge-level'], /'edge-level'.*level-edge/],
  [['level-edge', 'oneshot'], /'oneshot' is too many/],
  [['all', '--quick'], /--quick/],
  [[''], /no scene ''/],
]

for (const [args, says] of wrong) {
  test.serial(`demo ${args.join(' ')} is refused in one line, with exit code 2`, async (t) => {
    const { code, stdout, stderr } = await demo(...args)
    t.regex(stderr, says)
    t.regex(stderr, /^fdreactor demo: [^\n]+\n$/)
    t.is(stdout, '')
    t.is(code, 2)
  })
}

test.serial('the scenes say the same in every run, alone or together, as text or as JSON', async (t) => {
  const all = await demo('all')
  t.is(all.code, 0)
  const single: string[] = []
  for (const name of NAMES) single.push((await demo(name)).stdout)
  t.is(all.stdout, single.join('\n'))
  t.is((await demo('all')).stdout, all.stdout)
  const lines = (await demo('all', '--json')).stdout.trimEnd().split('\n')
  const reports = lines.map((line) => JSON.parse(line) as Report)
  t.deepEqual(
    reports.map(({ name }) => name),
    NAMES,
  )
  t.deepEqual(reports[0], await playScene(t, NAMES[0] ?? ''))
  for (const { name, title } of reports) t.true(all.stdout.includes(`${name}: ${title}\n`))
})

test.serial('a limit of open files that is too low is told in one line', async (t) => {
  const { code, stdout, stderr } = await runFile(cli, {
    args: ['demo', 'select-limit'],
    wrapper: limited(runtime === 'node' ? 200 : 600),
  })
  t.regex(stderr, /^fdreactor demo: this scene opens 1074 descriptors, .*ulimit -n\)\n$/)
  t.is(stdout, '')
  t.is(code, 1)
})

/** One for each call: a call that another thread's interrupts has a second line. */
const linesOf = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => !line.includes(' resumed>'))

/** Runs a scene under strace, and answers with the lines of its system calls. */
async function trace(
  name: string,
  calls: string,
): Promise<{ readonly report: Report; readonly lines: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-test-'))
  const file = join(folder, 'trace')
  try {
    const { stdout } = await runFile(cli, {
      args: ['demo', name, '--json'],
      wrapper: ['strace', '-f', '-qq', '-e', `trace=${calls}`, '-e', 'signal=none', '-o', file],
    })
    return { report: JSON.parse(stdout) as Report, lines: linesOf(readFileSync(file, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const sum = (report: Report, call: string, kinds: readonly string[]): number =>
  report.programs
    .filter(({ kind }) => kinds.includes(kind))
    .flatMap(({ calls }) => Object.values(calls))
    .reduce((total, counts) => total + (counts[call] ?? 0), 0)

const traced = runtime === 'node' ? serial({ tools: ['strace'], linux: true }) : test.serial.skip

traced('the calls to accept that are counted are those that strace sees', async (t) => {
  const { report, lines } = await trace('accept-edge', 'accept4')
  // Looking for what was never accepted: 3 calls after the fault with edge, and 1 in each of the 7 other cases.
  t.is(lines.length, sum(report, 'accept', ['fault', 'right']) + 10)
})

traced('the calls to epoll_ctl that are counted are those that strace sees', async (t) => {
  const { report, lines } = await trace('oneshot', 'epoll_ctl')
  const armings = lines.filter((line) => line.includes('EPOLLONESHOT'))
  t.is(armings.length, sum(report, 'epoll_ctl', ['shown', 'right']))
})
