import { createHistogram } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { Reactor } from 'fdreactor'
import type { TcpStream } from 'fdreactor'
import { Conversation } from './conversation.js'
import { Pattern } from './pattern.js'
import type { Load, Outcome } from './protocol.js'

/** A message is late of the generator's own making when it gets to it this long after it was due. */
const LATE_MS = 1
/** Messages that are sent before echoes are looked for again. */
const BURST = 32
/** How often the parent is listened to. */
const BREATH_MS = 5
/** How long after the last message was due one may still be sent. */
const GRACE_MS = 100

const NS_PER_MS = 1e6
const NS_PER_US = 1e3
/** The longest time that is told from a longer one. */
const LONGEST_NS = 600e9

/**
 * Sends at a fixed rate whatever the server does (an open loop): a message's time begins when it was due, so that one that
 * had to wait for a stalled server counts all of its waiting. A generator that waits for an echo before it sends would
 * leave out just those ("coordinated omission").
 */
export class Generator {
  readonly #load: Load
  readonly #planned: number
  readonly #latencies = createHistogram({ lowest: 1, highest: LONGEST_NS, figures: 3 })
  readonly #reactor = new Reactor({ driver: 'manual' })
  readonly #conversations: readonly Conversation[]
  #start = 0
  #now = 0
  #breath = 0
  #sent = 0
  #received = 0
  #late = 0
  #over = 0

  /** `run` tells this run's messages from those of another. Messages take turns with the connections. */
  constructor(streams: readonly TcpStream[], load: Load, run: number) {
    this.#load = load
    this.#planned = Math.round(load.rate * load.seconds)
    const pattern = new Pattern(load.bytes, run)
    this.#conversations = streams.map(
      (stream, offset) =>
        new Conversation(
          this.#reactor,
          stream,
          pattern,
          (index) => offset + index * streams.length,
          (message) => this.#onEcho(message),
        ),
    )
  }

  /** @throws EchoFault */
  async run(): Promise<Outcome> {
    try {
      this.#start = performance.now()
      await this.#sendAll()
      await this.#drain()
      return this.#outcome()
    } finally {
      for (const conversation of this.#conversations) conversation.end()
      this.#reactor.close()
    }
  }

  #dueOf(message: number): number {
    return this.#start + (message * 1000) / this.#load.rate
  }

  async #sendAll(): Promise<void> {
    const end = this.#dueOf(this.#planned) + GRACE_MS
    while (this.#sent < this.#planned) {
      this.#now = performance.now()
      if (this.#now > end) return
      this.#sendDue()
      await this.#turn()
    }
  }

  #sendDue(): void {
    for (let burst = 0; burst < BURST && this.#sent < this.#planned; burst += 1) {
      const due = this.#dueOf(this.#sent)
      if (due > this.#now) return
      if (this.#now - due > LATE_MS) this.#late += 1
      this.#conversations[this.#sent % this.#conversations.length]?.send()
      this.#sent += 1
    }
  }

  async #drain(): Promise<void> {
    this.#now = performance.now()
    const end = this.#now + this.#load.drainMs
    while (this.#received < this.#sent && this.#now < end) {
      await this.#turn()
      this.#now = performance.now()
    }
    // As far as is known, they take as long as they were waited for.
    for (const conversation of this.#conversations) {
      for (const message of conversation.outstanding()) {
        this.#record(message)
      }
    }
  }

  /** Spins: a wait would be ended late. */
  async #turn(): Promise<void> {
    this.#reactor.poll(0)
    if (this.#now < this.#breath) return
    await setImmediate()
    this.#breath = performance.now() + BREATH_MS
  }

  #onEcho(message: number): void {
    this.#received += 1
    this.#now = performance.now()
    this.#record(message)
  }

  #record(message: number): void {
    const ms = this.#now - this.#dueOf(message)
    if (ms > this.#load.limitMs) this.#over += 1
    this.#latencies.record(Math.max(1, Math.round(ms * NS_PER_MS)))
  }

  #outcome(): Outcome {
    const at = (percentile: number): number => Math.round(this.#latencies.percentile(percentile) / NS_PER_US)
    return {
      planned: this.#planned,
      sent: this.#sent,
      received: this.#received,
      late: this.#late,
      over: this.#over,
      p50: at(50),
      p99: at(99),
      p999: at(99.9),
    }
  }
}
