import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as binaries from './binaries.js'
import { processLibc } from './libc.js'

/** A place where the addon might have been, and why it was not taken from there. */
export interface Attempt {
  readonly place: string
  readonly said: string
  /** Whether there is nothing at all. */
  readonly isAbsent: boolean
}

export type Outcome<Addon> =
  | { readonly addon: Addon; readonly place: string }
  | { readonly addon: undefined; readonly attempts: readonly Attempt[] }

/** The variable that names the one file to load. */
export const OVERRIDE = 'NAPI_RS_NATIVE_LIBRARY_PATH'

/** What it says, if it says anything. */
export function override(): string | undefined {
  const path = process.env[OVERRIDE]
  return path === undefined || path === '' ? undefined : resolve(path)
}

/** The names of the binaries that can suit this process, likely ones first. */
export function suitable(): readonly string[] {
  const { arch, platform } = process
  if (platform !== 'linux') return [`${platform}-${arch}`]
  const abis = { glibc: ['gnu'], musl: ['musl'], unknown: ['gnu', 'musl'] }[processLibc() ?? 'unknown']
  return abis.map((abi) => `linux-${arch}-${abi}`)
}

export const packageOf = (name: string): string => `@fdreactor/${name}`

const ABSENT = 'not there'

interface Place {
  readonly place: string
  readonly load: () => unknown
}

/** A checkout's own build comes before a package: whoever has made one wants it. */
function places(): readonly Place[] {
  const file = override()
  if (file !== undefined) return [{ place: file, load: () => binaries.fromFile(file) }]
  const { folder, names } = binaries
  const own = suitable().map((name) => {
    const build = join(folder ?? '', '..', 'native', `fdreactor.${name}.node`)
    // Asked for first: an error that nobody sees costs milliseconds.
    return { place: build, load: () => (existsSync(build) ? binaries.fromFile(build) : undefined) }
  })
  const packaged = suitable()
    .filter((name) => names.includes(name))
    .map((name) => ({ place: packageOf(name), load: () => binaries.fromPackage(name) }))
  // A bundle has no build beside it.
  return folder === undefined ? packaged : [...own, ...packaged]
}

function failure(place: string, error: unknown): Attempt {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
  // Each runtime says it in its own words, and all of them name what they were asked for, first.
  if (/^cannot find (?:module|package) ['"]([^'"]+)/i.exec(line)?.[1] === place)
    return { place, said: ABSENT, isAbsent: true }
  // Plug'n'Play explains why.
  return { place, said: line, isAbsent: error instanceof Error && 'pnpCode' in error }
}

/**
 * Takes the first addon that loads and that `objection` has nothing against.
 *
 * @param objection why an addon cannot be used, or nothing
 */
export function load<Addon>(objection: (addon: unknown) => string | undefined): Outcome<Addon> {
  const attempts: Attempt[] = []
  for (const { place, load: take } of places()) {
    try {
      const addon = take()
      const said = addon === undefined ? ABSENT : objection(addon)
      if (said === undefined) return { addon: addon as Addon, place }
      attempts.push({ place, said, isAbsent: said === ABSENT })
    } catch (error) {
      attempts.push(failure(place, error))
    }
  }
  return { addon: undefined, attempts }
}
