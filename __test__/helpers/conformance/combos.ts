import type { Backend, Driver, Interest } from '../../../dist/index.js'
import { CASES, NATIVE } from '../matrix.js'

/** How a registration hears of readiness. */
export type Mode = 'level' | 'edge' | 'oneshot'

/** A way of running a case: what the table's columns are, and who takes the turns. */
export interface Combo {
  readonly backend: Backend
  readonly mode: Mode
  readonly driver: Driver
}

const MODES: readonly Mode[] = ['level', 'edge', 'oneshot']

/** All that exist here; edge on a backend that scans is there to be refused. */
export const COMBOS: readonly Combo[] = CASES.filter(({ trigger }) => trigger === 'level').flatMap(
  ({ backend, driver }) => MODES.map((mode) => ({ backend, mode, driver })),
)

/** The column of the table. */
export const columnOf = ({ backend, mode }: Combo): string => `${backend}::${mode}`

/** What a title ends with. */
export const suffixOf = (combo: Combo): string => `${columnOf(combo)}::${combo.driver}`

/** Whether registrations of this mode must be refused: a scan has no edges. */
export const isRefused = ({ backend, mode }: Combo): boolean => backend !== NATIVE && mode === 'edge'

/** Whether the turns come by themselves. */
export const drivesItself = ({ driver }: Combo): boolean => driver !== 'manual'

/** What a mode is in the words of the library. */
export function arming(mode: Mode): Pick<Interest, 'trigger' | 'oneshot'> {
  return { trigger: mode === 'edge' ? 'edge' : 'level', oneshot: mode === 'oneshot' }
}

/** One that differs and that every backend has, so that nothing but the double registration can be refused. */
export const otherMode = (mode: Mode): Mode => (mode === 'level' ? 'oneshot' : 'level')
