/** Makes a library in macOS's format: as little of one as an inspection looks at. */
import { createHash } from 'node:crypto'

export interface Options {
  readonly cpu?: number
  readonly name?: string
  readonly libraries?: readonly string[]
  readonly searchPaths?: readonly string[]
  /** Major and minor version of the oldest macOS. */
  readonly minimum?: readonly [number, number]
  readonly exports?: readonly string[]
  readonly locals?: readonly string[]
  readonly signed?: boolean
}

const PAGE_BITS = 12

function little(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) buffer.writeUInt32LE(value, index * 4)
  return buffer
}

function big(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) buffer.writeUInt32BE(value, index * 4)
  return buffer
}

function load(command: number, ...rest: readonly Buffer[]): Buffer {
  const body = Buffer.concat(rest)
  const padding = Buffer.alloc((8 - (body.length % 8)) % 8)
  return Buffer.concat([little(command, 8 + body.length + padding.length), body, padding])
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`)

/** A load command with a name; a library's name comes after its date and two versions. */
const library = (command: number, name: string): Buffer => load(command, little(24, 0, 0, 0), text(name))

/** A trie whose root has one edge for each name. */
function trie(names: readonly string[]): Buffer {
  // What ends at a leaf: two bytes, flags and an address.
  const leaf = Buffer.from([2, 0, 0, 0])
  const size = 2 + names.reduce((sum, name) => sum + name.length + 2, 0)
  const edges = names.map((name, index) =>
    Buffer.concat([text(name), Buffer.from([size + index * leaf.length])]),
  )
  return Buffer.concat([Buffer.from([0, names.length]), ...edges, ...names.map(() => leaf)])
}

/** A signature without a signer: a digest of each page of what comes before it. */
function signature(content: Buffer): Buffer {
  const count = Math.ceil(content.length / 2 ** PAGE_BITS)
  const pages = Array.from({ length: count }, (_, index) =>
    createHash('sha256')
      .update(content.subarray(index << PAGE_BITS, (index + 1) << PAGE_BITS))
      .digest(),
  )
  const HEAD = 44
  const directory = Buffer.concat([
    big(0xfade0c02, HEAD + count * 32, 0x20400, 2, HEAD, 0, 0, count, content.length),
    Buffer.from([32, 2, 0, PAGE_BITS]),
    big(0),
    ...pages,
  ])
  return Buffer.concat([big(0xfade0cc0, 20 + directory.length, 1, 0, 20), directory])
}

export function makeMachO({
  cpu = 0x0100000c,
  name = '@rpath/it.node',
  libraries = ['/usr/lib/libSystem.B.dylib'],
  searchPaths = [],
  minimum = [11, 0],
  exports = ['_napi_register_module_v1'],
  locals = [],
  signed = true,
}: Options = {}): Buffer {
  const names = Buffer.concat([text(''), ...locals.map((local) => text(local))])
  const symbols = locals.map((_, index) => {
    const before = 1 + locals.slice(0, index).reduce((sum, local) => sum + local.length + 1, 0)
    // Its kind: defined in a section, and no more to be seen than that.
    return Buffer.concat([little(before), Buffer.from([0x0e, 1, 0, 0]), little(0, 0)])
  })
  const exported = trie(exports)
  /** The commands are as long for any places, so they are made twice. */
  const commands = (start: number, end: number): Buffer[] => [
    library(0xd, name),
    load(0x32, little(1, (minimum[0] << 16) | (minimum[1] << 8), 0, 0)),
    ...libraries.map((each) => library(0xc, each)),
    ...searchPaths.map((path) => load(0x8000001c, little(12), text(path))),
    load(
      0x2,
      little(
        start + exported.length,
        locals.length,
        start + exported.length + 16 * locals.length,
        names.length,
      ),
    ),
    load(0x80000033, little(start, exported.length)),
    ...(signed ? [load(0x1d, little(end, 4096))] : []),
  ]
  const start = 32 + Buffer.concat(commands(0, 0)).length
  const tail = Buffer.concat([exported, ...symbols, names, Buffer.alloc(3 << PAGE_BITS, 1)])
  const made = commands(start, start + tail.length)
  const head = little(0xfeedfacf, cpu, 0, 6, made.length, Buffer.concat(made).length, 0, 0)
  const content = Buffer.concat([head, ...made, tail])
  return signed ? Buffer.concat([content, signature(content)]) : content
}
