import { failureToError, systemError } from '../errors.js'
import type { SystemError } from '../errors.js'
import { outcome } from '../io.js'
import { native } from '../native.js'
import { OwnedSource, failureOf } from '../source.js'
import { boolean, milliseconds, oneOf, options as keys, stretch } from '../validate.js'
import { about, fromNative, parseTarget } from './address.js'
import type { SocketAddress } from './address.js'

/** Where to connect to. */
export interface TcpStreamOptions {
  /** A literal IP address. @default '127.0.0.1' */
  readonly host?: string
  /** 0 to 65,535. */
  readonly port: number
}

/** What Linux takes (tcp(7)). */
const MAX_IDLE_MS = 32_767_000

const DIRECTIONS = ['read', 'write', 'both'] as const

type Handle = InstanceType<typeof native.NativeTcpStream>

/** A TCP connection: non-blocking, close-on-exec, and a source for `register`. It is closed when it is collected. */
export class TcpStream extends OwnedSource {
  readonly #handle: Handle

  private constructor(handle: Handle) {
    super(handle)
    this.#handle = handle
  }

  /** @internal */
  static adopt(handle: Handle): TcpStream {
    return new TcpStream(handle)
  }

  /**
   * Begins to connect and returns at once. When the stream becomes `WRITABLE` that has ended: `takeError()` says how.
   * @throws What is wrong at once: `ENETUNREACH`, `EADDRNOTAVAIL`, `EMFILE`, ... with `address` and `port`; argument errors.
   */
  static connect(options: TcpStreamOptions): TcpStream {
    const given = keys(options, 'options', ['host', 'port'])
    const target = parseTarget(given['host'], given['port'])
    const handle = native.NativeTcpStream.connect(target.host, target.port, target.scope)
    if (typeof handle === 'number') throw failureToError(handle, about(target))
    return new TcpStream(handle)
  }

  /** Reads as `io.read` does. @throws `ECONNRESET` and its like, `ERR_FDREACTOR_CLOSED`, argument errors */
  read(buffer: NodeJS.ArrayBufferView, offset?: number, length?: number): number {
    const size = stretch(buffer, offset, length)
    const result = this.#handle.read(buffer, offset ?? 0, size)
    return result >= 0 ? result : outcome(result, this.fd)
  }

  /** Writes as `io.write` does. @throws `EPIPE`, `ECONNRESET` and their like, `ERR_FDREACTOR_CLOSED`, argument errors */
  write(buffer: NodeJS.ArrayBufferView, offset?: number, length?: number): number {
    const size = stretch(buffer, offset, length)
    const result = this.#handle.write(buffer, offset ?? 0, size)
    return result >= 0 ? result : outcome(result, this.fd)
  }

  /**
   * Closes one direction or both. After `'write'` the peer reads the end behind all data, and this side can still read.
   * @throws `ENOTCONN` if it is not connected (any more), `ERR_FDREACTOR_CLOSED`
   */
  shutdown(direction: 'read' | 'write' | 'both'): void {
    const how = DIRECTIONS.indexOf(oneOf(direction, 'direction', DIRECTIONS))
    this.#check(this.#handle.shutdown(how))
  }

  /**
   * Closes the connection with a reset: what is unsent is dropped, and the peer gets `ECONNRESET`.
   * @throws What setsockopt(2) says if there can be no reset; it is closed all the same.
   */
  reset(): void {
    if (this.closed) return
    const result = this.#handle.resetOnClose()
    const failure = result < 0 ? failureOf(this.#handle, result) : undefined
    this.close()
    if (failure !== undefined) throw failure
  }

  /** Takes the socket's pending error (`SO_ERROR`): why a connection attempt failed, or `undefined`. @throws `ERR_FDREACTOR_CLOSED` */
  takeError(): SystemError | undefined {
    const errno = this.#check(this.#handle.takeError())
    return errno === 0 ? undefined : systemError('connect', errno, { fd: this.fd })
  }

  /** Sends small writes at once instead of gathering them (`TCP_NODELAY`). @default true */
  setNoDelay(on = true): this {
    this.#check(this.#handle.setNoDelay(boolean(on, 'on')))
    return this
  }

  /**
   * Has the system probe an idle connection (`SO_KEEPALIVE`).
   * @param idleMs Idle milliseconds before the first probe, at most 32,767,000, rounded up to seconds; 0 leaves the system's.
   * @default 0
   */
  setKeepAlive(on = true, idleMs = 0): this {
    this.#check(this.#handle.setKeepAlive(boolean(on, 'on'), milliseconds(idleMs, 'idleMs', MAX_IDLE_MS)))
    return this
  }

  /** This end's address. @throws `ERR_FDREACTOR_CLOSED` */
  get localAddress(): SocketAddress {
    const address = this.#handle.localAddress()
    if (typeof address === 'number') throw failureOf(this.#handle, address)
    return fromNative(address)
  }

  /** The peer's address. @throws `ENOTCONN` before the connection is established, `ERR_FDREACTOR_CLOSED` */
  get remoteAddress(): SocketAddress {
    const address = this.#handle.remoteAddress()
    if (typeof address === 'number') throw failureOf(this.#handle, address)
    return fromNative(address)
  }

  #check(result: number): number {
    if (result < 0) throw failureOf(this.#handle, result)
    return result
  }
}
