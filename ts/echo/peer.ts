import type { Reactor, SocketAddress } from '../index.js'
import { cut } from './entries.js'
import type { Place } from './entries.js'
import { textLog } from './log.js'
import type { Log, TextLog } from './log.js'
import type { EchoOptions } from './options.js'
import type { Work } from './work/work.js'

/** Reading stops when this much is kept for a peer that does not read. */
export const HIGH_WATER = 256 * 1024
/** What is read from one peer at most before the others get their turn. */
export const FAIR_SHARE = 1024 * 1024

/** One peer: its bytes go back in order, as fast as it takes them. */
export interface Peer {
  /** Bytes that it has not got back yet; when it is gone, those that it never took. */
  readonly kept: number
  /**
   * Sends what is kept, and then the end. Closing with bytes unread would reset the connection, and the peer would lose what is
   * on its way: so whatever still comes is read and dropped until the peer has ended too.
   */
  finish(): void
  /** Ends the connection now. */
  close(reason: string): void
}

/** What takes connections, and makes peers of them. */
export interface Acceptor {
  readonly address: SocketAddress
  /** Takes no more connections. Calls `then` when what peers had sent before is read, as far as there is room for it. */
  stop(then: () => void): void
}

/** What all peers of a server share. */
export interface Surroundings {
  readonly options: EchoOptions
  readonly reactor: Reactor
  readonly log: Log
  /** What is done with each request before it is answered, if anything is. */
  readonly work: Work | undefined
  /** Bytes received, and the system calls that were made to accept, read and write. */
  readonly totals: { received: number; calls: number }
  readonly came: (peer: Peer) => void
  readonly gone: (peer: Peer) => void
}

/** What is known and logged of one peer. */
export class Account {
  /** Where it is. */
  readonly place: Place
  readonly #around: Surroundings
  readonly #text: TextLog | undefined
  #received = 0
  /** What the log has shown of that, as far as it shows anything. */
  #shown = 0

  constructor(remote: Pick<SocketAddress, 'address' | 'port'> | undefined, around: Surroundings) {
    this.place = { address: remote?.address ?? null, port: remote?.port ?? null }
    this.#around = around
    const { quiet, logEncoding } = around.options
    this.#text = quiet ? undefined : textLog(logEncoding)
  }

  /** Bytes that were taken from it. */
  get received(): number {
    return this.#received
  }

  open(): void {
    this.#around.log.note({ event: 'connected', ...this.place })
  }

  take(bytes: Uint8Array): void {
    this.#received += bytes.length
    this.#around.totals.received += bytes.length
    this.#show(this.#text?.push(bytes))
  }

  close(reason: string, kept: number): void {
    this.#show(this.#text?.end())
    const bytes = this.#received
    this.#around.log.note({ event: 'disconnected', ...this.place, reason, bytes, unsent: kept })
  }

  #show(text: string = ''): void {
    if (text === '') return
    const bytes = this.#received - this.#shown
    this.#shown = this.#received
    this.#around.log.note({ event: 'received', ...this.place, bytes, ...cut(text) })
  }
}
