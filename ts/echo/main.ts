import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { takeCommands } from './commands.js'
import { statusLine } from './counts.js'
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

async function serve(options: EchoOptions): Promise<void> {
  const { address } = await find(options.host)
  const zoned = numericZone(address)
  const log = new Log(options.quiet)
  let server: EchoServer | undefined
  const stop = (): void => {
    // It has stopped, and only lines that nobody reads keep the process.
    if (server === undefined || server.reactor.closed) process.exit()
    server.stop()
  }
  // First: whoever started the server may send a signal as soon as it has read that it listens.
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const serving = new EchoServer(options, zoned, log, () => {
    log.say('stopped')
    log.end()
  })
  server = serving
  const { reactor } = serving
  log.say(`listening on ${format(serving.address)} (${reactor.backend}, ${options.trigger})`)
  // And a command.
  takeCommands(reactor, log, { stop, status: (tell) => tell(statusLine(serving.counts)) })
  await serving.run()
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
    else await serve(options)
  } catch (error) {
    fail(error)
  }
}
