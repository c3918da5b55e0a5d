/** How what happened is written: readiness in the table's letters, errors by the table's names. */
import { Ready } from '../../../dist/index.js'
import type { Backend, Readiness } from '../../../dist/index.js'

/** The library's word: a step without `try` ends its case with it. */
export class Refused extends Error {
  readonly item: string

  constructor(item: string) {
    super(`refused with ${item}`)
    this.item = item
  }
}

/** The reactor broke a rule that holds in every case, or the case could not be acted out. */
export class Broken extends Error {}

export function demand(isFine: boolean, what: string): asserts isFine {
  if (!isFine) throw new Broken(what)
}

/** The library's own errors by the POSIX name that the table has for them. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  ERR_FDREACTOR_CLOSED: 'ENOENT',
  ERR_FDREACTOR_TRIGGER_UNSUPPORTED: 'ENOTSUP',
  ERR_FDREACTOR_INTEREST_UNSUPPORTED: 'ENOTSUP',
  ERR_FDREACTOR_FD_LIMIT: 'RangeError',
  ERR_OUT_OF_RANGE: 'RangeError',
  ERR_INVALID_ARG_TYPE: 'TypeError',
  ERR_INVALID_ARG_VALUE: 'TypeError',
}

/** The table's name for an error; nothing if it has none. */
export function nameOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  const { code } = error
  const own = OWN_NAMES[code]
  // What the table calls by its class must be of it.
  if (own === 'RangeError') return error instanceof RangeError ? own : undefined
  if (own === 'TypeError') return error instanceof TypeError ? own : undefined
  return own ?? (/^E[A-Z0-9]+$/.test(code) ? code : undefined)
}

/** Runs a verb of the library. @throws Refused if the table has a name for its refusal */
export function attempt<T>(verb: () => T): T {
  try {
    return verb()
  } catch (error) {
    const name = nameOf(error)
    throw name === undefined ? error : new Refused(name)
  }
}

/** The name under which a verb is refused. */
export function refusalOf(verb: () => unknown): string {
  try {
    verb()
  } catch (error) {
    return error instanceof Refused ? error.item : (nameOf(error) ?? String(error))
  }
  return 'ok'
}

const LETTERS: readonly (readonly [number, string])[] = [
  [Ready.READABLE, 'I'],
  [Ready.WRITABLE, 'O'],
  [Ready.PRIORITY, 'P'],
  [Ready.READ_CLOSED, 'D'],
  [Ready.HANGUP, 'H'],
  [Ready.ERROR, 'E'],
  [Ready.INVALID, 'N'],
]
const SELECT_LETTERS: readonly (readonly [number, string])[] = [
  [Ready.READABLE, 'r'],
  [Ready.WRITABLE, 'w'],
  [Ready.PRIORITY, 'x'],
  [Ready.INVALID, 'N'],
]

/** Writes a readiness as the table does. Bits that the backend cannot have show as their number, and so match nothing. */
export function flags(backend: Backend, readiness: Readiness): string {
  let text = ''
  let rest: number = readiness
  for (const [bit, letter] of backend === 'select' ? SELECT_LETTERS : LETTERS) {
    if ((readiness & bit) !== 0) text += letter
    rest &= ~bit
  }
  return rest === 0 ? text : `${text}?${rest}`
}

/** How a backend shows that something can be read, or written. */
export const shows = (backend: Backend, condition: 'readable' | 'writable'): string =>
  flags(backend, condition === 'readable' ? Ready.READABLE : Ready.WRITABLE)
