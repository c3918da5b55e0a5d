// The test scripts of the package `epoll`, as they are in it, on ours. Its run-tests names eight of them; the others are one that runs
// until it is stopped, two for a coin acceptor (onoff.test.ts has those), and a helper.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fine } from '../helpers/child.js'
import { installation, root, shell } from '../helpers/epoll/installation.js'
import test from '../helpers/test.js'

const tests = join(root, 'node_modules/epoll/test')
const scripts = [...readFileSync(join(tests, 'run-tests'), 'utf8').matchAll(/\bnode (\S+)$/gm)].map(
  ([, name = '']) => name,
)

const path = (name: string): string => installation().path(name)
const own = (name: string): string => path(`node_modules/epoll/test/${name}.js`)

/** What a script writes that does not merely end well. */
const output = (name: string): RegExp =>
  name === 'performance-check' ? /^ {2}[1-9]\d* events per second\n$/ : /^$/

for (const name of scripts) {
  for (const [where, before] of [
    ['in the main thread', []],
    ['in a Worker', ['in-worker.cjs']],
  ] as const) {
    test(`epoll's own ${name} passes ${where}`, async (t) => {
      const program = [process.execPath, ...before.map((each) => path(each)), own(name)]
      const { stdout, ...rest } = await shell('echo | "$@"', program)
      t.deepEqual({ ...rest, stdout: '' }, fine(''))
      t.regex(stdout, output(name))
    })
  }
}

test("epoll's own brute-force-leak-check makes its first hundred thousand instances", async (t) => {
  const program = [process.execPath, own('stress/brute-force-leak-check')]
  const { stdout, stderr } = await shell('echo | exec "$@"', program, {
    isEnough: (text) => text.includes('\n'),
  })
  t.is(stderr, '')
  t.regex(stdout, /^100000 instances created and events detected \n/)
})

test('these are all the scripts that the package has', (t) => {
  const names = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  )
  t.is(scripts.length, 8)
  t.deepEqual(
    names.toSorted(),
    [
      ...scripts.map((name) => `${name}.js`),
      'coin-acceptor/coin-counter-fail.js',
      'coin-acceptor/coin-counter-success.js',
      'stress/brute-force-leak-check.js',
      'util.js',
    ].toSorted(),
  )
})
