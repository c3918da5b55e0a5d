import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS } from '../descriptors.js'
import type { Outcome } from '../child.js'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

const modules = join(root, 'node_modules')

/** A folder of its own. */
export function scratch(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'fdreactor-epoll-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** One that is there until the process ends. */
function lasting(): { readonly path: string } {
  const folder = scratch()
  process.once('exit', () => folder[Symbol.dispose]())
  return folder
}

/**
 * A folder as an installation leaves it whose `overrides` have put `@fdreactor/epoll` in the place of `epoll`, with the test scripts of
 * that package and with onoff, all as they came.
 */
export interface Installation {
  /** The path of something in it. */
  path(name: string): string
}

let made: Installation | undefined

function install(): Installation {
  const { path: folder } = lasting()
  const path = (name: string): string => join(folder, name)
  mkdirSync(path('node_modules'))
  symlinkSync(root, path('node_modules/fdreactor'))
  cpSync(join(root, 'npm/epoll'), path('node_modules/epoll'), { recursive: true })
  cpSync(join(modules, 'epoll/test'), path('node_modules/epoll/test'), { recursive: true })
  for (const name of ['onoff', 'lodash.debounce']) {
    cpSync(join(modules, name), path(`node_modules/${name}`), { recursive: true })
  }
  writeFileSync(
    path('in-worker.cjs'),
    `const { Worker } = require('node:worker_threads')
    new Worker(process.argv[2]).on('exit', (code) => { process.exitCode = code })`,
  )
  return { path }
}

/** @see Installation */
export function installation(): Installation {
  return (made ??= install())
}

/** Whoever gives up on a test ends this process, and what it has started is not to go on. */
const running = new Set<() => void>()
process.once('exit', () => {
  for (const end of running) end()
})

/**
 * Runs a line of the shell. When `isEnough` is content with what was written, it is ended.
 *
 * @returns how it went, once all that it started has let go of its output
 */
export function shell(
  line: string,
  args: readonly string[],
  { cwd, isEnough = () => false }: { cwd?: string; isEnough?: (stdout: string) => boolean } = {},
): Promise<Outcome> {
  const child = spawn('sh', ['-c', line, 'sh', ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, to be ended with all that it runs.
    detached: true,
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
  })
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL')
  }
  const timer = setTimeout(end, 10 * PATIENCE_MS)
  running.add(end)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (isEnough(stdout)) end()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      running.delete(end)
      resolve({ code, signal, stdout, stderr })
    })
  })
}
