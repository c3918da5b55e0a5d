import { parseArgs } from 'node:util'
import { examine } from './findings.js'
import { asText } from './text.js'

const USAGE = `Usage: fdreactor doctor [options]

Says what there is: runtime, system, the binary that was loaded, the backends and what they can do, limits and how to raise
them. Then tries every backend, driver and trigger with real sockets. Exit status: 0 everything works, 1 something does not.

  --json        the same as JSON (what has no bound is null)
  --timeout N   seconds after which one of the tries has failed (10)
  --help, -h    this text
`

interface Options {
  readonly json: boolean
  readonly help: boolean
  readonly limitMs: number
}

function parse(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '10' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const seconds = /^\d{1,4}(?:\.\d+)?$/.test(values.timeout) ? Number(values.timeout) : 0
    if (seconds === 0) return `--timeout must be a number of seconds above 0, not '${values.timeout}'`
    return { json: values.json, help: values.help, limitMs: seconds * 1000 }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** `fdreactor doctor`. Sets the exit code: 0 everything works, 1 something does not, 2 wrong command line. */
export async function doctor(args: readonly string[]): Promise<void> {
  const options = parse(args)
  if (typeof options === 'string') {
    process.stderr.write(`fdreactor doctor: ${options} ('fdreactor doctor --help' shows the options)\n`)
    process.exitCode = 2
  } else if (options.help) {
    process.stdout.write(USAGE)
  } else {
    const findings = await examine(options.limitMs)
    process.stdout.write(options.json ? `${JSON.stringify(findings, undefined, 2)}\n` : asText(findings))
    process.exitCode = findings.works ? 0 : 1
  }
}
