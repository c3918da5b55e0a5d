import type { Reactor, SocketAddress } from '../index.js'
import { quote, textLog } from './log.js'
import type { Log, TextLog } from './log.js'
import type { EchoOptions } from './options.js'

/** Reading stops when this much is kept for a peer that does not read. */
export const HIGH_WATER = 256 * 1024
/** What is read from one peer at most before the others get their turn. */
export const FAIR_SHARE = 1024 * 1024

/** One peer: its bytes go back in order, as fast as it takes them. */
export interface Peer {
  /** Bytes that it has not taken yet; when it is gone, those that it never took. */
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
  readonly totals: { received: number }
  readonly came: (peer: Peer) => void
  readonly gone: (peer: Peer) => void
}

export function format({ address, port }: Pick<SocketAddress, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** What is known and logged of one peer. */
export class Account {
  readonly name: string
  readonly #around: Surroundings
  readonly #text: TextLog | undefined
  #received = 0

  constructor(name: string, around: Surroundings) {
    this.name = name
    this.#around = around
    const { quiet, logEncoding } = around.options
    this.#text = quiet ? undefined : textLog(logEncoding)
  }

  /** Bytes that were taken from it. */
  get received(): number {
    return this.#received
  }

  take(bytes: Uint8Array): void {
    this.#received += bytes.length
    this.#around.totals.received += bytes.length
    const text = this.#text?.push(bytes) ?? ''
    if (text !== '') this.#around.log.note(`received ${this.name} ${quote(text)}`)
  }

  close(reason: string, kept: number): void {
    const rest = this.#text?.end() ?? ''
    if (rest !== '') this.#around.log.note(`received ${this.name} ${quote(rest)}`)
    this.#around.log.note(
      `disconnected ${this.name} (${reason}; ${this.#received} bytes received, ${kept} not sent)`,
    )
  }
}
