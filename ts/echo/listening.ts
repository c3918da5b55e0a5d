import { listen } from '../index.js'
import type { Connection, Server, SocketAddress } from '../index.js'
import { describe } from './log.js'
import { Account, FAIR_SHARE, HIGH_WATER } from './peer.js'
import type { Acceptor, Peer, Surroundings } from './peer.js'
import { eachTurn } from './turns.js'
import type { Asker, Line } from './work/work.js'

/** As far as the other echo has limits, the same; it has no others. */
const LIMITS = {
  highWaterMark: HIGH_WATER,
  bytesPerTurn: FAIR_SHARE,
  bufferedBytesInAll: Number.MAX_SAFE_INTEGER,
  connections: 2 ** 31 - 1,
  firstByteTimeoutMs: Number.POSITIVE_INFINITY,
  idleTimeoutMs: Number.POSITIVE_INFINITY,
}

/** What is read at a time where it is worked on: such a piece is a request. */
const REQUEST = 64 * 1024

/** Of so many turns without a byte, seen from somewhere within them, one was whole. */
const SILENT_TURNS = 2

type Link = Connection<ListeningPeer | undefined>

/** Leaves accepting, reading and gathering what is written to `listen`. */
export class ListeningAcceptor implements Acceptor {
  readonly #around: Surroundings
  readonly #server: Server<ListeningPeer | undefined>
  #isStopping = false

  /** @throws What `listen` throws. */
  constructor(around: Surroundings, host: string) {
    const { options, reactor, log, work } = around
    const { port, backlog, trigger, workers } = options
    this.#around = around
    this.#server = listen<ListeningPeer | undefined>({
      hostname: host,
      port,
      backlog,
      trigger,
      reusePort: workers > 0,
      limits: work === undefined ? LIMITS : { ...LIMITS, bytesPerTurn: REQUEST },
      // What is being worked on goes back before the end.
      allowHalfOpen: work !== undefined,
      reactor,
      socket: {
        open: (connection) => this.#welcome(connection),
        data: (connection, bytes) => connection.data?.take(bytes, this.#isStopping),
        end: (connection) => connection.data?.ended(),
        close: (connection, error) => connection.data?.close(error === undefined ? 'ended' : describe(error)),
      },
      // Told once for each shortage: `listen` tries again by itself.
      onError: (error) => log.say({ event: 'cannot-accept', reason: describe(error) }),
    })
  }

  get address(): SocketAddress {
    return this.#server.address as SocketAddress
  }

  stop(then: () => void): void {
    this.#isStopping = true
    this.#server.stop()
    if (this.#server.connections === 0) then()
    else this.#listenOut(then)
  }

  #welcome(connection: Link): void {
    const account = new Account(connection.remoteAddress, this.#around)
    const peer = new ListeningPeer(connection, account, this.#around)
    connection.data = peer
    this.#around.came(peer)
    account.open()
  }

  /** Waits for a turn that brings nothing: then everything is read that had come. Each peer has its share at most. */
  #listenOut(then: () => void): void {
    const { reactor, totals } = this.#around
    let received = -1
    let silent = 0
    const isHeard = eachTurn(reactor, () => {
      silent = totals.received === received ? silent + 1 : 0
      received = totals.received
      if (silent < SILENT_TURNS) return false
      then()
      return true
    })
    if (!isHeard) then()
  }
}

/** A peer whose bytes are handed over, and go back with the batch, or when they have been worked on. */
class ListeningPeer implements Peer, Asker {
  readonly #connection: Link
  readonly #account: Account
  readonly #around: Surroundings
  readonly #line: Line | undefined
  /** What it may still send when the server is stopping. */
  #share = FAIR_SHARE
  #isFinished = false
  /** Nothing more will come of it that goes back. */
  #isEnding = false
  #left: number | undefined

  constructor(connection: Link, account: Account, around: Surroundings) {
    this.#connection = connection
    this.#account = account
    this.#around = around
    this.#line = around.work?.line(account.place, this)
  }

  get kept(): number {
    return this.#left ?? this.#connection.bufferedAmount + (this.#line?.size ?? 0)
  }

  /** While the most is kept for it, nothing is read from it. */
  take(bytes: Buffer, isLast: boolean): void {
    if (this.#isFinished) return
    this.#account.take(bytes)
    if (this.#line === undefined) this.#connection.write(bytes)
    else this.#ask(this.#line, bytes)
    if (!isLast) return
    this.#share -= bytes.length
    if (this.#share <= 0) this.finish()
  }

  /** The peer has ended. */
  ended(): void {
    this.#isEnding = true
    this.#settle()
  }

  finish(): void {
    this.#isFinished = true
    this.ended()
  }

  answer(replies: readonly Uint8Array[]): void {
    for (const reply of replies) this.#connection.write(reply)
    this.#settle()
  }

  letIn(): void {
    this.#settle()
  }

  /** `listen` tells, unless the connection is paused; then it is found out when the answer is sent. */
  isThere(): boolean {
    return true
  }

  close(reason: string): void {
    if (this.#left !== undefined) return
    this.#left = this.#account.received - this.#connection.bytesWritten
    this.#connection.destroy()
    this.#account.close(reason, this.#left)
    this.#around.gone(this)
    this.#line?.leave()
  }

  /** Pauses behind the batch: what it holds for this peer has been read, and is taken. */
  #ask(line: Line, bytes: Buffer): void {
    line.add(bytes)
    if (this.#hasRoom(line, HIGH_WATER)) return
    queueMicrotask(() => {
      if (!this.#isFinished && !this.#hasRoom(line, HIGH_WATER)) this.#connection.pause()
    })
  }

  #hasRoom(line: Line, water: number): boolean {
    return !line.isFull && line.size < water
  }

  /** Goes on as far as it can. */
  #settle(): void {
    const line = this.#line
    if (this.#isEnding && (line === undefined || line.size === 0)) this.#connection.end()
    if (line !== undefined && (this.#isFinished || this.#hasRoom(line, HIGH_WATER / 2)))
      this.#connection.resume()
  }
}
