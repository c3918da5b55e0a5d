import { argumentType, argumentValue, isArray } from '../errors.js'
import { intrinsic, stretch } from '../validate.js'

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const nameOf = intrinsic(typedArray, Symbol.toStringTag)
const bufferOf = intrinsic(typedArray, 'buffer') as (of: object) => ArrayBufferLike
const offsetOf = intrinsic(typedArray, 'byteOffset') as (of: object) => number
const bufferOfDataView = intrinsic(DataView.prototype, 'buffer') as (of: object) => ArrayBufferLike
const offsetOfDataView = intrinsic(DataView.prototype, 'byteOffset') as (of: object) => number

/** Where a typed array begins in `memory`; -1 if it lies elsewhere. What the view says of itself does not count. */
export function placeIn(memory: ArrayBufferLike, view: NodeJS.ArrayBufferView): number {
  if (nameOf(view) === undefined || bufferOf(view) !== memory) return -1
  return offsetOf(view)
}

/** Whether it is a Buffer or Uint8Array, whatever it says of itself. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && nameOf(value) === 'Uint8Array'
}

/** A stretch of any view that is within it, as bytes that no other thread writes to. */
export function bytesOf(view: NodeJS.ArrayBufferView, start: number, size: number): Uint8Array {
  const isTyped = nameOf(view) !== undefined
  const buffer = isTyped ? bufferOf(view) : bufferOfDataView(view)
  const begin = isTyped ? offsetOf(view) : offsetOfDataView(view)
  const bytes = new Uint8Array(buffer, begin + start, size)
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
    const size = stretch(piece, undefined, undefined)
    return size === 0 ? new Uint8Array() : bytesOf(piece as NodeJS.ArrayBufferView, 0, size)
  })
  return Buffer.concat(parts)
}
