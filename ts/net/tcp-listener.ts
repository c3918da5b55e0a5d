import { failureToError } from '../errors.js'
import { outcome } from '../io.js'
import { native } from '../native.js'
import { OwnedSource, failureOf } from '../source.js'
import { boolean, integer, options as keys } from '../validate.js'
import { about, fromNative, parseTarget } from './address.js'
import type { SocketAddress } from './address.js'
import { TcpStream } from './tcp-stream.js'

/** How a listener is bound. */
export interface TcpListenerOptions {
  /** A literal IP address. `'0.0.0.0'` or `'::'` listens on all. @default '127.0.0.1' */
  readonly host?: string
  /** 0 to 65,535; 0 lets the system choose, and `localAddress` tells. */
  readonly port: number
  /** The most connections that may wait to be accepted, 1 to 2^31 - 1; the system caps it (`somaxconn`). @default 511 */
  readonly backlog?: number
  /** `SO_REUSEADDR`: binds although closed connections of the address linger. @default true */
  readonly reuseAddress?: boolean
  /** `SO_REUSEPORT`: several listeners share the address; Linux spreads connections over them. @default false */
  readonly reusePort?: boolean
  /** `IPV6_V6ONLY`: an IPv6 listener takes no IPv4 connections. @default the system's: false on Linux */
  readonly ipv6Only?: boolean
}

const OPTION_KEYS = ['host', 'port', 'backlog', 'reuseAddress', 'reusePort', 'ipv6Only'] as const

type Handle = InstanceType<typeof native.NativeTcpListener>

/** A listening TCP socket: non-blocking, close-on-exec, and a source for `register`. It is closed when it is collected. */
export class TcpListener extends OwnedSource {
  readonly #handle: Handle

  private constructor(handle: Handle) {
    super(handle)
    this.#handle = handle
  }

  /**
   * Binds and listens.
   * @throws `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `EMFILE`, ... with `address` and `port`; argument errors.
   */
  static override bind(options: TcpListenerOptions): TcpListener {
    const given = keys(options, 'options', OPTION_KEYS)
    const flag = (key: string): boolean | undefined =>
      given[key] === undefined ? undefined : boolean(given[key], `options.${key}`)
    const target = parseTarget(given['host'], given['port'])
    const backlog =
      given['backlog'] === undefined ? 511 : integer(given['backlog'], 'options.backlog', 1, 2 ** 31 - 1)
    const only = flag('ipv6Only')
    const handle = native.NativeTcpListener.bind(
      target.host,
      target.port,
      target.scope,
      backlog,
      flag('reuseAddress') ?? true,
      flag('reusePort') ?? false,
      only === undefined ? 2 : Number(only),
    )
    if (typeof handle === 'number') throw failureToError(handle, about(target))
    return new TcpListener(handle)
  }

  /**
   * Takes the next connection, or `null` when none waits. One that failed while it waited is passed over.
   * @throws `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: no room, and the connection goes on waiting; `ERR_FDREACTOR_CLOSED`.
   */
  accept(): TcpStream | null {
    const handle = this.#handle.accept()
    if (typeof handle !== 'number') return TcpStream.adopt(handle)
    outcome(handle, this.fd)
    return null
  }

  /** The address it listens on, with the port that the system chose. @throws `ERR_FDREACTOR_CLOSED` */
  get localAddress(): SocketAddress {
    const address = this.#handle.localAddress()
    if (typeof address === 'number') throw failureOf(this.#handle, address)
    return fromNative(address)
  }
}
