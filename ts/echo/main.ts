import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { Reactor } from '../index.js'
import { takeCommands } from './commands.js'
import type { Commanded } from './commands.js'
import { Crew } from './crew.js'
import { Log } from './log.js'
import { USAGE, UsageError, parseOptions } from './options.js'
import type { EchoOptions } from './options.js'
import { EchoServer } from './server.js'

/** What the reactor refuses because the command line asked for it. */
const MISUSE = new Set([
  'ERR_INVALID_ARG_VALUE',
  'ERR_FDREACTOR_BACKEND_UNSUPPORTED',
  'ERR_FDREACTOR_TRIGGER_UNSUPPORTED',
])

function hasCode(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

/** A link-local address names its interface by a number where it is used, and by a name where people write it. */
function numericZone(address: string): string {
  const [host = '', zone] = address.split('%')
  if (zone === undefined || /^\d+$/.test(zone)) return address
  const interfaces = networkInterfaces()[zone] ?? []
  const scope = interfaces
    .map((each) => (each.family === 'IPv6' ? each.scopeid : 0))
    .find((index) => index > 0)
  if (scope === undefined)
    throw new UsageError(`--host: there is no link-local address on an interface '${zone}'`)
  return `${host}%${scope}`
}

/** The error names the host, which Bun's leaves out. */
async function find(host: string): Promise<{ readonly address: string }> {
  try {
    return await lookup(host)
  } catch (error) {
    if (error instanceof Error && !error.message.includes(host)) error.message += ` ${host}`
    throw error
  }
}

/**
 * Has signals and the clock command what `current` tells. Called first: a signal may come as soon as it can be read that the server
 * listens.
 */
function takeSignals(options: EchoOptions, log: Log, current: () => Commanded | undefined): void {
  const stop = (): void => {
    const server = current()
    // It has stopped, and only lines that nobody reads keep the process.
    if (server === undefined) process.exit()
    server.stop()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const status = (): void => current()?.status((entry) => log.say(entry))
  // SIGUSR1 is Node's debugger.
  process.on('SIGUSR2', status)
  if (options.statsEvery > 0) setInterval(status, options.statsEvery * 1000).unref()
}

async function serve(options: EchoOptions, host: string, log: Log): Promise<void> {
  let current: Commanded | undefined
  takeSignals(options, log, () => current)
  const server = new EchoServer(options, host, log, () => {
    current = undefined
    log.end({ event: 'stopped' })
  })
  current = {
    stop: () => server.stop(),
    status: (tell) => tell({ event: 'status', ...server.counts }),
  }
  const { reactor } = server
  const { address, port } = server.address
  log.say({ event: 'listening', address, port, backend: reactor.backend, trigger: options.trigger })
  // And a command.
  takeCommands(reactor, log, current)
  await server.run()
}

async function serveInWorkers(options: EchoOptions, host: string, log: Log): Promise<void> {
  let current: Commanded | undefined
  takeSignals(options, log, () => current)
  const crew = await Crew.start(options, host, (text) => fail(new Error(text)))
  current = {
    stop: () => crew.stop(),
    status: (tell) => void crew.status().then((entry) => current !== undefined && tell(entry)),
  }
  // For standard input alone.
  using reactor = new Reactor()
  const { address, port } = crew.address
  const { trigger, workers } = options
  log.say({ event: 'listening', address, port, backend: crew.backend, trigger, workers })
  takeCommands(reactor, log, current)
  await crew.ended
  current = undefined
  log.end({ event: 'stopped' })
}

function fail(error: unknown): void {
  const misused = error instanceof UsageError || (hasCode(error) && MISUSE.has(error.code))
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    `fdreactor echo: ${message}${misused ? " ('fdreactor echo --help' shows the options)" : ''}\n`,
  )
  process.exitCode = misused ? 2 : 1
}

/** `fdreactor echo`. Sets the exit code: 0 stopped, 1 failed, 2 wrong command line. */
export async function echo(args: readonly string[]): Promise<void> {
  try {
    const options = parseOptions(args)
    if (options === 'help') process.stdout.write(USAGE)
    else {
      const { address } = await find(options.host)
      const run = options.workers > 0 ? serveInWorkers : serve
      await run(options, numericZone(address), new Log(options))
    }
  } catch (error) {
    fail(error)
  }
}
