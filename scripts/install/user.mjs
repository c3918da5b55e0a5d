// Somebody who installs fdreactor: a home of their own, a PATH with a runtime, a package manager and what their scripts
// need of the system, and nothing of whoever runs the tests.
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { run, which } from '../run.mjs'

/** What the commands that package managers make for a project run. */
const systemTools = ['sh', 'env', 'uname', 'dirname', 'basename', 'sed', 'readlink', 'cat', 'ls', 'rm']

/** What must not be needed. */
export const compilers = [
  'cc',
  'gcc',
  'g++',
  'clang',
  'cargo',
  'rustc',
  'make',
  'cmake',
  'python3',
  'node-gyp',
]

/** Nothing here takes a minute; a busy machine may need several. */
const limitMs = 5 * 60_000

/** @typedef {{ command: string, file: string, byNode: boolean }} Command */

/** @typedef {ReturnType<typeof createUser>} User */

/**
 * @param {string} folder
 * @param {string} registry
 */
export function createUser(folder, registry) {
  const home = join(folder, 'home')
  const bin = join(folder, 'bin')
  mkdirSync(home, { recursive: true })
  mkdirSync(bin, { recursive: true })
  mkdirSync(join(folder, 'tmp'))
  for (const tool of systemTools) {
    const file = which(tool)
    if (file !== undefined) symlinkSync(file, join(bin, tool))
  }
  writeFileSync(
    join(home, '.npmrc'),
    `registry=${registry}\naudit=false\nfund=false\nupdate-notifier=false\n`,
  )
  writeFileSync(
    join(home, '.yarnrc.yml'),
    [
      `npmRegistryServer: "${registry.replace(/\/$/, '')}"`,
      'unsafeHttpWhitelist: ["127.0.0.1"]',
      'enableTelemetry: false',
      // Everything here was published a moment ago.
      'npmMinimalAgeGate: 0',
      '',
    ].join('\n'),
  )

  /** @param {readonly string[]} folders that come before on PATH */
  const envOf = (folders) => ({
    HOME: home,
    TMPDIR: join(folder, 'tmp'),
    PATH: [...folders, bin].join(':'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // Bun and Deno do not look for these in the home of a user everywhere.
    NPM_CONFIG_REGISTRY: registry,
    BUN_CONFIG_REGISTRY: registry,
  })

  /**
   * A folder with commands, to be put on PATH.
   *
   * @param {string} name
   * @param {readonly Command[]} commands
   */
  const commandsIn = (name, commands) => {
    const place = join(folder, 'commands', name)
    if (existsSync(place)) return place
    mkdirSync(place, { recursive: true })
    for (const { command, file, byNode } of commands) {
      if (!byNode) symlinkSync(file, join(place, command))
      else {
        writeFileSync(join(place, command), `#!/bin/sh\nexec node '${file}' "$@"\n`)
        chmodSync(join(place, command), 0o755)
      }
    }
    return place
  }

  return {
    home,
    envOf,
    commandsIn,

    /**
     * @param {string} name
     * @param {Readonly<Record<string, string>>} files
     */
    project(name, files = {}) {
      const place = join(folder, 'projects', name)
      mkdirSync(place, { recursive: true })
      for (const [file, content] of Object.entries(files)) writeFileSync(join(place, file), content)
      return place
    },

    /**
     * @param {string} cwd
     * @param {readonly string[]} path
     * @param {readonly string[]} line
     */
    run(cwd, path, [command = '', ...args]) {
      const env = envOf(path)
      return run(findIn(env.PATH, command), args, { env, inherit: false, cwd, limitMs })
    },

    /**
     * Starts a server, talks to it once it says where it listens, and ends it.
     *
     * @param {string} cwd
     * @param {readonly string[]} path
     * @param {readonly string[]} line
     * @param {(port: number) => Promise<void>} talk
     * @param {{ farewell?: string }} [options] what is written to its input at the end; it must then end by itself
     * @returns {Promise<import('../run.mjs').Outcome>}
     */
    async serve(cwd, path, [command = '', ...args], talk, { farewell } = {}) {
      const env = envOf(path)
      const child = spawn(findIn(env.PATH, command), args, {
        cwd,
        env,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      })
      let timedOut = false
      const kill = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
        } catch {
          // Gone already.
        }
      }
      const timer = setTimeout(() => {
        timedOut = true
        kill()
      }, limitMs)
      process.once('exit', kill)
      let output = ''
      child.stderr.setEncoding('utf8').on('data', (part) => (output += part))
      /** @type {Promise<number>} */
      const ended = new Promise((resolve) => {
        child.on('error', (error) => {
          output += `${command}: ${error.message}\n`
          resolve(127)
        })
        child.on('close', (code, signal) =>
          resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
        )
      })
      let isFine = false
      try {
        for await (const part of child.stdout.setEncoding('utf8')) {
          output += part
          const port = /^listening on [^]*?(?:port: |:)(\d+)\D/m.exec(output)?.[1]
          if (port === undefined || isFine) continue
          await talk(Number(port))
          isFine = true
          if (farewell === undefined) kill()
          else child.stdin.end(farewell)
        }
      } catch (error) {
        output += `${error}\n`
        isFine = false
        kill()
      }
      const code = await ended
      clearTimeout(timer)
      process.off('exit', kill)
      if (!isFine) return { code: code === 0 ? 1 : code, output, timedOut }
      return { code: farewell === undefined ? 0 : code, output, timedOut }
    },
  }
}

/**
 * The user's PATH is searched, not this process's.
 *
 * @param {string} path
 * @param {string} command
 */
function findIn(path, command) {
  const found = path
    .split(':')
    .map((place) => join(place, command))
    .find((file) => existsSync(file))
  return found ?? command
}

/**
 * Sends a text and waits for the same and the end.
 *
 * @param {number} port
 */
export async function echoed(port) {
  const sent = 'hello, reactor'
  const socket = connect(port, '127.0.0.1')
  socket.end(sent)
  const came = await text(socket)
  if (came !== sent) throw new Error(`sent ${JSON.stringify(sent)}, and ${JSON.stringify(came)} came back`)
}
