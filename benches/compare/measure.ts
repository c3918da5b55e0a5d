import { loadavg } from 'node:os'
import { crossovers } from './crossover.js'
import { measureLoad } from './load/measure.js'
import { machine, openFiles, watchMachine } from '../shared/machine.js'
import type { Measurement, Mode } from './options.js'
import { EVENTS, VARIANTS, turnPlan } from './plan.js'
import type { ProgressLine } from '../shared/progress.js'
import { timesTold } from './repeated.js'
import { FORMAT } from './result.js'
import type { LoadCell, Refusal, Result, StrategyCell } from './result.js'
import { measureStrategies } from './strategies/measure.js'
import { measureTurns } from './turns/measure.js'
import type { TurnFindings } from './turns/measure.js'
import { verdicts } from './verdicts.js'

/** Rounds that differ by more than this, half of them, were disturbed. */
const WIDE = 0.25
/** So many of the figures may be. */
const FEW = 0.1

const LOAD: Readonly<
  Record<Mode, { idle: readonly number[]; seconds: number; rounds: number; sustain: boolean }>
> = {
  quick: { idle: [900, 3000], seconds: 0.4, rounds: 2, sustain: false },
  default: { idle: [10, 900, 10_000], seconds: 1, rounds: 3, sustain: true },
  full: { idle: [10, 100, 900, 3_000, 10_000, 18_000], seconds: 2, rounds: 9, sustain: true },
}

const STRATEGIES: Readonly<Record<Mode, { messages: number; rounds: number }>> = {
  quick: { messages: 150, rounds: 4 },
  default: { messages: 1000, rounds: 9 },
  full: { messages: 3000, rounds: 15 },
}

function disturbed({ turns }: TurnFindings, load: readonly LoadCell[]): string[] {
  const estimates = [...turns.map(({ cpu }) => cpu), ...load.map(({ cpu }) => cpu)]
  const wide = estimates.filter(({ spread }) => spread > WIDE).length
  const doubted = load.filter(({ doubt }) => doubt !== null).length
  const said: string[] = []
  if (wide > estimates.length * FEW) {
    said.push(
      `The rounds of ${wide} of ${estimates.length} figures differ by more than ${WIDE * 100} % (interquartile range by median).`,
    )
  }
  if (doubted > 0) {
    said.push(
      `Of ${load.length} servers under load ${doubted} were not asked at the rate that was planned: latencies are partly the generator's.`,
    )
  }
  return said
}

/** Runs the parts that were asked for, one after the other. */
export async function measure(
  asked: Measurement,
  { command, version, progress }: { command: string; version: string; progress: ProgressLine },
): Promise<Result> {
  const started = new Date()
  const watch = watchMachine(loadavg()[0] ?? 0)
  const plan = turnPlan(asked)
  const has = (part: (typeof asked.parts)[number]): boolean => asked.parts.includes(part)

  let turns: TurnFindings = { turns: [], changes: [], refusals: [], fits: [] }
  if (has('turns')) turns = await measureTurns(plan, progress.part('turns'))

  let strategies: readonly StrategyCell[] = []
  if (has('strategies')) {
    strategies = await measureStrategies(
      {
        backend: EVENTS,
        sizes: [64, 4096, 262_144],
        connections: [1, 50],
        seed: asked.seed,
        ...STRATEGIES[asked.mode],
      },
      progress.part('level and edge'),
    )
  }

  let load: { cells: readonly LoadCell[]; notes: readonly string[]; refusals: readonly Refusal[] } = {
    cells: [],
    notes: [],
    refusals: [],
  }
  if (has('load')) {
    const { idle, ...effort } = LOAD[asked.mode]
    load = await measureLoad(
      {
        variants: VARIANTS,
        idle: idle.filter((each) => each < openFiles() - 500),
        active: 10,
        rate: 2000,
        bytes: 64,
        seed: asked.seed,
        ...effort,
        ...(asked.rounds === undefined ? {} : { rounds: asked.rounds }),
      },
      progress.part('under load'),
    )
  }
  progress.end()

  const told = { level: timesTold('level'), edge: timesTold('edge') }
  return {
    format: FORMAT,
    started: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1000),
    machine: machine(version),
    settings: {
      command,
      mode: asked.mode,
      kind: plan.kind,
      sizes: plan.sizes,
      rounds: plan.rounds,
      seed: asked.seed,
      unboundedSelect: asked.unboundedSelect,
    },
    turns: turns.turns,
    refusals: turns.refusals,
    changes: turns.changes,
    fits: turns.fits,
    crossovers: crossovers(turns.fits, plan.sizes),
    load: load.cells,
    loadRefusals: load.refusals,
    strategies,
    verdicts: verdicts({ ...turns, load: load.cells, strategies, told }),
    disturbances: [...watch.say(), ...disturbed(turns, load.cells), ...new Set(load.notes)],
  }
}
