// Builds the package: `node scripts/build.mjs [addon] [ts] [benches] [types]`, all without arguments; and `kit`, which only
// the tests need.
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, run, stopAll, which } from './run.mjs'

/** What the build writes and git keeps; `npm test` fails if the committed text is not what the build writes. */
export const generated = [
  'index.d.ts',
  'epoll/index.d.ts',
  'npm/epoll/epoll.d.ts',
  'ts/binding.d.ts',
  'Cargo.lock',
]

/**
 * @typedef {object} Step
 * @property {string} does
 * @property {readonly string[]} inputs files and folders it reads
 * @property {RegExp} [names] of what it reads in the folders, if not everything
 * @property {readonly string[]} outputs files and folders it writes
 * @property {true} [forTests] whether the package does without
 * @property {true} [needsRust]
 * @property {() => Promise<import('./run.mjs').Outcome>} make
 */

/** What every crate is built from. */
const rust = ['Cargo.toml', 'Cargo.lock', '.cargo', 'rust-toolchain.toml', 'scripts/build.mjs']

/** How cargo names the library of a crate that JavaScript loads. */
const [libraryPrefix, librarySuffix] =
  process.platform === 'win32' ? ['', '.dll'] : ['lib', process.platform === 'darwin' ? '.dylib' : '.so']

/** @type {Readonly<Record<string, Step>>} */
export const steps = {
  addon: {
    does: 'build the addon (Rust, release)',
    needsRust: true,
    inputs: [...rust, 'crates/fdreactor/Cargo.toml', 'crates/fdreactor/src', 'crates/fdreactor-node'],
    outputs: ['dist/native', 'ts/binding.d.ts', 'Cargo.lock'],
    make: () =>
      run('napi', [
        'build',
        '--platform',
        '--release',
        '--manifest-path=crates/fdreactor-node/Cargo.toml',
        '--output-dir=dist/native',
        // ts/native.ts loads the addon itself: it knows the running process, a generated loader guesses from files.
        '--no-js',
        '--dts=../../ts/binding.d.ts',
      ]),
  },
  ts: {
    does: 'compile TypeScript',
    inputs: [
      'ts',
      'tsconfig.json',
      'package.json',
      'package-lock.json',
      ...['build', 'bundle-library', 'licences', 'platforms'].map((script) => `scripts/${script}.mjs`),
    ],
    outputs: ['dist'],
    make: async () => {
      // What a source that was deleted or renamed had become must not stay.
      for (const name of list('dist'))
        if (name !== 'native' && name !== 'benches') rmSync(join(root, 'dist', name), { recursive: true })
      const outcome = await run('tsc', ['--project', 'tsconfig.json'])
      if (outcome.code !== 0) return outcome
      // tsc does not copy declarations that it did not write.
      cpSync(join(root, 'ts/binding.d.ts'), join(root, 'dist/binding.d.ts'))
      return run(process.execPath, ['scripts/bundle-library.mjs'])
    },
  },
  benches: {
    does: 'bundle the benches',
    inputs: [
      'benches',
      'package.json',
      'package-lock.json',
      'scripts/bundle.mjs',
      'scripts/licences.mjs',
      'scripts/cache.mjs',
    ],
    names: /\.(ts|css|py|go)$/,
    outputs: ['dist/benches'],
    make: () => run(process.execPath, ['scripts/bundle.mjs']),
  },
  types: {
    does: 'roll up the declarations',
    names: /\.d\.ts$/,
    inputs: ['dist', 'package.json', 'package-lock.json', 'scripts/types.mjs'],
    outputs: ['index.d.ts', 'epoll/index.d.ts', 'npm/epoll/epoll.d.ts'],
    make: () => run(process.execPath, ['scripts/types.mjs']),
  },
  kit: {
    does: 'build the kit of system calls that the tests use',
    forTests: true,
    needsRust: true,
    inputs: [...rust, 'crates/fdreactor-kit'],
    outputs: ['build/kit.node'],
    make: async () => {
      const outcome = await run('cargo', ['build', '--package', 'fdreactor-kit'])
      if (outcome.code !== 0) return outcome
      const folder = process.env['CARGO_TARGET_DIR'] ?? join(root, 'target')
      mkdirSync(join(root, 'build'), { recursive: true })
      copyFileSync(
        join(folder, 'debug', `${libraryPrefix}fdreactor_kit${librarySuffix}`),
        join(root, 'build/kit.node'),
      )
      return outcome
    },
  },
}

