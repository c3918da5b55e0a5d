// Runs a binary on whatever there is here that can.
import { join } from 'node:path'
import { root, run } from '../run.mjs'
import { guestsOf } from './guests.mjs'
import { Missing } from './toolchain.mjs'

/** @typedef {import('../platforms.mjs').Platform} Platform */

/** Where a run that hangs ends; under emulation one takes a minute on a busy machine. */
const limitMs = 15 * 60_000

/**
 * @param {Platform} platform
 * @param {string} file the binary
 * @returns {Promise<{ runs: string[], faults: string[] }>} where it ran, or why it did not; and what went wrong there
 */
export async function runOn(platform, file) {
  /** @type {string[]} */
  const runs = []
  /** @type {string[]} */
  const faults = []
  for (const { name, command } of guestsOf(platform)) {
    /** @type {string[]} */
    let line
    try {
      line = await command()
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      runs.push(`not on ${name}`)
      console.log(`left out: ${platform.name} on ${name}: ${error.message}`)
      continue
    }
    const [program, ...args] = [...line, join(root, 'scripts/prebuild/smoke.mjs')]
    const { code, output, timedOut } = await run(program, args, {
      env: { NAPI_RS_NATIVE_LIBRARY_PATH: file },
      limitMs,
    })
    const answer = /^\{"isFine":.*\}$/m.exec(output)?.[0]
    /** @type {{ isFine?: boolean, version?: string, arch?: string, libc?: string, results?: Record<string, string> }} */
    const { isFine, version = '', arch, libc, results = {} } = answer ? JSON.parse(answer) : {}
    const parts = Object.values(results)
    const fine = parts.filter((part) => part === 'ok').length
    runs.push(`${name} ${version}${libc ? `, ${libc}` : ''}: ${fine} of ${parts.length} parts`)
    if (timedOut) faults.push(`${name} does not end`)
    else if (code !== 0 || !isFine) faults.push(`${name} ended with status ${code}:\n${output}`)
    else if (arch !== platform.cpu) faults.push(`${name} runs on ${arch}`)
    else if (platform.libc && !libc?.startsWith(platform.libc)) faults.push(`${name} runs on ${libc}`)
  }
  return { runs, faults }
}
