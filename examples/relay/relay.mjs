import { TcpListener, TcpStream } from 'fdreactor'
import { Link } from './link.mjs'

/** What accept(2) says when there is no room: the connection goes on waiting. */
const FULL = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])
/** When to try again if no connection ends before. */
const RETRY_MS = 200

/** A TCP relay: connects each client to a target, and carries bytes, ends and resets both ways. */
export class Relay {
  #reactor
  #listener
  #target
  #registration
  /** @type {Set<Link>} */
  #links = new Set()
  /** @type {NodeJS.Timeout | undefined} */
  #retry

  /**
   * @param {import('fdreactor').Reactor} reactor
   * @param {import('fdreactor').TcpListenerOptions} listen
   * @param {import('fdreactor').TcpStreamOptions} target
   */
  constructor(reactor, listen, target) {
    this.#reactor = reactor
    this.#target = target
    this.#listener = TcpListener.bind(listen)
    this.#registration = reactor.register(this.#listener, { readable: true }, () => this.#acceptAll())
  }

  /** Where it listens. */
  get address() {
    return this.#listener.localAddress
  }

  /** How many clients there are. */
  get size() {
    return this.#links.size
  }

  /** Bytes that are kept for peers that do not read: at most 64 KiB for each direction of a client. */
  get kept() {
    return [...this.#links].reduce((sum, link) => sum + link.kept, 0)
  }

  /** Stops, and resets every connection. */
  close() {
    clearTimeout(this.#retry)
    this.#listener.close()
    for (const link of this.#links) link.reset()
  }

  #acceptAll() {
    try {
      for (let client = this.#listener.accept(); client !== null; client = this.#listener.accept())
        this.#connect(client)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && FULL.has(String(error.code)))) throw error
      this.#registration.pause()
      this.#retry = setTimeout(() => this.#resume(), RETRY_MS)
    }
  }

  /** @param {TcpStream} client */
  #connect(client) {
    /** @type {TcpStream | undefined} */
    let target
    try {
      target = TcpStream.connect(this.#target)
      this.#links.add(new Link(this.#reactor, client, target, (link) => this.#gone(link)))
    } catch {
      // No descriptor is left for the target, or the backend takes no number as high as this one.
      target?.close()
      client.reset()
    }
  }

  /** @param {Link} link */
  #gone(link) {
    this.#links.delete(link)
    if (!this.#listener.closed) this.#resume()
  }

  /** Listens again, if it was out of room. */
  #resume() {
    clearTimeout(this.#retry)
    this.#registration.resume()
  }
}
