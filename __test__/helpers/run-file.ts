/** The program that runs one test file with the runner: its path, then the beginnings of titles to leave out. */
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { runAll } from './runner.js'

const [, , file = '', ...leftOut] = process.argv
await import(pathToFileURL(file).href)
// Not console.log: the line must be out before anything can end the process.
await runAll(leftOut, (result) => writeSync(1, `${JSON.stringify(result)}\n`))
process.exit(0)
