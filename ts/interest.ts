import { argumentType, argumentValue } from './errors.js'
import { boolean, intrinsic, oneOf, options } from './validate.js'

/** How readiness is told. See {@link Interest.trigger}. */
export type Trigger = 'level' | 'edge'

/** What a registration asks for. */
export interface Interest {
  /** Data, a connection to accept, or an end to read. Asks for the peer's half-close as well. @default false */
  readonly readable?: boolean
  /** Room to write, or the end of a connection attempt. @default false */
  readonly writable?: boolean
  /** Urgent data and other exceptional conditions. Not on kqueue. @default false */
  readonly priority?: boolean
  /** The peer's half-close or hang-up alone, without hearing of data. Told once. Cannot be told by select. @default false */
  readonly disconnect?: boolean
  /**
   * `'level'`: called in every turn while the descriptor is ready; reading a part is enough.
   * `'edge'`: called on a change, and once at `register`, `modify` and `rearm` if ready; read or write until `WOULD_BLOCK`.
   * More edges than changes may come. poll and select have no edges and refuse.
   * @default 'level' in `register`, as before in `modify`
   */
  readonly trigger?: Trigger
  /** One call, then silence until `rearm` or `modify`. @default false in `register`, as before in `modify` */
  readonly oneshot?: boolean
  /**
   * `EPOLLEXCLUSIVE`: of several reactors that watch one descriptor, not all are woken. epoll only, with `readable` and
   * `writable` alone, without `oneshot`. @default false in `register`, as before in `modify`
   */
  readonly exclusive?: boolean
}

/** What `register` takes. */
export interface InterestOptions extends Interest {
  /** Whether the open registration keeps the process alive. @default true */
  readonly ref?: boolean
  /** Closes the registration when aborted. If it is already, `register` throws its reason. */
  readonly signal?: AbortSignal
}

/** What `ready` takes besides the interest. */
export interface ReadyOptions {
  /** Gives up when aborted, with its reason. */
  readonly signal?: AbortSignal
  /** Whether waiting keeps the process alive. @default true */
  readonly ref?: boolean
}

const INTEREST_KEYS = [
  'readable',
  'writable',
  'priority',
  'disconnect',
  'trigger',
  'oneshot',
  'exclusive',
] as const
const OPTION_KEYS = [...INTEREST_KEYS, 'ref', 'signal'] as const

const CONDITIONS = [
  ['readable', 1],
  ['writable', 2],
  ['priority', 4],
  ['disconnect', 8],
] as const
const CONDITION_BITS = 15
const EDGE = 16
const ONESHOT = 32
const EXCLUSIVE = 64

/** The addon's bits of an interest. `before` gives trigger, oneshot and exclusive where they are not named. */
function bitsOf(given: Record<string, unknown>, before: number): number {
  let bits = 0
  for (const [key, bit] of CONDITIONS) {
    if (flag(given, key, false)) bits |= bit
  }
  const trigger = given['trigger']
  const edge =
    trigger === undefined
      ? (before & EDGE) !== 0
      : oneOf(trigger, 'interest.trigger', ['level', 'edge']) === 'edge'
  if (edge) bits |= EDGE
  if (flag(given, 'oneshot', (before & ONESHOT) !== 0)) bits |= ONESHOT
  if (flag(given, 'exclusive', (before & EXCLUSIVE) !== 0)) bits |= EXCLUSIVE
  return bits
}

/** Reads a property once: it may be a getter. */
function flag(given: Record<string, unknown>, key: string, absent: boolean): boolean {
  const value = given[key]
  return value === undefined ? absent : boolean(value, `interest.${key}`)
}

/** Checks what `modify` was given. */
export function parseInterest(interest: unknown, before: number): number {
  return bitsOf(options(interest, 'interest', INTEREST_KEYS), before)
}

/** What `register` was given, checked. */
export interface ParsedOptions {
  readonly bits: number
  readonly ref: boolean
  readonly signal: AbortSignal | undefined
  /** The bits that no `modify` takes away. */
  readonly fixed: number
}

const abortedOf = intrinsic(AbortSignal.prototype, 'aborted')

/** Whether it is one, and does not only inherit from one. */
function isSignal(value: unknown): value is AbortSignal {
  try {
    abortedOf(value as object)
    return value instanceof AbortSignal
  } catch {
    return false
  }
}

function signalOf(signal: unknown, name: string): AbortSignal | undefined {
  if (signal !== undefined && !isSignal(signal)) throw argumentType(name, 'an AbortSignal', signal)
  return signal
}

/** Checks what `register` was given. */
export function parseOptions(interest: unknown): ParsedOptions {
  const given = options(interest, 'interest', OPTION_KEYS)
  const bits = bitsOf(given, 0)
  const ref = flag(given, 'ref', true)
  return { bits, ref, signal: signalOf(given['signal'], 'interest.signal'), fixed: 0 }
}

/** The same, told once an arming. */
export function asOneshot(parsed: ParsedOptions): ParsedOptions {
  return { ...parsed, bits: parsed.bits | ONESHOT, fixed: ONESHOT }
}

/** Checks what `ready` was given. */
export function parseReady(interest: unknown, more: unknown): ParsedOptions {
  const bits = bitsOf(options(interest, 'interest', INTEREST_KEYS), 0)
  if ((bits & CONDITION_BITS) === 0) throw argumentValue('interest', 'one that asks for something', interest)
  const given = options(more, 'options', ['signal', 'ref'])
  const ref = given['ref'] === undefined ? true : boolean(given['ref'], 'options.ref')
  return { bits: bits | ONESHOT, ref, signal: signalOf(given['signal'], 'options.signal'), fixed: ONESHOT }
}
