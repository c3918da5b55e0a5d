import { argumentType, argumentValue, isArray, isRevoked, outOfRange } from './errors.js'

const MAX_FD = 2 ** 31 - 1

/** A descriptor's number, from 0 to 2^31 - 1. */
export function descriptor(value: unknown, name: string): number {
  return integer(value, name, 0, MAX_FD)
}

/** A whole number within bounds. -0 counts as 0. */
export function integer(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number') throw argumentType(name, 'a number', value)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(name, `a whole number from ${min} to ${max}`, value)
  }
  return value + 0
}

/** A duration in milliseconds, fractions included: zero or more, up to `Infinity` unless there is a limit. */
export function milliseconds(value: unknown, name: string, max = Number.POSITIVE_INFINITY): number {
  if (typeof value !== 'number') throw argumentType(name, 'a number of milliseconds', value)
  if (!(value >= 0 && value <= max)) {
    const limit = max === Number.POSITIVE_INFINITY ? '' : `, at most ${max}`
    throw outOfRange(name, `zero or more milliseconds${limit}`, value)
  }
  return value
}

export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw argumentType(name, 'a boolean', value)
  return value
}

export function callable(value: unknown, name: string): (...args: never[]) => unknown {
  if (typeof value !== 'function') throw argumentType(name, 'a function', value)
  return value as (...args: never[]) => unknown
}

export function oneOf<const T extends string>(value: unknown, name: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === value)
  if (choice === undefined)
    throw argumentValue(name, `one of ${choices.map((each) => `'${each}'`).join(', ')}`, value)
  return choice
}

/** An object whose keys are all known: a misspelt option is an error, not a silence. */
export function options(value: unknown, name: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || isArray(value) || isRevoked(value))
    throw argumentType(name, 'an object', value)
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw argumentValue(`${name}.${key}`, `left out: there are only ${known.join(', ')}`, key)
  }
  return value as Record<string, unknown>
}

/** A getter as it was defined, whatever an object says of itself. It throws for an object of another kind. */
export function intrinsic(prototype: object, key: PropertyKey): (of: object) => unknown {
  // oxlint-disable-next-line unbound-method -- it is bound by each call
  const get = Object.getOwnPropertyDescriptor(prototype, key)?.get as () => unknown
  return (of) => Reflect.apply(get, of, [])
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const nameOfTypedArray = intrinsic(typedArray, Symbol.toStringTag)
const sizeOfTypedArray = intrinsic(typedArray, 'byteLength') as (of: object) => number
const sizeOfDataView = intrinsic(DataView.prototype, 'byteLength') as (of: object) => number

/** How many bytes a view has. One that is detached, or whose buffer has shrunk below it, has none. */
function sizeOf(view: object): number {
  if (nameOfTypedArray(view) !== undefined) return sizeOfTypedArray(view)
  try {
    return sizeOfDataView(view)
  } catch {
    // Where a typed array has no bytes, a DataView throws.
    return 0
  }
}

/** A typed array, Buffer or DataView, and a stretch of it in bytes. Returns the length, whose default is all that follows `offset`. */
export function stretch(buffer: unknown, offset: unknown, length: unknown): number {
  if (!ArrayBuffer.isView(buffer)) throw argumentType('buffer', 'a Buffer, TypedArray or DataView', buffer)
  const size = sizeOf(buffer)
  const start = offset === undefined ? 0 : integer(offset, 'offset', 0, size)
  return length === undefined ? size - start : integer(length, 'length', 0, size - start)
}
