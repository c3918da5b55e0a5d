// The public API, rolled up from ts/ by `npm run build:types`: change it there.
/// <reference types="node" />

import { Duplex } from 'node:stream'

/** A wrong argument. `ERR_INVALID_ARG_TYPE` and `ERR_INVALID_ARG_VALUE` are `TypeError`s, `ERR_OUT_OF_RANGE` is a `RangeError`. */
export declare interface ArgumentError extends Error {
  /** What is wrong with it, as Node.js names that. */
  readonly code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE'
}

/** What finds out which descriptors are ready: epoll(7), kqueue(2), poll(2) or select(2). */
export declare type Backend = 'epoll' | 'kqueue' | 'poll' | 'select'

/** What a reactor's backend can do. */
export declare interface Capabilities {
  /** Edge-triggering. */
  readonly edge: boolean
  /** One event, then silence. */
  readonly oneshot: boolean
  /** Urgent data. */
  readonly priority: boolean
  /** Waking not all of several reactors that watch one descriptor. */
  readonly exclusive: boolean
  /** Telling a half-close or hang-up as such; without it they show as readable or writable only. */
  readonly disconnect: boolean
  /** The highest descriptor it takes, or `Infinity`. */
  readonly maxFd: number
}

/**
 * Connects. Resolves with the connection when it is established, after `open` was called.
 *
 * Rejects with what is wrong: `ECONNREFUSED`, `ETIMEDOUT`, `ENOENT`, `EMFILE`, ... with `syscall`, `address` and `port`; what
 * `dns.lookup` says of a name; argument errors; `ERR_FDREACTOR_CLOSED` if the reactor is closed before.
 */
export declare function connect<T = undefined>(options: ConnectOptions<T>): Promise<Connection<T>>

/**
 * A TCP or UNIX stream connection that the reactor reads and writes. Made by `listen` and `connect`.
 *
 * What is written within one batch of events, or one tick, is gathered and sent together. After `end` and after the close, writing
 * and every other verb does nothing: a peer may go at any moment, and that is told by `close`, not by an exception.
 */
