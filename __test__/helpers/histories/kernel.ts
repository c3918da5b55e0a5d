/** What a kernel's set must report: epoll's, which goes by open file and number, and a scan's, which goes by number alone. */
import { Ready } from '../../../dist/index.js'
import type { Backend, Interest, Trigger } from '../../../dist/index.js'
import { POLL } from './files.js'
import type { File, Files } from './files.js'

/** What a registration asks for, all of it named. */
export type Asked = Required<Interest>

export const NOTHING: Asked = {
  readable: false,
  writable: false,
  priority: false,
  disconnect: false,
  trigger: 'level' satisfies Trigger,
  oneshot: false,
  exclusive: false,
}

/** What a wait may find. */
export interface Sight {
  /** Which arming of which registration. */
  readonly serial: number
  readonly readiness: number
  /** Whether it must: an edge that only may be one need not be told. */
  readonly must: boolean
}

interface Entry {
  readonly at: number
  readonly file: File
  readonly serial: number
  readonly asked: Asked
  /** After a oneshot's event. */
  silent: boolean
  /** Added or changed since the last wait, or more data came. */
  fresh: boolean
  /** Something happened since the last wait that may be an edge. */
  touched: boolean
  /** What was ready in the last wait. */
  seen: number
  /** A oneshot that may have had its event: it was found, and dropped as stale. */
  doubtful: boolean
}

export function requestOf(asked: Asked): number {
  const halfClose = asked.exclusive ? 0 : POLL.RDHUP
  return (
    (asked.readable ? POLL.IN | halfClose : 0) |
    (asked.writable ? POLL.OUT : 0) |
    (asked.priority ? POLL.PRI : 0) |
    (asked.disconnect ? halfClose : 0)
  )
}

const BITS = [
  [POLL.IN, Ready.READABLE],
  [POLL.OUT, Ready.WRITABLE],
  [POLL.PRI, Ready.PRIORITY],
  [POLL.RDHUP, Ready.READ_CLOSED],
  [POLL.HUP, Ready.HANGUP],
  [POLL.ERR, Ready.ERROR],
  [POLL.NVAL, Ready.INVALID],
] as const

/** poll(2)'s mask in the library's bits. */
export function readinessOf(mask: number): number {
  return BITS.reduce((all, [flag, bit]) => ((mask & flag) === 0 ? all : all | bit), 0)
}

/** epoll's set. An entry lives as long as its file has a number, be it another one. */
export class Kernel {
  #entries: Entry[] = []

  #find(at: number, file: File | undefined): Entry | undefined {
    return this.#entries.find((entry) => entry.at === at && entry.file === file)
  }

  has(at: number, file: File | undefined): boolean {
    return this.#find(at, file) !== undefined
  }

  /** `EPOLL_CTL_ADD`, which takes the place of an entry that was left behind for the same number and file. */
  add(at: number, file: File, serial: number, asked: Asked): void {
    this.remove(at, file)
    this.#entries.push({
      at,
      file,
      serial,
      asked,
      silent: false,
      fresh: true,
      touched: false,
      seen: 0,
      doubtful: false,
    })
  }

  /** `EPOLL_CTL_DEL`. Whether there was one. */
  remove(at: number, file: File): boolean {
    const entry = this.#find(at, file)
    this.#entries = this.#entries.filter((one) => one !== entry)
    return entry !== undefined
  }

  clear(): void {
    this.#entries = []
  }

  /** Takes in what happened to the files. */
  follow(files: Files): void {
    for (const { file, arrived } of files.takeTouched()) {
      for (const entry of this.#entries.filter((one) => one.file === file)) {
        entry.touched = true
        if (arrived && entry.asked.readable) entry.fresh = true
      }
    }
    this.#entries = this.#entries.filter(({ file }) => files.isOpen(file))
  }

  /** What a wait would find now. */
  look(files: Files): Sight[] {
    return this.#entries.flatMap(({ file, serial, asked, silent, fresh, touched, seen, doubtful }) => {
      const now = silent ? 0 : files.pollFile(file, requestOf(asked))
      const must = now !== 0 && (asked.trigger === 'level' || fresh || (now & ~seen) !== 0)
      const may = must || (now !== 0 && touched)
      return may ? [{ serial, readiness: readinessOf(now), must: must && !doubtful }] : []
    })
  }

  /** A wait has found all there was. */
  looked(files: Files): void {
    for (const entry of this.#entries) {
      entry.seen = files.pollFile(entry.file, requestOf(entry.asked))
      entry.fresh = false
      entry.touched = false
    }
  }

  /**
   * A wait has found some of it, and nobody knows what: every edge may come, and none must. `current` are the entries of open
   * registrations, whose state tells whether their oneshot is spent.
   */
  blur(current: ReadonlySet<number>): void {
    for (const entry of this.#entries) {
      entry.doubtful = entry.asked.oneshot && !current.has(entry.serial)
      entry.seen = -1
      entry.fresh = false
      entry.touched = true
    }
  }

  /** A oneshot's event was found. */
  silence(serial: number): void {
    for (const entry of this.#entries) if (entry.serial === serial) entry.silent = true
  }

  /** Whether the set has an entry for anything else than these. */
  hasBesides(serials: ReadonlySet<number>): boolean {
    return this.#entries.some(({ serial }) => !serials.has(serial))
  }
}

/** What a scan watches. */
export interface Scanned {
  readonly at: number
  readonly serial: number
  readonly asked: Asked
}

/** select's three sets: a hang-up shows as readable, an error as readable and writable, if that was asked. */
function narrow(asked: Asked, now: number): number {
  if ((now & POLL.NVAL) !== 0) return Ready.INVALID
  const shows = (isAsked: boolean, mask: number, bit: number): number =>
    isAsked && (now & mask) !== 0 ? bit : 0
  return (
    shows(asked.readable, POLL.IN | POLL.HUP | POLL.ERR, Ready.READABLE) |
    shows(asked.writable, POLL.OUT | POLL.ERR, Ready.WRITABLE) |
    shows(asked.priority, POLL.PRI, Ready.PRIORITY)
  )
}

/** What a scan would find now. */
export function scan(backend: Backend, files: Files, watched: readonly Scanned[]): Sight[] {
  const sights = watched.map(({ at, serial, asked }) => {
    const now = files.pollPlace(at, requestOf(asked))
    const readiness = backend === 'select' ? narrow(asked, now) : readinessOf(now)
    return { serial, readiness, must: true, asked }
  })
  // select fails on a closed number if it was asked anything of it that it can express, and only then are they searched.
  const fails =
    backend !== 'select' ||
    sights.some(
      ({ readiness, asked }) =>
        readiness === Ready.INVALID && (asked.readable || asked.writable || asked.priority),
    )
  return sights.filter(({ readiness }) => readiness !== 0 && (fails || readiness !== Ready.INVALID))
}
