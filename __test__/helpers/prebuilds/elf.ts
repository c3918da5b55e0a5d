/** Where things stand in a 64-bit little-endian ELF file, for tests that put something else there. */

const SECTION_SIZE = 64
const SEGMENT_SIZE = 56
const DYNAMIC = 6
const GNU_STACK = 0x6474e551

const word = (file: Buffer, at: number): number => Number(file.readBigUInt64LE(at))

/** The headers of the sections of one type. */
export function sections(file: Buffer, type: number): number[] {
  const start = word(file, 40)
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => start + index * SECTION_SIZE).filter(
    (at) => file.readUInt32LE(at + 4) === type,
  )
}

/** The entries of the dynamic section with one tag: each a tag and a value of eight bytes. */
export function entries(file: Buffer, tag: number): number[] {
  return sections(file, DYNAMIC).flatMap((header) => {
    const start = word(file, header + 24)
    const count = word(file, header + 32) / 16
    return Array.from({ length: count }, (_, index) => start + index * 16).filter(
      (at) => word(file, at) === tag,
    )
  })
}

/** The flags of the segment that says what the stack is like. */
export function stackFlags(file: Buffer): number {
  const start = word(file, 32)
  const at = Array.from({ length: file.readUInt16LE(56) }, (_, index) => start + index * SEGMENT_SIZE).find(
    (header) => file.readUInt32LE(header) === GNU_STACK,
  )
  if (at === undefined) throw new Error('there is no such segment')
  return at + 4
}
