// A Rust whose standard library is here as source, so that it can be compiled for any target, without what is not needed, or
// with a sanitizer: rustup's with the component rust-src, or the newer one that Debian packages.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Debian's. The source lies where cargo looks for it. */
export const packages = /** @type {const} */ (['rustc-web', 'cargo-web', 'rust-web-src'])

/** How to get one, in a sentence. */
export const advice = `add the component rust-src with rustup, or on Debian install ${packages.join(' ')}`

const oldest = /** @type {const} */ ([1, 88])

/** This PATH hides rustup's cargo. */
const debianPath = '/usr/bin:/bin'

/**
 * @typedef {object} Rust
 * @property {string} name
 * @property {string} version
 * @property {string} sysroot
 * @property {NodeJS.ProcessEnv} env for `run`, or for `spawn` beside what is in `process.env`
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function read(command, args, env = {}) {
  const { status, stdout } = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** @returns {Rust | undefined} */
export function rustWithSource() {
  // Options that begin with -Z are taken as nightly's.
  const common = { RUSTC_BOOTSTRAP: '1', RUSTC: undefined, RUSTC_WRAPPER: undefined }
  for (const { name, env } of [
    { name: 'the Rust on PATH', env: common },
    { name: packages.join(', '), env: { ...common, PATH: debianPath, RUSTUP_TOOLCHAIN: undefined } },
  ]) {
    const version = read('rustc', ['--version'], env) ?? ''
    const [, major, minor] = /^rustc (\d+)\.(\d+)/.exec(version) ?? []
    const isNew = Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
    const sysroot = read('rustc', ['--print', 'sysroot'], env) ?? ''
    const hasSource = existsSync(join(sysroot, 'lib/rustlib/src/rust/library/std'))
    if (isNew && hasSource && read('cargo', ['--version'], env)) return { name, version, sysroot, env }
  }
  return undefined
}

/** Where cargo keeps the crates. */
export const cargoHome = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo')
