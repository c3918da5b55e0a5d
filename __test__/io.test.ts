import { constants } from 'node:os'
import { TcpListener, TcpStream, WOULD_BLOCK, io } from '../dist/index.js'
import { Descriptor, awaitReady, closedNumber, withPipe } from './helpers/descriptors.js'
import test from './helpers/test.js'

interface Resizable extends ArrayBuffer {
  resize(length: number): void
}

/** Node.js has them; the language level of these sources has no types for them yet. */
function resizable(length: number): Resizable {
  return Reflect.construct(ArrayBuffer, [length, { maxByteLength: length }]) as Resizable
}

const text = (buffer: Uint8Array): string => Buffer.from(buffer).toString('latin1')

test('write and read count bytes, and would block on nothing', (t) => {
  withPipe(({ reader, writer }) => {
    const buffer = Buffer.alloc(8)
    t.is(WOULD_BLOCK, -1)
    t.is(io.read(reader, buffer), WOULD_BLOCK)
    t.is(io.write(writer, Buffer.from('hello')), 5)
    t.is(io.read(reader, buffer, 0, 3), 3)
    t.is(io.read(reader, buffer, 3), 2)
    t.is(text(buffer), 'hello\0\0\0')
    t.is(io.read(reader, buffer), WOULD_BLOCK)
  })
})

test('read is 0 at the end, behind all data, again and again', (t) => {
  withPipe(({ reader, writer, ends }) => {
    io.write(writer, Buffer.from('ab'))
    ends.writer.close()
    const buffer = Buffer.alloc(8)
    t.deepEqual(
      [1, 2, 3].map(() => io.read(reader, buffer)),
      [2, 0, 0],
    )
  })
})

test('write would block once the pipe is full, and the counts add up', (t) => {
  withPipe(({ reader, writer }) => {
    const chunk = Buffer.alloc(50_000, 'x')
    let written = 0
    let count = io.write(writer, chunk)
    for (; count !== WOULD_BLOCK; count = io.write(writer, chunk)) written += count
    // A page at least: a system short of memory for pipes gives no more.
    t.true(written >= 4096)
    let got = 0
    for (count = io.read(reader, chunk); count !== WOULD_BLOCK; count = io.read(reader, chunk)) got += count
    t.is(got, written)
  })
})

test('offset and length are bytes of the view, and nothing outside is touched', (t) => {
  withPipe(({ reader, writer }) => {
    const memory = Buffer.alloc(16, '.')
    const view = memory.subarray(4, 12)
    t.is(io.write(writer, Buffer.from('abcdefgh'), 2, 5), 5)
    t.is(io.read(reader, view, 3, 4), 4)
    t.is(text(memory), '.......cdef.....')
    t.is(io.read(reader, view, 0), 1)
    t.is(text(memory), '....g..cdef.....')
  })
})

test('typed arrays and DataViews are their bytes', (t) => {
  withPipe(({ reader, writer }) => {
    const words = new Uint16Array([0x2211, 0x4433, 0x6655])
    t.is(io.write(writer, words), 6)
    const bytes = new Uint8Array(new ArrayBuffer(12), 3, 6)
    t.is(io.read(reader, new DataView(bytes.buffer, 3, 6)), 6)
    t.deepEqual(bytes, new Uint8Array(words.buffer))
    t.is(io.write(writer, words, 1, 4), 4)
    t.is(io.read(reader, bytes, 2), 4)
    t.deepEqual([...bytes.subarray(2)], [...new Uint8Array(words.buffer, 1, 4)])
    for (const view of [new Float64Array(1), new BigInt64Array(1), new Int8Array(8), new Float32Array(2)]) {
      t.is(io.write(writer, view), 8)
      t.is(io.read(reader, view), 8)
    }
  })
})

test('shared memory can be read into and written from', (t) => {
  withPipe(({ reader, writer }) => {
    const shared = new Uint8Array(new SharedArrayBuffer(4))
    shared.set([1, 2, 3, 4])
    t.is(io.write(writer, shared), 4)
    shared.fill(0)
    t.is(io.readv(reader, [shared.subarray(2), shared.subarray(0, 2)]), 4)
    t.deepEqual([...shared], [3, 4, 1, 2])
  })
})

test('an empty buffer moves nothing', (t) => {
  withPipe(({ reader, writer }) => {
    t.is(io.write(writer, Buffer.alloc(0)), 0)
    io.write(writer, Buffer.from('x'))
    t.is(io.read(reader, Buffer.alloc(0)), 0)
    t.is(io.read(reader, Buffer.alloc(4), 4), 0)
    t.is(io.read(reader, Buffer.alloc(4), 2, 0), 0)
    t.is(io.readv(reader, []), 0)
    t.is(io.writev(writer, [Buffer.alloc(0), Buffer.alloc(0)]), 0)
    t.is(io.read(reader, Buffer.alloc(4)), 1)
  })
})

