import { readFileSync } from 'node:fs'
import { UsageError } from './options.js'
import type { Frame } from './report/draw.js'

/** What standard output is. */
export function frame(): Frame {
  const { stdout } = process
  return { columns: stdout.isTTY ? stdout.columns : 100, colour: stdout.isTTY && stdout.hasColors() }
}

/** Of the package. */
export function version(): string {
  // dist/benches/*.js
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Runs a command: what goes wrong becomes a line, and the exit code 1, or 2 if the command line is wrong. */
export async function reported(command: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    const misused = error instanceof UsageError
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(
      `${command}: ${message}${misused ? ` ('${command} --help' shows the options)` : ''}\n`,
    )
    process.exitCode = misused ? 2 : 1
  }
}
