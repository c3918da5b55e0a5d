import { Ready } from '../index.js'
import type { Readiness } from '../index.js'

const WORDS = Object.entries(Ready)

const grouped = (value: number): string => value.toLocaleString('en-US')

/** `2,500 bytes`, `1 connection`. */
export function count(value: number, thing: string): string {
  return `${grouped(value)} ${thing}${value === 1 ? '' : 's'}`
}

/** How often: `read`, `read x 3`. */
const times = (name: string, often: number): string => (often === 1 ? name : `${name} x ${grouped(often)}`)

/** What came of one kind of call: how many things it gave in all, and how it ended. */
interface Call {
  readonly thing: string
  often: number
  sum: number
  end: string | undefined
}

/** What happens in one step, in the order in which it first happened. */
export class Notes {
  readonly #told = new Map<string, number>()
  readonly #calls = new Map<string, Call>()
  readonly #said: string[] = []

  told(readiness: Readiness): void {
    const words = WORDS.filter(([, bit]) => (readiness & bit) !== 0).map(([word]) => word)
    const line = words.join(' ')
    this.#told.set(line, (this.#told.get(line) ?? 0) + 1)
  }

  /** A call that gave so many things, or ended with `end`. */
  called(name: string, thing: string, gave: number, end?: string): void {
    const call = this.#calls.get(name) ?? { thing, often: 0, sum: 0, end: undefined }
    this.#calls.set(name, call)
    call.often += 1
    call.sum += gave
    call.end = end
  }

  say(line: string): void {
    this.#said.push(line)
  }

  /** @param isTurn Whether silence is worth a line. */
  lines(isTurn: boolean): readonly string[] {
    const told = [...this.#told].map(([words, often]) => (often === 1 ? words : `${often} x ${words}`))
    if (isTurn && told.length === 0) told.push('-')
    const calls = [...this.#calls].map(([name, { thing, often, sum, end }]) => {
      const gave = [sum > 0 ? count(sum, thing) : undefined, end].filter((part) => part !== undefined)
      return `${times(name, often)}: ${gave.join(', ')}`
    })
    return [...told, ...calls, ...this.#said]
  }
}
