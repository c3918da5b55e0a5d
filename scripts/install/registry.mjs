// The registry of the installation tests, with what was staged published to it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bring } from '../cache.mjs'
import { programs } from '../programs.mjs'
import { publish } from '../publish.mjs'
import { run } from '../run.mjs'

/**
 * @param {string} folder for what it stores
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startRegistry(folder) {
  const verdaccio = await bring(programs.verdaccio)
  mkdirSync(folder, { recursive: true })
  const program = fileURLToPath(new URL('registry-server.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, verdaccio, folder], { stdio: ['pipe', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint += text))
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('http://')) continue
    child.stdout.resume()
    return {
      url: line,
      stop: async () => {
        child.stdin.end()
        await ended
      },
    }
  }
  throw new Error(`the registry does not start:\n${complaint}`)
}

/**
 * @param {string} registry
 * @param {string} home of who publishes
 * @param {readonly import('../stage.mjs').Staged[]} others what is not ours, and is needed to use it
 * @param {string} staged the folder that scripts/stage.mjs made
 */
export async function publishTo(registry, home, others, staged) {
  mkdirSync(home, { recursive: true })
  const userconfig = join(home, '.npmrc')
  // npm publishes for nobody without a token; this registry takes any.
  writeFileSync(userconfig, `${registry.replace('http:', '')}:_authToken=anybody\n`)
  const env = { HOME: home, npm_config_userconfig: userconfig }
  await publish(others, { registry, provenance: false, env })
  // The step of a release, and that step again after one that broke off.
  const step = ['scripts/release.mjs', '--publish', staged, '--registry', registry, '--no-provenance']
  for (const wanted of [/ is published$/, / is there already$/]) {
    const { code, output } = await run(process.execPath, step, { env })
    const lines = output.trim().split('\n')
    if (code !== 0 || !lines.every((line) => wanted.test(line))) throw new Error(`cannot publish:\n${output}`)
  }
}
