/** The notation of the table: one string, one step. */
import type { Interest } from '../../../dist/index.js'
import type { Mode } from './combos.js'

/** One step, taken apart. What it means is known where it is acted out; there, what is not known is an error. */
export interface Step {
  readonly text: string
  /** The reactor it speaks to; the default one has no name. */
  readonly reactor: string
  /** Whether its result is an item of its own, and the case goes on if it fails. */
  readonly isAttempt: boolean
  readonly verb: string
  readonly args: readonly string[]
  /** The result that it must have: a count, `ok`, or an error's name. */
  readonly demand: string | undefined
}

/** What `up or tp` stands for: cases with it run with each. */
const EITHER = 'up or tp'

const SHAPE = /^(try )?(?:([A-Za-z]\w*)\.)?([a-z_0-9]+\*?(?:, count)?)(?:\((.*)\))?(?: -> (\w+))?$/

/** Reads a setup; more than one result where it leaves a choice of fixtures. */
export function variants(setup: readonly string[]): readonly (readonly Step[])[] {
  const choices = setup.includes(EITHER) ? ['up', 'tp'] : ['']
  return choices.map((choice) => setup.map((text) => parse(text === EITHER ? choice : text)))
}

export function parse(text: string): Step {
  const [, attempt, reactor = '', verb, list = '', demand] = SHAPE.exec(text) ?? []
  if (verb === undefined) throw new Error(`unknown step: ${text}`)
  return { text, reactor, isAttempt: attempt !== undefined, verb, args: split(list), demand }
}

/** Splits at the commas that are not within inner parentheses. */
function split(list: string): string[] {
  return list === '' ? [] : list.split(/,(?![^(]*\))/)
}

type Condition = 'readable' | 'writable' | 'priority' | 'disconnect'

const CONDITIONS: Readonly<Record<string, Condition>> = {
  I: 'readable',
  O: 'writable',
  P: 'priority',
  D: 'disconnect',
}

/** Reads an interest such as `I|O`; `0` is none. */
export function parseInterest(text: string): Interest {
  const interest: Partial<Record<Condition, boolean>> = {}
  for (const letter of text === '0' ? [] : text.split('|')) {
    const condition = CONDITIONS[letter]
    if (condition === undefined) throw new Error(`unknown interest: ${text}`)
    interest[condition] = true
  }
  return interest
}

const NAMED: Readonly<Record<string, Mode>> = { LT: 'level', ET: 'edge', OS: 'oneshot' }

/** Reads a mode that a step names; nothing if it names none. */
export function parseMode(text: string | undefined, other: Mode): Mode | undefined {
  if (text === undefined) return undefined
  const mode = text === 'other' ? other : NAMED[text]
  if (mode === undefined) throw new Error(`unknown mode: ${text}`)
  return mode
}

const isWatching = ({ verb }: Step): boolean => verb === 'add' || verb === 'mod'

/** Whether the case asks for half-closes, so that they count. */
export const asksForHalfClose = (steps: readonly Step[]): boolean =>
  steps.some((step) => isWatching(step) && (step.args[1] ?? '').includes('D'))

/** How many names a reactor's registrations have in the course of the case. With one, the table leaves it out. */
export const countNames = (steps: readonly Step[], reactor: string): number =>
  new Set(steps.filter((step) => step.verb === 'add' && step.reactor === reactor).map(({ args }) => args[0]))
    .size
