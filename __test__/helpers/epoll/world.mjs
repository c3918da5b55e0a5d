// What a scenario has at hand. It is the same for the package `epoll` and for `fdreactor/epoll`, and uses neither to make things.
import { closeSync, readSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setImmediate } from 'node:timers/promises'

/** @typedef {import('../../../dist/epoll/index.js').Epoll} Epoll */
/** @typedef {typeof import('../../../dist/epoll/index.js').Epoll} EpollClass */
/** @typedef {(world: World) => unknown} Scenario */
/** @typedef {{ readonly epoll: Epoll, readonly seen: string[] }} Watcher */

const NAMES = ['IN', 'PRI', 'OUT', 'ERR', 'HUP', 'RDHUP', 'ET', 'ONESHOT']

/** The tests' system calls. */
const kit = /** @type {Record<string, (...args: unknown[]) => number | readonly number[]>} */ (
  createRequire(import.meta.url)('../../../build/kit.node')
)

/**
 * What a call gives: a number, or two.
 *
 * @param {string} name
 * @param {readonly unknown[]} args
 */
function numbers(name, args) {
  const [one = -1, other = -1] = [kit[name]?.(...args) ?? -1].flat()
  if (one < 0) throw new Error(`${name}: ${one}`)
  return { one, other }
}

export class World {
  /** @param {EpollClass} Epoll */
  constructor(Epoll) {
    this.Epoll = Epoll
    /** @type {Map<number, string>} */
    this.labels = new Map()
  }

  /** Writes a line of the outcome. @param {...unknown} words */
  say(...words) {
    writeSync(1, `${words.join(' ')}\n`)
  }

  /** Says what came of something. @param {() => unknown} action */
  attempt(action) {
    const source = action.toString().replace(/^\(\) =>\s*/, '')
    try {
      this.say(source, '=>', this.show(action()))
    } catch (error) {
      // Ours have fields, and a class or two, that theirs have not.
      const { constructor, message } = /** @type {Error} */ (error)
      this.say(source, 'throws', constructor === TypeError ? 'TypeError' : `${constructor.name}: ${message}`)
    }
  }

  /** @param {unknown} value */
  show(value) {
    return value instanceof this.Epoll ? 'an Epoll' : String(value)
  }

  /** @param {number} events */
  names(events) {
    const { Epoll } = this
    const values = /** @type {Record<string, number>} */ (/** @type {unknown} */ (Epoll))
    const named = NAMES.filter((name) => (events & (values[`EPOLL${name}`] ?? 0)) !== 0)
    const rest = named.reduce((left, name) => left & ~(values[`EPOLL${name}`] ?? 0), events)
    return [...named, ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join('|') || 'nothing'
  }

  /** An instance that notes what it is told. @param {(fd: number, events: number) => void} [then] @returns {Watcher} */
  watcher(then) {
    /** @type {string[]} */
    const seen = []
    const epoll = new this.Epoll((error, fd, events) => {
      seen.push(
        `${error === null ? '' : `${error} `}${this.labels.get(fd) ?? 'unknown'} ${this.names(events)}`,
      )
      then?.(fd, events)
    })
    return { epoll, seen }
  }

  /** @param {string} label @param {number} fd */
  label(label, fd) {
    this.labels.set(fd, label)
    return fd
  }

  /** @returns {[reader: number, writer: number]} */
  pipe() {
    return this.two('reader', 'writer', 'pipe')
  }

  /** A pipe of one page. @returns {[reader: number, writer: number]} */
  smallPipe() {
    return this.two('reader', 'writer', 'pagePipe')
  }

  /** UNIX sockets. @returns {[one: number, other: number]} */
  pair() {
    return this.two('one', 'other', 'pair', false)
  }

  /** @returns {[one: number, other: number]} */
  tcp() {
    return this.two('one', 'other', 'tcpPair')
  }

  /** @returns {[master: number, other: number]} */
  pty() {
    return this.two('master', 'terminal', 'pty')
  }

  /** Another number for the same file, with the same label. @param {number} fd @returns {number} */
  duplicate(fd) {
    return this.label(this.labels.get(fd) ?? 'unknown', this.call('dupFrom', fd, 0))
  }

  /** Any other call of the kit. @param {string} name @param {...unknown} args */
  call(name, ...args) {
    return numbers(name, args).one
  }

  /** One that makes two descriptors. @param {string} label @param {string} other @param {string} name @param {...unknown} args @returns {[number, number]} */
  two(label, other, name, ...args) {
    const made = numbers(name, args)
    return [this.label(label, made.one), this.label(other, made.other)]
  }

  /** @param {number} fd @param {string} [data] */
  write(fd, data = 'x') {
    return writeSync(fd, data)
  }

  /** Until it is full. @param {number} fd */
  fill(fd) {
    const page = Buffer.alloc(4096)
    try {
      for (;;) writeSync(fd, page)
    } catch {
      // EAGAIN
    }
  }

  /** @param {number} fd @param {number} [most] */
  read(fd, most = 65_536) {
    return readSync(fd, Buffer.alloc(most), 0, most, null)
  }

  /** @param {number} fd */
  close(fd) {
    closeSync(fd)
  }

  /** Waits until something is so; who starts a scenario gives up on it at some time. @param {() => boolean} condition */
  async until(condition) {
    while (!condition()) await setImmediate()
  }

  /**
   * Waits until everything that is ready now must have been told: another descriptor, always ready, is told of so many times, and
   * the kernel goes round.
   *
   * @param {number} [count]
   */
  async turns(count = 5) {
    const { other: writer } = numbers('pipe', [])
    let told = 0
    const clock = new this.Epoll(() => {
      told += 1
    })
    clock.add(writer, this.Epoll.EPOLLOUT)
    await this.until(() => told >= count)
    clock.remove(writer).close()
  }

  /** Blocks this thread for a moment. */
  block() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30)
  }

  /** Waits until the kernel has something to tell of a descriptor: what goes through the network takes its time. @param {number} fd @param {number} [events] */
  arrive(fd, events = 0) {
    if (this.call('pollOne', fd, events, 60_000) === 0)
      throw new Error(`nothing arrived at ${this.labels.get(fd)}`)
  }

  /** Lets pass what the package has fetched already, before something changed. @param {Watcher} watcher */
  async settle({ seen }) {
    await this.turns(2)
    seen.length = 0
  }

  /** Says what a watcher was told, each but once. @param {Watcher} watcher */
  tell({ seen }) {
    this.say([...new Set(seen)].join(', ') || 'nothing')
    seen.length = 0
  }

  /** Says what a watcher is told until it was told three times. @param {Watcher} watcher */
  async tellRepeated(watcher) {
    await this.until(() => watcher.seen.length >= 3)
    this.say('again and again')
    this.tell(watcher)
  }

  /** Says all that a watcher was told. @param {Watcher} watcher */
  async tellAll({ seen }) {
    await this.turns()
    this.say(seen.join(', ') || 'nothing')
    seen.length = 0
  }
}
