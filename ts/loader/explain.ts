import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as binaries from './binaries.js'
import { glibcVersion, processLibc } from './libc.js'
import { OVERRIDE, override, packageOf, suitable } from './load.js'
import type { Attempt } from './load.js'
import { manager, reinstall } from './manager.js'

const REPOSITORY = 'https://github.com/fdreactor/fdreactor'

/** The runtime and its version. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node.js ${node}` : `Deno ${deno}`
}

/** The C library and its version, where there is a choice. */
export function libcName(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const libc = processLibc()
  const version = libc === 'glibc' ? glibcVersion() : undefined
  return version === undefined ? (libc ?? 'an unknown C library') : `glibc ${version}`
}

/** Whether this runs where the sources are. */
function isCheckout(): boolean {
  return binaries.folder !== undefined && existsSync(join(binaries.folder, '../../Cargo.toml'))
}

const CULPRITS = `The package manager has left its package out. All do so when they are told to omit optional dependencies, and npm when
the lock file was made on another system (https://github.com/npm/cli/issues/4828).`

/** What `process.arch` says of processors, or modes of theirs, with 32 bits. */
const NARROW = new Set(['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'])

/** Why there is no binary at all. */
function unsupported(): string {
  const { arch, platform } = process
  const why =
    platform === 'win32'
      ? ' Windows has neither epoll nor kqueue, and its poll takes sockets only; the Windows Subsystem for Linux has them.'
      : NARROW.has(arch)
        ? ' It needs 64 bits.'
        : ''
  return `There is none for ${platform} ${arch}.${why} There are binaries for ${binaries.names.join(', ')}.`
}

function fromSource(version: string): string {
  if (isCheckout()) return 'This is a checkout: "npm run build" makes the binary. It needs Rust.'
  return `With Rust it can be made from source: "npm run build" in a checkout of ${REPOSITORY}, tag v${version}.
Then let ${OVERRIDE} name the file dist/native/fdreactor.*.node.`
}

function mending(attempts: readonly Attempt[], wanted: readonly string[]): readonly string[] {
  const { folder } = binaries
  const packages = wanted.map((name) => packageOf(name)).join(' or ')
  return [
    ...(attempts.every(({ isAbsent }) => isAbsent) ? [CULPRITS] : []),
    ...(folder === undefined
      ? [`This is a bundle: ${packages} must be installed where it runs, or be packed with it.`]
      : []),
    `To mend it, in your project: ${reinstall(manager([...(folder === undefined ? [] : [folder]), process.cwd()]))}`,
  ]
}

/** Ways out, best first. */
function advice(attempts: readonly Attempt[], version: string): readonly string[] {
  if (override() !== undefined)
    return [`${OVERRIDE} is set, so nothing else was tried. Unset it, or let it name a binary of fdreactor.`]
  const wanted = suitable().filter((name) => binaries.names.includes(name))
  if (isCheckout()) return [fromSource(version)]
  if (wanted.length > 0) return [...mending(attempts, wanted), fromSource(version)]
  return process.platform === 'win32' || NARROW.has(process.arch)
    ? [unsupported()]
    : [unsupported(), fromSource(version)]
}

/** The whole story of an addon that did not load: what this is, what was looked for, and what can be done. */
export function explain(attempts: readonly Attempt[], version: string): string {
  const { arch, platform } = process
  const libc = libcName()
  const system = [`${platform} ${arch}`, ...(libc === undefined ? [] : [libc]), runtimeName()].join(', ')
  return [
    `fdreactor ${version} has no binary that works here (${system}). It has looked for`,
    ...attempts.map(({ place, said }) => `  ${place}: ${said}`),
    ...advice(attempts, version),
  ].join('\n')
}
