import { spawn } from 'node:child_process'
import { PATIENCE_MS } from './descriptors.js'

const library = new URL('../../dist/index.js', import.meta.url).href

/** How a process ended, and what it wrote. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What every script has: the library, and a connection whose `client` is writable. */
const PREAMBLE = `
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Reactor, Ready, TcpListener, TcpStream, WOULD_BLOCK, Waker, io } from '${library}'
const [backend, driver, trigger] = process.argv.slice(1)
const options = { backend, driver }
const listener = TcpListener.bind({ port: 0 })
const client = TcpStream.connect({ port: listener.localAddress.port })
const countOpen = () => readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length
`

export interface Options {
  /** What the script finds in `backend`, `driver` and `trigger`. */
  readonly args?: readonly string[]
  /** Node's. */
  readonly flags?: readonly string[]
  /** What stands before node on the command line. */
  readonly wrapper?: readonly string[]
}

/** Runs a script in a process of its own, which is killed if it does not end. */
export function run(script: string, { args = [], flags = [], wrapper = [] }: Options = {}): Promise<Outcome> {
  const [program, ...rest] = [...wrapper, process.execPath]
  const child = spawn(
    program,
    [...rest, ...flags, '--input-type=module', '--eval', PREAMBLE + script, '--', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS, killSignal: 'SIGKILL' },
  )
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
