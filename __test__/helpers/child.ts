import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS } from './descriptors.js'
import { commandFor } from './runtime.js'

/** What a script imports. */
export const library = new URL('../../dist/index.js', import.meta.url).href

/** How a process ended, and what it wrote. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const build = fileURLToPath(new URL('../../build', import.meta.url))
const kit = fileURLToPath(new URL('../../build/kit.node', import.meta.url))

/** What every script has: the library, the kit, and a connection whose `client` is writable. */
const PREAMBLE = `
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { Reactor, Ready, TcpListener, TcpStream, WOULD_BLOCK, Waker, io } from '${library}'
const [backend, driver, trigger] = process.argv.slice(2)
const options = { backend, driver }
const kit = createRequire(import.meta.url)('${kit}')
const listener = TcpListener.bind({ port: 0 })
const client = TcpStream.connect({ port: listener.localAddress.port })
const countOpen = () => readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length
`

export interface Options {
  /** What the script finds in `backend`, `driver` and `trigger`. */
  readonly args?: readonly string[]
  /** Whether the script stands alone, without what every other one has. */
  readonly isBare?: boolean
  /** Whether the script lies in the package, so that it can import it by its name. */
  readonly isInPackage?: boolean
  readonly env?: NodeJS.ProcessEnv
  /** Whether the script needs `gc()`. */
  readonly collector?: boolean
  /** What stands before the runtime on the command line. */
  readonly wrapper?: readonly string[]
}

/** A `wrapper` that leaves a process so many descriptors. Node raises the soft limit to the hard one, so both are set. */
export const limited = (count: number): readonly string[] => [
  'sh',
  '-c',
  `ulimit -n ${count}; exec "$@"`,
  'sh',
]

/** Runs a script in a process of its own, which is killed if it does not end. */
export async function run(script: string, options: Options = {}): Promise<Outcome> {
  // A file: not every runtime takes a module from its command line.
  const folder = mkdtempSync(join(options.isInPackage ? build : tmpdir(), 'fdreactor-test-'))
  const file = join(folder, 'script.mjs')
  writeFileSync(file, options.isBare ? script : PREAMBLE + script)
  try {
    return await runFile(file, options)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs a file that is there. */
export function runFile(
  file: string,
  { args = [], env = {}, collector = false, wrapper = [] }: Options = {},
): Promise<Outcome> {
  const [program = '', ...rest] = [...wrapper, ...commandFor(file, { collector }), ...args]
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
    // Deno colours what it says of errors.
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** A process that ended by itself, well, having written exactly this. */
export function fine(stdout: string): Outcome {
  return { code: 0, signal: null, stdout, stderr: '' }
}
