import { TcpListener } from '../index.js'
import type { Registration, SocketAddress, TcpStream } from '../index.js'
import { Connection } from './connection.js'
import { Episode, describe } from './log.js'
import { Account } from './peer.js'
import type { Acceptor, Peer, Surroundings } from './peer.js'

/** How long an accept that found no room waits for another try, unless a connection ends before. */
const RETRY_MS = 200

/** Accepts when the listener is ready: it and every connection are registrations of the server's reactor. */
export class ReadinessAcceptor implements Acceptor {
  readonly #around: Surroundings
  readonly #left: (peer: Peer) => void
  readonly #listener: TcpListener
  readonly #listening: Registration
  readonly #noRoom: Episode
  readonly #refused: Episode
  #retry: NodeJS.Timeout | undefined

  /** @throws What the listener and `register` throw. */
  constructor(around: Surroundings, host: string) {
    const { options, reactor, log } = around
    const { port, backlog, trigger, workers } = options
    this.#left = around.gone
    this.#around = { ...around, gone: (peer) => this.#gone(peer) }
    this.#noRoom = new Episode(log, 'cannot-accept')
    this.#refused = new Episode(log, 'refused')
    this.#listener = TcpListener.bind({ host, port, backlog, reusePort: workers > 0 })
    this.#listening = reactor.register(this.#listener, { readable: true, trigger }, () => this.#accept())
  }

  get address(): SocketAddress {
    return this.#listener.localAddress
  }

  /** Each connection reads by itself what has come when it finishes. */
  stop(then: () => void): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#listener.close()
    then()
  }

  /** Until none waits: an edge is told once for all of them. */
  #accept(): void {
    try {
      for (let stream = this.#next(); stream !== null; stream = this.#next()) {
        this.#welcome(stream)
      }
      // Not at each connection: with a full table every one that ends makes room for just one.
      this.#noRoom.over()
    } catch (error) {
      // The connection goes on waiting, and a level listener would be told of it without end.
      this.#noRoom.add(describe(error))
      this.#listening.pause()
      this.#retry = setTimeout(() => this.#tryAgain(), RETRY_MS)
    }
  }

  #next(): TcpStream | null {
    this.#around.totals.calls += 1
    return this.#listener.accept()
  }

  #tryAgain(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#listening.resume()
    // Also if none waits any more: only an accept that finds none ends the episode.
    this.#accept()
  }

  #welcome(stream: TcpStream): void {
    const account = new Account(stream.remoteAddress, this.#around)
    let connection: Connection
    try {
      stream.setNoDelay()
      connection = new Connection(stream, account, this.#around)
    } catch (error) {
      stream.close()
      this.#refused.add(describe(error), account.place)
      return
    }
    this.#refused.over()
    this.#around.came(connection)
    account.open()
  }

  #gone(peer: Peer): void {
    this.#left(peer)
    if (this.#retry !== undefined) this.#tryAgain()
  }
}
