import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'

/** A wrong command line: one line for the user. */
export class UsageError extends Error {}

/** As `parseArgs`. @throws UsageError */
export function parsed<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error))
  }
}

/** A number in a range. */
export function whole(name: string, text: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not '${text}'`)
}

/** Words of a list with commas between. */
export function choices<T extends string>(name: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((each) => {
    const found = known.find((one) => one === each)
    if (found === undefined) throw new UsageError(`${name} takes ${known.join(', ')}, not '${each}'`)
    return found
  })
}

/** Minutes of measuring should not end with a file that cannot be written. */
export function writable(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    if (existsSync(file)) {
      if (statSync(file).isDirectory()) throw new UsageError(`${name}: ${file} is a folder`)
      accessSync(file, constants.W_OK)
    } else accessSync(dirname(file), constants.W_OK)
    return file
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${name}: ${file} cannot be written: ${(error as Error).message}`)
  }
}
