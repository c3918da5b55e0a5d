// Makes a clone ready to run: dependencies, addon, JavaScript, declarations. Does only what is missing or out of date.
// Everything it says goes to standard error: the output of `npm start` belongs to the server.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isFresh, make, missingRust, steps } from './build.mjs'
import { root, run, stopAll } from './run.mjs'

/** A reason to give up that the user can do something about; no stack trace needed. */
export class SetupError extends Error {}

const oldest = /** @type {const} */ ([20, 19])

/** @param {string} file */
function readLock(file) {
  const path = join(root, file)
  if (!existsSync(path)) return undefined
  const { packages } = JSON.parse(readFileSync(path, 'utf8'))
  return new Map(Object.entries(packages).filter(([name]) => name !== ''))
}

/** Whether node_modules holds what package-lock.json asks for, by npm's own note of what it installed. */
function isInstalled() {
  const wanted = readLock('package-lock.json')
  const installed = readLock('node_modules/.package-lock.json')
  if (!wanted || !installed) return false
  for (const [name, { version }] of installed) if (wanted.get(name)?.version !== version) return false
  // Optional ones are for other platforms as a rule.
  for (const [name, { optional }] of wanted) if (!optional && !installed.has(name)) return false
  return true
}

/**
 * @param {string} does
 * @param {() => Promise<import('./run.mjs').Outcome>} action
 */
async function step(does, action) {
  const start = Date.now()
  process.stderr.write(`setup: ${does} ... `)
  const { code, output } = await action()
  process.stderr.write(code === 0 ? `${((Date.now() - start) / 1000).toFixed(1)} s\n` : 'failed\n')
  if (code !== 0) {
    process.stderr.write(output)
    throw new SetupError(`could not ${does}`)
  }
}

/**
 * @param {{ forTests?: boolean }} [options] whether what only the tests need is made too
 * @throws {SetupError} when something is missing that it cannot bring, or when a step fails (its output is printed)
 */
export async function setup({ forTests = false } = {}) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new SetupError(`Node.js ${oldest.join('.')} or newer is needed, this is ${process.versions.node}`)
  }
  const problem = missingRust()
  if (problem !== undefined) throw new SetupError(problem)
  // Install scripts are not needed by anything here, so none is trusted.
  if (!isInstalled()) {
    await step('install dependencies (npm ci)', () =>
      run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']),
    )
  }
  for (const [name, task] of Object.entries(steps)) {
    if (task.forTests && !forTests) continue
    if (!isFresh(name, task)) await step(task.does, () => make(name, task))
  }
}

/** @param {NodeJS.Signals} signal */
function stop(signal) {
  stopAll()
  process.exit(signal === 'SIGINT' ? 130 : 143)
}

/**
 * Ends with one line of explanation instead of a stack trace where the user can act on it.
 *
 * @param {{ forTests?: boolean }} [options]
 */
export async function setupOrExit(options) {
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await setup(options)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`setup: ${error.message}`)
    process.exit(1)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await setupOrExit()
