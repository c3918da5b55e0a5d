import { count } from '../../shared/report/format.js'
import { machineFacts, markOf as sharedMark } from '../../shared/report/words.js'
import type { Mark } from '../../shared/report/words.js'
import type { Result, Verdict } from '../result.js'

/** What stands before a verdict. */
export const markOf = (verdict: Verdict): Mark => sharedMark(verdict, 'holds')

/** Where and how it was measured: what one needs to repeat it or to doubt it. */
export function facts({ machine, settings, started, seconds }: Result): (readonly [string, string])[] {
  return [
    ...machineFacts(machine),
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
