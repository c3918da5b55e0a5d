import { argumentValue } from './errors.js'
import { BACKENDS, native } from './native.js'
import { objection, suitableDriver } from './runtime.js'
import type { Backend, Driver } from './runtime.js'
import { boolean, integer, milliseconds, oneOf, options as keys } from './validate.js'

/** How a reactor is made. */
export interface ReactorOptions {
  /** What finds out which descriptors are ready. `'auto'`: epoll on Linux, kqueue on macOS and the BSDs. @default 'auto' */
  readonly backend?: 'auto' | Backend
  /**
   * Who takes the turns.
   * - `'loop'`: the host's own event loop. Node.js and Electron, with epoll or kqueue.
   * - `'thread'`: a helper thread waits; callbacks run on the host's loop. Everywhere.
   * - `'manual'`: you call `poll()`.
   * - `'auto'`: `'loop'` where it works, otherwise `'thread'`.
   * @default 'auto'
   */
  readonly driver?: 'auto' | Driver
  /** The most events taken in one turn, from 1 to 65,536. @default 1024 */
  readonly batchSize?: number
  /**
   * Milliseconds after which a turn lets the host's loop go on, between two callbacks; the rest of the batch follows in the
   * loop's next round (manual: in the next `poll()`). @default Infinity: a turn is one batch
   */
  readonly turnBudgetMs?: number
  /** Lets select take descriptors from 1,024 on, to measure what that costs. Not on macOS. @default false */
  readonly unboundedSelect?: boolean
}

const OPTION_KEYS = ['backend', 'driver', 'batchSize', 'turnBudgetMs', 'unboundedSelect'] as const
/** In the order of the addon. */
export const DRIVERS = ['loop', 'thread', 'manual'] as const

/** What a reactor is made of, checked. */
export interface ParsedReactorOptions {
  readonly backend: Backend
  readonly driver: Driver
  readonly batchSize: number
  readonly budgetMs: number
  readonly isSelectUnbounded: boolean
}

function orDefault<T>(value: unknown, absent: T, parse: (value: unknown) => T): T {
  return value === undefined ? absent : parse(value)
}

function chooseBackend(value: unknown): Backend {
  const wanted = orDefault(value, 'auto', (given) => oneOf(given, 'options.backend', ['auto', ...BACKENDS]))
  const { supported } = native.contract()
  if (wanted !== 'auto') return wanted
  return BACKENDS.find((_, index) => supported[index] === true) ?? 'poll'
}

function chooseDriver(value: unknown, backend: Backend): Driver {
  const wanted = orDefault(value, 'auto', (given) => oneOf(given, 'options.driver', ['auto', ...DRIVERS]))
  const driver = wanted === 'auto' ? suitableDriver(backend) : wanted
  const reason = objection(driver, backend)
  if (reason !== undefined) throw argumentValue('options.driver', `another one: ${reason}`, driver)
  return driver
}

/** Checks what `new Reactor` was given. */
export function parseReactorOptions(options: unknown): ParsedReactorOptions {
  const given = keys(options, 'options', OPTION_KEYS)
  const batchSize = orDefault(given['batchSize'], 1024, (value) =>
    integer(value, 'options.batchSize', 1, 65_536),
  )
  const budgetMs = orDefault(given['turnBudgetMs'], Number.POSITIVE_INFINITY, (value) =>
    milliseconds(value, 'options.turnBudgetMs'),
  )
  const isSelectUnbounded = orDefault(given['unboundedSelect'], false, (value) =>
    boolean(value, 'options.unboundedSelect'),
  )
  const backend = chooseBackend(given['backend'])
  return { backend, driver: chooseDriver(given['driver'], backend), batchSize, budgetMs, isSelectUnbounded }
}
