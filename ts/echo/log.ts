import { jsonLine, textLine } from './entries.js'
import type { Entry, Place } from './entries.js'

/** How received bytes are shown. */
export const LOG_ENCODINGS = ['gb2312', 'utf-8', 'hex', 'none'] as const
export type LogEncoding = (typeof LOG_ENCODINGS)[number]

/** Turns one connection's bytes into text for the log. A character split over two reads is put together. */
export interface TextLog {
  push(bytes: Uint8Array): string
  /** What an incomplete last character leaves. */
  end(): string
}

function asHex(): TextLog {
  return {
    push: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex'),
    end: () => '',
  }
}

function asText(encoding: 'gb2312' | 'utf-8'): TextLog {
  // GB18030 contains GB2312 and GBK. By the Encoding Standard all three are decoded alike; Node's GBK maps bytes that are none of
  // its own to private characters instead of U+FFFD.
  const decoder = new TextDecoder(encoding === 'gb2312' ? 'gb18030' : encoding, { ignoreBOM: true })
  return { push: (bytes) => decoder.decode(bytes, { stream: true }), end: () => decoder.decode() }
}

/** Makes the log's view of a new connection, or none. */
export function textLog(encoding: LogEncoding): TextLog | undefined {
  if (encoding === 'none') return undefined
  return encoding === 'hex' ? asHex() : asText(encoding)
}

/** What waits at most, in characters, for a reader of the log that has stalled. */
const MAX_WAITING = 1024 * 1024
/** Of whom nothing is known. */
const NOWHERE: Place = { address: null, port: null }
/** How long the last lines may keep a stopped server from ending. */
const LAST_LINES_MS = 1000

/** What `--log-rate` is about. */
const SECOND_MS = 1000

/** How it logs. */
export interface LogOptions {
  readonly quiet: boolean
  readonly json: boolean
  /** How many notes a second at most; 0 is without limit. */
  readonly logRate: number
}

/**
 * Lines on standard output. Its reader ends or holds up nothing but the log: when it goes away the log ends, and when it stalls lines
 * are dropped and counted. A flood of notes is cut off, and what was left out is counted and told once a second.
 */
export class Log {
  readonly #options: LogOptions
  readonly #format: (entry: Entry) => string
  #broken = false
  #waiting = 0
  #dropped = 0
  /** When the second began that notes are counted in, and how many it has had. */
  #second = Number.NEGATIVE_INFINITY
  #noted = 0
  #leftOut: NodeJS.Timeout | undefined

  constructor(options: LogOptions) {
    this.#options = options
    this.#format = options.json ? jsonLine : textLine
    process.stdout.on('error', () => {
      this.#broken = true
    })
    doNotBlock(process.stdout)
  }

  /** What must be seen: the first line, answers to commands, errors. */
  say(entry: Entry): void {
    if (this.#broken) return
    if (this.#waiting > MAX_WAITING) this.#dropped += 1
    else this.#write(`${this.#format(entry)}\n`)
  }

  /** Counts what waits itself: Bun says that nothing does. */
  #write(text: string): void {
    this.#waiting += text.length
    process.stdout.write(text, () => {
      this.#waiting -= text.length
      if (this.#waiting === 0) this.#tellDropped()
    })
  }

  /** What `--quiet` leaves out, and `--log-rate` above its limit. */
  note(entry: Entry): void {
    const { quiet, logRate } = this.#options
    if (quiet) return
    if (logRate > 0) {
      const now = performance.now()
      if (now - this.#second >= SECOND_MS) {
        this.#tellLeftOut()
        this.#second = now
      }
      this.#noted += 1
      if (this.#noted > logRate) {
        this.#leftOut ??= setTimeout(() => this.#tellLeftOut(), this.#second + SECOND_MS - now).unref()
        return
      }
    }
    this.say(entry)
  }

  /** No line follows but `last`. The process ends even if nobody takes the last ones. */
  end(last?: Entry): void {
    this.#tellLeftOut()
    if (last !== undefined) this.say(last)
    setTimeout(() => process.exit(), LAST_LINES_MS).unref()
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    const dropped = this.#dropped
    this.#dropped = 0
    this.say({ event: 'dropped', lines: dropped })
  }

  /** A second is over. */
  #tellLeftOut(): void {
    const limit = this.#options.logRate
    const lines = this.#noted - limit
    this.#noted = 0
    this.#second = Number.NEGATIVE_INFINITY
    clearTimeout(this.#leftOut)
    this.#leftOut = undefined
    if (limit > 0 && lines > 0) this.say({ event: 'dropped', lines, limit })
  }
}

/** Node has terminals written to without returning until they have taken it all; one that is held (Ctrl-S) would hold up everybody. */
function doNotBlock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (on: boolean) => void } }
  if (stream.isTTY) handle?.setBlocking?.(false)
}

/** A fault that comes in floods: the first is told at once, the others are counted and told when it is over. */
export class Episode {
  readonly #log: Log
  readonly #event: 'cannot-accept' | 'refused'
  #count = 0

  constructor(log: Log, event: 'cannot-accept' | 'refused') {
    this.#log = log
    this.#event = event
  }

  get going(): boolean {
    return this.#count > 0
  }

  /** `whom` it happened to, of those who are refused. */
  add(reason: string, whom: Place = NOWHERE): void {
    if (this.#count === 0) {
      this.#log.say(
        this.#event === 'refused'
          ? { event: 'refused', ...whom, reason }
          : { event: 'cannot-accept', reason },
      )
    }
    this.#count += 1
  }

  over(): void {
    if (this.#count > 1) this.#log.say({ event: this.#event, more: this.#count - 1 })
    this.#count = 0
  }
}

/** An error in one line, with its code where the message does not say it. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'unknown error'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return error.message.includes(code) ? error.message : `${code}: ${error.message}`
}
