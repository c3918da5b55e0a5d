import type { Counts } from './counts.js'

/** Where somebody is; unknown if he had gone before he was asked. */
export interface Place {
  readonly address: string | null
  readonly port: number | null
}

/** What the log tells, each of it once: a closed list. The documentation of `--json` has it. */
export type Entry =
  | ({
      readonly event: 'listening'
      readonly backend: string
      readonly trigger: string
      readonly workers?: number
    } & Place)
  | ({ readonly event: 'connected' } & Place)
  /** `text` is what is shown of it, of so many `characters` if that is not all. */
  | ({
      readonly event: 'received'
      readonly bytes: number
      readonly text: string
      readonly characters?: number
    } & Place)
  | ({
      readonly event: 'disconnected'
      readonly reason: string
      readonly bytes: number
      readonly unsent: number
    } & Place)
  /** A request is worked on, or has been: so many others are at work then, and wait. */
  | ({
      readonly event: 'begun' | 'done'
      readonly bytes: number
      readonly working: number
      readonly waiting: number
    } & Place)
  /** A request was not answered. */
  | ({ readonly event: 'failed'; readonly bytes: number; readonly reason: string } & Place)
  /** The first time with a reason, and when it is over with how often it came again. */
  | { readonly event: 'cannot-accept'; readonly reason: string }
  | ({ readonly event: 'refused'; readonly reason: string } & Place)
  | { readonly event: 'cannot-accept' | 'refused'; readonly more: number }
  | ({ readonly event: 'status'; readonly acceptedByWorker?: readonly number[] } & Counts)
  | { readonly event: 'help'; readonly text: string }
  | { readonly event: 'unknown-command'; readonly text: string }
  /** Lines that are not there: nobody read them, or there were more than `limit` a second. */
  | { readonly event: 'dropped'; readonly lines: number; readonly limit?: number }
  | { readonly event: 'stopped' }

export const HELP = 'commands: status (counts), quit or exit (stop), help'

/** Longer text is cut in the log, never in the echo. */
const MAX_SHOWN = 1000
/** Beside what JSON escapes: whatever could move a terminal's cursor or end the line. */
const UNSEEMLY = /[\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g

/** How it begins, and how long it is if that is not all. */
export function cut(text: string): { readonly text: string; readonly characters?: number } {
  const { length } = text
  return length > MAX_SHOWN ? { text: text.slice(0, MAX_SHOWN), characters: length } : { text }
}

function json(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSEEMLY, escape)
}

function escape(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}

export function format({ address, port }: Place): string {
  if (address === null) return 'unknown'
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function statusText(counts: Extract<Entry, { readonly event: 'status' }>): string {
  const { connections, accepted, received, sent, kept, turns, events, callbacks, systemCalls } = counts
  const text =
    `status: ${connections} connections, ${accepted} accepted, ${received} bytes received, ${sent} sent, ${kept} kept, ` +
    `${turns} turns, ${events} events, ${callbacks} callbacks, ${systemCalls} system calls, ` +
    `slowest turn ${counts.slowestTurnMs.toFixed(1)} ms`
  const each = counts.acceptedByWorker
  return each === undefined ? text : `${text}; accepted by each worker: ${each.join(', ')}`
}

/** For people: a line without its end. */
export function textLine(entry: Entry): string {
  switch (entry.event) {
    case 'listening': {
      const workers = entry.workers === undefined ? '' : `, ${entry.workers} workers`
      return `listening on ${format(entry)} (${entry.backend}, ${entry.trigger}${workers})`
    }
    case 'connected': {
      return `connected ${format(entry)}`
    }
    case 'received': {
      const { text, characters } = entry
      const shown = characters === undefined ? json(text) : `${json(`${text}...`)} (${characters} characters)`
      return `received ${format(entry)} ${shown}`
    }
    case 'disconnected': {
      return `disconnected ${format(entry)} (${entry.reason}; ${entry.bytes} bytes received, ${entry.unsent} not sent)`
    }
    case 'begun':
    case 'done': {
      const { event, bytes, working, waiting } = entry
      return `${event} ${format(entry)} (${bytes} bytes; ${working} at work, ${waiting} waiting)`
    }
    case 'failed': {
      const { bytes, reason } = entry
      return `failed ${format(entry)} (${bytes} bytes): ${reason}. With a hole it is no echo: the connection ends`
    }
    case 'cannot-accept': {
      return `cannot accept: ${'more' in entry ? `${entry.more} more times` : entry.reason}`
    }
    case 'refused': {
      return `refused: ${'more' in entry ? `${entry.more} more times` : `${format(entry)}: ${entry.reason}`}`
    }
    case 'status': {
      return statusText(entry)
    }
    case 'help': {
      return entry.text
    }
    case 'unknown-command': {
      return `unknown command ${JSON.stringify(entry.text)}. ${HELP}`
    }
    case 'dropped': {
      const { lines, limit } = entry
      return limit === undefined
        ? `${lines} lines of this log were dropped: nobody read them`
        : `${lines} lines of this log were left out: more than ${limit} a second`
    }
    case 'stopped': {
      return 'stopped'
    }
  }
}

/** For programs (`--json`). */
export function jsonLine(entry: Entry): string {
  return json({ time: new Date().toISOString(), ...entry })
}
