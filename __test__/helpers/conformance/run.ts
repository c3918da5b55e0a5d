/** Runs a case on a combination and compares what it comes to with the table. */
import test from '../test.js'
import type { ExecutionContext } from '../test.js'
import { absence } from './absent.js'
import { actByHand, actInTurns } from './acting.js'
import type { Acting } from './acting.js'
import { TooLate, actOut } from './case.js'
import {
  itAddsAReadyOne,
  itRemovesItself,
  itTurnsToWriting,
  itWaits,
  theFirstRemovesTheOther,
} from './changes.js'
import { COMBOS, columnOf, drivesItself, suffixOf } from './combos.js'
import type { Combo } from './combos.js'
import { addedAndRemovedAtOnce, batchesOfThree, highNumbers, oneOfAHundredConnections } from './crowd.js'
import { needsSettling } from './fixtures.js'
import { Refused } from './outcome.js'
import {
  everyCombination,
  nesting,
  nothingIsInherited,
  oneOfTwelvePipes,
  unknownInterest,
} from './procedures.js'
import { variants } from './steps.js'
import { accepted, matches, rows } from './table.js'
import type { Row } from './table.js'
import {
  aDescriptorIsClosed,
  aReadyOneIsAdded,
  aWakeEndsIt,
  anInterestIsWidened,
  itIsClosed,
  modificationsRace,
  nothingAtOnce,
  threeWakesAreOne,
  waitsByHand,
  waitsForNothing,
  waitsWithoutEnd,
} from './time.js'
import { World } from './world.js'

type Procedure = (world: World) => Acting

const procedures: Readonly<Record<string, Procedure>> = {
  A13: unknownInterest,
  A30: everyCombination,
  A32: nothingIsInherited,
  B13: oneOfTwelvePipes,
  H06: nesting,
  J07: theFirstRemovesTheOther,
  J09: itRemovesItself,
  J10: itAddsAReadyOne,
  J11: itTurnsToWriting,
  J14: itWaits,
  L02: batchesOfThree,
  L04: oneOfAHundredConnections,
  L05: highNumbers,
  L06: addedAndRemovedAtOnce,
}

/** What differs where turns are taken by hand; poll() and wake() have tests of their own for the rest. */
const byHand: Readonly<Record<string, Procedure>> = { M04: waitsByHand }

/** And where they come by themselves. */
const inTurns: Readonly<Record<string, Procedure>> = {
  M01: nothingAtOnce,
  M04: waitsWithoutEnd,
  M05: waitsForNothing,
  M06: aWakeEndsIt,
  M08: threeWakesAreOne,
  M10: aReadyOneIsAdded,
  M11: anInterestIsWidened,
  M13: itIsClosed,
  M15: aDescriptorIsClosed,
  M16: modificationsRace,
}

/** Every way to act a row out on a combination. */
function actingsOf({ id, setup }: Row, combo: Combo): readonly Procedure[] {
  if (setup !== undefined) return variants(setup).map((steps) => (world) => actOut(world, steps))
  const procedure = procedures[id] ?? (drivesItself(combo) ? inTurns : byHand)[id]
  return procedure === undefined ? [] : [procedure]
}

async function actOnce(procedure: Procedure, combo: Combo): Promise<string> {
  const world = new World(combo)
  try {
    const acting = procedure(world)
    return await (drivesItself(combo) ? actInTurns(acting) : actByHand(acting))
  } catch (error) {
    if (error instanceof Refused) return error.item
    throw error
  } finally {
    world.end()
  }
}

/** A machine that is too slow for a case's timer five times over is no place for it. */
async function act(procedure: Procedure, combo: Combo): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await actOnce(procedure, combo)
    } catch (error) {
      if (!(error instanceof TooLate) || tries === 5) throw error
    }
  }
}

/** Compares what a row came to with its column. */
export function compare(t: ExecutionContext, { id, setup }: Row, combo: Combo, got: string): void {
  const patterns = accepted(id, columnOf(combo)) ?? []
  const isFine = patterns.some((pattern) => matches(pattern, got))
  const what = setup === undefined ? 'a procedure' : setup.join(', ')
  t.true(isFine, `${id}: ${what}\n expected ${patterns.join('  or  ')}\n      got ${got}`)
}

/** Whether a row is there to be run on a combination. */
export const exists = (id: string, combo: Combo): boolean =>
  accepted(id, columnOf(combo)) !== undefined && absence(id, combo) === undefined

/** How many cases that wait for the kernel do so at once: few enough for select, which takes numbers below 1,024. */
const AT_ONCE = 8
let free = AT_ONCE
const waiting: (() => void)[] = []

async function enter(): Promise<void> {
  if (free > 0) {
    free -= 1
    return
  }
  await new Promise<void>((resolve) => {
    waiting.push(resolve)
  })
}

function leave(): void {
  const next = waiting.shift()
  if (next === undefined) free += 1
  else next()
}

/** Steps that change what the whole process has, or close a number that is watched. */
const ALONE = /^(?:nofile|closed|takes|dup2)\(/

/** Whether others may be acted out while this one waits: only where it waits without blocking, and harms nobody. */
const mayOverlap = ({ setup = [] }: Row, combo: Combo): boolean =>
  !drivesItself(combo) &&
  setup.some((step) => needsSettling(step.split(/[ (]/, 1)[0] ?? '')) &&
  !setup.some((step) => ALONE.test(step))

/** Declares every row that has steps or a procedure, on every combination. */
export function declareRows(): void {
  for (const row of rows) {
    for (const combo of COMBOS.filter((one) => exists(row.id, one))) {
      const actings = actingsOf(row, combo)
      if (actings.length === 0) continue
      const overlaps = mayOverlap(row, combo)
      const declare = overlaps ? test : test.serial
      declare(`${row.id}::${suffixOf(combo)}`, async (t) => {
        if (overlaps) await enter()
        try {
          for (const acting of actings) compare(t, row, combo, await act(acting, combo))
        } finally {
          if (overlaps) leave()
        }
      })
    }
  }
}
