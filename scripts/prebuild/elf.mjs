// Reads what a shared library in the ELF format says of itself: elf(5).

/**
 * @typedef {object} Elf
 * @property {'x64' | 'arm64' | undefined} cpu
 * @property {string[]} exports
 * @property {string[]} libraries what it needs
 * @property {string | undefined} name its own, DT_SONAME
 * @property {string[]} searchPaths DT_RPATH and DT_RUNPATH
 * @property {string[]} versions of symbols that it needs: `GLIBC_2.17`
 * @property {boolean} stays whether it is never unloaded
 * @property {string[]} leftovers sections that stripping takes away
 * @property {boolean} hasExecutableStack
 */

const machines = new Map(
  /** @type {const} */ ([
    [62, 'x64'],
    [183, 'arm64'],
  ]),
)

const SHT = /** @type {const} */ ({ SYMTAB: 2, DYNAMIC: 6, DYNSYM: 11, GNU_VERNEED: 0x6ffffffe })
const DT = /** @type {const} */ ({ NEEDED: 1, SONAME: 14, RPATH: 15, RUNPATH: 29, FLAGS_1: 0x6ffffffb })
const PT_GNU_STACK = 0x6474e551
const DF_1_NODELETE = 8

/** @param {Buffer} file */
export const isElf = (file) => file.length > 64 && file.readUInt32BE(0) === 0x7f454c46

/**
 * @param {Buffer} file
 * @param {number} at
 */
const text = (file, at) => file.toString('latin1', at, file.indexOf(0, at))

/**
 * @param {Buffer} file
 * @param {number} at
 */
const word = (file, at) => Number(file.readBigUInt64LE(at))

/**
 * Where the entries of a table stand.
 *
 * @param {{ offset: number, size: number, count: number }} table
 */
const table = ({ offset, size, count }) => Array.from({ length: count }, (_, index) => offset + index * size)

/**
 * @param {Buffer} file
 * @returns {Elf}
 * @throws {Error} if it is not 64-bit and little-endian, or its tables do not lie in it
 */
export function readElf(file) {
  if (file[4] !== 2 || file[5] !== 1) throw new Error('not a 64-bit little-endian ELF file')
  const headers = table({
    offset: word(file, 40),
    size: file.readUInt16LE(58),
    count: file.readUInt16LE(60),
  })
  const names = word(file, (headers[file.readUInt16LE(62)] ?? 0) + 24)
  const sections = headers.map((at) => ({
    name: text(file, names + file.readUInt32LE(at)),
    type: file.readUInt32LE(at + 4),
    offset: word(file, at + 24),
    size: word(file, at + 32),
    link: file.readUInt32LE(at + 40),
  }))
  /** @param {number} type */
  const section = (type) => {
    const found = sections.find((each) => each.type === type)
    return found && { ...found, strings: sections[found.link]?.offset ?? 0 }
  }

  /** @type {Elf} */
  const elf = {
    cpu: machines.get(/** @type {62 | 183} */ (file.readUInt16LE(18))),
    exports: [],
    libraries: [],
    name: undefined,
    searchPaths: [],
    versions: [],
    stays: false,
    leftovers: sections
      .filter(({ name, type }) => type === SHT.SYMTAB || /^\.z?debug_/.test(name))
      .map(({ name }) => name),
    hasExecutableStack: table({
      offset: word(file, 32),
      size: file.readUInt16LE(54),
      count: file.readUInt16LE(56),
    }).some((at) => file.readUInt32LE(at) === PT_GNU_STACK && (file.readUInt32LE(at + 4) & 1) !== 0),
  }

  const symbols = section(SHT.DYNSYM)
  const dynamic = section(SHT.DYNAMIC)
  if (!symbols || !dynamic) throw new Error('not a shared library: no dynamic section')
  for (const at of table({ offset: symbols.offset, size: 24, count: symbols.size / 24 })) {
    const isLocal = (file[at + 4] ?? 0) >> 4 === 0
    const isDefined = file.readUInt16LE(at + 6) !== 0
    if (isDefined && !isLocal) elf.exports.push(text(file, symbols.strings + file.readUInt32LE(at)))
  }
  for (const at of table({ offset: dynamic.offset, size: 16, count: dynamic.size / 16 })) {
    const value = word(file, at + 8)
    const tag = word(file, at)
    if (tag === DT.NEEDED) elf.libraries.push(text(file, dynamic.strings + value))
    if (tag === DT.SONAME) elf.name = text(file, dynamic.strings + value)
    if (tag === DT.RPATH || tag === DT.RUNPATH) elf.searchPaths.push(text(file, dynamic.strings + value))
    if (tag === DT.FLAGS_1) elf.stays = (value & DF_1_NODELETE) !== 0
  }

  const needed = section(SHT.GNU_VERNEED)
  if (needed) elf.versions = versionsIn(file, needed.offset, needed.strings)
  return elf
}

/**
 * The names in a list of libraries, each with a list of versions; both say how far it is to the next, 0 at the end.
 *
 * @param {Buffer} file
 * @param {number} start
 * @param {number} strings
 */
function versionsIn(file, start, strings) {
  /** @type {string[]} */
  const names = []
  let library = start
  let step = 0
  do {
    let version = library + file.readUInt32LE(library + 8)
    for (let left = file.readUInt16LE(library + 2); left > 0; left -= 1) {
      names.push(text(file, strings + file.readUInt32LE(version + 8)))
      version += file.readUInt32LE(version + 12)
    }
    step = file.readUInt32LE(library + 12)
    library += step
  } while (step > 0)
  return names
}
