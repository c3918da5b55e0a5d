import { failureToError, libraryFailure } from '../errors.js'
import type { Trigger } from '../interest.js'
import type { Reactor } from '../reactor.js'
import { options as keys } from '../validate.js'
import type { Connection } from './connection.js'
import { about, endpoints } from './endpoint.js'
import type { Endpoint } from './endpoint.js'
import { hallOf, roleIn } from './hall.js'
import type { Hall } from './hall.js'
import { parseHandlers } from './handlers.js'
import type { SocketHandlers } from './handlers.js'
import { parseLimits } from './limits.js'
import type { ConnectionLimits } from './limits.js'
import { Link } from './link.js'
import { flag, parsePlace, parseTrigger, parseViews } from './options.js'
import type { Place } from './options.js'
import type { Role } from './role.js'
import { reactorOf } from './shared.js'

/** Whom to connect to, and how. */
export interface ConnectOptions<T = undefined> {
  /** What is called for the connection. */
  readonly socket: SocketHandlers<T>
  /** An address, or a name: its addresses are tried one after another. @default '127.0.0.1' */
  readonly hostname?: string
  /** 0 to 65,535. */
  readonly port?: number
  /** The path of a UNIX socket instead; on Linux also a null byte and a name outside the file system. */
  readonly unix?: string
  /** Whether it stays open for writing when the peer ends. @default false: it ends when `end` has returned */
  readonly allowHalfOpen?: boolean
  /** How its descriptor is watched. @default 'level' */
  readonly trigger?: Trigger
  /** A client has no idle timeout unless it is set, and is read from however much is kept. */
  readonly limits?: ConnectionLimits
  /**
   * What becomes of the bytes that `data` is given. `'kept'`: they stay as they are for as long as somebody keeps them. `'lent'`: they are
   * valid until the batch is over, then their memory is read into again, which spares the processor's cache; copy what you keep.
   * @default 'kept'
   */
  readonly views?: 'kept' | 'lent'
  /** What `connection.data` is at first. */
  readonly data?: T
  /** Which reactor serves. @default one that all servers of this thread share */
  readonly reactor?: Reactor
}

const KEYS = [
  'socket',
  'hostname',
  'port',
  'unix',
  'allowHalfOpen',
  'trigger',
  'limits',
  'views',
  'data',
  'reactor',
]

/**
 * Connects. Resolves with the connection when it is established, after `open` was called.
 *
 * Rejects with what is wrong: `ECONNREFUSED`, `ETIMEDOUT`, `ENOENT`, `EMFILE`, ... with `syscall`, `address` and `port`; what
 * `dns.lookup` says of a name; argument errors; `ERR_FDREACTOR_CLOSED` if the reactor is closed before.
 */
export async function connect<T = undefined>(options: ConnectOptions<T>): Promise<Connection<T>> {
  const given = keys(options, 'options', KEYS)
  const handlers = parseHandlers(given['socket'], 'options.socket')
  const place = parsePlace(given, [])
  const isHalfOpenAllowed = flag(given, 'allowHalfOpen') ?? false
  const isEdge = parseTrigger(given['trigger'])
  const limits = parseLimits(given['limits'], false)
  const { data } = given
  const hall = hallOf(reactorOf(given['reactor']))
  const role = roleIn(hall, 'FDREACTOR_CONNECT', {
    handlers,
    isHalfOpenAllowed,
    highWaterMark: limits.highWaterMark,
    isLending: parseViews(given['views']),
    bufferedBytes: limits.bufferedBytes,
    data,
    changed: () => {},
  })
  let failure: unknown
  for (const endpoint of await endpoints(place)) {
    try {
      const start = (): number => role.exchange.native.connect(endpoint, isEdge, limits)
      return (await attempt(hall, role, place, endpoint, start)) as unknown as Connection<T>
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** One address. The process lives while it is tried. */
function attempt(
  hall: Hall,
  role: Role,
  place: Place,
  endpoint: Endpoint,
  start: () => number,
): Promise<Link> {
  const { delivery, owner } = hall
  const id = start()
  if (id < 0) throw failureToError(id, about(place, endpoint))
  owner.count(1)
  owner.populate(1)
  return new Promise((resolve, reject) => {
    const over = (): void => {
      delivery.end(id)
      delivery.closers.delete(close)
      owner.count(-1)
      owner.populate(-1)
    }
    const close = (): void => {
      over()
      reject(libraryFailure('CLOSED'))
    }
    delivery.closers.add(close)
    delivery.begin(id, {
      role,
      isListener: false,
      begin(connection) {
        const link = new Link(role, connection)
        over()
        resolve(link)
        return link
      },
      failed(failure) {
        over()
        reject(failureToError(failure, about(place, endpoint)))
      },
    })
  })
}
