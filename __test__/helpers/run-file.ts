/** The program that runs one test file with the runner: its path is the only argument. */
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { runAll } from './runner.js'

const [, , file = ''] = process.argv
await import(pathToFileURL(file).href)
// Not console.log: the line must be out before anything can end the process.
await runAll((result) => writeSync(1, `${JSON.stringify(result)}\n`))
process.exit(0)
