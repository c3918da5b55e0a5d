import { setImmediate } from 'node:timers/promises'
import { median } from 'simple-statistics'
import type { ChangeCell, Fit, Refusal, Side, TurnCell, Variant } from '../result.js'
import { nameOf } from '../result.js'
import { estimate, fitLine, random, shuffled } from '../../shared/statistics.js'
import { howOften, time } from './clock.js'
import type { Taken } from './clock.js'
import { makeSet, makeWork, stimulus } from './work.js'
import type { DescriptorSet, Kind, Work } from './work.js'

export interface TurnPlan {
  readonly variants: readonly Variant[]
  readonly kind: Kind
  /** How many descriptors are watched, ascending. */
  readonly sizes: readonly number[]
  readonly rounds: number
  /** Milliseconds that one sample takes, about. */
  readonly sampleMs: number
  readonly seed: number
  readonly unboundedSelect: boolean
}

export interface TurnFindings {
  readonly turns: readonly TurnCell[]
  readonly changes: readonly ChangeCell[]
  readonly refusals: readonly Refusal[]
  readonly fits: readonly Fit[]
}

export type Progress = (done: number, total: number, what: string) => void

/** What is warmed up with, and how often. */
const WARM_UP_SIZE = 200
const WARM_UP_VISITS = 8

/** A sample is the median of so many: whatever else the machine does comes in bursts. */
const PARTS = 5

const SIDES: readonly Side[] = ['api', 'native']

/** How many are active: one, one in a hundred, one in ten, all. */
export function activeOf(size: number): number[] {
  return [...new Set([1, Math.round(size / 100), Math.round(size / 10), size])].filter((active) => active > 0)
}

type Effort = Pick<TurnPlan, 'sampleMs' | 'unboundedSelect'>

/** One of those that take turns in a round. Its samples are of one turn each. */
class Contender {
  readonly variant: Variant | null
  readonly side: Side
  readonly turns = new Map<number, Taken[]>()
  readonly changes = { register: [] as number[], modify: [] as number[], remove: [] as number[] }
  /** How many turns a sample has, by the number of active ones. */
  readonly #often = new Map<number, number>()

  constructor(variant: Variant | null, side: Side) {
    this.variant = variant
    this.side = side
  }

  /** One visit: registers, takes a sample for every number of active ones, modifies, removes. */
  visit(set: DescriptorSet, plan: Effort, size: number, keep: boolean): void {
    const { variant, side } = this
    const work =
      variant === null ? stimulus(set, side) : makeWork(set, variant, side, size, plan.unboundedSelect)
    try {
      set.calm()
      const change = (key: 'register' | 'modify' | 'remove'): void => {
        const { cpu } = time(() => work[key]())
        if (keep) this.changes[key].push(cpu / size)
      }
      change('register')
      for (const active of activeOf(size)) {
        // What the last ones left unread is ready still.
        set.calm()
        this.#sample(work, active, plan.sampleMs, keep)
      }
      change('modify')
      change('remove')
    } finally {
      work.close()
    }
  }

  #sample(work: Work, active: number, sampleMs: number, keep: boolean): void {
    let often = this.#often.get(active)
    if (often === undefined) {
      // The first turn finds cold caches, and what a list of ready ones still holds from before.
      work.turns(active, 1)
      often = howOften(sampleMs, (rounds) => work.turns(active, rounds))
      this.#often.set(active, often)
    }
    const rounds = Math.ceil(often / PARTS)
    work.turns(active, Math.ceil(rounds / 2))
    const parts = Array.from({ length: PARTS }, () => time(() => work.turns(active, rounds)))
    if (!keep) return
    const middle = (key: keyof Taken): number => median(parts.map((part) => part[key])) / rounds
    const samples = this.turns.get(active) ?? []
    samples.push({ wall: middle('wall'), cpu: middle('cpu') })
    this.turns.set(active, samples)
  }
}

/** The code with which a backend refuses to watch so many, or nothing. */
function refusal(set: DescriptorSet, variant: Variant, size: number, unbounded: boolean): string | undefined {
  let work: Work | undefined
  try {
    // Its own descriptors are as high as the others.
    work = makeWork(set, variant, 'api', size, unbounded)
    work.register()
    return undefined
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ERR_FDREACTOR_FD_LIMIT') return code
    throw error
  } finally {
    work?.close()
  }
}

