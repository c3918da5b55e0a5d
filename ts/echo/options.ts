import { parseArgs } from 'node:util'
import type { Backend, Driver, Trigger } from '../index.js'
import { LOG_ENCODINGS } from './log.js'
import type { LogEncoding } from './log.js'
import type { WorkOptions } from './work/work.js'

const MOST_WORKERS = 256
const MOST_THREADS = 256
const MOST_MS = 3_600_000

/** What the command line says. */
export interface EchoOptions {
  readonly backend: 'auto' | Backend
  readonly trigger: Trigger
  readonly driver: 'auto' | Driver
  readonly host: string
  readonly port: number
  readonly backlog: number
  readonly logEncoding: LogEncoding
  readonly quiet: boolean
  /** Whether `listen` serves, and not readiness alone. */
  readonly server: boolean
  /** In how many Worker threads; 0 is in the main one. */
  readonly workers: number
  /** Whether the log is for programs. */
  readonly json: boolean
  /** How many lines a second about connections and what they send at most; 0 is without limit. */
  readonly logRate: number
  /** How often the counts are told, in seconds; 0 is never. */
  readonly statsEvery: number
  /** How long a stopping server waits for peers that take nothing, in milliseconds. */
  readonly graceMs: number
  /** What is done with each request, if anything is. */
  readonly work: WorkOptions | undefined
}

/** A wrong command line: one line for the user. */
export class UsageError extends Error {}

export const USAGE = `Usage: fdreactor echo [options]

Sends back whatever its peers send: one event loop, in one thread unless --workers says more.

  --backend NAME        auto, epoll, kqueue, poll or select (auto: the system's best)
  --trigger NAME        level or edge; edge needs epoll or kqueue (level)
  --driver NAME         auto, loop, thread or manual (auto)
  --host HOST           address or name to listen on (127.0.0.1)
  --port N              0 to 65535; 0 takes a free one (7788)
  --backlog N           connections that may wait to be accepted (511)
  --server              on listen(), which reads and writes by itself, and not on readiness
  --workers N           in N Worker threads that share the port, 1 to 256 (none)
  --work-ms N           each request takes N ms of blocking work, 0 to 3600000: in the loop's thread, so that everybody
                        waits; a request is what one read gave (none)
  --threads N           that work in a pool of N threads, 1 to 256, so that nobody waits for it but who asked (none)
  --queue N             requests that may wait for one of them, 0 to 65536; then no more is read (64)
  --crash-on TEXT       a request with TEXT in it kills its thread, to see what becomes of the others (none)
  --grace-ms N          how long a stopping server goes on while nothing can be sent, 0 to 3600000 (2000)
  --log-encoding NAME   gb2312, utf-8, hex or none: how received bytes are logged (utf-8)
  --quiet               no log of connections and what they send
  --log-rate N          at most N lines of it a second (of each worker); 0 is without limit (10000)
  --json                the log as one JSON object a line
  --stats-every S       prints the counts every S seconds, 0.1 to 86400 (never)
  --help, -h            this text

Lines on standard input: status, quit, exit, help. The signal SIGUSR2 asks for the status too.
`

const BACKENDS = ['auto', 'epoll', 'kqueue', 'poll', 'select'] as const
const TRIGGERS = ['level', 'edge'] as const
const DRIVERS = ['auto', 'loop', 'thread', 'manual'] as const

function choice<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((each) => each === value)
  if (found === undefined)
    throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not '${value}'`)
  return found
}

function whole(name: string, value: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= min && number <= max)) {
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not '${value}'`)
  }
  return number
}

const LEAST_SECONDS = 0.1
const MOST_SECONDS = 86_400

function seconds(name: string, value: string): number {
  const number = /^\d{1,5}(\.\d{1,9})?$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= LEAST_SECONDS && number <= MOST_SECONDS)) {
    throw new UsageError(
      `--${name} must be a number of seconds from ${LEAST_SECONDS} to ${MOST_SECONDS}, not '${value}'`,
    )
  }
  return number
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        backend: { type: 'string', default: 'auto' },
        trigger: { type: 'string', default: 'level' },
        driver: { type: 'string', default: 'auto' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '7788' },
        backlog: { type: 'string', default: '511' },
        'log-encoding': { type: 'string', default: 'utf-8' },
        quiet: { type: 'boolean', default: false },
        'log-rate': { type: 'string', default: '10000' },
        json: { type: 'boolean', default: false },
        'stats-every': { type: 'string' },
        server: { type: 'boolean', default: false },
        workers: { type: 'string' },
        'work-ms': { type: 'string' },
        threads: { type: 'string' },
        queue: { type: 'string' },
        'crash-on': { type: 'string' },
        'grace-ms': { type: 'string', default: '2000' },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowPositionals: false,
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error))
  }
}

/** Of `--work-ms` and what is about it. */
function parseWork(values: ReturnType<typeof parse>): WorkOptions | undefined {
  const { 'work-ms': ms, threads, queue, 'crash-on': crashOn } = values
  if (threads === undefined) {
    for (const [name, value] of Object.entries({ queue, 'crash-on': crashOn }))
      if (value !== undefined) throw new UsageError(`--${name} is about the threads of --threads N`)
  } else if (ms === undefined) throw new UsageError('--threads is about the work of --work-ms N')
  if (ms === undefined) return undefined
  if (crashOn === '') throw new UsageError('--crash-on must be a text, and is empty')
  return {
    ms: whole('work-ms', ms, 0, MOST_MS),
    threads: threads === undefined ? 0 : whole('threads', threads, 1, MOST_THREADS),
    queue: whole('queue', queue ?? '64', 0, 65_536),
    crashOn,
  }
}

/** Reads the command line. @throws UsageError */
export function parseOptions(args: readonly string[]): EchoOptions | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const backend = choice('backend', values.backend, BACKENDS)
  const trigger = choice('trigger', values.trigger, TRIGGERS)
  if (trigger === 'edge' && (backend === 'poll' || backend === 'select')) {
    throw new UsageError(
      `--trigger edge needs epoll or kqueue: ${backend} scans the state of descriptors and has no edges`,
    )
  }
  const driver = choice('driver', values.driver, DRIVERS)
  if (driver === 'loop' && (backend === 'poll' || backend === 'select')) {
    throw new UsageError(
      `--driver loop needs epoll or kqueue: ${backend} has no descriptor that a loop could watch`,
    )
  }
  if (values.host === '') throw new UsageError('--host must be an address or a name, and is empty')
  return {
    backend,
    trigger,
    driver,
    host: values.host,
    port: whole('port', values.port, 0, 65_535),
    backlog: whole('backlog', values.backlog, 1, 2 ** 31 - 1),
    logEncoding: choice('log-encoding', values['log-encoding'], LOG_ENCODINGS),
    quiet: values.quiet,
    logRate: whole('log-rate', values['log-rate'], 0, 1_000_000_000),
    json: values.json,
    statsEvery: values['stats-every'] === undefined ? 0 : seconds('stats-every', values['stats-every']),
    server: values.server,
    workers: values.workers === undefined ? 0 : whole('workers', values.workers, 1, MOST_WORKERS),
    graceMs: whole('grace-ms', values['grace-ms'], 0, MOST_MS),
    work: parseWork(values),
  }
}

/** What holds where the command line says nothing. */
export function defaultOptions(): EchoOptions {
  return parseOptions([]) as EchoOptions
}
