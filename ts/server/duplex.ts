import { Duplex } from 'node:stream'
import { argumentType, argumentValue, libraryFailure } from '../errors.js'
import { boolean, callable, integer, options as keys, stretch } from '../validate.js'
import type { SocketAddress } from '../net/address.js'
import { bytesOf, isBytes, mostBytes } from './bytes.js'
import type { Connection, EndAddress } from './connection.js'
import type { Handlers } from './handlers.js'
import { Link } from './link.js'

/** How a connection becomes a stream. */
export interface DuplexOptions {
  /** Bytes that a `data` handler got already and that the stream shall read first, such as what follows a PROXY header. */
  readonly head?: Uint8Array
  /** Whether the stream stays open for writing when the peer ends, whatever the server says. @default true, as a Duplex, and as `http` needs */
  readonly allowHalfOpen?: boolean
  /** From how many unread bytes on the stream reads no more, 0 to 2^31 - 1. @default 65536 */
  readonly readableHighWaterMark?: number
  /** From how many unsent bytes on `write` returns false, 0 to 2^31 - 1. @default 65536 */
  readonly writableHighWaterMark?: number
}

/**
 * A connection as a stream of Node's. Made by `toDuplex`. Beside what every Duplex has it has what `net.Socket` has and servers use,
 * with the same meaning. It is no `net.Socket`: there is no handle, and `instanceof` says no.
 */
export interface ConnectionDuplex<T = undefined> extends Duplex {
  /** What it stands on. Its `data` is yours; leave reading, writing and closing to the stream. */
  readonly connection: Connection<T>
  /** The peer's IP address; `undefined` for a UNIX socket. It stays known after the close. */
  readonly remoteAddress: string | undefined
  /** The peer's family; `undefined` as `remoteAddress` is. */
  readonly remoteFamily: 'IPv4' | 'IPv6' | undefined
  /** The peer's port; `undefined` as `remoteAddress` is. */
  readonly remotePort: number | undefined
  /** This end's IP address; `undefined` for a UNIX socket and after the close. */
  readonly localAddress: string | undefined
  /** This end's family; `undefined` as `localAddress` is. */
  readonly localFamily: 'IPv4' | 'IPv6' | undefined
  /** This end's port; `undefined` as `localAddress` is. */
  readonly localPort: number | undefined
  /** Bytes that the reactor has read; some may still be in the stream. */
  readonly bytesRead: number
  /** Bytes that the kernel has taken. */
  readonly bytesWritten: number
  /** What `setTimeout` was last called with; `undefined` before. */
  readonly timeout: number | undefined
  /** Always false: it is a connection already. */
  readonly connecting: false
  /** Where this end is, as `net.Socket` tells it: an empty object if that is nowhere. */
  address(): Partial<SocketAddress>
  /** As `connection.setNoDelay`; without effect on a UNIX socket. */
  setNoDelay(on?: boolean): this
  /** As `connection.setKeepAlive`; without effect on a UNIX socket. */
  setKeepAlive(on?: boolean, idleMs?: number): this
  /**
   * For how many milliseconds nothing may be read or written until `'timeout'` is emitted, once for each such time; 0 for ever. Nothing
   * else happens then, unless nobody listens: then it is destroyed with `ERR_FDREACTOR_TIMEOUT`. Until this is called
   * `limits.idleTimeoutMs` holds.
   */
  setTimeout(ms: number, listener?: () => void): this
  /** Ends, and destroys when everything has been sent. */
  destroySoon(): void
  /** Destroys with a reset (TCP): the peer reads `ECONNRESET`. */
  resetAndDestroy(): this
  /** Lets it keep the process alive while it is open, which is the default. */
  ref(): this
  /** Lets it not keep the process alive. */
  unref(): this
}

/** How much of a large write is handed over at once: what the kernel does not take of it is copied. */
const PART = 256 * 1024

/** Bytes, or a text that is short enough to be handed over whole. */
interface Piece {
  readonly chunk: Buffer | string
  readonly encoding: BufferEncoding
}

type Callback = (error?: Error | null) => void

/** `Connection` tells of its peer with `unix` too, which `net.Socket` does not have. */
type IpAddress = EndAddress & { readonly family: 'IPv4' | 'IPv6' }

const ip = (end: EndAddress | undefined): IpAddress | undefined =>
  end === undefined || end.family === 'unix' ? undefined : (end as IpAddress)

