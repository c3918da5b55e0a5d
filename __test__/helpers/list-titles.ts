/** The program that loads the test files named on its command line with the runner, runs nothing, and tells their titles. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { titles } from './runner.js'

const [, , answer = '', ...files] = process.argv
for (const file of files) await import(pathToFileURL(file).href)
writeFileSync(answer, JSON.stringify(titles()))
process.exit(0)
