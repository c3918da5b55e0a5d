// Running other programs, for the scripts beside this file.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** What `npm run` would add to PATH, so that the scripts also work when node runs them directly. */
const localBin = join(root, 'node_modules', '.bin')

/** What programs write is read by other programs here, also where CI=true makes some of them colour it. */
const { FORCE_COLOR: _, ...rest } = process.env
const plain = { ...rest, NO_COLOR: '1', CARGO_TERM_COLOR: 'never' }

/**
 * @typedef {object} Outcome
 * @property {number} code the exit status; 127 if the program is not there, 128 + n if signal n ended it
 * @property {string} output what it wrote to standard output and standard error, in order
 * @property {boolean} timedOut whether it was ended for taking too long
 */

/** @type {Set<number>} */
const running = new Set()

/** Ends every program that is still running, with what it started itself. */
export function stopAll() {
  for (const pid of running) kill(pid)
}

/** Ctrl-C and the like end this process and all that it runs, which are in process groups of their own. */
export function stopAllOnSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      stopAll()
      process.exit(128 + constants.signals[signal])
    })
  }
}

/** @param {number} pid the leader of a process group */
function kill(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

/**
 * Runs a program in the root of the repository and waits for its end.
 *
 * It leads a process group of its own, so that a test that hangs is ended with all its children. The terminal's
 * Ctrl-C does not reach that group: whoever calls this must call `stopAll` when it is told to stop.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, inherit?: boolean, cwd?: string, onOutput?: (text: string) => void, limitMs?: number }} [options]
 * With `inherit: false` its environment is `env` and nothing else.
 * @returns {Promise<Outcome>}
 */
export function run(command, args, { env = {}, inherit = true, cwd = root, onOutput, limitMs = 0 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: inherit ? { ...plain, PATH: localBin + delimiter + process.env['PATH'], ...env } : env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { pid } = child
    let output = ''
    let timedOut = false
    /** @param {string} text */
    const take = (text) => {
      output += text
      onOutput?.(text)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    if (pid !== undefined) running.add(pid)
    const timer = limitMs
      ? setTimeout(() => {
          timedOut = true
          if (pid !== undefined) kill(pid)
        }, limitMs)
      : undefined
    /** @param {number} code */
    const finish = (code) => {
      clearTimeout(timer)
      if (pid !== undefined) running.delete(pid)
      resolve({ code, output, timedOut })
    }
    child.on('error', (error) => {
      take(`${command}: ${error.message}\n`)
      finish(127)
    })
    child.on('close', (code, signal) => {
      finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}

/**
 * Where a program stands on PATH.
 *
 * @param {string} command
 * @returns {string | undefined}
 */
export function which(command) {
  // Where Debian puts servers, which not everybody's PATH has.
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find((file) => existsSync(file))
}
