// Lays out what a release publishes, each package in a folder of its own: the binaries' packages, then fdreactor, which
// asks for them, then what builds on that. The same tree always gives the same files.
// `node scripts/stage.mjs --to FOLDER`; FOLDER must be new or empty. Options: --prebuilds FOLDER (where the binaries are),
// --only host (of the binaries, this system's alone), --dirty (the tree may hold changes that are not committed).
// Prints `NAME@VERSION FOLDER` in the order of publishing. Exit status: 0 fine, 1 refused.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { isFresh, steps } from './build.mjs'
import { folder as packagesFolder } from './packages.mjs'
import { binaryOf, packageOf, platforms, prebuilds } from './platforms.mjs'
import { root, run } from './run.mjs'

/** A reason not to stage anything. */
export class Refusal extends Error {}

/** @typedef {{ name: string, version: string, folder: string }} Staged */
/** @typedef {{ to: string, prebuilds?: string, only?: 'host', dirty?: boolean }} StageOptions */

/** What only a checkout has a use for. Without scripts, none runs where the package is installed. */
const checkoutOnly = ['scripts', 'devDependencies', 'ava', 'napi']

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
async function read(command, args, cwd = root) {
  const { code, output } = await run(command, args, { cwd })
  if (code !== 0) throw new Refusal(`${command} ${args.join(' ')}:\n${output.trim()}`)
  return output
}

/** The platform that this process runs on. */
export function hostName() {
  const header = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
    .header
  const libc = header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
  const host = platforms.find(
    (each) =>
      each.os === process.platform && each.cpu === process.arch && (!('libc' in each) || each.libc === libc),
  )
  if (host === undefined) throw new Refusal(`no binary is made for ${process.platform} ${process.arch}`)
  return host.name
}

/** @param {boolean} dirty */
async function checkTree(dirty) {
  await read(process.execPath, ['scripts/versions.mjs'])
  const changed = dirty ? '' : await read('git', ['status', '--porcelain'])
  if (changed !== '') throw new Refusal(`not committed (or give --dirty):\n${changed.trimEnd()}`)
  // The binaries are not built here.
  const stale = Object.entries(steps).filter(
    ([name, step]) => name !== 'addon' && !step.forTests && !isFresh(name, step),
  )
  if (stale.length > 0) {
    const names = stale.map(([name]) => name).join(' ')
    throw new Refusal(`out of date: ${names} (to mend it: node scripts/build.mjs ${names})`)
  }
}

/**
 * The binaries to publish, by the names of their platforms.
 *
 * @param {string} from
 * @param {'host' | undefined} only
 */
function findBinaries(from, only) {
  const names = only === 'host' ? [hostName()] : platforms.map(({ name }) => name)
  const found = names.map((name) => ({ name, file: join(from, name, binaryOf(name)) }))
  const missing = found.filter(({ file }) => !existsSync(file))
  if (missing.length > 0) {
    const list = missing.map(({ name }) => `\n  ${join(from, name, binaryOf(name))}`).join('')
    throw new Refusal(`these binaries are missing (scripts/prebuild.mjs makes them):${list}`)
  }
  return found
}

/**
 * @param {string} from
 * @param {string} to
 * @param {number} mode
 */
function put(from, to, mode) {
  copyFileSync(from, to)
  chmodSync(to, mode)
}

/**
 * Copies what npm would pack, with npm's own two modes.
 *
 * @param {string} from
 * @param {string} to
 * @param {(file: string) => boolean} [isWanted]
 */
async function copyPacked(from, to, isWanted = () => true) {
  const [{ files }] = JSON.parse(
    await read('npm', ['pack', '--dry-run', '--json', '--silent', '--ignore-scripts'], from),
  )
  for (const { path, mode } of files) {
    if (!isWanted(path)) continue
    mkdirSync(dirname(join(to, path)), { recursive: true })
    put(join(from, path), join(to, path), (mode & 0o111) === 0 ? 0o644 : 0o755)
  }
}

/**
 * @param {string} folder
 * @param {(manifest: any) => void} change
 * @returns {Staged}
 */
function finish(folder, change) {
  const file = join(folder, 'package.json')
  const manifest = readJson(file)
  change(manifest)
  writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`)
  return { name: manifest.name, version: manifest.version, folder }
}

/**
 * @param {string} to
 * @param {{ name: string, file: string }} binary
 */
function stageBinary(to, { name, file }) {
  const folder = join(to, name)
  mkdirSync(folder, { recursive: true })
  const here = join(packagesFolder, name)
  const files = { 'package.json': here, 'README.md': here, LICENSE: '.' }
  for (const [text, from] of Object.entries(files)) put(join(root, from, text), join(folder, text), 0o644)
  put(file, join(folder, binaryOf(name)), 0o644)
  return finish(folder, () => {})
}

/**
 * The packages of npm/ that hold no binary but build on fdreactor.
 *
 * @param {string} version of that
 */
function dependents(version) {
  const others = readdirSync(join(root, packagesFolder)).filter((name) =>
    platforms.every((platform) => platform.name !== name),
  )
  others.sort()
  for (const name of others) {
    const { dependencies, peerDependencies } = readJson(join(root, packagesFolder, name, 'package.json'))
    const asked = { ...dependencies, ...peerDependencies }['fdreactor']
    if (asked !== version)
      throw new Refusal(`npm/${name} asks for fdreactor ${asked}, and not for ${version}`)
  }
  return others
}

/**
 * @param {StageOptions} options
 * @returns {Promise<Staged[]>} in the order of publishing
 * @throws {Refusal}
 */
export async function stage({ to, prebuilds: from = join(root, prebuilds), only, dirty = false }) {
  if (existsSync(to) && readdirSync(to).length > 0) throw new Refusal(`${to} is not empty`)
  await checkTree(dirty)
  const binaries = findBinaries(from, only)
  const { version } = readJson(join(root, 'package.json'))
  const others = dependents(version)

  /** @type {Staged[]} */
  const staged = []
  for (const binary of binaries) staged.push(stageBinary(to, binary))
  const library = join(to, 'fdreactor')
  await copyPacked(root, library, (path) => !path.startsWith('dist/native/'))
  staged.push(
    finish(library, (manifest) => {
      for (const field of checkoutOnly) delete manifest[field]
      // Exactly this version: both sides of the addon must agree.
      manifest.optionalDependencies = Object.fromEntries(
        binaries.map(({ name }) => [packageOf(name), version]),
      )
    }),
  )
  for (const name of others) {
    const folder = join(to, name)
    await copyPacked(join(root, packagesFolder, name), folder)
    staged.push(finish(folder, () => {}))
  }
  return staged
}

async function main() {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      prebuilds: { type: 'string' },
      only: { type: 'string' },
      dirty: { type: 'boolean' },
    },
  })
  if (values.to === undefined || (values.only !== undefined && values.only !== 'host')) {
    console.error('node scripts/stage.mjs --to FOLDER [--prebuilds FOLDER] [--only host] [--dirty]')
    process.exitCode = 2
    return
  }
  try {
    const staged = await stage({
      to: resolve(values.to),
      dirty: values.dirty ?? false,
      ...(values.prebuilds === undefined ? {} : { prebuilds: resolve(values.prebuilds) }),
      ...(values.only === 'host' ? { only: values.only } : {}),
    })
    for (const { name, version, folder } of staged) console.log(`${name}@${version} ${folder}`)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    console.error(`stage: ${error.message}`)
    process.exitCode = 1
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
