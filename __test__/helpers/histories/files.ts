/**
 * The descriptors of a history: a few places, each a number of ours, and the open files behind them.
 *
 * Nothing is kept of what a file holds: poll(2) tells that. Kept is which numbers stand for which file, and which files were
 * touched, since only a touched file can give an edge.
 */
import { statSync } from 'node:fs'
import { WOULD_BLOCK, io } from '../../../dist/index.js'
import { kit, makeEventfd, makePair, makePipe } from '../kit.js'
import { PLACES } from './ops.js'
import type { FileOp, Kind } from './ops.js'

/** The number of the first place: nothing else in this process gets that high. */
const FLOOR = 300

/** The masks of poll(2) on Linux. */
export const POLL = { IN: 1, PRI: 2, OUT: 4, ERR: 8, HUP: 16, NVAL: 32, RDHUP: 0x20_00 } as const

/** The number of a place. */
export const numberOf = (at: number): number => FLOOR + at

export interface File {
  readonly kind: Kind
  peer?: File
}

/** Something happened to a file that may be an edge; data that arrived is one also if there was some. */
export interface Touch {
  readonly file: File
  readonly arrived: boolean
}

const buffer = Buffer.alloc(1 << 16)
const one = Buffer.from(new BigUint64Array([1n]).buffer)
const most = Buffer.from(new BigUint64Array([2n ** 64n - 2n]).buffer)

/** What a call returned; `undefined` if it failed. Whatever comes of it, poll(2) will tell. */
function attempt(call: () => number | void): number | void | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}

export class Files {
  readonly #places: (File | undefined)[] = Array.from({ length: PLACES }, () => undefined)
  #touched: Touch[] = []

  /** What every history begins with: a pair at 0 and 1, a pipe from 3 to 2, an eventfd at 4, nothing at 5. */
  constructor() {
    this.#open('pair', 0, 1)
    this.#open('pipe', 2, 3)
    this.#open('eventfd', 4, 5)
  }

  /** The file of a place, if it is open. */
  at(place: number): File | undefined {
    return this.#places[place]
  }

  /** Whether a file still has a number. */
  isOpen(file: File): boolean {
    return this.#places.includes(file)
  }

  /** What poll(2) says of a place's number now. */
  pollPlace(at: number, mask: number): number {
    return this.#places[at] === undefined ? POLL.NVAL : kit.pollOne(numberOf(at), mask)
  }

  /** What poll(2) says of an open file now. */
  pollFile(file: File, mask: number): number {
    return kit.pollOne(numberOf(this.#places.indexOf(file)), mask)
  }

  /** What fstat(2) tells a place's file by, if it is open; by its name, since Deno's numbers are not the system's. */
  identity(at: number): string | undefined {
    if (this.#places[at] === undefined) return undefined
    const { dev, ino } = statSync(`/proc/self/fd/${numberOf(at)}`)
    return `${dev}:${ino}`
  }

  /** What was touched since this was last asked. */
  takeTouched(): readonly Touch[] {
    const touched = this.#touched
    this.#touched = []
    return touched
  }

  /** Returns whether there was anything to do it with. */
  act(op: FileOp): boolean {
    const file = this.#places[op.at]
    if (op.do === 'open') this.#open(op.kind, op.at, op.other)
    else if (file === undefined) return false
    else this.#do(op, file)
    return true
  }

  #do(op: Exclude<FileOp, { do: 'open' }>, file: File): void {
    if (op.do === 'dup' || op.do === 'move') {
      kit.dupOnto(numberOf(op.at), numberOf(op.other))
      this.#assign(op.other, file)
      if (op.do === 'move') this.#close(op.at)
    } else if (op.do === 'close') this.#close(op.at)
    else this.#touch(file, this.#use(numberOf(op.at), file, op.do))
  }

  close(): void {
    for (const at of this.#places.keys()) this.#close(at)
  }

  /** Returns whether data was sent. */
  #use(fd: number, file: File, what: Exclude<FileOp['do'], 'open' | 'dup' | 'move' | 'close'>): boolean {
    switch (what) {
      case 'write': {
        return (attempt(() => io.write(fd, one)) ?? WOULD_BLOCK) > 0
      }
      case 'read': {
        attempt(() => io.read(fd, buffer, 0, file.kind === 'eventfd' ? 8 : 1))
        return false
      }
      case 'drain': {
        // A reset is told once, and hides nothing: so try once more after a failure.
        for (let failures = 0; failures < 2;) {
          const count = attempt(() => io.read(fd, buffer))
          if (count === undefined) failures += 1
          else if (count <= 0) break
        }
        return false
      }
      case 'fill': {
        if (file.kind === 'eventfd') {
          attempt(() => io.read(fd, buffer))
          io.write(fd, most)
        } else {
          while ((attempt(() => io.write(fd, buffer)) ?? WOULD_BLOCK) > 0);
        }
        return false
      }
      default: {
        // No socket, no shutdown.
        attempt(() => kit.shut(fd, what === 'end both' ? 'both' : 'write'))
        return false
      }
    }
  }

  #open(kind: Kind, at: number, other: number): void {
    const make = { pair: () => makePair(), pipe: () => makePipe(), eventfd: () => [makeEventfd()] as const }
    const [first, second] = make[kind]()
    const file: File = { kind }
    kit.dupOnto(first.fd, numberOf(at))
    first.close()
    this.#assign(at, file)
    if (second === undefined) return
    file.peer = { kind, peer: file }
    kit.dupOnto(second.fd, numberOf(other))
    second.close()
    this.#assign(other, file.peer)
  }

  #close(at: number): void {
    if (this.#places[at] === undefined) return
    kit.close(numberOf(at))
    this.#assign(at, undefined)
  }

  /** Gives a place another file. The one it had is closed with its last number, of which the peer hears. */
  #assign(at: number, file: File | undefined): void {
    const before = this.#places[at]
    this.#places[at] = file
    if (before !== undefined && !this.isOpen(before)) this.#touch(before, false)
  }

  #touch(file: File, isSent: boolean): void {
    this.#touched.push({ file, arrived: isSent && file.peer === undefined })
    // An older kernel tells of new data in a pipe only if it was empty.
    if (file.peer !== undefined) {
      this.#touched.push({ file: file.peer, arrived: isSent && file.kind === 'pair' })
    }
  }
}
