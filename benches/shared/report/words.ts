import type { Machine } from '../result.js'
import { bytes, count } from './format.js'

/** What stands before a verdict, and how it is shown. */
export interface Mark {
  readonly sign: string
  readonly words: string
  readonly style: 'green' | 'red' | 'yellow'
}

/** `verb`: what a claim does that is true. */
export function markOf({ holds }: { readonly holds: boolean | null }, verb: 'holds' | 'reached'): Mark {
  if (holds === null) return { sign: '?', words: 'not decided', style: 'yellow' }
  if (holds) return { sign: '✔', words: verb, style: 'green' }
  return { sign: '✘', words: verb === 'holds' ? 'does not hold' : 'not reached', style: 'red' }
}

/** Where it was measured: what one needs to repeat it or to doubt it. */
export function machineFacts(machine: Machine): (readonly [string, string])[] {
  return [
    ['processor', `${machine.cpu}, ${count(machine.cores)} ${machine.cores === 1 ? 'core' : 'cores'}`],
    ['memory', bytes(machine.memory)],
    ['system', `${machine.platform} ${machine.arch}, kernel ${machine.kernel}`],
    ['virtual', machine.virtual ?? 'no'],
    ['mitigations', machine.mitigations.length > 0 ? machine.mitigations.join('; ') : 'none named'],
    ['runtime', `${machine.runtime}, fdreactor ${machine.fdreactor}`],
    ['open files', `at most ${count(machine.openFiles)}`],
  ]
}
