import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandFor } from '../runtime.js'

const tests = fileURLToPath(new URL('../..', import.meta.url))
const program = fileURLToPath(new URL('../list-titles.ts', import.meta.url))

/** The titles of all tests, by loading their files in a process in which nothing is run. */
export async function listTitles(): Promise<readonly string[]> {
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join(tests, file))
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-titles-'))
  try {
    const answer = join(folder, 'titles.json')
    const [runtime = '', ...args] = commandFor(program, { typescript: true })
    const child = spawn(runtime, [...args, answer, ...files], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, FDREACTOR_RUNNER: '1' },
    })
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        if (code === 0) resolve()
        else reject(new Error(`the files of the tests cannot be loaded: ${code}`))
      })
    })
    return JSON.parse(readFileSync(answer, 'utf8')) as string[]
  } finally {
    rmSync(folder, { recursive: true })
  }
}
