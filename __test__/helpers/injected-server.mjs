/** What the scenes about servers are made of: a server of one case, its guests, and all that its handlers were called for. */
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Reactor, connect, listen } from '../../dist/index.js'
import { attempt, told } from './injected-child.mjs'

/**
 * @typedef {import('../../dist/index.js').Connection<string>} Connection
 * @typedef {import('../../dist/index.js').SocketHandlers<string>} Handlers
 * @typedef {import('../../dist/index.js').Server<string>} Server
 * @typedef {import('./injected-child.mjs').Fault} Fault
 */

/**
 * @typedef {object} Guest the peer of a connection
 * @property {Connection} link its own end
 * @property {number} fd the server's end
 * @property {string} got what the server has sent it
 * @property {string} fate `open`, `ended` by the server, or `closed`, with the error
 */

/**
 * @typedef {object} Setting
 * @property {import('../../dist/index.js').ReactorOptions} reactor
 * @property {import('../../dist/index.js').Trigger} trigger
 * @property {Partial<import('../../dist/index.js').ListenOptions<string>>} [options] of the server
 * @property {Handlers} [acts] what handlers do besides writing down that they were called. Default: an echo.
 */

/** The sockets that are open, by their numbers. (What lists them is no longer.) */
const sockets = () =>
  new Set(
    readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket')
        } catch {
          return false
        }
      }),
  )

/**
 * The socket that has come since.
 *
 * @param {Set<number>} before
 */
const since = (before) => [...sockets()].find((fd) => !before.has(fd)) ?? -1

/** @param {Error} [error] */
const why = (error) => (error === undefined ? '' : ` ${told(error)}`)

/** Whether `open` came first, the close once and last, its error before it, and no data after the end. */
const ORDER = /^open(,data [^,]*|,drain)*(,end)?(,drain)*(,error ([^,]*),close \5|,close)$/

/**
 * Lets microtasks run until something is so: no callback of the loop or of a thread comes in between.
 *
 * @param {() => boolean} isSo
 * @param {() => unknown} [turn]
 */
async function microtasks(isSo, turn = () => {}) {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 100_000) throw new Error(`it did not come to pass: ${isSo}`)
    turn()
    await Promise.resolve()
  }
}

export class World {
  /** @type {string[]} what the handlers were called for, each with the name of its connection */
  log = []
  /** @type {string[]} what `onError` was told */
  errors = []
  /** @type {Connection[]} the server's ends, as they came */
  links = []
  /** @type {Guest[]} */
  guests = []
  isOver = false

  /** @param {Setting} setting */
  constructor({ reactor, trigger, options = {}, acts = { data: (link, bytes) => void link.write(bytes) } }) {
    this.acts = acts
    this.trigger = trigger
    this.reactor = new Reactor(reactor)
    // The guests' side is never injected, and does nothing but when it is told to.
    this.other = new Reactor({ driver: 'manual' })
    const place = options.unix === undefined ? { port: 0 } : {}
    // What a server opens for itself, its listener is not.
    listen({ ...place, ...options, reactor: this.reactor, socket: {} }).stop()
    const before = sockets()
    /** @type {Server} */
    this.server = listen({
      reactor: this.reactor,
      trigger,
      ...place,
      socket: this.#handlers(),
      data: '?',
      ...options,
      onError: (error, server) => this.errors.push(server === this.server ? this.#told(error) : 'whose?'),
    })
    this.listener = since(before)
  }

  /** @param {Error} error */
  #told(error) {
    const words = told(error)
    const { family, address, port } = this.server.address
    return words.replace(` ${address}:${family === 'unix' ? undefined : port}`, ' here')
  }

