import { platform } from 'node:os'
import { openFiles, openNow } from '../shared/machine.js'
import { UsageError } from '../shared/options.js'
import type { Measurement, Mode } from './options.js'
import type { Variant } from './result.js'
import type { TurnPlan } from './turns/measure.js'
import { DESCRIPTORS } from './turns/work.js'
import type { Kind } from './turns/work.js'

/** The kernel's own event-callback backend. */
export const EVENTS = platform() === 'linux' ? 'epoll' : 'kqueue'

export const VARIANTS: readonly Variant[] = [
  { backend: 'select', trigger: 'level' },
  { backend: 'poll', trigger: 'level' },
  { backend: EVENTS, trigger: 'level' },
  { backend: EVENTS, trigger: 'edge' },
]

/** The least that is worth watching; every mode begins with it. */
const SMALLEST = 10

/** Left for the reactors, the runtime and the files that are written. */
const HEADROOM = 64

/** select's limit is beside the largest of these that it takes, with what a runtime has open. */
const STEPS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [10, 100, 960, 10_000],
  default: [10, 32, 100, 320, 960, 3_200, 10_000, 32_000, 100_000],
  full: [
    10, 18, 32, 56, 100, 180, 320, 560, 960, 1_800, 3_200, 5_600, 10_000, 18_000, 32_000, 56_000, 100_000,
  ],
}

const EFFORT: Readonly<Record<Mode, { rounds: number; sampleMs: number }>> = {
  quick: { rounds: 4, sampleMs: 3 },
  default: { rounds: 13, sampleMs: 5 },
  full: { rounds: 25, sampleMs: 10 },
}

/** The most descriptors that this process can watch. */
export function mostWatched(kind: Kind): number {
  return Math.floor((openFiles() - openNow() - HEADROOM) / DESCRIPTORS[kind])
}

function sizesOf({ sizes, mode }: Measurement, most: number): readonly number[] {
  if (sizes) {
    const tooMany = sizes.find((size) => size > most)
    if (tooMany === undefined) return sizes
    throw new UsageError(
      `--sizes: ${tooMany} is more than the ${most} that the limit of open files allows here ('ulimit -n' raises it)`,
    )
  }
  if (most < SMALLEST) {
    throw new UsageError(
      `the limit of open files leaves no room for even ${SMALLEST} descriptors to watch ('ulimit -n' raises it)`,
    )
  }
  const fitting = STEPS[mode].filter((size) => size <= most)
  const last = fitting.at(-1) ?? 0
  // As far as the process may go, if that is a step further.
  return most > last * 1.5 ? [...fitting, most] : fitting
}

export function turnPlan(asked: Measurement): TurnPlan {
  const kind = asked.kind ?? (platform() === 'linux' ? 'eventfd' : 'socket')
  const { rounds, sampleMs } = EFFORT[asked.mode]
  return {
    variants: VARIANTS,
    kind,
    sizes: sizesOf(asked, mostWatched(kind)),
    rounds: asked.rounds ?? rounds,
    sampleMs,
    seed: asked.seed,
    unboundedSelect: asked.unboundedSelect,
  }
}
