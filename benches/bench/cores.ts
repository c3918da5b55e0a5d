import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { existsSync } from 'node:fs'

/** Where the server runs and where the load does, if they can be held apart. */
export interface Cores {
  readonly server: number
  readonly load: number
}

/** Numbers of a list like `0-3,8`. */
export function numbersOf(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
}

/** Where a program stands on PATH. */
export function which(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file))
}

/** The first and the last processor that this process may use; a sentence if there are not two, or nobody can pin. */
export function coresOf(status: string, canPin: boolean): Cores | string {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status) ?? []
  if (list === undefined || !canPin) {
    return 'Servers and load were not pinned to a processor each: taskset is not here.'
  }
  const numbers = numbersOf(list)
  const [server = 0] = numbers
  const load = numbers.at(-1) ?? server
  return server === load ? 'Servers and load shared the only processor.' : { server, load }
}

export function cores(): Cores | string {
  try {
    return coresOf(readFileSync('/proc/self/status', 'utf8'), which('taskset') !== undefined)
  } catch {
    return coresOf('', false)
  }
}

/** What to put before a command so that it runs on this processor. */
export function pinned(core: number | undefined): readonly string[] {
  return core === undefined ? [] : ['taskset', '-c', String(core)]
}
