/** Where a row of the table does not exist through the API of TypeScript, and why. */
import { drivesItself, isRefused } from './combos.js'
import type { Combo } from './combos.js'

interface Absence {
  readonly ids: readonly string[]
  readonly where: (combo: Combo) => boolean
  readonly why: string
}

const byHand = ({ driver }: Combo): boolean => driver === 'manual'
const onLoop = ({ driver }: Combo): boolean => driver === 'loop'
const inThread = ({ driver }: Combo): boolean => driver === 'thread'
const once = ({ mode }: Combo): boolean => mode === 'oneshot'

export const ABSENCES: readonly Absence[] = [
  {
    ids: ['M02', 'M03'],
    where: drivesItself,
    why: 'a driver waits until something comes, so there is no time that could be over early',
  },
  {
    ids: ['M07'],
    where: drivesItself,
    why: 'a driver waits by itself, so a program cannot wake it before a certain wait',
  },
  {
    ids: ['M08'],
    where: inThread,
    why: 'a wake that finds nothing goes no further than the thread, so nobody can count them',
  },
  {
    ids: ['M10', 'M11', 'M13', 'M15', 'M16'],
    where: byHand,
    why: 'poll() blocks the only thread that could change anything meanwhile',
  },
  {
    ids: ['M16'],
    where: onLoop,
    why: 'modifications are made in the thread that takes the turns, so nothing races',
  },
  {
    ids: ['N04'],
    where: byHand,
    why: 'nobody takes its turns while the program does nothing, so it keeps no process, referenced or not',
  },
  {
    ids: ['F08', 'F10'],
    where: once,
    why: 'the echo server is level- or edge-triggered',
  },
  {
    ids: ['F08', 'F10', 'J13'],
    where: isRefused,
    why: 'there is no server, and no callback, where the trigger is refused',
  },
]

/** Why a row does not exist there, if it does not. */
export const absence = (id: string, combo: Combo): string | undefined =>
  ABSENCES.find(({ ids, where }) => ids.includes(id) && where(combo))?.why