  /** @returns {Handlers} */
  #handlers() {
    const { log, acts } = this
    return {
      open: (link) => {
        link.data = String.fromCodePoint(65 + this.links.push(link) - 1)
        log.push(`${link.data} open`)
        acts.open?.(link)
      },
      data: (link, bytes) => {
        log.push(`${link.data} data ${bytes.toString('latin1')}`)
        acts.data?.(link, bytes)
      },
      drain: (link) => {
        log.push(`${link.data} drain`)
        acts.drain?.(link)
      },
      end: (link) => {
        log.push(`${link.data} end`)
        acts.end?.(link)
      },
      error: (link, error) => {
        log.push(`${link.data} error${why(error)}`)
        acts.error?.(link, error)
      },
      close: (link, error) => {
        log.push(`${link.data} close${why(error)}`)
        acts.close?.(link, error)
      },
    }
  }

  /** Lets everything that waits to be called do its work once. */
  turn() {
    if (this.reactor.driver === 'manual') this.reactor.poll(0)
    this.other.poll(0)
  }

  /** @param {() => boolean} isSo */
  async until(isSo) {
    for (let tries = 0; !isSo(); tries += 1) {
      if (tries > 5000) throw new Error(`it did not come to pass: ${isSo}\n${this.log.join('\n')}`)
      this.turn()
      await sleep(1)
    }
  }

  /**
   * Lets so much time pass. Returns how much has.
   *
   * @param {number} ms
   */
  async pass(ms) {
    const start = performance.now()
    await this.until(() => performance.now() - start >= ms)
    return performance.now() - start
  }

  /** @param {string} line */
  hears(line) {
    return this.until(() => this.log.includes(line))
  }

  /** A guest that knocks: its connection is established, or waits to be accepted. */
  async knock() {
    /** @type {Guest} */
    const guest = { link: /** @type {never} */ (undefined), fd: -1, got: '', fate: 'open' }
    const { family, address, port } = this.server.address
    const link = connect({
      reactor: this.other,
      ...(family === 'unix' ? { unix: address } : { hostname: address, port }),
      allowHalfOpen: true,
      data: '',
      socket: {
        data: (_, bytes) => void (guest.got += bytes.toString('latin1')),
        end: () => void (guest.fate = 'ended'),
        close: (_, error) => void (guest.fate = error === undefined ? 'closed' : `closed ${told(error)}`),
      },
    })
    let isOver = false
    const settled = link.finally(() => {
      isOver = true
    })
    await microtasks(
      () => isOver,
      () => this.other.poll(0),
    )
    guest.link = await settled
    this.guests.push(guest)
    return guest
  }

  /** A guest that is let in. */
  async join() {
    const count = this.links.length
    const guest = await this.knock()
    // The manual driver accepts when it is told to, and the others not before the loop goes round.
    const before = sockets()
    await this.until(() => this.links.length > count)
    guest.fd = since(before)
    return guest
  }

  /**
   * A client of the same reactor, and its number. It writes down what its handlers are called for.
   *
   * @param {string[]} log
   */
  async visit(log) {
    const { family, address, port } = this.server.address
    const before = sockets()
    const promise = connect({
      reactor: this.reactor,
      trigger: this.trigger,
      ...(family === 'unix' ? { unix: address } : { hostname: address, port }),
      socket: {
        open: () => void log.push('open'),
        data: (_, bytes) => void log.push(`data ${bytes.toString('latin1')}`),
        end: () => void log.push('end'),
        error: (_, error) => void log.push(`error ${told(error)}`),
        close: (_, error) => void log.push(error === undefined ? 'close' : `close ${told(error)}`),
      },
    })
    /** @type {import('../../dist/index.js').Connection | undefined} */
    let link
    promise.then(
      (it) => (link = it),
      () => {},
    )
    // It begins in a microtask, and no turn is taken before.
    await microtasks(() => since(before) >= 0)
    const fd = since(before)
    return { fd, promise, link: () => link }
  }

  /**
   * Whether a guest's words come back.
   *
   * @param {Guest} guest
   */
  async talks(guest) {
    const wanted = `${guest.got}ping`
    guest.link.write('ping')
    await this.until(() => guest.got.length >= wanted.length || guest.fate !== 'open')
    return guest.got === wanted
  }

  /**
   * What a connection's handlers were called for.
   *
   * @param {string} name
   */
  of(name) {
    return this.log.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
  }

  /** Ends everything. What came of it: whether each connection had its calls in order, and the server is over. */
  async close() {
    void this.server.closed.then(() => (this.isOver = true))
    this.server.stop(true)
    await this.until(() => this.isOver)
    for (const { link } of this.guests) link.destroy()
    await this.until(() => this.guests.every(({ fate }) => fate.startsWith('closed')))
    const strange = this.links.map(({ data }) => this.of(data).join()).filter((calls) => !ORDER.test(calls))
    this.reactor.close()
    this.other.close()
    return { errors: this.errors, orderly: strange.length === 0 || strange }
  }
}

/**
 * Has calls about a descriptor fail while something is done.
 *
 * @param {Fault} fault
 * @param {() => unknown} act
 */
export async function fail(fault, act) {
  const { value, error, failed } = await attempt(fault, /./, act)
  if (error instanceof Error) throw error
  return { value, failed }
}
