import { UsageError, choices, parsed, whole, writable } from '../shared/options.js'
import { KINDS } from './turns/work.js'
import type { Kind } from './turns/work.js'

export type Mode = 'quick' | 'default' | 'full'
export type Part = 'turns' | 'load' | 'strategies'

export const PARTS: readonly Part[] = ['turns', 'load', 'strategies']

/** What the command line asks for. */
export type Request =
  | { readonly does: 'help' }
  | { readonly does: 'diff'; readonly files: readonly [string, string] }
  | {
      readonly does: 'report'
      readonly from: string
      readonly html: string | undefined
      readonly json: string | undefined
    }
  | ({ readonly does: 'measure' } & Measurement)

export interface Measurement {
  readonly mode: Mode
  readonly parts: readonly Part[]
  readonly kind: Kind | undefined
  readonly sizes: readonly number[] | undefined
  readonly rounds: number | undefined
  readonly seed: number
  readonly unboundedSelect: boolean
  readonly json: string | undefined
  readonly html: string | undefined
}

export const USAGE = `Usage: fdreactor compare [options]
       fdreactor compare --from FILE [--html FILE]
       fdreactor compare --diff FILE FILE

Measures on this machine what it costs to watch many descriptors: scanning them (select, poll) against being
called back (epoll, kqueue), with level- and edge-triggering.

  --quick               under a minute
  --full                more sizes and rounds
  --only PARTS          some of turns, load, strategies, with commas between (all)
  --kind KIND           what is watched: eventfd, pipe or socket (eventfd on Linux, else socket)
  --sizes N,N,...       numbers of watched descriptors (10 to the limit of open files)
  --rounds N            how often each is measured (by mode)
  --seed N              of the order of the measurements (1)
  --unbounded-select    let select go beyond its limit of 1024
  --json FILE           write all figures
  --html FILE           write a page with plots
  --from FILE           measure nothing, report what --json wrote
  --diff FILE FILE      compare two of those
  --help, -h            this text
`

const options = {
  quick: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
  only: { type: 'string' },
  kind: { type: 'string' },
  sizes: { type: 'string' },
  rounds: { type: 'string' },
  seed: { type: 'string', default: '1' },
  'unbounded-select': { type: 'boolean', default: false },
  json: { type: 'string' },
  html: { type: 'string' },
  from: { type: 'string' },
  diff: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Reads the command line. @throws UsageError */
export function parseOptions(args: readonly string[]): Request {
  const { values, positionals } = parsed({ args: [...args], options, allowPositionals: true })
  if (values.help) return { does: 'help' }
  if (values.diff) {
    const [first, second, ...rest] = positionals
    if (first === undefined || second === undefined || rest.length > 0)
      throw new UsageError('--diff takes two files that --json wrote')
    return { does: 'diff', files: [first, second] }
  }
  if (positionals.length > 0) throw new UsageError(`'${positionals[0]}' is not understood`)
  const json = writable('--json', values.json)
  const html = writable('--html', values.html)
  if (values.from !== undefined) return { does: 'report', from: values.from, json, html }
  if (values.quick && values.full) throw new UsageError('--quick and --full exclude each other')
  const sizes = values.sizes?.split(',').map((each) => whole('--sizes', each, 1, 10_000_000))
  return {
    does: 'measure',
    mode: values.quick ? 'quick' : values.full ? 'full' : 'default',
    parts: values.only === undefined ? PARTS : choices('--only', values.only, PARTS),
    kind: values.kind === undefined ? undefined : choices('--kind', values.kind, KINDS)[0],
    sizes: sizes && [...new Set(sizes)].toSorted((a, b) => a - b),
    rounds: values.rounds === undefined ? undefined : whole('--rounds', values.rounds, 2, 1000),
    seed: whole('--seed', values.seed, 0, 2 ** 31 - 1),
    unboundedSelect: values['unbounded-select'],
    json,
    html,
  }
}
