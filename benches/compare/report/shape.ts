/** A check of one part of a file: gives it back with its type, or says where what is wrong. */
export type Shape<T> = (value: unknown, path: string) => T

/** What is wrong, and where inside. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** What came, short enough for a message. */
function name(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

export function wrong(path: string, expected: string, value: unknown): never {
  throw new ShapeError(`${path === '' ? '' : `${path}: `}expected ${expected}, got ${name(value)}`)
}

export const text: Shape<string> = (value, path) =>
  typeof value === 'string' ? value : wrong(path, 'a string', value)

export const flag: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : wrong(path, 'true or false', value)

/** JSON has 1e999, which is read as Infinity. */
export const finite: Shape<number> = (value, path) =>
  Number.isFinite(value) ? (value as number) : wrong(path, 'a finite number', value)

export function whole(least: number): Shape<number> {
  return (value, path) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? (value as number)
      : wrong(path, `a whole number from ${least} on`, value)
}

export const positive: Shape<number> = (value, path) =>
  Number.isFinite(value) && (value as number) >= 0
    ? (value as number)
    : wrong(path, 'a number from 0 on', value)

export function oneOf<T extends string>(...names: readonly T[]): Shape<T> {
  return (value, path) =>
    names.find((each) => each === value) ??
    wrong(path, names.map((each) => JSON.stringify(each)).join(' or '), value)
}

export function nullOr<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path))
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((each, index) => shape(each, `${path}[${index}]`))
      : wrong(path, 'a list', value)
}

/** An object with these fields; what it has beside them is left out of what is given back. */
export function fields<T extends object>(shapes: { readonly [Key in keyof T]-?: Shape<T[Key]> }): Shape<T> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrong(path, 'an object', value)
    const entries = Object.entries<Shape<unknown>>(shapes).map(([key, shape]) => {
      const part = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
      return [key, shape(part, path === '' ? key : `${path}.${key}`)]
    })
    return Object.fromEntries(entries) as T
  }
}
