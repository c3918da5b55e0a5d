import { readFileSync, writeFileSync } from 'node:fs'
import { measure } from './measure.js'
import { frame, reported, version } from '../shared/command.js'
import { ProgressLine } from '../shared/progress.js'
import { USAGE, parseOptions } from './options.js'
import type { Request } from './options.js'
import { compareResults, htmlReport, parseResult, terminalDiff, terminalReport } from './report/index.js'
import type { Result } from './result.js'

function load(file: string): Result {
  return parseResult(readFileSync(file, 'utf8'), file)
}

function publish(
  result: Result,
  { json, html }: { json: string | undefined; html: string | undefined },
): void {
  process.stdout.write(`${terminalReport(result, frame())}\n`)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, null, 1)}\n`)
  if (html !== undefined) writeFileSync(html, htmlReport(result))
}

async function run(request: Request, args: readonly string[]): Promise<void> {
  switch (request.does) {
    case 'help': {
      process.stdout.write(USAGE)
      break
    }
    case 'diff': {
      const [before, after] = request.files
      process.stdout.write(`${terminalDiff(compareResults(load(before), load(after)), frame())}\n`)
      break
    }
    case 'report': {
      publish(load(request.from), request)
      break
    }
    case 'measure': {
      const command = ['fdreactor compare', ...args].join(' ')
      const progress = new ProgressLine(process.stderr)
      publish(await measure(request, { command, version: version(), progress }), request)
      break
    }
  }
}

/** `fdreactor compare`. Sets the exit code: 0 measured, 1 failed, 2 wrong command line. */
export async function compare(args: readonly string[]): Promise<void> {
  await reported('fdreactor compare', () => run(parseOptions(args), args))
}
