import type {
  ChangeCell,
  Estimate,
  LoadCell,
  Refusal,
  Result,
  Side,
  TurnCell,
} from '../../../dist/benches/report.js'

/** An estimate that is so many parts wide. */
export function estimate(median: number, part = 0.02): Estimate {
  const half = Math.abs(median) * part
  return { median, low: median - half, high: median + half, spread: part, rounds: 15 }
}

export const sizes = [10, 100, 1000, 10_000] as const

interface Kind {
  readonly variant: string
  /** Nanoseconds of a turn, of each watched descriptor and of each event. */
  readonly base: number
  readonly idle: number
  readonly event: number
  readonly most: number
}

export const kinds: readonly Kind[] = [
  { variant: 'select', base: 900, idle: 61, event: 210, most: 1023 },
  { variant: 'poll', base: 820, idle: 118, event: 190, most: Infinity },
  { variant: 'epoll level', base: 1050, idle: 0.011, event: 240, most: Infinity },
  { variant: 'epoll edge', base: 1010, idle: 0.009, event: 170, most: Infinity },
]

const sides: readonly Side[] = ['api', 'native']

/** What an event costs more where it reaches a callback. */
const BOUNDARY = 130

function turns(): TurnCell[] {
  return kinds.flatMap(({ variant, base, idle, event, most }) =>
    sides.flatMap((side) =>
      sizes
        .filter((watched) => watched <= most)
        .flatMap((watched) =>
          [
            ...new Set([1, watched / 100, watched / 10, watched].map((it) => Math.max(1, Math.round(it)))),
          ].map((active) => {
            const cost = base + idle * watched + (event + (side === 'api' ? BOUNDARY : 0)) * active
            return { variant, side, watched, active, wall: estimate(cost * 1.05, 0.04), cpu: estimate(cost) }
          }),
        ),
    ),
  )
}

function refusals(): Refusal[] {
  return kinds.flatMap(({ variant, most }) =>
    sides.flatMap((side) =>
      sizes
        .filter((watched) => watched > most)
        .map((watched) => ({ variant, side, watched, code: 'ERR_FDREACTOR_FD_LIMIT' })),
    ),
  )
}

function changes(): ChangeCell[] {
  return kinds
    .filter(({ variant }) => variant !== 'select')
    .flatMap(({ variant, event }) =>
      sides.map((side) => ({
        variant,
        side,
        watched: 1000,
        register: estimate(event * 9),
        modify: estimate(event * 5),
        remove: estimate(event * 6),
      })),
    )
}

function load(): LoadCell[] {
  return kinds.flatMap(({ variant, base, idle: each, most }) =>
    [0, 1000, 10_000]
      .filter((idle) => idle + 50 <= most)
      .map((idle) => {
        const p50 = (base * 30 + each * idle * 3) / 1000
        return {
          variant,
          idle,
          active: 50,
          rate: 20_000,
          bytes: 64,
          p50: estimate(p50),
          p99: estimate(p50 * 4, 0.1),
          p999: estimate(p50 * 11, 0.3),
          cpu: estimate(7 + (each * idle) / 4000),
          memory: idle === 0 ? null : 534,
          sustained: variant === 'poll' ? null : estimate(92_000 / (1 + (each * idle) / 90_000)),
          doubt: null,
        }
      }),
  )
}

/** A whole and plausible run, with a refusal, what was not looked for, and a disturbance. */
export function exampleResult(): Result {
  return {
    format: 1,
    started: '2026-03-01T12:00:00.000Z',
    seconds: 94,
    machine: {
      cpu: 'Example 9000 @ 3.20GHz',
      cores: 2,
      memory: 24e9,
      platform: 'linux',
      arch: 'x64',
      kernel: '6.1.0-44-amd64',
      mitigations: ['spectre_v2: Retpolines', 'meltdown: PTI'],
      runtime: 'Node.js 20.20.2',
      fdreactor: '0.1.0',
      openFiles: 20_000,
      virtual: 'kvm',
    },
    settings: {
      command: 'fdreactor compare --seed 7 --html report.html',
      mode: 'default',
      kind: 'eventfd',
      sizes,
      rounds: 15,
      seed: 7,
      unboundedSelect: false,
    },
    turns: turns(),
    refusals: refusals(),
    changes: changes(),
    fits: kinds.flatMap(({ variant, base, idle, event }) =>
      sides.map((side) => ({
        variant,
        side,
        a: estimate(base + event + (side === 'api' ? BOUNDARY : 0)),
        b: variant === 'epoll edge' ? { ...estimate(idle), low: -0.004 } : estimate(idle),
      })),
    ),
    crossovers: [
      { scan: 'select', callback: 'epoll level', active: 1, watched: 4 },
      { scan: 'poll', callback: 'epoll edge', active: 1, watched: 0 },
      { scan: 'select', callback: 'epoll edge', active: 1, watched: null },
    ],
    load: load(),
    loadRefusals: [{ variant: 'select', side: 'api', watched: 10_000, code: 'ERR_FDREACTOR_FD_LIMIT' }],
    strategies: [
      { strategy: 'level', cpu: 11.2, reads: 1, waits: 1 },
      { strategy: 'edge, until it would block', cpu: 13.9, reads: 2, waits: 1 },
      { strategy: 'edge, until a short read', cpu: 11.1, reads: 1, waits: 1 },
    ].map(({ strategy, cpu, reads, waits }) => ({
      strategy,
      bytes: 64,
      connections: 50,
      callbacks: 1,
      waits,
      reads,
      writes: 1,
      cpu: estimate(cpu),
    })),
    verdicts: [
      {
        id: 'scan-grows',
        claim: 'The cost of a scan grows with every watched descriptor',
        holds: true,
        finding: 'poll needs 118 ns more for each idle descriptor, select 61.0 ns.',
      },
      {
        id: 'edge-faster',
        claim: 'Edge-triggered is faster than level-triggered',
        holds: false,
        finding: 'Reading until it would block took 24 % more processor time than level.',
      },
      {
        id: 'select-limit',
        claim: 'select cannot watch 10,000 descriptors',
        holds: null,
        finding: 'The limit of open files did not allow to ask.',
      },
    ],
    disturbances: ['Another process used 31 % of a processor during round 4.'],
  }
}
