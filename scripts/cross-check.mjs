// Compiles the crates for systems that cannot be run here, as far as `cargo check` goes, so that the code for kqueue is never
// only read: the core and the addon for macOS and FreeBSD, and what of the core's tests is not Linux's for macOS. All of them
// are compiled to the end by scripts/prebuild.mjs. Exit status: 0 fine, 1 not, 77 if no toolchain for it is here.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './run.mjs'
import { advice, read, rustWithSource } from './rust.mjs'

/** One call of cargo for each target: what both crates are built from is compiled once. */
const runs = [
  // Tests need a library of their own, and more crates: on one target they say as much as on two.
  { target: 'aarch64-apple-darwin', what: ['--lib', '--tests'], library: 'std,test' },
  { target: 'x86_64-unknown-freebsd', what: ['--lib'], library: 'std' },
]
const packages = ['--package=fdreactor', '--package=fdreactor-node']

export const leftOut = 77

/**
 * How to check for other targets here: with what rustup has installed, else with a library compiled for them.
 *
 * @returns {{ name: string, env: NodeJS.ProcessEnv, fromSource: boolean } | undefined}
 */
export function toolchain() {
  const sysroot = read('rustc', ['--print', 'sysroot'])
  if (sysroot && runs.every(({ target }) => existsSync(join(sysroot, 'lib', 'rustlib', target, 'lib')))) {
    return { name: 'the installed targets', env: {}, fromSource: false }
  }
  const rust = rustWithSource()
  return rust && { name: rust.name, env: rust.env, fromSource: true }
}

function main() {
  const found = toolchain()
  if (!found) {
    console.log(`no Rust for ${runs.map(({ target }) => target).join(', ')}: add the targets with rustup, or`)
    console.log(advice)
    process.exitCode = leftOut
    return
  }
  console.log(`with ${found.name}`)
  const env = {
    ...process.env,
    ...found.env,
    // Of its own: the standard library is built into it, and other flags would evict the ordinary build.
    CARGO_TARGET_DIR: join(root, 'target', 'cross'),
    RUSTFLAGS: '-D warnings',
    CARGO_INCREMENTAL: '0',
    CARGO_PROFILE_DEV_DEBUG: '0',
  }
  for (const { target, what, library } of runs) {
    // Cargo compiles the library to the end, also where nothing is but checked; so without what prints backtraces.
    const source = found.fromSource
      ? ['-Z', `build-std=${library}`, '-Z', 'build-std-features=panic-unwind']
      : []
    const args = ['check', ...source, `--target=${target}`, ...packages, ...what]
    console.log(`cargo ${args.join(' ')}`)
    const { status } = spawnSync('cargo', args, { cwd: root, env, stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