/** @param {string} folder */
function list(folder) {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []
}

/** They lie in the folder of the compiled TypeScript, but are no part of that step. */
const apart = new Set(['dist/native', 'dist/benches'])

/**
 * A digest of the content of files and folders; a missing one counts too.
 *
 * @param {readonly string[]} paths
 * @param {RegExp} [names] of the files that count in a folder
 */
function digest(paths, names = /(?:)/) {
  const hash = createHash('sha256')
  /** @param {string} path */
  const add = (path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false })
    if (stat?.isDirectory()) {
      const entries = readdirSync(join(root, path), { withFileTypes: true })
      entries.sort((a, b) => (a.name < b.name ? -1 : 1))
      for (const entry of entries) {
        const child = `${path}/${entry.name}`
        if (entry.isDirectory() ? !apart.has(child) : names.test(child)) add(child)
      }
    } else {
      hash.update(`${path}\0${stat ? stat.size : 'none'}\0`)
      if (stat) hash.update(readFileSync(join(root, path)))
    }
  }
  for (const path of paths) add(path)
  return hash.digest('hex')
}

/** @param {string} name */
const stampFile = (name) => join(root, 'build', 'stamps', name)

/** @param {Step} step */
const stampOf = ({ inputs, names, outputs }) =>
  `${digest(inputs, names)} ${digest(outputs)} ${process.platform}-${process.arch}\n`

/**
 * Whether a step's last result still stands: same inputs, and its outputs untouched since.
 *
 * @param {string} name
 * @param {Step} step
 */
export function isFresh(name, step) {
  const file = stampFile(name)
  return existsSync(file) && readFileSync(file, 'utf8') === stampOf(step)
}

/**
 * Does one step, and notes what it was made from.
 *
 * @param {string} name
 * @param {Step} step
 */
export async function make(name, step) {
  const outcome = await step.make()
  if (outcome.code === 0) {
    mkdirSync(join(root, 'build', 'stamps'), { recursive: true })
    writeFileSync(stampFile(name), stampOf(step))
  }
  return outcome
}

/** What to say where Rust is needed and is not there. */
export function missingRust() {
  if (which('cargo')) return undefined
  return (
    'cargo is needed to build the addon and is not on PATH: install Rust (https://rustup.rs), and try again in a new shell.\n' +
    '"npm run build:ts" builds the JavaScript alone.'
  )
}

async function main() {
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter((name) => !(name in steps))
  if (unknown.length > 0) {
    console.error(`no such step: ${unknown.join(', ')} (there are: ${Object.keys(steps).join(', ')})`)
    process.exitCode = 2
    return
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      stopAll()
      process.exit(1)
    })
  }
  const chosen = Object.entries(steps).filter(([name, step]) =>
    wanted.length > 0 ? wanted.includes(name) : !step.forTests,
  )
  const problem = chosen.some(([, { needsRust }]) => needsRust) ? missingRust() : undefined
  if (problem !== undefined) {
    console.error(problem)
    process.exitCode = 1
    return
  }
  for (const [name, step] of chosen) {
    console.error(step.does)
    const { code, output } = await make(name, step)
    if (code !== 0) {
      process.stderr.write(output)
      if (code === 127) console.error('"npm ci" brings every program that the build uses, but Rust.')
      process.exitCode = 1
      return
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
