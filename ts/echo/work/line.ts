import type { Place } from '../entries.js'
import type { Desk } from './desk.js'
import type { Asker, Line } from './work.js'

/** What one read gave. */
export class Request {
  readonly line: OrderedLine
  readonly size: number
  reply: Uint8Array | undefined
  #bytes: Uint8Array<ArrayBuffer> | undefined

  constructor(line: OrderedLine, bytes: Uint8Array) {
    this.line = line
    this.size = bytes.length
    // With memory of its own, which goes to the thread.
    this.#bytes = new Uint8Array(bytes)
  }

  /** Gives its bytes away: a thread that dies takes them along. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes ?? new Uint8Array()
    this.#bytes = undefined
    return bytes
  }
}

/** The requests of one peer: several may be worked on at a time, and each reply waits for those before it. */
export class OrderedLine implements Line {
  readonly place: Place
  readonly #asker: Asker
  readonly #desk: Desk
  /** Not answered yet, in order. */
  #requests: Request[] = []
  /** Those of them that came without having been asked for: there was no room in the queue, so they wait here. */
  #inHand: Request[] = []
  #size = 0
  /** It is let in: there is room for one, whoever else waits. */
  #hasTicket = false
  #isOutside = false
  #hasLeft = false

  constructor(place: Place, asker: Asker, desk: Desk) {
    this.place = place
    this.#asker = asker
    this.#desk = desk
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#isOutside
  }

  ask(): boolean {
    if (this.#hasTicket || this.#desk.admits(this)) return true
    this.#isOutside = true
    return false
  }

  add(bytes: Uint8Array): void {
    const request = new Request(this, bytes)
    this.#requests.push(request)
    this.#size += request.size
    if (this.ask()) this.#enter(request)
    else this.#inHand.push(request)
  }

  leave(): void {
    this.#hasLeft = true
    this.#desk.leave(this, this.#requests.splice(0))
    this.#inHand = []
  }

  /** There is room for at least one request. */
  letIn(): void {
    this.#isOutside = false
    this.#hasTicket = true
    while (this.#inHand.length > 0 && this.ask()) this.#enter(this.#inHand.shift() as Request)
    if (this.#inHand.length === 0) this.#asker.letIn()
    this.#hasTicket = false
  }

  /** Whether its work is worth beginning. Who is found to have gone leaves. */
  isThere(): boolean {
    return this.#asker.isThere()
  }

  /** A thread has answered. */
  answer(request: Request, reply: Uint8Array): void {
    request.reply = reply
    const replies: Uint8Array[] = []
    for (let first = this.#requests[0]; first?.reply !== undefined; first = this.#requests[0]) {
      replies.push(first.reply)
      this.#size -= first.size
      this.#requests.shift()
    }
    if (replies.length > 0) this.#asker.answer(replies)
  }

  /** A thread has not. A stream with a hole is no echo, so this one ends. */
  fail(): void {
    if (!this.#hasLeft) this.#asker.close('its request has failed')
  }

  #enter(request: Request): void {
    this.#hasTicket = false
    this.#desk.enter(request)
  }
}
