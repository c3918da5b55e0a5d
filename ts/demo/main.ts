import { parseArgs } from 'node:util'
import { play, text } from './performance.js'
import type { Scene } from './scene.js'
import { scenes } from './scenes/index.js'
import { columns } from './stage.js'

/** A wrong command line: one line for the user. */
class UsageError extends Error {}

const USAGE = `Usage: fdreactor demo NAME [--json]

What readiness is and is not: short scenes on real sockets, with what every backend and trigger reports of each step, and the
system calls that the program makes. The faults of many a first server stand beside the right way.

${scenes.map(({ name, title }) => `  ${name.padEnd(14)}${title}`).join('\n')}
  all           all of them, in this order

  --json        one object a line for each scene
  --help, -h    this text
`

interface Options {
  readonly chosen: readonly Scene[]
  readonly json: boolean
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowPositionals: true,
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error))
  }
}

function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parse(args)
  const [name, ...more] = positionals
  if (values.help || name === undefined) return 'help'
  if (more.length > 0) throw new UsageError(`one scene at a time, or all: '${more.join(' ')}' is too many`)
  const chosen = scenes.filter((scene) => name === 'all' || scene.name === name)
  if (chosen.length === 0) {
    const names = [...scenes.map((scene) => scene.name), 'all']
    throw new UsageError(`there is no scene '${name}'; there are ${names.join(', ')}`)
  }
  return { chosen, json: values.json }
}

/** `fdreactor demo`. Sets the exit code: 0 played, 1 failed, 2 wrong command line. */
export function demo(args: readonly string[]): void {
  try {
    const options = parseOptions(args)
    if (options === 'help') {
      process.stdout.write(USAGE)
      return
    }
    const ways = columns()
    for (const [index, scene] of options.chosen.entries()) {
      const report = play(scene, ways)
      if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
      else process.stdout.write(`${index > 0 ? '\n' : ''}${text(report)}`)
    }
  } catch (error) {
    process.stderr.write(`fdreactor demo: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}
