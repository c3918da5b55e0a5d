/** One end of a connection: an IP address, or the path of a UNIX socket. */
export interface EndAddress {
  /** The IP address (of a link-local IPv6 one with its scope), or the path; `''` for a UNIX socket without one. */
  readonly address: string
  /** What kind of address it is. */
  readonly family: 'IPv4' | 'IPv6' | 'unix'
  /** 0 to 65,535; 0 for a UNIX socket. */
  readonly port: number
}

/**
 * Where a connection stands: `'open'`; `'ending'` once `end` was called; `'half-open'` once the peer has ended; `'closed'`.
 */
export type ReadyState = 'open' | 'ending' | 'half-open' | 'closed'

/**
 * A TCP or UNIX stream connection that the reactor reads and writes. Made by `listen` and `connect`.
 *
 * What is written within one batch of events, or one tick, is gathered and sent together. After `end` and after the close, writing
 * and every other verb does nothing: a peer may go at any moment, and that is told by `close`, not by an exception.
 */
export interface Connection<T = undefined> extends Disposable {
  /** Yours. At first it is what `data` in the options is. */
  data: T
  /**
   * Sends bytes or text. The memory is yours again when this returns: what cannot be sent at once has been copied. Only bytes that
   * `data` was given are sent from where they lie: leave those as they are until the batch, or the tick, is over.
   *
   * @param offset Bytes from the start of the view. @default 0
   * @param length Bytes. @default all that follow `offset`
   * @returns True while less than the high-water mark is kept. After false, wait for `drain`: beyond `limits.bufferedBytes` the
   * connection is destroyed. Also false if nothing can be written any more.
   * @throws Argument errors.
   */
  write(bytes: NodeJS.ArrayBufferView, offset?: number, length?: number): boolean
  /** Sends text. Returns what `write` of bytes does. @param encoding @default 'utf8' */
  write(text: string, encoding?: BufferEncoding): boolean
  /** Sends several pieces in order, as one. Returns what `write` does. @throws Argument errors; then nothing is sent. */
  writev(pieces: readonly (NodeJS.ArrayBufferView | string)[]): boolean
  /**
   * Has what `fn` writes sent together, large pieces too: they are copied then. Without it they go at once, behind the small ones
   * before them. Returns what `fn` returns.
   */
  cork<R>(fn: () => R): R
  /** Gets no `data` and no `end` until `resume`, not even what has been read already. The peer's end is not noticed either. */
  pause(): this
  /** Ends a pause. What was held back is delivered first, after the caller has returned. */
  resume(): this
  /** Sends the end, behind `data` and everything that was written. What the peer still sends is delivered. */
  end(data?: NodeJS.ArrayBufferView | string): void
  /** Closes at once, and drops what is kept. `error` is for the handlers `error` and `close`, which are called later. */
  destroy(error?: Error): void
  /** The same with a reset (TCP): the peer reads `ECONNRESET`. */
  reset(): void
  /** Whether small writes go at once (`TCP_NODELAY`). They do until this says otherwise: they are gathered already. @throws What setsockopt(2) says. */
  setNoDelay(on?: boolean): this
  /** Probes an idle peer (`SO_KEEPALIVE`), first after `idleMs`, rounded up to seconds. @throws What setsockopt(2) says. */
  setKeepAlive(on?: boolean, idleMs?: number): this
  /**
   * For how many milliseconds it may neither read nor write from now on, instead of `limits.idleTimeoutMs`; 0 or `Infinity` for
   * ever. Then `timeout` is called, or without such a handler the connection destroyed.
   */
  setTimeout(ms: number): this
  /** This end's address; `undefined` once it is closed, or if the system does not say it. */
  readonly localAddress: EndAddress | undefined
  /**
   * The peer's address, or `undefined` if the system does not say it. Once it is closed what was asked for before, in `error` and `close`
   * at the latest.
   */
  readonly remoteAddress: EndAddress | undefined
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly bufferedAmount: number
  /** Bytes read; after the close, as `remoteAddress`. */
  readonly bytesRead: number
  /** Bytes that the kernel has taken; after the close, as `remoteAddress`. */
  readonly bytesWritten: number
  /** Where it stands. */
  readonly readyState: ReadyState
  /** Whether it is paused. */
  readonly isPaused: boolean
  /** Lets it keep the process alive while it is open, which is the default. */
  ref(): this
  /** Lets it not keep the process alive. */
  unref(): this
}
