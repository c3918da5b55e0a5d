import { nameOf } from '../result.js'
import type { LoadCell, Refusal, Variant } from '../result.js'
import { estimate, random, shuffled } from '../../shared/statistics.js'
import { doubtOf } from './doubt.js'
import { Holders, mostConnections, openFiles } from './holders.js'
import type { Program } from '../../shared/processes.js'
import { start } from './programs.js'
import type { Outcome } from './protocol.js'
import { Refused, Stage } from './stage.js'

export interface LoadPlan {
  readonly variants: readonly Variant[]
  /** Numbers of connections that do nothing. */
  readonly idle: readonly number[]
  readonly active: number
  /** Messages a second. */
  readonly rate: number
  readonly bytes: number
  /** Of a measured window. */
  readonly seconds: number
  readonly rounds: number
  /** Whether the highest sustained rate is looked for. */
  readonly sustain: boolean
  readonly seed: number
  readonly signal?: AbortSignal
}

/** Says how far it is. */
export type Progress = (done: number, total: number, what: string) => void

export interface LoadFindings {
  readonly cells: LoadCell[]
  /** Their `watched` is the number of idle connections. */
  readonly refusals: Refusal[]
  /** What a reader should know, a sentence each. */
  readonly notes: string[]
}

const count = (value: number): string => value.toLocaleString('en-US')

/** The numbers of idle connections that fit beside the active ones, once each. */
export function capped(
  { idle, active }: Pick<LoadPlan, 'idle' | 'active'>,
  files: number,
  notes: string[],
): number[] {
  const most = mostConnections(files) - active
  const over = idle.filter((each) => each > most)
  if (over.length > 0) {
    notes.push(
      `The echo server had ${count(most)} idle connections instead of ${over.map(count).join(' and ')}, which is what ` +
        `${count(files)} open files a process and the ports of one address allow.`,
    )
  }
  return [...new Set(idle.map((each) => Math.min(each, most)))]
}

/** Of fewer idle connections the memory of each is lost in the server's own. */
const TELLING = 100

function cellOf(stage: Stage, idle: number, plan: LoadPlan): LoadCell {
  const { active, rate, bytes, sustain } = plan
  const outcomes = stage.rounds.map(({ outcome }) => outcome)
  const of = (key: 'p50' | 'p99' | 'p999'): ReturnType<typeof estimate> =>
    estimate(outcomes.map((outcome: Outcome) => outcome[key]))
  const doubt = doubtOf(outcomes)
  return {
    variant: nameOf(stage.variant),
    idle,
    active,
    rate,
    bytes,
    p50: of('p50'),
    p99: of('p99'),
    p999: of('p999'),
    cpu: estimate(stage.rounds.map(({ cpu }) => cpu)),
    memory: idle < TELLING ? null : stage.memory,
    sustained: sustain ? estimate(stage.rounds.map(({ sustained }) => sustained ?? 0)) : null,
    doubt: doubt ?? null,
  }
}

/** Servers of all variants side by side, so that their rounds can take turns; of those that are not measured none does anything. */
class Scene {
  readonly #plan: LoadPlan
  readonly #idle: number
  readonly #programs: Program[]
  readonly #holders: Holders
  readonly #findings: LoadFindings
  readonly #step: (what: string) => void

  constructor(
    plan: LoadPlan,
    idle: number,
    most: number,
    programs: Program[],
    findings: LoadFindings,
    step: (what: string) => void,
  ) {
    this.#plan = plan
    this.#idle = idle
    this.#programs = programs
    this.#holders = new Holders(programs, most)
    this.#findings = findings
    this.#step = step
  }

  async play(next: () => number): Promise<void> {
    const { variants, rounds, sustain } = this.#plan
    const clients = await start('clients', this.#programs)
    const stages: Stage[] = []
    for (const variant of variants) {
      this.#step(`${this.#name(variant)}: connecting`)
      const stage = await this.#open(variant, clients)
      if (stage !== undefined) stages.push(stage)
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const stage of shuffled(stages, next)) {
        this.#step(`${this.#name(stage.variant)}: round ${round} of ${rounds}`)
        await stage.measure(sustain)
      }
    }
    this.#tell(stages)
  }

  #name(variant: Variant): string {
    return `${nameOf(variant)} with ${count(this.#idle)} idle connections`
  }

  async #open(variant: Variant, clients: Program): Promise<Stage | undefined> {
    const stage = await Stage.start(variant, this.#plan, clients, this.#programs)
    try {
      await stage.connect(this.#holders, this.#idle)
      return stage
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#findings.refusals.push({
        variant: nameOf(variant),
        side: 'api',
        watched: this.#idle,
        code: error.code,
      })
      await stage.close(this.#holders)
      return undefined
    }
  }

  #tell(stages: readonly Stage[]): void {
    const { cells, notes } = this.#findings
    const named = stages.map((stage) => ({ stage, cell: cellOf(stage, this.#idle, this.#plan) }))
    cells.push(...named.map(({ cell }) => cell))
    if (stages.some((stage) => stage.isGeneratorShort)) {
      notes.push(
        'At the highest sustained rates the generator came to its own end: servers may sustain more.',
      )
    }
  }
}

/**
 * The echo server under load, on every variant and beside every number of idle connections. All programs that it starts
 * have ended when it returns or throws.
 */
export async function measureLoad(plan: LoadPlan, progress: Progress): Promise<LoadFindings> {
  const findings: LoadFindings = { cells: [], refusals: [], notes: [] }
  const files = openFiles()
  const idles = capped(plan, files, findings.notes)
  const steps = plan.variants.length * (plan.rounds + 1)
  const total = idles.length * steps
  const next = random(plan.seed)
  for (const [index, idle] of idles.entries()) {
    let done = index * steps
    const programs: Program[] = []
    const endAll = async (): Promise<void> => {
      await Promise.all(programs.map((program) => program.end()))
    }
    const onAbort = (): void => void endAll()
    plan.signal?.addEventListener('abort', onAbort)
    try {
      plan.signal?.throwIfAborted()
      await new Scene(plan, idle, mostConnections(files), programs, findings, (what) => {
        plan.signal?.throwIfAborted()
        progress(done, total, what)
        done += 1
      }).play(next)
    } catch (error) {
      plan.signal?.throwIfAborted()
      throw error
    } finally {
      plan.signal?.removeEventListener('abort', onAbort)
      await endAll()
    }
  }
  progress(total, total, 'done')
  return findings
}
