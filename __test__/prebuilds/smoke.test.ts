// The program that a prebuilt binary is tried with, on the addon that was built here.
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from '../helpers/test.js'

const program = fileURLToPath(new URL('../../scripts/prebuild/smoke.mjs', import.meta.url))
const folder = fileURLToPath(new URL('../../dist/native', import.meta.url))
const addon = join(folder, readdirSync(folder).find((name) => name.endsWith('.node')) ?? '')

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function smoke(file: string): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: file }
    execFile(process.execPath, [program], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}

const native = process.platform === 'linux' ? 'epoll' : 'kqueue'

test('it serves an echo on every backend and driver and in a Worker, and outlives a panic', async (t) => {
  const { code, stdout, stderr } = await smoke(addon)
  t.is(code, 0, stdout + stderr)
  const parts = [
    `${native} loop`,
    `${native} thread`,
    `${native} manual`,
    'poll thread',
    'poll manual',
    'select thread',
    'select manual',
    'worker',
    'panic',
    'after the panic',
  ]
  const { results, ...rest } = JSON.parse(stdout) as {
    results: Readonly<Record<string, string>>
    file: string
  }
  t.deepEqual(results, Object.fromEntries(parts.map((part) => [part, 'ok'])))
  t.is(rest.file, addon)
  t.regex(stderr, /panicked at crates\/fdreactor-node\/src\/lib\.rs:\d+:\d+:\non purpose\n/)
})

test('a file that is no addon is a failure', async (t) => {
  const { code, stdout } = await smoke(program)
  t.is(code, 1)
  t.is(stdout, '')
})
