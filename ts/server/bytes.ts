import { argumentType, argumentValue, isArray } from '../errors.js'
import { intrinsic, stretch } from '../validate.js'

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const nameOf = intrinsic(typedArray, Symbol.toStringTag)
const bufferOf = intrinsic(typedArray, 'buffer') as (of: object) => ArrayBufferLike
const offsetOf = intrinsic(typedArray, 'byteOffset') as (of: object) => number
const bufferOfDataView = intrinsic(DataView.prototype, 'buffer') as (of: object) => ArrayBufferLike
const offsetOfDataView = intrinsic(DataView.prototype, 'byteOffset') as (of: object) => number

/** A stretch of any view, as bytes. What the view says of itself does not count. */
export function bytesOf(view: unknown, offset: unknown, length: unknown): Uint8Array {
  const size = stretch(view, offset, length)
  const start = (offset as number | undefined) ?? 0
  const object = view as object
  // One that has no bytes may have no address either.
  if (size === 0) return new Uint8Array()
  const isTyped = nameOf(object) !== undefined
  const buffer = isTyped ? bufferOf(object) : bufferOfDataView(object)
  const begin = isTyped ? offsetOf(object) : offsetOfDataView(object)
  const bytes = new Uint8Array(buffer, begin + start, size)
  // Other threads may write to it meanwhile.
  return buffer instanceof SharedArrayBuffer ? new Uint8Array(bytes) : bytes
}

/** How many bytes a character of a text may take. */
export function mostBytes(text: string): number {
  return text.length * 3
}

export function encodingOf(value: unknown): BufferEncoding {
  if (value === undefined) return 'utf8'
  if (typeof value !== 'string') throw argumentType('encoding', 'a string', value)
  if (!Buffer.isEncoding(value))
    throw argumentValue('encoding', "an encoding such as 'utf8' or 'latin1'", value)
  return value
}

/** Several pieces as one. */
export function joined(pieces: unknown): Uint8Array {
  if (!isArray(pieces)) throw argumentType('pieces', 'an array of views and strings', pieces)
  const parts = Array.from(pieces, (piece, index) => {
    if (typeof piece === 'string') return Buffer.from(piece)
    if (!ArrayBuffer.isView(piece)) throw argumentType(`pieces[${index}]`, 'a view or a string', piece)
    return bytesOf(piece, undefined, undefined)
  })
  return Buffer.concat(parts)
}