/** What a contender's turns took above what the stimulus takes alone: never below nothing. */
function above(contender: Contender, stimuli: Contender, active: number, key: keyof Taken): number[] {
  const alone = median((stimuli.turns.get(active) ?? []).map((taken) => taken[key]))
  return (contender.turns.get(active) ?? []).map((taken) => Math.max(0, taken[key] - alone))
}

/** Measures one number of descriptors: contenders visit in a new random order each round. */
function measureSize(plan: TurnPlan, size: number, next: () => number, tick: (what: string) => void) {
  const set = makeSet(plan.kind, size)
  try {
    const refusals: Refusal[] = []
    const contenders: Contender[] = []
    const stimuli = { api: new Contender(null, 'api'), native: new Contender(null, 'native') }
    for (const variant of plan.variants) {
      const code = refusal(set, variant, size, plan.unboundedSelect)
      for (const side of SIDES) {
        if (code === undefined) contenders.push(new Contender(variant, side))
        else refusals.push({ variant: nameOf(variant), side, watched: size, code })
      }
    }
    const everyone = [stimuli.api, stimuli.native, ...contenders]
    for (let round = -1; round < plan.rounds; round += 1) {
      for (const contender of shuffled(everyone, next)) contender.visit(set, plan, size, round >= 0)
      tick(`${size} descriptors, round ${Math.max(round + 1, 1)} of ${plan.rounds}`)
    }
    return { contenders, stimuli, refusals }
  } finally {
    set.close()
  }
}

/** Has everything compiled before anything is timed: what comes first would pay for it. */
function warmUp({ variants, kind, sizes, sampleMs, unboundedSelect }: TurnPlan): void {
  const size = Math.min(WARM_UP_SIZE, sizes.at(-1) ?? 1)
  const set = makeSet(kind, size)
  try {
    for (const variant of variants) {
      if (refusal(set, variant, size, unboundedSelect) !== undefined) continue
      for (const side of SIDES) {
        const contender = new Contender(variant, side)
        const plan = { sampleMs: sampleMs / 2, unboundedSelect }
        for (let visit = 0; visit < WARM_UP_VISITS; visit += 1) contender.visit(set, plan, size, false)
      }
    }
  } finally {
    set.close()
  }
}

/** The cost of turns and of changes for every variant, side, number of watched and of active descriptors. */
export async function measureTurns(plan: TurnPlan, progress: Progress): Promise<TurnFindings> {
  warmUp(plan)
  const next = random(plan.seed)
  const turns: TurnCell[] = []
  const changes: ChangeCell[] = []
  const refusals: Refusal[] = []
  const points = new Map<string, { variant: string; side: Side; points: { x: number; ys: number[] }[] }>()
  let done = 0
  const tick = (what: string): void => progress((done += 1), plan.sizes.length * (plan.rounds + 1), what)
  for (const watched of plan.sizes) {
    const measured = measureSize(plan, watched, next, tick)
    refusals.push(...measured.refusals)
    for (const contender of measured.contenders) {
      const { side } = contender
      const variant = contender.variant === null ? '' : nameOf(contender.variant)
      const alone = measured.stimuli[side]
      for (const active of activeOf(watched)) {
        const cpu = above(contender, alone, active, 'cpu')
        const wall = estimate(above(contender, alone, active, 'wall'))
        turns.push({ variant, side, watched, active, wall, cpu: estimate(cpu) })
        if (active !== 1) continue
        const key = `${variant} ${side}`
        const line = points.get(key) ?? { variant, side, points: [] }
        line.points.push({ x: watched, ys: cpu })
        points.set(key, line)
      }
      const { register, modify, remove } = contender.changes
      changes.push({
        variant,
        side,
        watched,
        register: estimate(register),
        modify: estimate(modify),
        remove: estimate(remove),
      })
    }
    // Signals and the progress line get through.
    await setImmediate()
  }
  const fits = [...points.values()]
    .filter((line) => line.points.length > 1)
    .map((line) => {
      const { a, b } = fitLine(line.points)
      return { variant: line.variant, side: line.side, a, b }
    })
  return { turns, changes, refusals, fits }
}
