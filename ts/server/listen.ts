import { rmSync } from 'node:fs'
import { failureToError } from '../errors.js'
import type { Subject } from '../errors.js'
import type { Trigger } from '../interest.js'
import type { Reactor } from '../reactor.js'
import { callable, integer, options as keys } from '../validate.js'
import { about, endpointNow } from './endpoint.js'
import { hallOf, roleIn } from './hall.js'
import { parseHandlers } from './handlers.js'
import type { SocketHandlers } from './handlers.js'
import { parseLimits } from './limits.js'
import type { ConnectionLimits, ServerLimits } from './limits.js'
import { Link } from './link.js'
import { flag, parsePlace, parseTrigger, parseViews } from './options.js'
import type { Place } from './options.js'
import type { Role } from './role.js'
import { ListeningServer } from './server.js'
import type { Server } from './server.js'
import { reactorOf } from './shared.js'

/** How a server listens. */
export interface ListenOptions<T = undefined> {
  /** What is called for its connections. */
  readonly socket: SocketHandlers<T>
  /** The address to listen on, or a name, which is looked up at once and blocks. `'0.0.0.0'` and `'::'` are all. @default '127.0.0.1' */
  readonly hostname?: string
  /** 0 to 65,535; 0 lets the system choose, and `server.port` tells. */
  readonly port?: number
  /** The path of a UNIX socket instead, which must not exist; on Linux also a null byte and a name outside the file system. */
  readonly unix?: string
  /** The most connections that may wait to be accepted, 1 to 2^31 - 1; the system caps it (`somaxconn`). @default 511 */
  readonly backlog?: number
  /** `SO_REUSEPORT`: several servers share the port, in Workers or processes; Linux spreads connections over them. @default false */
  readonly reusePort?: boolean
  /** `IPV6_V6ONLY`: no IPv4 connections on an IPv6 address. @default the system's: false on Linux */
  readonly ipv6Only?: boolean
  /** Whether connections stay open for writing when the peer ends. @default false: they end when `end` has returned */
  readonly allowHalfOpen?: boolean
  /** How its descriptors are watched. Nothing else depends on it; poll and select have no edges. @default 'level' */
  readonly trigger?: Trigger
  /** What bounds the server and each of its connections. */
  readonly limits?: ServerLimits & ConnectionLimits
  /**
   * What becomes of the bytes that `data` is given. `'kept'`: they stay as they are for as long as somebody keeps them. `'lent'`: they are
   * valid until the batch is over, then their memory is read into again, which spares the processor's cache; copy what you keep.
   * @default 'kept'
   */
  readonly views?: 'kept' | 'lent'
  /** What `connection.data` is at first. */
  readonly data?: T
  /**
   * Called when connections cannot be accepted for want of descriptors or memory (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, ... of
   * `accept` or `epoll_ctl`, with the `address` and `port` where it listens): once, until an accept finds nobody waiting. They go on
   * waiting, and are accepted when there is room. @default `process.emitWarning`
   */
  readonly onError?: (error: Error, server: Server<T>) => void
  /** Which reactor serves. @default one that all servers of this thread share */
  readonly reactor?: Reactor
}

const KEYS = [
  'socket',
  'hostname',
  'port',
  'unix',
  'backlog',
  'reusePort',
  'ipv6Only',
  'allowHalfOpen',
  'trigger',
  'limits',
  'views',
  'data',
  'onError',
  'reactor',
]

/**
 * Listens, and serves every connection: its bytes are read by the reactor and handed to `socket.data`.
 *
 * @throws `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENAMETOOLONG`, `EMFILE`, ... with `address` and `port`; `ENOTFOUND`; argument errors;
 * `ERR_FDREACTOR_TRIGGER_UNSUPPORTED`, `ERR_FDREACTOR_CLOSED`.
 */
export function listen<T = undefined>(options: ListenOptions<T>): Server<T> {
  const given = keys(options, 'options', KEYS)
  const handlers = parseHandlers(given['socket'], 'options.socket')
  const place = parsePlace(given, ['reusePort', 'ipv6Only'])
  const backlog =
    given['backlog'] === undefined ? 511 : integer(given['backlog'], 'options.backlog', 1, 2 ** 31 - 1)
  const reusePort = flag(given, 'reusePort') ?? false
  const ipv6Only = flag(given, 'ipv6Only')
  const isHalfOpenAllowed = flag(given, 'allowHalfOpen') ?? false
  const isEdge = parseTrigger(given['trigger'])
  const limits = parseLimits(given['limits'], true)
  const onError =
    given['onError'] === undefined
      ? warn
      : (callable(given['onError'], 'options.onError') as (error: Error, server: unknown) => void)
  const { data } = given
  const hall = hallOf(reactorOf(given['reactor']))
  const endpoint = endpointNow(place)

  const role = roleIn(hall, 'FDREACTOR_SERVER', {
    handlers,
    isHalfOpenAllowed,
    highWaterMark: limits.highWaterMark,
    isLending: parseViews(given['views']),
    bufferedBytes: limits.bufferedBytes,
    data,
    changed: (step) => server.changed(step),
  })
  const only = ipv6Only === undefined ? 2 : Number(ipv6Only)
  const id = role.exchange.native.listen(endpoint, backlog, reusePort, only, isEdge, limits)
  const subject = about(place, endpoint)
  if (id < 0) throw failureToError(id, subject)
  const server = started(() => new ListeningServer(hall, role, id, subject), role, id, place)
  hall.delivery.begin(id, {
    role,
    isListener: true,
    begin: (connection) => new Link(role, connection),
    failed: (failure) => onError(failureToError(failure, whereabouts(server)), server),
  })
  return server
}

/** What listens already must not stay if nobody gets hold of it. */
function started<S>(start: () => S, { exchange }: Role, id: number, place: Place): S {
  try {
    return start()
  } catch (error) {
    exchange.native.unlisten(id)
    if (place.kind === 'unix' && !place.path.startsWith('\0')) rmSync(place.path, { force: true })
    throw error
  }
}

/** Where a server came to listen: port 0 has become another one. */
function whereabouts({ address: { address, family, port } }: Server<unknown>): Subject {
  return family === 'unix' ? { address } : { address, port }
}

function warn(error: Error): void {
  process.emitWarning(error)
}
