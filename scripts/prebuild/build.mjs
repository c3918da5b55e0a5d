// Builds the addon for one platform.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { binaryOf } from '../platforms.mjs'
import { root, run } from '../run.mjs'
import { cargoHome } from '../rust.mjs'
import { oldest } from './inspect.mjs'
import { pathOf } from './toolchain.mjs'

/** @typedef {import('../platforms.mjs').Platform} Platform */
/** @typedef {import('./toolchain.mjs').Toolchain} Toolchain */

/** Of its own: the standard library is built into it, and other flags would evict the ordinary build. */
export const target = join(root, 'target', 'prebuild')

/** Without the reader of debugging information that prints backtraces: it is a quarter of the binary. Panics unwind. */
const standardLibrary = ['-Z', 'build-std=std,panic_unwind', '-Z', 'build-std-features=panic-unwind']

/** @param {Toolchain} toolchain */
export const machineFolders = ({ rust }) => [
  root.replace(/\/$/, ''),
  cargoHome,
  join(rust.sysroot, 'lib/rustlib'),
]

/**
 * What messages of panics would name as their place, without this machine's folders.
 *
 * @param {Toolchain} toolchain
 */
const remapped = ({ rust }) => [
  `--remap-path-prefix=${root}=`,
  `--remap-path-prefix=${cargoHome}/registry/src/=`,
  `--remap-path-prefix=${rust.sysroot}/lib/rustlib/src/rust/=`,
]

/**
 * How to link for macOS elsewhere.
 *
 * @param {Platform} platform
 * @param {string} sdk
 */
const clangLinker = ({ cpu }, sdk) =>
  [
    `--target=${cpu === 'x64' ? 'x86_64' : cpu}-apple-macos${oldest.macOS}`,
    '-fuse-ld=lld',
    // Which of Apple's linkers lld is to be: one that has its present options.
    '-mlinker-version=705',
    '-isysroot',
    sdk,
  ].map((arg) => `-Clink-arg=${arg}`)

/**
 * @param {Platform} platform
 * @param {Toolchain} toolchain
 * @returns {{ args: string[], env: NodeJS.ProcessEnv }} what cargo is called with
 */
export function recipe(platform, toolchain) {
  const { name, triple, os, libc } = platform
  const { rust, zig, sdk } = toolchain
  const withZig = os !== 'darwin'
  const version = libc === 'glibc' ? `.${oldest.glibc}` : ''
  const flags = remapped(toolchain)
  // Threads and thread-local memory do not survive that a library is unloaded.
  if (os !== 'darwin') flags.push('-Clink-arg=-Wl,-z,nodelete')
  // Shared, as the host is.
  if (libc === 'musl') flags.push('-Ctarget-feature=-crt-static')
  if (os === 'darwin') {
    // The name would otherwise be the path in the build folder. Apple's linker signs for ARM only, unless it is told to.
    const linker = [`-install_name,@rpath/${binaryOf(name)}`, '-adhoc_codesign', '-dead_strip_dylibs']
    flags.push(...linker.map((arg) => `-Clink-arg=-Wl,${arg}`))
    if (sdk) flags.push('-Clinker=clang-19', ...clangLinker(platform, sdk))
  }
  return {
    args: [
      withZig ? 'zigbuild' : 'build',
      '--locked',
      '--release',
      '--package=fdreactor-node',
      '--lib',
      `--target=${triple}${version}`,
      ...standardLibrary,
    ],
    env: {
      ...rust.env,
      PATH: pathOf(rust, ...(withZig && zig ? [zig] : []), ...(sdk ? [join(sdk, 'bin')] : [])),
      CARGO_TARGET_DIR: target,
      CARGO_ENCODED_RUSTFLAGS: flags.join('\u001F'),
      ...(zig ? { CARGO_ZIGBUILD_CACHE_DIR: join(target, 'zigbuild') } : {}),
      ...(os === 'darwin' ? { MACOSX_DEPLOYMENT_TARGET: oldest.macOS } : {}),
      ...(os === 'darwin' && sdk ? { SDKROOT: sdk } : {}),
    },
  }
}

/**
 * @param {Platform} platform
 * @param {Toolchain} toolchain
 * @param {string} out the folder for all of them
 * @returns {Promise<{ file?: string, output: string }>} the binary, unless it could not be built
 */
export async function build(platform, toolchain, out) {
  const { name, os, triple } = platform
  const place = join(out, name)
  rmSync(place, { recursive: true, force: true })
  const { args, env } = recipe(platform, toolchain)
  const { code, output } = await run('cargo', args, { env })
  const library = join(target, triple, 'release', `libfdreactor_node.${os === 'darwin' ? 'dylib' : 'so'}`)
  if (code !== 0 || !existsSync(library)) return { output }
  mkdirSync(place, { recursive: true })
  const file = join(place, binaryOf(name))
  copyFileSync(library, file)
  return { file, output }
}
