import { argumentType, errnoOf, failureToError, isArray } from './errors.js'
import { native } from './native.js'
import { descriptor, stretch } from './validate.js'

/** What reading, writing and accepting return when it would block: -1, where others throw `EAGAIN`. */
export const WOULD_BLOCK = -1

const { wouldBlock } = blocking()

/** `EAGAIN` as the addon knows it. */
function blocking(): { wouldBlock: number } {
  try {
    return native.contract()
  } catch {
    // No addon: nothing will be read.
    return { wouldBlock: 0 }
  }
}

/** A count, `WOULD_BLOCK`, or an exception. */
export function outcome(result: number, fd: number): number {
  if (result >= 0) return result
  if (errnoOf(result) === wouldBlock) return WOULD_BLOCK
  throw failureToError(result, { fd })
}

/** A plain array of views: nothing of the caller's code runs any more once the addon has looked at the first one. */
function views(buffers: unknown): NodeJS.ArrayBufferView[] {
  if (!isArray(buffers))
    throw argumentType('buffers', 'an array of Buffers, TypedArrays or DataViews', buffers)
  const copy = Array.from(buffers)
  for (const [index, buffer] of copy.entries()) {
    if (!ArrayBuffer.isView(buffer)) {
      throw argumentType(`buffers[${index}]`, 'a Buffer, TypedArray or DataView', buffer)
    }
  }
  return copy as NodeJS.ArrayBufferView[]
}

/**
 * Reads and writes on any descriptor, at once and without changing its flags: whether they block is the descriptor's owner's
 * choice. Counts are in bytes.
 */
export const io = {
  /**
   * Reads what is there, at most `length` bytes, into `buffer` at `offset`. 0 is the end; `WOULD_BLOCK` means nothing yet.
   *
   * @param offset Bytes from the start of `buffer`. @default 0
   * @param length Bytes. @default all that follow `offset`
   * @throws The errors of read(2) but `EAGAIN` and `EINTR`; argument errors.
   */
  read(fd: number, buffer: NodeJS.ArrayBufferView, offset?: number, length?: number): number {
    const number = descriptor(fd, 'fd')
    const size = stretch(buffer, offset, length)
    return outcome(native.read(number, buffer, offset ?? 0, size), number)
  },

  /**
   * Writes from `buffer` and returns how many bytes were taken, maybe fewer than asked; `WOULD_BLOCK` means none.
   *
   * @param offset Bytes from the start of `buffer`. @default 0
   * @param length Bytes. @default all that follow `offset`
   * @throws The errors of write(2) but `EAGAIN` and `EINTR`: `EPIPE`, `ECONNRESET`, ...; argument errors.
   */
  write(fd: number, buffer: NodeJS.ArrayBufferView, offset?: number, length?: number): number {
    const number = descriptor(fd, 'fd')
    const size = stretch(buffer, offset, length)
    return outcome(native.write(number, buffer, offset ?? 0, size), number)
  },

  /** As `read`, into several buffers in order: the first 1,024 that are not empty. @see readv(2) */
  readv(fd: number, buffers: readonly NodeJS.ArrayBufferView[]): number {
    const number = descriptor(fd, 'fd')
    return outcome(native.readv(number, views(buffers)), number)
  },

  /** As `write`, from several buffers in order: the first 1,024 that are not empty. @see writev(2) */
  writev(fd: number, buffers: readonly NodeJS.ArrayBufferView[]): number {
    const number = descriptor(fd, 'fd')
    return outcome(native.writev(number, views(buffers)), number)
  },

  /**
   * Takes the next connection of a listening socket and returns its descriptor, non-blocking and close-on-exec, which is
   * yours to close; or `WOULD_BLOCK`. Connections that failed while they waited are passed over.
   *
   * @throws The errors of accept(2): `EMFILE`, `ENFILE`, `ENOBUFS` and `ENOMEM` leave the connection waiting.
   */
  accept(fd: number): number {
    const number = descriptor(fd, 'fd')
    return outcome(native.accept(number), number)
  },
} as const
