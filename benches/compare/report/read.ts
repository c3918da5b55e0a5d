import {
  type ChangeCell,
  type Crossover,
  type Estimate,
  type Fit,
  FORMAT,
  type LoadCell,
  type Machine,
  type Refusal,
  type Result,
  type Settings,
  type StrategyCell,
  type TurnCell,
  type Verdict,
} from '../result.js'
import {
  fields,
  finite,
  flag,
  listOf,
  nullOr,
  oneOf,
  positive,
  type Shape,
  ShapeError,
  text,
  whole,
  wrong,
} from './shape.js'

const side = oneOf('api', 'native')

const estimateFields = fields<Estimate>({
  median: finite,
  low: finite,
  high: finite,
  spread: finite,
  rounds: whole(0),
})

const estimate: Shape<Estimate> = (value, path) => {
  const found = estimateFields(value, path)
  return found.low <= found.high ? found : wrong(`${path}.high`, `at least low (${found.low})`, found.high)
}

const turnFields = fields<TurnCell>({
  variant: text,
  side,
  watched: whole(1),
  active: whole(1),
  wall: estimate,
  cpu: estimate,
})

const turn: Shape<TurnCell> = (value, path) => {
  const found = turnFields(value, path)
  return found.active <= found.watched
    ? found
    : wrong(`${path}.active`, `at most watched (${found.watched})`, found.active)
}

const refusal = fields<Refusal>({ variant: text, side, watched: whole(1), code: text })

const change = fields<ChangeCell>({
  variant: text,
  side,
  watched: whole(1),
  register: estimate,
  modify: estimate,
  remove: estimate,
})

const fit = fields<Fit>({ variant: text, side, a: estimate, b: estimate })

const crossover = fields<Crossover>({
  scan: text,
  callback: text,
  active: whole(1),
  watched: nullOr(positive),
})

const load = fields<LoadCell>({
  variant: text,
  idle: whole(0),
  active: whole(1),
  rate: positive,
  bytes: whole(1),
  p50: estimate,
  p99: estimate,
  p999: estimate,
  cpu: estimate,
  memory: nullOr(finite),
  sustained: nullOr(estimate),
  doubt: nullOr(text),
})

const strategy = fields<StrategyCell>({
  strategy: text,
  bytes: whole(1),
  connections: whole(1),
  callbacks: positive,
  waits: positive,
  reads: positive,
  writes: positive,
  cpu: estimate,
})

const verdict = fields<Verdict>({ id: text, claim: text, holds: nullOr(flag), finding: text })

const machine = fields<Machine>({
  cpu: text,
  cores: whole(1),
  memory: positive,
  platform: text,
  arch: text,
  kernel: text,
  mitigations: listOf(text),
  runtime: text,
  fdreactor: text,
  openFiles: positive,
  virtual: nullOr(text),
})

const settings = fields<Settings>({
  command: text,
  mode: oneOf('quick', 'default', 'full'),
  kind: oneOf('eventfd', 'pipe', 'socket'),
  sizes: listOf(whole(1)),
  rounds: whole(1),
  seed: finite,
  unboundedSelect: flag,
})

const format: Shape<typeof FORMAT> = (value, path) =>
  value === FORMAT ? FORMAT : wrong(path, `${FORMAT}, the only one that is known`, value)

// A field that is added to the result and not here does not compile.
const result = fields<Result>({
  format,
  started: text,
  seconds: positive,
  machine,
  settings,
  turns: listOf(turn),
  refusals: listOf(refusal),
  changes: listOf(change),
  fits: listOf(fit),
  crossovers: listOf(crossover),
  load: listOf(load),
  loadRefusals: listOf(refusal),
  strategies: listOf(strategy),
  verdicts: listOf(verdict),
  disturbances: listOf(text),
})

/** What `--json` wrote, checked as a whole; an error names the file and the place inside. */
export function parseResult(content: string, file: string): Result {
  let value: unknown
  try {
    value = JSON.parse(content.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Error(`${file}: no JSON: ${(error as Error).message}`, { cause: error })
  }
  try {
    return result(value, '')
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw new Error(`${file}: not a result of fdreactor compare: ${error.message}`, { cause: error })
  }
}
