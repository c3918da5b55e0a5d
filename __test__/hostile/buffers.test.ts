// Views that are not what they say, or no longer what they were: what counts is the memory that they have.
import { inspect } from 'node:util'
import { io } from '../../dist/index.js'
import type { TcpStream } from '../../dist/index.js'
import { awaitReady, openPair, openPipe } from '../helpers/descriptors.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

/** What newer languages have than the types here. */
interface Resizable extends ArrayBuffer {
  resize(size: number): void
}
const resizable = (size: number, maxByteLength: number): Resizable =>
  Reflect.construct(ArrayBuffer, [size, { maxByteLength }]) as Resizable
const growable = (size: number, maxByteLength: number): SharedArrayBuffer & { grow(size: number): void } =>
  Reflect.construct(SharedArrayBuffer, [size, { maxByteLength }]) as never

function resized<V>(from: number, to: number, view: (buffer: ArrayBuffer) => V): V {
  const buffer = resizable(from, 16)
  const made = view(buffer)
  buffer.resize(to)
  return made
}

function given<V extends NodeJS.ArrayBufferView>(view: V): V {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] })
  return view
}

function never(): never {
  throw new Error('what a view says of itself must not be asked')
}

/** Own properties over what a view is. */
const lying = <V extends object>(view: V, lies: PropertyDescriptorMap): V =>
  Object.defineProperties(view, lies)
const KEYS = ['byteLength', 'byteOffset', 'length', 'buffer', 'BYTES_PER_ELEMENT', Symbol.toStringTag]
const says = <V extends object>(view: V, value: unknown): V =>
  lying(view, Object.fromEntries(KEYS.map((key) => [key, { value }])))
const throws = <V extends object>(view: V): V =>
  lying(view, Object.fromEntries(KEYS.map((key) => [key, { get: never }])))

class Longer extends Uint8Array {
  override get byteLength(): number {
    return 1000
  }
  override get length(): number {
    return 1000
  }
}

/** A view, and how many bytes it has in truth: of the eight that there are to read. */
type Row = readonly [name: string, make: () => NodeJS.ArrayBufferView, bytes: number]

const four = (): ArrayBuffer => new ArrayBuffer(4)

const TRUE: readonly Row[] = [
  ['a Buffer', () => Buffer.alloc(4), 4],
  ['a DataView', () => new DataView(new ArrayBuffer(8), 2, 4), 4],
  ['a view in the middle', () => new Uint8Array(new ArrayBuffer(16), 8, 4), 4],
  ['words', () => new Uint32Array(1), 4],
  ['doubles', () => new Float64Array(1), 8],
  ['big integers', () => new BigInt64Array(1), 8],
  ['clamped bytes', () => new Uint8ClampedArray(4), 4],
  ['shared memory', () => new Uint8Array(new SharedArrayBuffer(4)), 4],
  ['a DataView of shared memory', () => new DataView(new SharedArrayBuffer(4)), 4],
  ['nothing', () => new Uint8Array(0), 0],
]