// infinyon/node-bindgen#309, nodejs/node#33022
test('fault-97 a detached buffer is an empty one', (t) => {
  withPipe(({ reader, writer }) => {
    io.write(writer, Buffer.from('x'))
    const detached = new Uint8Array(8)
    structuredClone(detached, { transfer: [detached.buffer] })
    t.is(io.read(reader, detached), 0)
    t.is(io.readv(reader, [detached]), 0)
    t.is(io.write(writer, detached), 0)
    t.throws(() => io.read(reader, detached, 1), { code: 'ERR_OUT_OF_RANGE' })
    t.throws(() => io.read(reader, detached, 0, 1), { code: 'ERR_OUT_OF_RANGE' })
    const view = new DataView(new ArrayBuffer(8))
    structuredClone(view.buffer, { transfer: [view.buffer] })
    t.is(io.read(reader, view), 0)
    t.is(io.readv(reader, [view]), 0)
    t.is(io.read(reader, Buffer.alloc(4)), 1)
  })
})

test('a view of memory that shrank reaches no further than what is left', (t) => {
  withPipe(({ reader, writer }) => {
    const buffer = resizable(16)
    const tracking = new Uint8Array(buffer, 4)
    const fixed = new Uint8Array(buffer, 4, 12)
    buffer.resize(8)
    io.write(writer, Buffer.from('abcdefgh'))
    t.is(io.read(reader, fixed), 0)
    t.is(io.read(reader, tracking), 4)
    t.is(text(tracking), 'abcd')
  })
})

test('readv and writev go through the buffers in order', (t) => {
  withPipe(({ reader, writer }) => {
    t.is(
      io.writev(writer, [Buffer.from('ab'), Buffer.alloc(0), new Uint16Array([0x6463]), Buffer.from('e')]),
      5,
    )
    const parts = [Buffer.alloc(1), Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(4)]
    t.is(io.readv(reader, parts), 5)
    t.deepEqual(
      parts.map((part) => text(part)),
      ['a', '', 'bcd', 'e\0\0\0'],
    )
    t.is(io.readv(reader, parts), WOULD_BLOCK)
  })
})

test('only the first 1,024 buffers that are not empty are taken', (t) => {
  withPipe(({ reader, writer }) => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      index % 2 === 0 ? Buffer.from('x') : Buffer.alloc(0),
    )
    t.is(io.writev(writer, many), 1024)
    t.is(io.writev(writer, many), 1024)
    const parts = Array.from({ length: 2000 }, () => Buffer.alloc(1))
    t.is(io.readv(reader, parts), 1024)
    t.is(text(parts[1023] ?? Buffer.alloc(1)), 'x')
    t.is(text(parts[1024] ?? Buffer.alloc(1)), '\0')
  })
})

test('accept gives a descriptor of its own, non-blocking, or would block', (t) => {
  using listener = TcpListener.bind({ port: 0 })
  t.is(io.accept(listener.fd), WOULD_BLOCK)
  using client = TcpStream.connect({ port: listener.localAddress.port })
  awaitReady(listener, { readable: true })
  const accepted = new Descriptor(io.accept(listener.fd))
  t.is(io.accept(listener.fd), WOULD_BLOCK)
  t.is(io.read(accepted.fd, Buffer.alloc(1)), WOULD_BLOCK)
  t.is(io.write(accepted.fd, Buffer.from('hi')), 2)
  awaitReady(client, { readable: true })
  const buffer = Buffer.alloc(2)
  t.is(client.read(buffer), 2)
  t.is(text(buffer), 'hi')
  accepted.close()
})

test('a failed call throws its own error', (t) => {
  const fd = closedNumber()
  const byte = Buffer.alloc(1)
  const calls: readonly (readonly [string, () => unknown])[] = [
    ['read', () => io.read(fd, byte)],
    ['write', () => io.write(fd, byte)],
    ['readv', () => io.readv(fd, [byte])],
    ['writev', () => io.writev(fd, [byte])],
    ['accept', () => io.accept(fd)],
  ]
  for (const [syscall, call] of calls) {
    const error = t.throws(call, {
      code: 'EBADF',
      message: `${syscall} EBADF: bad file descriptor, fd ${fd}`,
    })
    t.like(error, { errno: -constants.errno.EBADF, syscall, fd })
  }
  withPipe(({ reader, writer, ends }) => {
    t.throws(() => io.write(reader, byte), { code: 'EBADF' })
    t.throws(() => io.accept(reader), { code: 'ENOTSOCK' })
    ends.reader.close()
    const error = t.throws(() => io.write(writer, byte), { code: 'EPIPE' })
    t.like(error, { errno: -constants.errno.EPIPE, syscall: 'write', fd: writer })
    t.throws(() => io.writev(writer, [byte]), { code: 'EPIPE' })
  })
})
