import type { native } from '../native.js'
import { integer, milliseconds, options } from '../validate.js'

/** What protects a server, and this process, from its peers. */
export interface ServerLimits {
  /** The most connections open at a time, from 1 to 2^31 - 1; others wait to be accepted. @default 131072 */
  readonly connections?: number
  /** The most connections accepted in one turn, from 1 to 4,096. @default 64 */
  readonly acceptsPerTurn?: number
  /** For how long a new connection may be silent before its first byte, in milliseconds; `Infinity` for ever. @default 60000 */
  readonly firstByteTimeoutMs?: number
}

/** What bounds each connection. Times are looked at ten times a second: never early, up to 0.2 s late. */
export interface ConnectionLimits {
  /** `write` returns false from so many kept bytes on, and a server does not read from such a peer. 1 to 2^31 - 1. @default 65536 */
  readonly highWaterMark?: number
  /**
   * The most bytes kept for one peer that does not take them, 1 to 2^32 - 1. Beyond, the connection is destroyed with
   * `ERR_FDREACTOR_BUFFER_LIMIT`. @default 67108864
   */
  readonly bufferedBytes?: number
  /** The most bytes kept for all connections of a server together, with the same consequence. @default 1073741824 */
  readonly bufferedBytesInAll?: number
  /** The most bytes read from one connection in one turn, 1 to 2^31 - 1: the others get theirs. @default 262144 */
  readonly bytesPerTurn?: number
  /** For how long one connection is read from in one turn, in milliseconds. @default 1 */
  readonly timePerTurnMs?: number
  /** For how long a connection may neither read nor write, in milliseconds; `Infinity` for ever. @default 300000 */
  readonly idleTimeoutMs?: number
}

type NativeLimits = Parameters<InstanceType<typeof native.NativeTraffic>['listen']>[5]

const CONNECTION_KEYS = [
  'highWaterMark',
  'bufferedBytes',
  'bufferedBytesInAll',
  'bytesPerTurn',
  'timePerTurnMs',
  'idleTimeoutMs',
] as const
const SERVER_KEYS = [...CONNECTION_KEYS, 'connections', 'acceptsPerTurn', 'firstByteTimeoutMs'] as const

/** Checks limits, of a server or of a connection that is asked for. */
export function parseLimits(value: unknown, isServer: boolean): NativeLimits {
  const given =
    value === undefined ? {} : options(value, 'options.limits', isServer ? SERVER_KEYS : CONNECTION_KEYS)
  const count = (key: string, absent: number, max: number): number =>
    given[key] === undefined ? absent : integer(given[key], `options.limits.${key}`, 1, max)
  const time = (key: string, absent: number): number =>
    given[key] === undefined ? absent : timeout(given[key], `options.limits.${key}`)
  return {
    highWaterMark: count('highWaterMark', 64 * 1024, 2 ** 31 - 1),
    bufferedBytes: count('bufferedBytes', 64 * 1024 * 1024, 2 ** 32 - 1),
    bufferedBytesInAll: count('bufferedBytesInAll', 1024 * 1024 * 1024, Number.MAX_SAFE_INTEGER),
    bytesPerTurn: count('bytesPerTurn', 256 * 1024, 2 ** 31 - 1),
    timePerTurnMs:
      given['timePerTurnMs'] === undefined
        ? 1
        : milliseconds(given['timePerTurnMs'], 'options.limits.timePerTurnMs'),
    idleTimeoutMs: time('idleTimeoutMs', isServer ? 300_000 : 0),
    firstByteTimeoutMs: isServer ? time('firstByteTimeoutMs', 60_000) : 0,
    acceptsPerTurn: count('acceptsPerTurn', 64, 4096),
    connections: count('connections', 131_072, 2 ** 31 - 1),
  }
}

/** A timeout as the addon takes it: 0 is none. What is too short for it is the shortest. */
export function timeout(value: unknown, name: string): number {
  const ms = milliseconds(value, name)
  return ms === Number.POSITIVE_INFINITY ? 0 : ms
}