const CHANGED: readonly Row[] = [
  ['a Buffer that was given away', () => given(Buffer.from(four())), 0],
  ['words that were given away', () => given(new Uint32Array(four())), 0],
  ['a DataView that was given away', () => given(new DataView(four())), 0],
  ['a view beyond the end', () => resized(8, 3, (buffer) => new Uint8Array(buffer, 0, 4)), 0],
  ['a view that begins beyond the end', () => resized(8, 3, (buffer) => new Uint8Array(buffer, 4)), 0],
  ['a DataView beyond the end', () => resized(8, 3, (buffer) => new DataView(buffer, 0, 4)), 0],
  ['a DataView that begins beyond the end', () => resized(8, 3, (buffer) => new DataView(buffer, 4)), 0],
  ['a view that shrank', () => resized(8, 3, (buffer) => new Uint8Array(buffer)), 3],
  ['a DataView that shrank', () => resized(8, 3, (buffer) => new DataView(buffer)), 3],
  ['words that shrank', () => resized(8, 6, (buffer) => new Uint16Array(buffer)), 6],
  ['words that lost half of one', () => resized(8, 7, (buffer) => new Uint16Array(buffer)), 6],
  ['a view that grew', () => resized(2, 5, (buffer) => new Uint8Array(buffer)), 5],
  ['a DataView that grew', () => resized(2, 5, (buffer) => new DataView(buffer)), 5],
  ['a view that did not grow', () => resized(2, 5, (buffer) => new Uint8Array(buffer, 0, 2)), 2],
  ['a view that is back', () => resized(4, 2, (buffer) => new Uint8Array(buffer, 0, 2)), 2],
  [
    'shared memory that grew',
    () => {
      const buffer = growable(2, 16)
      const view = new Uint8Array(buffer)
      buffer.grow(5)
      return view
    },
    5,
  ],
  [
    'a DataView of shared memory that grew',
    () => {
      const buffer = growable(2, 16)
      const view = new DataView(buffer)
      buffer.grow(5)
      return view
    },
    5,
  ],
]

const LYING: readonly Row[] = [
  ...[1000, 2, -1, Number.NaN, 1.5, 2 ** 53, '4', null, undefined, 4n, {}].map<Row>((value) => [
    `a Buffer that says ${inspect(value)}`,
    () => says(Buffer.from(four()), value),
    4,
  ]),
  ['a DataView that says 1000', () => says(new DataView(four()), 1000), 4],
  ['a Buffer that throws', () => throws(Buffer.from(four())), 4],
  ['a DataView that throws', () => throws(new DataView(four())), 4],
  ['a class of a longer one', () => new Longer(4), 4],
  ['bytes without a prototype', () => Object.setPrototypeOf(new Uint8Array(4), null) as Uint8Array, 4],
  ['a DataView without a prototype', () => Object.setPrototypeOf(new DataView(four()), null) as DataView, 4],
  [
    'bytes that inherit from DataView',
    () => Object.setPrototypeOf(new Uint8Array(4), DataView.prototype) as DataView,
    4,
  ],
  [
    'a DataView that inherits from bytes',
    () => Object.setPrototypeOf(new DataView(four()), Uint8Array.prototype) as Uint8Array,
    4,
  ],
  [
    'words that inherit from bytes',
    () => Object.setPrototypeOf(new Uint16Array(2), Uint8Array.prototype) as Uint8Array,
    4,
  ],
]

/** Not every engine has them. */
const Float16 = Reflect.get(globalThis, 'Float16Array') as Uint16ArrayConstructor | undefined
const halves: readonly Row[] = Float16 === undefined ? [] : [['halves', () => new Float16(2), 4]]

interface Ends {
  readonly near: number
  readonly stream: TcpStream
  readonly far: TcpStream
}

const bytes = Buffer.from('abcdefgh')

/** The methods that move bytes, and how many a view is to have of them. */
const WAYS: Readonly<Record<string, (ends: Ends, view: NodeJS.ArrayBufferView) => number>> = {
  'io.read': ({ near }, view) => io.read(near, view),
  'io.readv': ({ near }, view) => io.readv(near, [view]),
  'TcpStream.read': ({ stream }, view) => stream.read(view),
  'io.write': ({ near }, view) => io.write(near, view),
  'io.writev': ({ near }, view) => io.writev(near, [view]),
  'TcpStream.write': ({ stream }, view) => stream.write(view),
}

/** Runs `body` with a connection in which eight bytes wait. */
function withBytes(body: (ends: Ends) => void): void {
  const { client, server } = openPair()
  try {
    client.setNoDelay()
    client.write(bytes)
    awaitReady(server, { readable: true })
    body({ near: server.fd, stream: server, far: client })
  } finally {
    client.close()
    server.close()
  }
}

