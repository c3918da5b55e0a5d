// Compiles the crates for systems that cannot be run here, as far as `cargo check` goes, so that the code for kqueue
// is never only read. Exit status: 0 fine, 1 not, 77 if no toolchain for it is here.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './run.mjs'

const core = ['--package', 'fdreactor', '--all-targets']
const addon = ['--package', 'fdreactor-node', '--lib']

const runs = [
  { target: 'aarch64-apple-darwin', what: core },
  { target: 'aarch64-apple-darwin', what: addon },
  // Not the addon: libuv-sys-lite carries bindings for Linux and macOS, and for others generates them with libclang
  // from the system's own headers.
  { target: 'x86_64-unknown-freebsd', what: core },
]
const targets = [...new Set(runs.map(({ target }) => target))]

/** Debian's newer Rust, whose standard library comes as source and can be compiled for any target. */
export const packages = /** @type {const} */ (['rustc-web', 'cargo-web', 'rust-web-src'])

const debianPath = '/usr/bin:/bin'
const oldest = /** @type {const} */ ([1, 88])

export const leftOut = 77

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function read(command, args, env = process.env) {
  const { status, stdout } = spawnSync(command, args, { env, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/**
 * How to check for other targets here: with what rustup has installed, else with Debian's packages.
 *
 * @returns {{ name: string, env: NodeJS.ProcessEnv, args: readonly string[] } | undefined}
 */
export function toolchain() {
  const sysroot = read('rustc', ['--print', 'sysroot'])
  if (sysroot && targets.every((target) => existsSync(join(sysroot, 'lib', 'rustlib', target, 'lib')))) {
    return { name: 'the installed targets', env: process.env, args: [] }
  }
  // This PATH hides rustup's cargo, which would refuse -Z and has no source of the library.
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PATH: debianPath, RUSTC_BOOTSTRAP: '1' }
  for (const name of ['RUSTC', 'RUSTC_WRAPPER', 'RUSTUP_TOOLCHAIN']) delete env[name]
  const [, major, minor] = /^rustc (\d+)\.(\d+)/.exec(read('rustc', ['--version'], env) ?? '') ?? []
  const isNew = Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
  const library = join(read('rustc', ['--print', 'sysroot'], env) ?? '', 'lib/rustlib/src/rust/library/std')
  if (isNew && existsSync(library) && read('cargo', ['--version'], env)) {
    return { name: packages.join(', '), env, args: ['-Z', 'build-std'] }
  }
  return undefined
}

function main() {
  const found = toolchain()
  if (!found) {
    console.log(`no Rust for ${targets.join(', ')}: add the targets with rustup,`)
    console.log(`or on Debian install ${packages.join(' ')}`)
    process.exitCode = leftOut
    return
  }
  console.log(`with ${found.name}`)
  // Of its own: the standard library is built into it, and other flags would evict the ordinary build.
  const env = { ...found.env, CARGO_TARGET_DIR: join(root, 'target', 'cross'), RUSTFLAGS: '-D warnings' }
  for (const { target, what } of runs) {
    const args = ['check', ...found.args, '--target', target, ...what]
    console.log(`cargo ${args.join(' ')}`)
    const { status } = spawnSync('cargo', args, { cwd: root, env, stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
