// Building from source, where something is missing: the scripts as `npm run` runs them, with a PATH of their own, in a copy of
// what they need.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

const NO_CARGO =
  'cargo is needed to build the addon and is not on PATH: install Rust (https://rustup.rs), and try again in a new shell.\n' +
  '"npm run build:ts" builds the JavaScript alone.\n'

/** A checkout that nobody has installed anything in, and a folder of programs that holds these. */
function checkout(t: ExecutionContext, programs: readonly string[]): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-checkout-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const name of ['scripts', 'package.json', 'package-lock.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  const path = join(folder, 'programs')
  mkdirSync(path)
  for (const name of programs) writeFileSync(join(path, name), '', { mode: 0o755 })
  return { folder, path }
}

function run({ folder, path }: { folder: string; path: string }, script: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('scripts', script), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  })
  return { status, stdout, stderr }
}

const before = ['package-lock.json', 'package.json', 'programs', 'scripts']

for (const args of [[], ['addon'], ['ts', 'addon'], ['kit']]) {
  test(`without cargo the build says so, and does nothing: ${args.join(' ') || 'everything'}`, (t) => {
    const copy = checkout(t, [])
    t.deepEqual(run(copy, 'build.mjs', ...args), { status: 1, stdout: '', stderr: NO_CARGO })
    t.deepEqual(readdirSync(copy.folder).toSorted(), before)
  })
}

test('without cargo the setup says so, and does nothing', (t) => {
  const copy = checkout(t, [])
  t.deepEqual(run(copy, 'setup.mjs'), { status: 1, stdout: '', stderr: `setup: ${NO_CARGO}` })
  t.deepEqual(readdirSync(copy.folder).toSorted(), before)
})

test('without its tools the build names what brings them', (t) => {
  const copy = checkout(t, ['cargo'])
  const { status, stderr } = run(copy, 'build.mjs')
  t.is(status, 1)
  t.regex(
    stderr,
    /^build the addon \(Rust, release\)\nnapi: .*\n"npm ci" brings every program that the build uses, but Rust\.\n$/,
  )
})

test('the JavaScript is built without cargo', (t) => {
  const copy = checkout(t, [])
  const { status, stderr } = run(copy, 'build.mjs', 'ts')
  // It has come to its own first program.
  t.is(status, 1)
  t.regex(stderr, /^compile TypeScript\ntsc: .*\n"npm ci"/)
})