function move(t: ExecutionContext, way: string, make: Row[1], size: number): void {
  withBytes((ends) => {
    t.is(WAYS[way]?.(ends, make()), size, way)
    const there = Buffer.alloc(16)
    if (way.includes('read')) {
      // What was read is gone, and the rest is not.
      const rest = ends.stream.read(there)
      t.is(there.toString('latin1', 0, Math.max(rest, 0)), bytes.toString('latin1', size), way)
      return
    }
    if (size > 0) awaitReady(ends.far, { readable: true })
    t.is(ends.far.read(there), size === 0 ? -1 : size, way)
    t.is(ends.stream.read(there), 8, way)
  })
}

for (const [name, make, size] of [...TRUE, ...CHANGED, ...LYING, ...halves]) {
  test(`${name}: ${size} bytes of memory are read and written`, (t) => {
    for (const way of Object.keys(WAYS)) move(t, way, make, size)
  })
}

test('offset and length are bytes of the memory that a view has, whatever it says', (t) => {
  const call = io as unknown as Record<string, (...args: unknown[]) => number>
  withBytes((ends) => {
    const socket = ends.stream as unknown as typeof call
    const views = [...CHANGED, ...LYING].map(([, make, size]) => [make, size] as const)
    for (const [make, size] of views) {
      for (const [offset, length] of [[size + 1], [0, size + 1], [size, 1], [1000], [0, 1000]]) {
        for (const method of ['read', 'write']) {
          const refused = { code: 'ERR_OUT_OF_RANGE', instanceOf: RangeError }
          t.throws(() => call[method]?.(ends.near, make(), offset, length), refused)
          t.throws(() => socket[method]?.(make(), offset, length), refused)
        }
      }
      t.is(io.read(ends.near, make(), size, 0), 0)
    }
    // Nothing was read, and nothing written.
    t.is(ends.far.read(Buffer.alloc(8)), -1)
    t.is(ends.stream.read(Buffer.alloc(16)), 8)
  })
})

test('an offset or length with code in it is refused, and that code does not run', (t) => {
  const call = io as unknown as Record<string, (...args: unknown[]) => number>
  withBytes((ends) => {
    const socket = ends.stream as unknown as typeof call
    for (const method of ['read', 'write']) {
      const buffer = new Uint8Array(4)
      const give = (): number => {
        given(buffer)
        return 0
      }
      const code = { valueOf: give, toString: give, [Symbol.toPrimitive]: give }
      for (const args of [[code], [0, code], [code, code]]) {
        const refused = { code: 'ERR_INVALID_ARG_TYPE', instanceOf: TypeError }
        t.throws(() => call[method]?.(ends.near, buffer, ...args), refused)
        t.throws(() => socket[method]?.(buffer, ...args), refused)
      }
      t.is(buffer.byteLength, 4)
    }
    t.is(ends.stream.read(Buffer.alloc(16)), 8)
  })
})

test('a list of buffers may run code: what that does is seen, and nothing is lost', (t) => {
  const { reader, writer } = openPipe()
  io.write(writer.fd, bytes)
  const first = new Uint8Array(4)
  const second = new Uint8Array(4)
  const list = [first, second]
  // The second one's getter gives the first one away.
  Object.defineProperty(list, 1, {
    get() {
      if (first.byteLength > 0) given(first)
      return second
    },
  })
  t.is(io.readv(reader.fd, list), 4)
  t.is(Buffer.from(second).toString(), 'abcd')
  const reason = new Error('from the list')
  const throwing = Object.defineProperty([second], 0, {
    get() {
      throw reason
    },
  })
  t.is(
    t.throws(() => io.readv(reader.fd, throwing), { is: reason }),
    reason,
  )
  t.is(
    t.throws(() => io.writev(writer.fd, throwing), { is: reason }),
    reason,
  )
  // It closes what it is to be read from.
  const closing = Object.defineProperty([second], 0, {
    get() {
      writer.close()
      return second
    },
  })
  t.throws(() => io.writev(writer.fd, closing), { code: 'EBADF' })
  t.is(io.read(reader.fd, first), 0)
  t.is(io.read(reader.fd, Buffer.alloc(16)), 4)
  t.is(io.read(reader.fd, Buffer.alloc(16)), 0)
  reader.close()
})