class LinkDuplex extends Duplex implements ConnectionDuplex<unknown> {
  readonly connecting = false
  timeout: number | undefined
  readonly #link: Link
  /** What waits until the peer has taken what came before, and who wants to know. */
  #pieces: Piece[] = []
  #offset = 0
  #callback: Callback | undefined
  /** Whether the connection is closed, and who wants to know. */
  #isClosed: boolean
  #closed: (() => void) | undefined
  /** How many bytes had been moved when `timeout` was last emitted. */
  #movedAtTimeout = -1

  constructor(link: Link, options: Omit<Required<DuplexOptions>, 'head'>, head: Uint8Array | undefined) {
    super({ ...options, decodeStrings: false })
    this.#link = link
    this.#isClosed = link.isOver
    link.takeOver(this.#handlers())
    if (head !== undefined) this.push(head)
    if (link.hasPeerEnded) this.push(null)
    if (this.#isClosed) this.destroy()
    else if (link.hasEnded) this.end()
  }

  /** What is called for the connection from now on. */
  #handlers(): Handlers {
    return {
      receiver: this,
      open: undefined,
      data: (_link: unknown, bytes: unknown) => {
        if (!this.push(bytes)) this.#link.pause()
      },
      drain: () => this.#goOn(),
      end: () => {
        this.push(null)
        // As net.Socket: the end is told also where nobody reads, if there is nothing to read.
        this.read(0)
      },
      timeout: () => this.#idle(),
      error: undefined,
      close: (_link: unknown, error: unknown) => this.#gone(error as Error | undefined),
    }
  }

  override _read(): void {
    this.#link.resume()
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: Callback): void {
    this.#send([{ chunk, encoding }], callback)
  }

  override _writev(pieces: Piece[], callback: Callback): void {
    this.#send(pieces, callback)
  }

  /** Its callback says that nothing is left to be sent: whoever destroys after `finish` loses nothing. */
  override _final(callback: Callback): void {
    this.#link.end()
    this.#callback = callback
    this.#goOn()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const waiting = this.#callback
    this.#callback = undefined
    this.#pieces = []
    waiting?.(error ?? libraryFailure('CLOSED'))
    if (this.#isClosed) {
      callback(error)
      return
    }
    this.#closed = () => callback(error)
    // What fits into the kernel is sent, as net.Socket would have done when it was written.
    this.#link.flush()
    this.#link.destroy()
  }

  #send(pieces: Piece[], callback: Callback): void {
    const most = Math.min(PART, this.#link.role.bufferedBytes)
    this.#pieces = pieces.map((piece) =>
      typeof piece.chunk === 'string' && least(piece) > most
        ? { ...piece, chunk: Buffer.from(piece.chunk, piece.encoding) }
        : piece,
    )
    this.#offset = 0
    this.#callback = callback
    if (this.#handOver()) this.#done()
  }

  /** Everything that was kept has been sent. */
  #goOn(): void {
    if (this.#callback === undefined) return
    if (this.#pieces.length > 0 ? this.#handOver() : this.#link.flush()) this.#done()
  }

  #done(): void {
    const callback = this.#callback
    this.#callback = undefined
    callback?.()
  }

  /** Hands over what waits. Whether that was all of it, and less than the high-water mark is kept; if not, `drain` follows. */
  #handOver(): boolean {
    const link = this.#link
    const { bufferedBytes } = link.role
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      if (link.readyState === 'closed') return false
      const room = bufferedBytes - link.bufferedAmount
      if (room < least(piece)) {
        if (!link.flush()) return false
      } else if (!this.#handOverSome(piece, Math.min(room, PART))) return false
    }
    return true
  }

