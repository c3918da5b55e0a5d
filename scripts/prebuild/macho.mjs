// Reads what a library in macOS's format says of itself, and whether its signature is that of its content: the kernel ends a
// process that loads one whose signature is stale. As in <mach-o/loader.h> and, for the signature, <kern/cs_blobs.h>.
import { createHash } from 'node:crypto'

/**
 * @typedef {object} MachO
 * @property {'x64' | 'arm64' | undefined} cpu
 * @property {string[]} exports without the underscore that each begins with
 * @property {string[]} libraries what it needs
 * @property {string | undefined} name its own, LC_ID_DYLIB
 * @property {string[]} searchPaths LC_RPATH
 * @property {string | undefined} minimum the oldest macOS that it says it runs on
 * @property {'none' | 'stale' | 'ad-hoc' | 'other'} signature
 * @property {string[]} leftovers symbols that stripping takes away
 */

const cpus = new Map(
  /** @type {const} */ ([
    [0x01000007, 'x64'],
    [0x0100000c, 'arm64'],
  ]),
)

const LC = /** @type {const} */ ({
  SYMTAB: 0x2,
  LOAD_DYLIB: 0xc,
  ID_DYLIB: 0xd,
  LOAD_WEAK_DYLIB: 0x80000018,
  RPATH: 0x8000001c,
  CODE_SIGNATURE: 0x1d,
  DYLD_INFO_ONLY: 0x80000022,
  VERSION_MIN_MACOSX: 0x24,
  BUILD_VERSION: 0x32,
  DYLD_EXPORTS_TRIE: 0x80000033,
})

/** @param {Buffer} file */
export const isMachO = (file) => file.length > 32 && file.readUInt32LE(0) === 0xfeedfacf

/**
 * @param {Buffer} file
 * @param {number} at
 */
const text = (file, at) => file.toString('latin1', at, file.indexOf(0, at))

/** @param {number} packed */
const version = (packed) => `${packed >>> 16}.${(packed >>> 8) & 0xff}`

/**
 * The names in a trie: each node is what ends there, then its edges, each a text and where it leads.
 *
 * @param {Buffer} trie
 * @returns {string[]}
 */
function namesOf(trie) {
  /** @type {string[]} */
  const names = []
  let at = 0
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = trie.readUInt8(at)
      at += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  /**
   * @param {number} node
   * @param {string} prefix
   */
  const walk = (node, prefix) => {
    at = node
    const size = number()
    if (size > 0) names.push(prefix)
    at += size
    const edges = trie.readUInt8(at)
    at += 1
    for (let left = edges; left > 0; left -= 1) {
      const end = trie.indexOf(0, at)
      const name = trie.toString('latin1', at, end)
      at = end + 1
      const child = number()
      const next = at
      walk(child, prefix + name)
      at = next
    }
  }
  if (trie.length > 0) walk(0, '')
  return names
}

/**
 * @param {Buffer} file
 * @param {Buffer} blob
 * @returns {MachO['signature']}
 */
function signatureOf(file, blob) {
  for (let index = blob.readUInt32BE(8) - 1; index >= 0; index -= 1) {
    const directory = blob.subarray(blob.readUInt32BE(16 + 8 * index))
    if (directory.readUInt32BE(0) !== 0xfade0c02) continue
    const isAdHoc = (directory.readUInt32BE(12) & 2) !== 0
    const hashes = directory.readUInt32BE(16)
    const count = directory.readUInt32BE(28)
    const limit = directory.readUInt32BE(32)
    const [size, kind] = [directory.readUInt8(36), directory.readUInt8(37)]
    const page = 2 ** directory.readUInt8(39)
    if (kind !== 2 || count !== Math.ceil(limit / page)) return 'stale'
    for (let slot = 0; slot < count; slot += 1) {
      const content = file.subarray(slot * page, Math.min((slot + 1) * page, limit))
      const hash = directory.subarray(hashes + slot * size, hashes + (slot + 1) * size)
      if (!createHash('sha256').update(content).digest().equals(hash)) return 'stale'
    }
    return isAdHoc ? 'ad-hoc' : 'other'
  }
  return 'none'
}

/**
 * @param {MachO} macho what one load command adds to it
 * @param {Buffer} file
 * @param {Buffer} load begins with the command
 */
function take(macho, file, load) {
  const command = load.readUInt32LE(0)
  /** @param {number} offset */
  const field = (offset) => load.readUInt32LE(offset)
  const named = () => text(load, field(8))
  /** @param {number} offset */
  const range = (offset) => file.subarray(field(offset), field(offset) + field(offset + 4))
  if (command === LC.LOAD_DYLIB || command === LC.LOAD_WEAK_DYLIB) macho.libraries.push(named())
  if (command === LC.ID_DYLIB) macho.name = named()
  if (command === LC.RPATH) macho.searchPaths.push(named())
  if (command === LC.VERSION_MIN_MACOSX) macho.minimum = version(field(8))
  if (command === LC.BUILD_VERSION) macho.minimum = version(field(12))
  if (command === LC.CODE_SIGNATURE) macho.signature = signatureOf(file, range(8))
  if (command === LC.DYLD_EXPORTS_TRIE) macho.exports.push(...namesOf(range(8)))
  if (command === LC.DYLD_INFO_ONLY) macho.exports.push(...namesOf(range(40)))
  if (command === LC.SYMTAB) {
    for (let index = 0; index < field(12); index += 1) {
      const symbol = field(8) + 16 * index
      const type = file.readUInt8(symbol + 4)
      // Neither to be seen from outside nor to be found there: a local one, or a debugger's.
      const isExternal = (type & 0x01) !== 0 && (type & 0xe0) === 0
      if (!isExternal) macho.leftovers.push(text(file, field(16) + file.readUInt32LE(symbol)))
    }
  }
}

/**
 * @param {Buffer} file
 * @returns {MachO}
 * @throws {RangeError} if its tables do not lie in it
 */
export function readMachO(file) {
  /** @type {MachO} */
  const macho = {
    cpu: cpus.get(/** @type {0x01000007 | 0x0100000c} */ (file.readUInt32LE(4))),
    exports: [],
    libraries: [],
    name: undefined,
    searchPaths: [],
    minimum: undefined,
    signature: 'none',
    leftovers: [],
  }
  let at = 32
  for (let left = file.readUInt32LE(16); left > 0; left -= 1) {
    take(macho, file, file.subarray(at))
    at += file.readUInt32LE(at + 4)
  }
  macho.exports = macho.exports.map((name) => name.replace(/^_/, ''))
  return macho
}
