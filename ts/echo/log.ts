/** How received bytes are shown. */
export const LOG_ENCODINGS = ['gb2312', 'utf-8', 'hex', 'none'] as const
export type LogEncoding = (typeof LOG_ENCODINGS)[number]

/** Longer text is cut in the log, never in the echo. */
const MAX_SHOWN = 1000

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

/** Text in quotes on one line: whatever could move a terminal's cursor or end the line is escaped. */
export function quote(text: string): string {
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text
  const escaped = JSON.stringify(cut).replaceAll(
    /[\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g,
    escape,
  )
  return text.length > MAX_SHOWN ? `${escaped} (${text.length} characters)` : escaped
}

function escape(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}

/** What waits at most, in characters, for a reader of the log that has stalled. */
const MAX_WAITING = 1024 * 1024
/** How long the last lines may keep a stopped server from ending. */
const LAST_LINES_MS = 1000

/**
 * Lines on standard output. Its reader ends or holds up nothing but the log: when it goes away the log ends, and when it stalls lines
 * are dropped and counted.
 */
export class Log {
  readonly #quiet: boolean
  #broken = false
  #waiting = 0
  #dropped = 0

  constructor(quiet: boolean) {
    this.#quiet = quiet
    process.stdout.on('error', () => {
      this.#broken = true
    })
  }

  /** What must be seen: the first line, answers to commands, errors. */
  say(line: string): void {
    if (this.#broken) return
    if (this.#waiting > MAX_WAITING) this.#dropped += 1
    else this.#write(`${line}\n`)
  }

  /** Counts what waits itself: Bun says that nothing does. */
  #write(text: string): void {
    this.#waiting += text.length
    process.stdout.write(text, () => {
      this.#waiting -= text.length
      if (this.#waiting === 0) this.#tellDropped()
    })
  }

  /** What `--quiet` leaves out. */
  note(line: string): void {
    if (!this.#quiet) this.say(line)
  }

  /** No line follows. The process ends even if nobody takes the last ones. */
  end(): void {
    setTimeout(() => process.exit(), LAST_LINES_MS).unref()
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    const dropped = this.#dropped
    this.#dropped = 0
    this.say(`${dropped} lines of this log were dropped: nobody read them`)
  }
}

/** A fault that comes in floods: the first is told at once, the others are counted and told when it is over. */
export class Episode {
  readonly #log: Log
  readonly #name: string
  #count = 0

  constructor(log: Log, name: string) {
    this.#log = log
    this.#name = name
  }

  get going(): boolean {
    return this.#count > 0
  }

  add(detail: string): void {
    if (this.#count === 0) this.#log.say(`${this.#name}: ${detail}`)
    this.#count += 1
  }

  over(): void {
    if (this.#count > 1) this.#log.say(`${this.#name}: ${this.#count - 1} more times`)
    this.#count = 0
  }
}

/** An error in one line, with its code where the message does not say it. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'unknown error'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return error.message.includes(code) ? error.message : `${code}: ${error.message}`
}
