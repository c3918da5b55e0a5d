// The programs that build the binaries. Rust and clang are the system's; zig, which links for any Linux and for FreeBSD, comes
// from PyPI at a fixed version, into the cache that every clone shares.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cache } from '../cache.mjs'
import { root, run, which } from '../run.mjs'
import { advice, rustWithSource } from '../rust.mjs'
import { makeSdk } from './macos-sdk.mjs'

/** @typedef {import('../platforms.mjs').Platform} Platform */
/** @typedef {import('../rust.mjs').Rust} Rust */

/** From PyPI. */
export const python = /** @type {const} */ ({ ziglang: '0.17.1', 'cargo-zigbuild': '0.24.1' })

/** From Debian; others have them under the same names. For macOS, elsewhere than on macOS. */
const clang = /** @type {const} */ ({
  'clang-19': 'clang-19',
  'ld64.lld-19': 'lld-19',
  'llvm-objcopy-19': 'llvm-19',
})

/** What cannot be built here, and how that can be changed. */
export class Missing extends Error {}

/**
 * @typedef {object} Toolchain
 * @property {Rust} rust
 * @property {string} [zig] the folder that holds cargo-zigbuild
 * @property {string} [sdk] what libraries for macOS are linked against
 */

/**
 * Makes a folder in the cache, all of it or nothing; two processes may do so at once.
 *
 * @param {string} name
 * @param {(folder: string) => Promise<void>} fill
 * @returns {Promise<string>}
 */
export async function cached(name, fill) {
  const home = join(cache, name)
  if (existsSync(home)) return home
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, '.making-'))
  try {
    await fill(folder)
    renameSync(folder, home)
  } catch (error) {
    // Another process may have been first.
    if (!existsSync(home)) throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return home
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} why
 * @param {string} [cwd]
 * @throws {Missing} with `why` and what the program said, if it does not end well
 */
export async function must(command, args, why, cwd = root) {
  const { code, output } = await run(command, args, { cwd })
  if (code !== 0) throw new Missing(`${why}: ${command} ${args.join(' ')}:\n${output.trim()}`)
  return output
}

/** A virtual environment of Python with what `python` lists. Its scripts know the folder that it was made in: use modules. */
function bringZig() {
  return cached(`zig-${python.ziglang}-zigbuild-${python['cargo-zigbuild']}`, async (folder) => {
    await must('python3', ['-m', 'venv', folder], 'zig needs Python with venv (Debian: python3-venv)')
    const wanted = Object.entries(python).map(([part, version]) => `${part}==${version}`)
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:']
    await must(join(folder, 'bin/python3'), [...pip, ...wanted], 'cannot bring zig')
  })
}

/** A Python that has pip. */
export const bringPython = async () => join(await bringZig(), 'bin/python3')

/** @param {string} home the virtual environment */
function ziglang(home) {
  const version = readdirSync(join(home, 'lib')).find((name) => name.startsWith('python')) ?? ''
  return join(home, 'lib', version, 'site-packages/ziglang')
}

/**
 * @param {readonly Platform[]} platforms what is to be built
 * @param {string} scratch a folder for what is made anew each time
 * @returns {Promise<Toolchain>}
 * @throws {Missing}
 */
export async function toolchain(platforms, scratch) {
  const rust = rustWithSource()
  if (!rust) throw new Missing(`there is no Rust with the source of its library: ${advice}`)
  const isAtHome = process.platform === 'darwin'
  const forMac = platforms.some(({ os }) => os === 'darwin')
  if (isAtHome && platforms.every(({ os }) => os === 'darwin')) return { rust }
  const home = await bringZig()
  if (isAtHome || !forMac) return { rust, zig: join(home, 'bin') }

  const packages = Object.entries(clang).filter(([program]) => !which(program))
  if (packages.length > 0) {
    const names = packages.map(([, debian]) => debian).join(' ')
    throw new Missing(`to link for macOS, install ${names} (Debian's names), or use --only for the others`)
  }
  return { rust, zig: join(home, 'bin'), sdk: makeSdk(ziglang(home), scratch) }
}

/**
 * @param {Rust} rust
 * @param {readonly string[]} folders to look for programs in first
 */
export const pathOf = (rust, ...folders) =>
  [...folders, rust.env['PATH'] ?? process.env['PATH'] ?? ''].join(delimiter)