  /** A text, or as much of the bytes as there is room for. */
  #handOverSome({ chunk, encoding }: Piece, room: number): boolean {
    if (typeof chunk === 'string') {
      this.#pieces.shift()
      return this.#link.write(chunk, encoding)
    }
    const start = this.#offset
    const size = Math.min(room, chunk.length - start)
    this.#offset += size
    if (this.#offset === chunk.length) {
      this.#pieces.shift()
      this.#offset = 0
    }
    return this.#link.write(chunk, start, size)
  }

  #idle(): void {
    const moved = this.bytesRead + this.bytesWritten
    if (moved === this.#movedAtTimeout) return
    this.#movedAtTimeout = moved
    if (!this.emit('timeout')) this.destroy(libraryFailure('TIMEOUT'))
  }

  #gone(error: Error | undefined): void {
    const link = this.#link
    this.#isClosed = true
    // What was asked for by now stays known.
    link.remember()
    if (this.#closed !== undefined) this.#closed()
    else if (error !== undefined || link.isDestroyed || !this.writableEnded || this.#pieces.length > 0)
      this.destroy(error)
    // Both sides have ended. What has been read may still have to be fetched.
    else this.#goOn()
  }

  get connection(): Connection<unknown> {
    return this.#link
  }

  get remoteAddress(): string | undefined {
    return ip(this.#link.remoteAddress)?.address
  }

  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    return ip(this.#link.remoteAddress)?.family
  }

  get remotePort(): number | undefined {
    return ip(this.#link.remoteAddress)?.port
  }

  get localAddress(): string | undefined {
    return this.address().address
  }

  get localFamily(): 'IPv4' | 'IPv6' | undefined {
    return this.address().family
  }

  get localPort(): number | undefined {
    return this.address().port
  }

  address(): Partial<SocketAddress> {
    return { ...ip(this.#link.localAddress) }
  }

  get bytesRead(): number {
    return this.#link.bytesRead
  }

  get bytesWritten(): number {
    return this.#link.bytesWritten
  }

  setNoDelay(on: boolean = true): this {
    const wanted = boolean(on, 'on')
    if (this.#isTcp) this.#link.setNoDelay(wanted)
    return this
  }

  setKeepAlive(on: boolean = true, idleMs: number = 0): this {
    const wanted = boolean(on, 'on')
    if (this.#isTcp) this.#link.setKeepAlive(wanted, idleMs)
    return this
  }

  get #isTcp(): boolean {
    return ip(this.#link.localAddress) !== undefined
  }

  setTimeout(ms: number, listener?: () => void): this {
    if (listener !== undefined) callable(listener, 'listener')
    this.#link.setTimeout(ms)
    this.timeout = ms
    this.#movedAtTimeout = -1
    if (listener !== undefined) {
      if (ms === 0) this.removeListener('timeout', listener)
      else this.once('timeout', listener)
    }
    return this
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  resetAndDestroy(): this {
    if (!this.destroyed) this.#link.reset()
    return this.destroy()
  }

  ref(): this {
    this.#link.ref()
    return this
  }

  unref(): this {
    this.#link.unref()
    return this
  }
}

/** How much room a piece needs: a text is handed over whole. */
const least = ({ chunk }: Piece): number => (typeof chunk === 'string' ? mostBytes(chunk) : 1)

const KEYS = ['head', 'allowHalfOpen', 'readableHighWaterMark', 'writableHighWaterMark']

/**
 * Makes a connection a stream of Node's, on which Node's own `http` and `tls` run:
 * `server.emit('connection', toDuplex(connection))`. The stream holds back the peer when nobody reads it, and its writer when
 * the peer takes nothing.
 *
 * From now on everything that happens to the connection is told by the stream, and the handlers of `listen` or `connect` hear
 * nothing more of it; `reload` does not change that, and `stop(true)` destroys it as before. Called in `open`, the stream gets every
 * byte. Called later, it gets all that no `data` was called with; what a handler has got already goes into `options.head`. What had
 * been written, a pause, an end of either side and a timeout are taken over. A connection that is closed becomes a stream that is
 * destroyed.
 *
 * @throws Argument errors; `ERR_INVALID_ARG_VALUE` for a connection that has a stream already.
 */
export function toDuplex<T = undefined>(
  connection: Connection<T>,
  options: DuplexOptions = {},
): ConnectionDuplex<T> {
  const link: unknown = connection
  if (typeof link !== 'object' || link === null || !Link.owns(link))
    throw argumentType('connection', 'a connection made by listen or connect', connection)
  if (link.role.handlers.receiver instanceof LinkDuplex)
    throw argumentValue('connection', 'one that has no stream yet', connection)
  const given = keys(options, 'options', KEYS)
  const mark = (key: string): number =>
    given[key] === undefined ? 64 * 1024 : integer(given[key], `options.${key}`, 0, 2 ** 31 - 1)
  const chosen = {
    allowHalfOpen:
      given['allowHalfOpen'] === undefined ? true : boolean(given['allowHalfOpen'], 'options.allowHalfOpen'),
    readableHighWaterMark: mark('readableHighWaterMark'),
    writableHighWaterMark: mark('writableHighWaterMark'),
  }
  const duplex: unknown = new LinkDuplex(link, chosen, headOf(given['head']))
  return duplex as ConnectionDuplex<T>
}

function headOf(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined
  if (!isBytes(value)) throw argumentType('options.head', 'a Buffer or Uint8Array', value)
  const size = stretch(value, undefined, undefined)
  return size === 0 ? undefined : bytesOf(value, 0, size)
}
