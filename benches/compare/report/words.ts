import type { Result, Verdict } from '../result.js'
import { bytes, count } from '../../shared/report/format.js'

/** What stands before a verdict. */
export function markOf({ holds }: Verdict): { readonly sign: string; readonly words: string } {
  if (holds === null) return { sign: '?', words: 'not decided' }
  return holds ? { sign: '✔', words: 'holds' } : { sign: '✘', words: 'does not hold' }
}

/** Where and how it was measured: what one needs to repeat it or to doubt it. */
export function facts({ machine, settings, started, seconds }: Result): (readonly [string, string])[] {
  return [
    ['processor', `${machine.cpu}, ${count(machine.cores)} ${machine.cores === 1 ? 'core' : 'cores'}`],
    ['memory', bytes(machine.memory)],
    ['system', `${machine.platform} ${machine.arch}, kernel ${machine.kernel}`],
    ['virtual', machine.virtual ?? 'no'],
    ['mitigations', machine.mitigations.length > 0 ? machine.mitigations.join('; ') : 'none named'],
    ['runtime', `${machine.runtime}, fdreactor ${machine.fdreactor}`],
    ['open files', `at most ${count(machine.openFiles)}`],
    ['command', settings.command],
    [
      'settings',
      `${settings.mode}, ${settings.kind} descriptors, ${settings.rounds} rounds, seed ${settings.seed}${
        settings.unboundedSelect ? ', select beyond its limit' : ''
      }`,
    ],
    ['watched', settings.sizes.map((size) => count(size)).join(', ')],
    ['measured', `${started}, in ${count(seconds)} s`],
  ]
}
