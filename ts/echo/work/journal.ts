import type { Place } from '../entries.js'
import { describe } from '../log.js'
import type { Log } from '../log.js'

/** What the log tells of requests. */
export class Journal {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  begun(place: Place, bytes: number, working: number, waiting: number): void {
    this.#log.note({ event: 'begun', ...place, bytes, working, waiting })
  }

  done(place: Place, bytes: number, working: number, waiting: number): void {
    this.#log.note({ event: 'done', ...place, bytes, working, waiting })
  }

  failed(place: Place, bytes: number, failure: unknown): void {
    this.#log.say({ event: 'failed', ...place, bytes, reason: describe(failure) })
  }
}
