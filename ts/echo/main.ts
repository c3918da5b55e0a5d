import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { Reactor } from '../index.js'
import { takeCommands } from './commands.js'
import { statusLine } from './counts.js'
import { Crew } from './crew.js'
import { Log } from './log.js'
import { USAGE, UsageError, parseOptions } from './options.js'
import type { EchoOptions } from './options.js'
import { format } from './peer.js'
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

/** What the signals and the commands stop. */
interface Stoppable {
  /** Ends; called twice, at once. */
  stop(): void
}

/** Has signals stop what `current` tells. Called first: one may come as soon as it can be read that the server listens. */
function stopOnSignals(current: () => Stoppable | undefined): void {
  const stop = (): void => {
    const server = current()
    // It has stopped, and only lines that nobody reads keep the process.
    if (server === undefined) process.exit()
    server.stop()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

async function serve(options: EchoOptions, host: string, log: Log): Promise<void> {
  let current: EchoServer | undefined
  stopOnSignals(() => current)
  const server = new EchoServer(options, host, log, () => {
    current = undefined
    log.say('stopped')
    log.end()
  })
  current = server
  const { reactor } = server
  log.say(`listening on ${format(server.address)} (${reactor.backend}, ${options.trigger})`)
  // And a command.
  takeCommands(reactor, log, {
    stop: () => server.stop(),
    status: (tell) => tell(statusLine(server.counts)),
  })
  await server.run()
}

async function serveInWorkers(options: EchoOptions, host: string, log: Log): Promise<void> {
  let current: Crew | undefined
  stopOnSignals(() => current)
  const crew = await Crew.start(options, host, (text) => fail(new Error(text)))
  current = crew
  // For standard input alone.
  using reactor = new Reactor()
  log.say(
    `listening on ${format(crew.address)} (${crew.backend}, ${options.trigger}, ${options.workers} workers)`,
  )
  takeCommands(reactor, log, {
    stop: () => crew.stop(),
    status: (tell) => void crew.status().then(tell),
  })
  await crew.ended
  current = undefined
  log.say('stopped')
  log.end()
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
      await run(options, numericZone(address), new Log(options.quiet))
    }
  } catch (error) {
    fail(error)
  }
}
