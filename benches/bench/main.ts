import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { frame, reported, version } from '../shared/command.js'
import { ProgressLine } from '../shared/progress.js'
import { measure } from './measure.js'
import { USAGE, parseOptions } from './options.js'
import type { Plan } from './options.js'
import { terminalReport } from './report.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function run(plan: Plan, args: readonly string[]): Promise<void> {
  const progress = new ProgressLine(process.stderr)
  const abort = new AbortController()
  let stopped: (typeof SIGNALS)[number] | undefined
  const stop = (signal: NodeJS.Signals): void => {
    stopped ??= signal as (typeof SIGNALS)[number]
    abort.abort()
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  try {
    const command = ['fdreactor bench', ...args].join(' ')
    const result = await measure(plan, { command, version: version(), progress, signal: abort.signal })
    process.stdout.write(terminalReport(result, frame()))
    if (plan.json !== undefined) writeFileSync(plan.json, `${JSON.stringify(result, null, 1)}\n`)
  } catch (error) {
    progress.end()
    if (stopped === undefined) throw error
    process.exitCode = 128 + constants.signals[stopped]
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

/** `fdreactor bench`. Sets the exit code: 0 measured, 1 failed, 2 wrong command line, 128 and the number of a signal that ended it. */
export async function bench(args: readonly string[]): Promise<void> {
  await reported('fdreactor bench', async () => {
    const request = parseOptions(args)
    if (request.does === 'help') process.stdout.write(USAGE)
    else await run(request, args)
  })
}
