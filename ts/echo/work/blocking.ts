import type { Place } from '../entries.js'
import { block } from './block.js'
import type { Journal } from './journal.js'
import type { Asker, Line, Work, WorkOptions } from './work.js'

/** Works in the loop's own thread: every other connection, timer and signal waits. It shows what not to do. */
export class Blocking implements Work {
  readonly #ms: number
  readonly #journal: Journal

  constructor({ ms }: WorkOptions, journal: Journal) {
    this.#ms = ms
    this.#journal = journal
  }

  line(place: Place, asker: Asker): Line {
    return {
      size: 0,
      isFull: false,
      ask: () => true,
      add: (bytes) => {
        this.#journal.begun(place, bytes.length, 1, 0)
        block(this.#ms)
        this.#journal.done(place, bytes.length, 0, 0)
        asker.answer([bytes])
      },
      leave: () => {},
    }
  }

  close(): void {}
}
