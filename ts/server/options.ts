import { argumentType, argumentValue } from '../errors.js'
import { boolean, integer, oneOf } from '../validate.js'

export function parseTrigger(value: unknown): boolean {
  return value !== undefined && oneOf(value, 'options.trigger', ['level', 'edge']) === 'edge'
}

export function parseViews(value: unknown): boolean {
  return value !== undefined && oneOf(value, 'options.views', ['kept', 'lent']) === 'lent'
}

export function flag(given: Record<string, unknown>, key: string): boolean | undefined {
  const value = given[key]
  return value === undefined ? undefined : boolean(value, `options.${key}`)
}

/** Where to listen or connect to, as it was given. */
export type Place =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly hostname: string; readonly port: number }

/** Checks `unix`, or `hostname` and `port`. `others` are keys that make no sense with a path. */
export function parsePlace(given: Record<string, unknown>, others: readonly string[]): Place {
  const path = given['unix']
  if (path === undefined) {
    const { hostname = '127.0.0.1' } = given
    if (typeof hostname !== 'string') throw argumentType('options.hostname', 'a string', hostname)
    if (hostname === '' || hostname.includes('\0'))
      throw argumentValue('options.hostname', 'an address or a name', hostname)
    return { kind: 'tcp', hostname, port: integer(given['port'], 'options.port', 0, 65_535) }
  }
  for (const key of ['hostname', 'port', ...others]) {
    if (given[key] !== undefined)
      throw argumentValue(`options.${key}`, "left out together with 'options.unix'", given[key])
  }
  if (typeof path !== 'string') throw argumentType('options.unix', 'a string', path)
  const isAbstract = path.startsWith('\0')
  if (path === '' || path === '\0' || path.includes('\0', 1))
    throw argumentValue('options.unix', 'a path, or a null byte and a name', path)
  if (isAbstract && process.platform !== 'linux')
    throw argumentValue('options.unix', 'a path: names outside the file system are of Linux alone', path)
  return { kind: 'unix', path }
}
