import { io } from '../dist/index.js'
import { openLoop, withPipe } from './helpers/descriptors.js'
import test from './helpers/test.js'

test('wrong arguments are refused before anything is read or written', (t) => {
  const loop = openLoop()
  io.write(loop.fd, Buffer.from('x'))
  const call = io as unknown as Record<string, (...args: unknown[]) => number>
  const buffer = Buffer.alloc(4)
  for (const name of ['read', 'write', 'readv', 'writev', 'accept']) {
    const whole = [buffer]
    const target = name.endsWith('v') ? whole : buffer
    for (const fd of [-1, 1.5, Number.NaN, 2 ** 31, 2 ** 53]) {
      t.throws(() => call[name]?.(fd, target), {
        instanceOf: RangeError,
        code: 'ERR_OUT_OF_RANGE',
        message: /^"fd" must be/,
      })
    }
    for (const fd of [undefined, null, '0', 0n, {}, { fd: loop.fd }]) {
      t.throws(() => call[name]?.(fd, target), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' })
    }
  }
  for (const name of ['read', 'write']) {
    for (const wrong of [undefined, null, 'text', [1], new ArrayBuffer(4), {}, { byteLength: 4 }]) {
      t.throws(() => call[name]?.(loop.fd, wrong), {
        instanceOf: TypeError,
        code: 'ERR_INVALID_ARG_TYPE',
        message: /^"buffer" must be a Buffer, TypedArray or DataView\. Received /,
      })
    }
    for (const [offset, length] of [
      [-1],
      [5],
      [0.5],
      [Number.NaN],
      [2 ** 53],
      [0, 5],
      [4, 1],
      [2, 3],
      [0, -1],
      [0, 1.5],
      [0, Number.POSITIVE_INFINITY],
    ]) {
      t.throws(() => call[name]?.(loop.fd, buffer, offset, length), {
        instanceOf: RangeError,
        code: 'ERR_OUT_OF_RANGE',
      })
    }
    for (const wrong of ['0', null, 0n, {}, false]) {
      t.throws(() => call[name]?.(loop.fd, buffer, wrong), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: /^"offset" /,
      })
      t.throws(() => call[name]?.(loop.fd, buffer, 0, wrong), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: /^"length" /,
      })
    }
  }
  for (const name of ['readv', 'writev']) {
    for (const wrong of [undefined, null, buffer, 'text', { length: 1, 0: buffer }, new Set([buffer])]) {
      t.throws(() => call[name]?.(loop.fd, wrong), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: /^"buffers" must be an array/,
      })
    }
    for (const wrong of [
      [buffer, null],
      [buffer, 'text'],
      [buffer, undefined, buffer],
      [buffer, [buffer]],
    ]) {
      t.throws(() => call[name]?.(loop.fd, wrong), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: /^"buffers\[1\]" must be/,
      })
    }
  }
  t.is(io.read(loop.fd, buffer, -0), 1)
  loop.close()
})

test('an array that changes while it is looked at does not reach memory that was given away', (t) => {
  withPipe(({ reader, writer }) => {
    io.write(writer, Buffer.from('secret'))
    const victim = new Uint8Array(3)
    let moved: Uint8Array | undefined
    let looks = 0
    const buffers = [victim, victim]
    Object.defineProperty(buffers, 1, {
      get() {
        looks += 1
        if (looks === 2) moved = structuredClone(victim, { transfer: [victim.buffer] })
        return Buffer.alloc(3)
      },
    })
    try {
      io.readv(reader, buffers)
    } catch {
      // Refusing such an array is as good.
    }
    t.deepEqual(moved ?? new Uint8Array(3), new Uint8Array(3))
  })
})

test('a proxy of an array is taken, or refused as a wrong argument', (t) => {
  withPipe(({ reader, writer }) => {
    io.write(writer, Buffer.from('x'))
    const proxy = new Proxy([Buffer.alloc(1)], {})
    try {
      t.is(io.readv(reader, proxy), 1)
    } catch (error) {
      t.is((error as { code?: unknown }).code, 'ERR_INVALID_ARG_TYPE')
    }
  })
})
