// What a prebuilt binary must be like, whoever built it: small, stripped, of the right system, with one thing to be seen from
// outside, and nothing in it of the machine that it was built on.
import { isElf, readElf } from './elf.mjs'
import { isMachO, readMachO } from './macho.mjs'

/** @typedef {import('../platforms.mjs').Platform} Platform */

/**
 * @typedef {object} Inspection
 * @property {number} size in bytes
 * @property {readonly string[]} exports
 * @property {string} needs the newest version of the system that it asks for
 * @property {readonly string[]} faults what is not as it must be
 */

/** 600 KB, in bytes. */
export const largest = 600_000

/** The oldest systems that it must run on. */
export const oldest = /** @type {const} */ ({ glibc: '2.17', macOS: '11.0' })

/** What the host looks up, and the only thing. */
const entry = 'napi_register_module_v1'

/** What there is on every such system. Not libgcc_s: Alpine has none. */
const libraries = {
  glibc: /^(?:libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|ld-linux-(?:x86-64|aarch64)\.so\.[12])$/,
  musl: /^libc\.so$/,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
  freebsd: /^(?:libc\.so\.7|libm\.so\.5|libthr\.so\.3|libdl\.so\.1|libgcc_s\.so\.1)$/,
}

/** Folders that only exist on the machine of whoever built it. */
const homes = /\/(?:home|root|Users|tmp|private|builds?)\/[\w./-]+/g

/**
 * The greater of two versions such as `2.17`.
 *
 * @param {string} a
 * @param {string} b
 */
const newer = (a, b) => (a.localeCompare(b, 'en', { numeric: true }) > 0 ? a : b)

/**
 * @param {Buffer} file
 * @param {Platform} platform
 * @param {readonly string[]} [folders] further ones of the machine that it was built on
 * @returns {Inspection}
 */
export function inspect(file, platform, folders = []) {
  /** @type {string[]} */
  const faults = []
  if (file.length > largest) faults.push(`it has ${file.length} bytes, more than ${largest}`)
  const content = file.toString('latin1')
  for (const path of new Set([
    ...(content.match(homes) ?? []),
    ...folders.filter((folder) => content.includes(folder)),
  ]))
    faults.push(`it says ${path}`)

  const nothing = { size: file.length, exports: [], needs: '', faults }
  if (!(platform.os === 'darwin' ? isMachO(file) : isElf(file))) {
    faults.push(`it is no library for ${platform.os}`)
    return nothing
  }
  try {
    return { ...nothing, ...library(file, platform, faults) }
  } catch (error) {
    faults.push(`it cannot be read: ${String(error)}`)
    return nothing
  }
}

/**
 * @param {Buffer} file
 * @param {Platform} platform
 * @param {string[]} faults
 */
function library(file, platform, faults) {
  const { needs, ...found } = platform.os === 'darwin' ? mac(file, faults) : elf(file, platform, faults)
  if (found.cpu !== platform.cpu) faults.push(`it is for ${found.cpu}, not ${platform.cpu}`)
  if (found.exports.join() !== entry) faults.push(`it exports ${found.exports.join(', ') || 'nothing'}`)
  for (const path of found.searchPaths) faults.push(`it looks for libraries in ${path}`)
  const known = libraries[platform.libc ?? /** @type {'darwin' | 'freebsd'} */ (platform.os)]
  for (const name of found.libraries) if (!known.test(name)) faults.push(`it needs ${name}`)
  if (found.leftovers.length > 0) {
    const some = found.leftovers.slice(0, 3).join(', ')
    faults.push(`it is not stripped: ${some}${found.leftovers.length > 3 ? ', ...' : ''}`)
  }
  return { exports: found.exports, needs }
}

/**
 * @param {Buffer} file
 * @param {string[]} faults
 */
function mac(file, faults) {
  const found = readMachO(file)
  if (found.minimum !== oldest.macOS) faults.push(`it needs macOS ${found.minimum}, not ${oldest.macOS}`)
  if (found.signature !== 'ad-hoc') faults.push(`its signature is ${found.signature}, not ad-hoc`)
  if (found.name === undefined || !/^@rpath\/[\w.-]+$/.test(found.name))
    faults.push(`its name is ${found.name}, not @rpath/ and a file's name`)
  return { ...found, needs: `macOS ${found.minimum}` }
}

/**
 * @param {Buffer} file
 * @param {Platform} platform
 * @param {string[]} faults
 */
function elf(file, platform, faults) {
  const found = readElf(file)
  if (found.name?.includes('/')) faults.push(`its name is the path ${found.name}`)
  if (!found.stays) faults.push('it can be unloaded')
  if (found.hasExecutableStack) faults.push('it asks for a stack that can be executed')
  const glibc = found.versions
    .map((version) => /^GLIBC_([\d.]+)$/.exec(version)?.[1])
    .reduce((most, version) => newer(most ?? '', version ?? ''), '')
  if (platform.libc === 'glibc') {
    if (!glibc) faults.push('it asks for no version of glibc')
    else if (newer(glibc, oldest.glibc) !== oldest.glibc)
      faults.push(`it needs glibc ${glibc}, newer than ${oldest.glibc}`)
  } else if (glibc) faults.push(`it needs glibc ${glibc}`)
  return { ...found, needs: glibc ? `glibc ${glibc}` : platform.libc === 'musl' ? 'musl' : 'FreeBSD' }
}