export declare interface Connection<T = undefined> extends Disposable {
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

/**
 * A connection as a stream of Node's. Made by `toDuplex`. Beside what every Duplex has it has what `net.Socket` has and servers use,
 * with the same meaning. It is no `net.Socket`: there is no handle, and `instanceof` says no.
 */
export declare interface ConnectionDuplex<T = undefined> extends Duplex {
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

/** What bounds each connection. Times are looked at ten times a second: never early, up to 0.2 s late. */
export declare interface ConnectionLimits {
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

/** Whom to connect to, and how. */
export declare interface ConnectOptions<T = undefined> {
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

/** Who takes the turns. See {@link ReactorOptions.driver}. */
export declare type Driver = 'loop' | 'thread' | 'manual'

/** How a connection becomes a stream. */
export declare interface DuplexOptions {
  /** Bytes that a `data` handler got already and that the stream shall read first, such as what follows a PROXY header. */
  readonly head?: Uint8Array
  /** Whether the stream stays open for writing when the peer ends, whatever the server says. @default true, as a Duplex, and as `http` needs */
  readonly allowHalfOpen?: boolean
  /** From how many unread bytes on the stream reads no more, 0 to 2^31 - 1. @default 65536 */
  readonly readableHighWaterMark?: number
  /** From how many unsent bytes on `write` returns false, 0 to 2^31 - 1. @default 65536 */
  readonly writableHighWaterMark?: number
}

/** One end of a connection: an IP address, or the path of a UNIX socket. */
export declare interface EndAddress {
  /** The IP address (of a link-local IPv6 one with its scope), or the path; `''` for a UNIX socket without one. */
  readonly address: string
  /** What kind of address it is. */
  readonly family: 'IPv4' | 'IPv6' | 'unix'
  /** 0 to 65,535; 0 for a UNIX socket. */
  readonly port: number
}

/** An error of the library's own. */
export declare interface FdreactorError extends Error {
  /** Which of them. */
  readonly code: FdreactorErrorCode
}

/**
 * The library's own errors. The list is closed; docs in `README.md`, "Errors".
 *
 * - `ERR_FDREACTOR_CLOSED`: the reactor, registration or socket is closed.
 * - `ERR_FDREACTOR_REENTRANT`: `poll()` was called inside a callback of the same reactor.
 * - `ERR_FDREACTOR_WRONG_DRIVER`: `poll()` belongs to the manual driver.
 * - `ERR_FDREACTOR_TRIGGER_UNSUPPORTED`: edge-triggering was asked of poll or select.
 * - `ERR_FDREACTOR_INTEREST_UNSUPPORTED`: the backend cannot watch for what was asked.
 * - `ERR_FDREACTOR_FD_LIMIT`: select takes no descriptor from 1,024 on. A `RangeError`.
 * - `ERR_FDREACTOR_BACKEND_UNSUPPORTED`: this system does not have the backend.
 * - `ERR_FDREACTOR_UNSUPPORTED_PLATFORM`: there is no binary for this system, or none that loads.
 * - `ERR_FDREACTOR_BUFFER_LIMIT`: more would be kept for a peer that takes nothing than `limits` allow.
 * - `ERR_FDREACTOR_TIMEOUT`: a connection was idle, or silent from the beginning, for longer than `limits` allow.
 * - `ERR_FDREACTOR_DETACHED`: a handler transferred the memory that others' bytes lay in.
 * - `ERR_FDREACTOR_PROXY_HEADER`: bytes are no header of the PROXY protocol.
 * - `ERR_FDREACTOR_INTERNAL`: a fault of fdreactor's, or a host that refuses a basic service.
 */
export declare type FdreactorErrorCode =
  | 'ERR_FDREACTOR_CLOSED'
  | 'ERR_FDREACTOR_REENTRANT'
  | 'ERR_FDREACTOR_WRONG_DRIVER'
  | 'ERR_FDREACTOR_TRIGGER_UNSUPPORTED'
  | 'ERR_FDREACTOR_INTEREST_UNSUPPORTED'
  | 'ERR_FDREACTOR_FD_LIMIT'
  | 'ERR_FDREACTOR_BACKEND_UNSUPPORTED'
  | 'ERR_FDREACTOR_UNSUPPORTED_PLATFORM'
  | 'ERR_FDREACTOR_BUFFER_LIMIT'
  | 'ERR_FDREACTOR_TIMEOUT'
  | 'ERR_FDREACTOR_DETACHED'
  | 'ERR_FDREACTOR_PROXY_HEADER'
  | 'ERR_FDREACTOR_INTERNAL'

/** What a registration asks for. */
export declare interface Interest {
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
export declare interface InterestOptions extends Interest {
  /** Whether the open registration keeps the process alive. @default true */
  readonly ref?: boolean
  /** Closes the registration when aborted. If it is already, `register` throws its reason. */
  readonly signal?: AbortSignal
}

/**
 * Reads and writes on any descriptor, at once and without changing its flags: whether they block is the descriptor's owner's
 * choice. Counts are in bytes.
 */
export declare const io: {
  /**
   * Reads what is there, at most `length` bytes, into `buffer` at `offset`. 0 is the end; `WOULD_BLOCK` means nothing yet.
   *
   * @param offset Bytes from the start of `buffer`. @default 0
   * @param length Bytes. @default all that follow `offset`
   * @throws The errors of read(2) but `EAGAIN` and `EINTR`; argument errors.
   */
  readonly read: (fd: number, buffer: NodeJS.ArrayBufferView, offset?: number, length?: number) => number
  /**
   * Writes from `buffer` and returns how many bytes were taken, maybe fewer than asked; `WOULD_BLOCK` means none.
   *
   * @param offset Bytes from the start of `buffer`. @default 0
   * @param length Bytes. @default all that follow `offset`
   * @throws The errors of write(2) but `EAGAIN` and `EINTR`: `EPIPE`, `ECONNRESET`, ...; argument errors.
   */
  readonly write: (fd: number, buffer: NodeJS.ArrayBufferView, offset?: number, length?: number) => number
  /** As `read`, into several buffers in order: the first 1,024 that are not empty. @see readv(2) */
  readonly readv: (fd: number, buffers: readonly NodeJS.ArrayBufferView[]) => number
  /** As `write`, from several buffers in order: the first 1,024 that are not empty. @see writev(2) */
  readonly writev: (fd: number, buffers: readonly NodeJS.ArrayBufferView[]) => number
  /**
   * Takes the next connection of a listening socket and returns its descriptor, non-blocking and close-on-exec, which is
   * yours to close; or `WOULD_BLOCK`. Connections that failed while they waited are passed over.
   *
   * @throws The errors of accept(2): `EMFILE`, `ENFILE`, `ENOBUFS` and `ENOMEM` leave the connection waiting.
   */
  readonly accept: (fd: number) => number
}

/**
 * A registration without a callback, for `for await`.
 *
 * Each step arms it and waits for what the descriptor is ready for then; between two steps it is silent, and costs nothing
 * however ready it is. It ends when the registration is closed, with the reason of its signal if that closed it; leaving the
 * loop closes it.
 */
export declare interface IterableRegistration extends Registration, AsyncIterable<Readiness> {
  /** Begins to wait; there is one iteration at a time. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Readiness>
}

/**
 * Listens, and serves every connection: its bytes are read by the reactor and handed to `socket.data`.
 *
 * @throws `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENAMETOOLONG`, `EMFILE`, ... with `address` and `port`; `ENOTFOUND`; argument errors;
 * `ERR_FDREACTOR_TRIGGER_UNSUPPORTED`, `ERR_FDREACTOR_CLOSED`.
 */
export declare function listen<T = undefined>(options: ListenOptions<T>): Server<T>

/** How a server listens. */
export declare interface ListenOptions<T = undefined> {
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

/**
 * A descriptor of our own. Closing it first closes the registrations that watch it, so that no kernel set and no table keeps
 * a number that may be given out again.
 */
export declare abstract class OwnedSource implements Source, Disposable {
  #private
  /**
   * The descriptor's number, for `register` and `io`. It stays this socket's own: do not close it by number.
   * @throws `ERR_FDREACTOR_CLOSED` after `close()`.
   */
  get fd(): number
  /** Whether `close()` was called. */
  get closed(): boolean
  /** Closes the registrations that watch this socket, then the socket. Calling it again does nothing. */
  close(): void
  /** Same as `close()`. */
  [Symbol.dispose](): void
}

/**
 * Parses a header of the PROXY protocol, with which HAProxy, nginx and load balancers tell a server whom they connect for. Versions 1
 * and 2, as https://github.com/haproxy/haproxy/blob/master/doc/proxy-protocol.txt specifies them; which it is shows in the first byte.
 *
 * Ask for one only where every peer is such a proxy: whoever else connects can claim to be anybody. Without I/O: the bytes of a
 * connection are gathered until there is a header, and what follows it belongs to the connection.
 *
 * @param bytes All that has come of the connection so far.
 * @returns The header, or `undefined` while these bytes are only the beginning of one. A checksum (TLV 0x03) is not verified.
 * @throws `ERR_FDREACTOR_PROXY_HEADER` as soon as they cannot become one any more; `ERR_INVALID_ARG_TYPE`.
 */
export declare function parseProxyHeader(bytes: Uint8Array): ProxyHeader | undefined

/** What a proxy says of a connection before its first byte. */
export declare interface ProxyHeader {
  /** Bytes of the header. What follows is the connection's own. At most 65,551. */
  readonly length: number
  /** 1 is the text, 2 the binary form. */
  readonly version: 1 | 2
  /** `'proxy'`: for a client. `'local'`: by the proxy itself, for a health check say; then nothing else is told. */
  readonly command: 'proxy' | 'local'
  /** The kind of the client's connection; `undefined` if the proxy does not know or does not tell. */
  readonly family: 'IPv4' | 'IPv6' | 'unix' | undefined
  /** `'datagram'` is UDP or its like. */
  readonly transport: 'stream' | 'datagram' | undefined
  /** The client; `undefined` as `family` is: then the connection's own address is all there is. */
  readonly source: EndAddress | undefined
  /** Where the client connected to. */
  readonly destination: EndAddress | undefined
  /** What else is told, in order; empty in version 1, and where `family` is `undefined`. */
  readonly tlvs: readonly ProxyTlv[]
}

/** What a proxy has added to the addresses. */
export declare interface ProxyTlv {
  /** What it is, 0 to 255: 0x01 ALPN, 0x02 the host name that the client asked for, 0x20 about TLS; the specification lists them. */
  readonly type: number
  /** Up to 65,532 bytes, in the memory that was parsed. */
  readonly value: Uint8Array
}

/** Watches descriptors and calls back when they are ready. */
export declare class Reactor implements Disposable {
  #private
  /** Which backend watches. */
  readonly backend: Backend
  /** Who takes the turns. */
  readonly driver: Driver
  /** What the backend can do. */
  readonly capabilities: Capabilities
  /**
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for wrong options;
   * `ERR_FDREACTOR_BACKEND_UNSUPPORTED`, `ERR_FDREACTOR_UNSUPPORTED_PLATFORM`; `EMFILE` and its like.
   */
  constructor(options?: ReactorOptions)
  /**
   * Watches a descriptor. It stays its owner's: its flags are not changed and it is never closed, save that closing a socket of
   * this library first closes its registrations.
   *
   * @param source A descriptor's number, or anything with an `fd`.
   * @param callback Called when it is ready, in the `AsyncLocalStorage` context of this call. Without one the registration is
   * for `for await`.
   * @throws `EEXIST` if this reactor has it already; `EBADF` if it is not open; `EPERM` if epoll or kqueue cannot watch it (regular
   * files, directories, epoll's `/dev/null`: poll and select can); `ERR_FDREACTOR_TRIGGER_UNSUPPORTED`,
   * `ERR_FDREACTOR_INTEREST_UNSUPPORTED`, `ERR_FDREACTOR_FD_LIMIT` by `capabilities`; the reason of an aborted signal.
   */
  register(source: number | Source, interest: InterestOptions, callback: ReadyCallback): Registration
  register(source: number | Source, interest: InterestOptions): IterableRegistration
  /**
   * Resolves when the descriptor is ready, with what it is ready for. Nothing stays registered afterwards; one reactor takes a
   * descriptor once, so one that is waited for cannot be registered meanwhile.
   *
   * Rejects with what `register` would throw; with the signal's reason; with `ERR_FDREACTOR_CLOSED` if the reactor, or the
   * socket of this library, is closed before.
   */
  ready(source: number | Source, interest: Interest, options?: ReadyOptions): Promise<Readiness>
  /**
   * One turn of the manual driver: waits, calls back, and returns how many callbacks ran. 0: the time is over, or a wake.
   *
   * A callback that throws leaves `poll` with its error; the rest of the batch is dispatched by the next `poll`.
   * @param timeoutMs Milliseconds, fractions count and are rounded up; 0 does not wait; `Infinity` or nothing waits for ever.
   * @throws `ERR_FDREACTOR_REENTRANT` inside a callback, `ERR_FDREACTOR_WRONG_DRIVER`, `ERR_FDREACTOR_CLOSED`; what the system
   * says of the wait, such as `EINVAL` from poll for more descriptors than the limit of open files.
   */
  poll(timeoutMs?: number): number
  /**
   * Ends the wait that is under way, or the next one. Nothing is called back.
   * @throws `ERR_FDREACTOR_CLOSED`; `ENOBUFS`, `ENOMEM`: the system has no memory for it, and nothing was woken.
   */
  wake(): void
  /** Something that wakes this reactor from other threads. @throws `ERR_FDREACTOR_CLOSED` */
  waker(): Waker
  /** Lets open registrations keep the process alive, which is the default. */
  ref(): this
  /** Lets no registration keep the process alive. */
  unref(): this
  /** What it has done so far, also after `close()`. */
  stats(): ReactorStats
  /**
   * The epoll or kqueue descriptor, readable while something is ready, so that reactors nest (five deep on Linux, the
   * host's loop counted) and other loops can watch it.
   * `undefined` on poll and select, and once closed. It changes when `stats().rebuilds` does. Never close it.
   */
  get fd(): number | undefined
  /** How many registrations are open. */
  get size(): number
  /** Whether `close()` was called. */
  get closed(): boolean
  /** Closes all registrations; none is called any more. The descriptors stay open. Calling it again does nothing. */
  close(): void
  /** Same as `close()`. */
  [Symbol.dispose](): void
}

/** How a reactor is made. */
export declare interface ReactorOptions {
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

/** What a reactor has done since it was made: whole numbers, but for `slowestTurnMs`. */
export declare interface ReactorStats {
  /**
   * Waits that ended: calls of epoll_wait(2) and its like. Not those that the thread driver begins anew because what is watched has
   * changed meanwhile.
   */
  readonly waits: number
  /** Events that the kernel reported and that were not stale when the wait ended. */
  readonly events: number
  /** Callbacks that ran. */
  readonly callbacks: number
  /** Calls between JavaScript and the addon that turns made. */
  readonly crossings: number
  /** Events dropped because their registration had changed or gone meanwhile. */
  readonly stale: number
  /** Registrations that were parked. */
  readonly parked: number
  /** Times that the kernel's set was rebuilt, to get rid of a descriptor that was closed while a duplicate of it lives. */
  readonly rebuilds: number
  /**
   * System calls that changed the kernel's set, by whatever asked for it: epoll_ctl(2), kevent(2). Like the three below, those that
   * failed count too: they cost as much. 0 on poll and select, which hand their set over in each wait.
   */
  readonly changes: number
  /** System calls that accepted for `listen`: accept4(2), or accept(2). Those that found nobody waiting count too. */
  readonly accepts: number
  /** System calls that read for the connections of `listen` and `connect`: read(2). Those that found nothing count too. */
  readonly reads: number
  /** System calls that wrote for the same: send(2), sendmsg(2). Those that found no room count too. */
  readonly writes: number
  /**
   * The longest that a turn kept this thread, in milliseconds and fractions of them, by a monotonic clock: from the end of its wait
   * until its callbacks, their ticks and promises had run. What it accepted, read and wrote for servers is included; of the turn under
   * way, what has passed of it.
   *
   * - `'thread'`: from when the batch has reached this thread, and without ticks and promises, which run behind it.
   * - `'manual'`: without ticks and promises, which run when the caller of `poll()` has returned. What was accepted and read before
   *   the callbacks is measured by itself.
   * - With `turnBudgetMs` each part of a batch is measured by itself, and what was put off without ticks and promises.
   */
  readonly slowestTurnMs: number
}

/** A set of the bits of {@link Ready}: what was found on a descriptor. A plain number, so that nothing is allocated per event. */
export declare type Readiness = number

/**
 * The bits of a {@link Readiness}, each as the kernel reports it.
 *
 * select(2) can tell only `READABLE`, `WRITABLE` and `PRIORITY`: a hang-up or error shows there as readable or writable.
 * @see epoll_ctl(2), poll(2), select(2), kqueue(2)
 */
export declare const Ready: {
  /** A read will not block: data, a connection to accept, or the end (`EPOLLIN`). */
  readonly READABLE: 1
  /** A write will not block, or a connection attempt has ended (`EPOLLOUT`). */
  readonly WRITABLE: 2
  /** Urgent data or another exceptional condition (`EPOLLPRI`). */
  readonly PRIORITY: 4
  /** The reading direction is closed, by the peer or on this side (`EPOLLRDHUP`). Data may still be unread. */
  readonly READ_CLOSED: 8
  /** The writing direction is closed. Only kqueue tells it. */
  readonly WRITE_CLOSED: 16
  /** Both directions are closed, or the other end of a pipe is gone (`EPOLLHUP`). Data may still be unread. */
  readonly HANGUP: 32
  /** An error is pending (`EPOLLERR`); `takeError()` of a socket says which. */
  readonly ERROR: 64
  /**
   * The descriptor was closed while it was watched (`POLLNVAL`). Told once, and the registration is closed. poll and select see it
   * in their next wait; epoll and kqueue forget a closed descriptor silently, and tell it only when their set is rebuilt.
   */
  readonly INVALID: 128
}

/** Called when a descriptor is ready: at most once per registration in a turn, all conditions merged. */
export declare type ReadyCallback = (readiness: Readiness, registration: Registration) => void

/** What `ready` takes besides the interest. */
export declare interface ReadyOptions {
  /** Gives up when aborted, with its reason. */
  readonly signal?: AbortSignal
  /** Whether waiting keeps the process alive. @default true */
  readonly ref?: boolean
}

/**
 * Where a connection stands: `'open'`; `'ending'` once `end` was called; `'half-open'` once the peer has ended; `'closed'`.
 */
export declare type ReadyState = 'open' | 'ending' | 'half-open' | 'closed'

/** A descriptor that a reactor watches. It never closes the descriptor and never changes its flags. */
export declare interface Registration extends Disposable {
  /** The descriptor's number, also after `close()`. */
  readonly fd: number
  /** Where it stands. */
  readonly state: RegistrationState
  /** What the kernel said at `close()`, if it said anything: `EBADF` or `ENOENT` if the descriptor had been closed before. */
  readonly closeError: SystemError | undefined
  /** Whether it keeps the process alive while it is open. */
  readonly hasRef: boolean
  /**
   * Replaces the conditions and arms anew, whatever the state: if the descriptor is ready, a call follows. What was found
   * before is not called any more. `trigger`, `oneshot` and `exclusive` stay as they were unless named; no condition at all
   * is a pause.
   * @throws As `register`; then it stays as it was. `EBADF` or `ENOENT` if the descriptor was closed meanwhile or its number
   * reused; then it is closed.
   */
  modify(interest: Interest): this
  /** Takes it out of the kernel's set: no call until `resume`, `rearm` or `modify`, and no cost. */
  pause(): this
  /** Ends a pause by arming anew, also what had been disarmed or parked before it. Whatever is not paused is left alone. */
  resume(): this
  /** Arms anew: after a oneshot event, when parked, or to hear once more of what an edge has told already. */
  rearm(): this
  /** Makes it keep the process alive. */
  ref(): this
  /** Makes it not keep the process alive. */
  unref(): this
  /** Ends it. It always succeeds, may be called again, and no call follows. The descriptor stays open. */
  close(): void
}

/**
 * Where a registration stands.
 * - `'armed'`: watched.
 * - `'paused'`: out of the kernel's set, by `pause()` or an empty interest.
 * - `'disarmed'`: silent after its oneshot event.
 * - `'parked'`: out of the kernel's set after a hang-up, error or half-close with neither readable nor writable asked,
 *   unless urgent data that was asked came with it.
 * - `'closed'`: gone.
 */
export declare type RegistrationState = 'armed' | 'paused' | 'disarmed' | 'parked' | 'closed'

/** A server that listens. Made by `listen`. */
export declare interface Server<T = undefined> extends Disposable {
  /** Where it listens, also after `stop`. */
  readonly address: EndAddress
  /** The IP address it listens on, or the path. */
  readonly hostname: string
  /** The port it listens on; 0 for a UNIX socket. */
  readonly port: number
  /** How many connections are open. */
  readonly connections: number
  /** Whether `stop` was called, or its reactor closed. */
  readonly stopped: boolean
  /** Resolves when it has stopped and its last connection is closed. */
  readonly closed: Promise<void>
  /**
   * Takes no more connections; those that are open stay, unless `force` destroys them. Who waits to be accepted is refused. The file of
   * a UNIX socket is removed, if it is still its own. Calling it again does nothing but, with `force`, destroy.
   */
  stop(force?: boolean): void
  /** Has other handlers called from now on, for connections that are open too. */
  reload(handlers: SocketHandlers<T>): void
  /** Lets it keep the process alive while it listens, which is the default. Connections do so on their own. */
  ref(): this
  /** Lets it not keep the process alive. */
  unref(): this
}

/** What protects a server, and this process, from its peers. */
export declare interface ServerLimits {
  /** The most connections open at a time, from 1 to 2^31 - 1; others wait to be accepted. @default 131072 */
  readonly connections?: number
  /** The most connections accepted in one turn, from 1 to 4,096. @default 64 */
  readonly acceptsPerTurn?: number
  /** For how long a new connection may be silent before its first byte, in milliseconds; `Infinity` for ever. @default 60000 */
  readonly firstByteTimeoutMs?: number
}

/** One end of a connection. */
export declare interface SocketAddress {
  /** The IP address; of a link-local IPv6 one with its scope, as in `fe80::1%2`. */
  readonly address: string
  /** Of which kind `address` is. */
  readonly family: 'IPv4' | 'IPv6'
  /** 0 to 65,535. */
  readonly port: number
}

/**
 * What is called when something happens to a connection. One object serves all connections of a server, and is `this` in each
 * call.
 *
 * The order is `open`, then `data` as often as bytes come, then `end` once if the peer ends, then `error` if something failed, and
 * then, exactly once and last, `close`. While a connection is paused it gets no `data` and no `end`. An exception becomes an
 * `uncaughtException` (with the manual driver it leaves `poll()`), and everything else is called all the same.
 */
export declare interface SocketHandlers<T = undefined> {
  /** It is established. */
  open?(connection: Connection<T>): void
  /**
   * Bytes have come, as they came: a stream has no messages. The view is the handler's own for as long as it keeps it; other views
   * lie in the same memory, so what is kept for long is better copied.
   */
  data?(connection: Connection<T>, bytes: Buffer): void
  /** Everything that had been kept since `write` returned false has been sent. */
  drain?(connection: Connection<T>): void
  /** The peer has ended: no more `data`. Unless half-open connections are allowed, this side ends when this has returned. */
  end?(connection: Connection<T>): void
  /**
   * Nothing was read or written for as long as `setTimeout` or `limits.idleTimeoutMs` says; called again each time that passes.
   * Without this handler the connection is destroyed with `ERR_FDREACTOR_TIMEOUT`.
   */
  timeout?(connection: Connection<T>): void
  /** It has failed, and `close` follows. Without this handler `close` gets the error all the same. */
  error?(connection: Connection<T>, error: Error): void
  /** It is closed, and its descriptor too. `error` is what it failed with, if it failed. */
  close?(connection: Connection<T>, error?: Error): void
}

/** Anything with a descriptor. */
export declare interface Source {
  /** The descriptor's number, from 0 on. */
  readonly fd: number
}

/** A failed system call, in the shape of Node's own. */
export declare interface SystemError extends Error {
  /** The name of the error, such as `'ECONNRESET'`. */
  readonly code: string
  /** Its number, negative, as libuv has it. */
  readonly errno: number
  /** The call that failed, by its manual page, such as `'accept'` or `'epoll_ctl'`. */
  readonly syscall: string
  /** The descriptor that it was about, if there was one. */
  readonly fd?: number
  /** The address that it was about, if there was one. */
  readonly address?: string
  /** The port that it was about, if there was one. */
  readonly port?: number
}

/** A listening TCP socket: non-blocking, close-on-exec, and a source for `register`. It is closed when it is collected. */
export declare class TcpListener extends OwnedSource {
  #private
  private constructor()
  /**
   * Binds and listens.
   * @throws `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `EMFILE`, ... with `address` and `port`; argument errors.
   */
  static bind(options: TcpListenerOptions): TcpListener
  /**
   * Takes the next connection, or `null` when none waits. One that failed while it waited is passed over.
   * @throws `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: no room, and the connection goes on waiting; `ERR_FDREACTOR_CLOSED`.
   */
  accept(): TcpStream | null
  /** The address it listens on, with the port that the system chose. @throws `ERR_FDREACTOR_CLOSED` */
  get localAddress(): SocketAddress
}

/** How a listener is bound. */
export declare interface TcpListenerOptions {
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

/** A TCP connection: non-blocking, close-on-exec, and a source for `register`. It is closed when it is collected. */
export declare class TcpStream extends OwnedSource {
  #private
  private constructor()
  /**
   * Begins to connect and returns at once. When the stream becomes `WRITABLE` that has ended: `takeError()` says how.
   * @throws What is wrong at once: `ENETUNREACH`, `EADDRNOTAVAIL`, `EMFILE`, ... with `address` and `port`; argument errors.
   */
  static connect(options: TcpStreamOptions): TcpStream
  /** Reads as `io.read` does. @throws `ECONNRESET` and its like, `ERR_FDREACTOR_CLOSED`, argument errors */
  read(buffer: NodeJS.ArrayBufferView, offset?: number, length?: number): number
  /** Writes as `io.write` does. @throws `EPIPE`, `ECONNRESET` and their like, `ERR_FDREACTOR_CLOSED`, argument errors */
  write(buffer: NodeJS.ArrayBufferView, offset?: number, length?: number): number
  /**
   * Closes one direction or both. After `'write'` the peer reads the end behind all data, and this side can still read.
   * @throws `ENOTCONN` if it is not connected (any more), `ERR_FDREACTOR_CLOSED`
   */
  shutdown(direction: 'read' | 'write' | 'both'): void
  /**
   * Closes the connection with a reset: what is unsent is dropped, and the peer gets `ECONNRESET`.
   * @throws What setsockopt(2) says if there can be no reset; it is closed all the same.
   */
  reset(): void
  /** Takes the socket's pending error (`SO_ERROR`): why a connection attempt failed, or `undefined`. @throws `ERR_FDREACTOR_CLOSED` */
  takeError(): SystemError | undefined
  /** Sends small writes at once instead of gathering them (`TCP_NODELAY`). @default true */
  setNoDelay(on?: boolean): this
  /**
   * Has the system probe an idle connection (`SO_KEEPALIVE`).
   * @param idleMs Idle milliseconds before the first probe, at most 32,767,000, rounded up to seconds; 0 leaves the system's.
   * @default 0
   */
  setKeepAlive(on?: boolean, idleMs?: number): this
  /** This end's address. @throws `ERR_FDREACTOR_CLOSED` */
  get localAddress(): SocketAddress
  /** The peer's address. @throws `ENOTCONN` before the connection is established, `ERR_FDREACTOR_CLOSED` */
  get remoteAddress(): SocketAddress
}

/** Where to connect to. */
export declare interface TcpStreamOptions {
  /** A literal IP address. @default '127.0.0.1' */
  readonly host?: string
  /** 0 to 65,535. */
  readonly port: number
}

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
export declare function toDuplex<T = undefined>(
  connection: Connection<T>,
  options?: DuplexOptions,
): ConnectionDuplex<T>

/** How readiness is told. See {@link Interest.trigger}. */
export declare type Trigger = 'level' | 'edge'

/** Wakes a reactor from any thread of the process. */
export declare class Waker {
  /** A plain number that can be sent to a Worker by `postMessage`. */
  readonly handle: number
  private constructor()
  /**
   * Makes a waker from the handle of another one, in this thread or any other.
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  static from(handle: number): Waker
  /**
   * Ends the reactor's wait, or the next one if none is under way. Returns false if nothing was woken: the reactor is closed, or
   * the system has no memory for it.
   */
  wake(): boolean
}

/** What reading, writing and accepting return when it would block: -1, where others throw `EAGAIN`. */
export declare const WOULD_BLOCK = -1

export {}
