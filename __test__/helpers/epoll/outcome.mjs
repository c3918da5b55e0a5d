// Runs scenarios in processes of their own, and says how they went.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/**
 * @typedef {object} Outcome
 * @property {string} end how the process ended
 * @property {readonly string[]} said what it wrote
 * @property {string} [error] the error that it ended with
 */

const program = fileURLToPath(new URL('scenario.mjs', import.meta.url))
/** What stands before the lines of one of several scenarios. */
const MARK = '== '

/**
 * Runs some scenarios, one after the other in one process.
 *
 * @param {string} module what provides `Epoll`
 * @param {readonly string[]} names
 * @param {number} limitMs after which it is killed
 * @returns {Promise<Outcome>}
 */
async function run(module, names, limitMs) {
  const child = spawn(process.execPath, ['--expose-gc', program, module, ...names], {
    timeout: limitMs,
    killSignal: 'SIGKILL',
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
  })
  child.stdin.on('error', () => {}).write('\n')
  /** @type {Promise<string>} */
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
  })
  const [said, complaint, end] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  const error =
    end === 'exit 0'
      ? undefined
      : /^\w*Error: .*$|Assertion .*$/m.exec(complaint)?.[0].replace(/'\/.*'/, 'a file')
  return { end, said: said.split('\n').slice(0, -1), ...(error === undefined ? {} : { error }) }
}

/**
 * What one scenario comes to.
 *
 * @param {string} module
 * @param {string} name
 * @param {number} limitMs
 */
export async function outcomeOf(module, name, limitMs) {
  const { said, ...rest } = await run(module, [name], limitMs)
  return { ...rest, said: said.filter((line) => !line.startsWith(MARK)) }
}

/**
 * What several scenarios come to, if all of them end well.
 *
 * @param {string} module
 * @param {readonly string[]} names
 * @param {number} limitMs
 * @returns {Promise<ReadonlyMap<string, Outcome>>}
 */
export async function outcomesOf(module, names, limitMs) {
  const { end, error, said } = await run(module, names, limitMs)
  /** @type {Map<string, Outcome & { said: string[] }>} */
  const outcomes = new Map()
  let current = { end, said: /** @type {string[]} */ ([]) }
  for (const line of said) {
    if (line.startsWith(MARK)) {
      current = { end: 'exit 0', said: [] }
      outcomes.set(line.slice(MARK.length), current)
    } else {
      current.said.push(line)
    }
  }
  // It is the last one that was interrupted.
  if (end !== 'exit 0') Object.assign(current, { end, ...(error === undefined ? {} : { error }) })
  return outcomes
}
