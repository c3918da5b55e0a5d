import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { pinned } from './cores.js'
import type { Peer } from './peers.js'
import { memoryOf, spent } from './usage.js'
import type { Spent } from './usage.js'

export type Manner = 'echo' | 'close'

/** How long a server may take to say something. */
const PATIENCE_MS = 60_000
/** How long it may take to end by itself. */
const END_MS = 2000
/** How long news of its end may take to come. */
const LAST_WORDS_MS = 500
const MOST_TEXT = 4096

/** A peer's server, in a process of its own. */
export class Server {
  readonly peer: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #lines: string[] = []
  #awaits: { take: (line: string) => void; fail: (error: Error) => void } | undefined
  #stderr = ''
  #port = 0
  #hasEnded = false
  #how = ''

  private constructor({ name, command, args }: Peer, manner: Manner, core: number | undefined) {
    this.peer = name
    const [program = '', ...rest] = [...pinned(core), ...command, manner, ...args]
    this.#child = spawn(program, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    })
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#hasEnded = true
        this.#how = how
        this.#awaits?.fail(new Error(this.#reason(how)))
        resolve()
      }
      this.#child.once('error', (error) => end(error.message))
      // After 'exit', so that its last words are known.
      this.#child.once('close', (code, signal) => end(`it ended with ${code ?? signal}`))
    })
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const awaits = this.#awaits
        this.#awaits = undefined
        if (awaits) awaits.take(line)
        else this.#lines.push(line)
      })
    }
    // One that has ended takes no more.
    this.#child.stdin?.on('error', () => {})
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MOST_TEXT)
    })
  }

  /** Starts it, and waits until it listens. Notes it in `into` before anything is waited for. */
  static async start(peer: Peer, manner: Manner, core: number | undefined, into: Server[]): Promise<Server> {
    const server = new Server(peer, manner, core)
    into.push(server)
    const line = await server.#line()
    server.#port = Number(line)
    if (!(server.#port > 0)) throw new Error(`it said '${line}' instead of its port`)
    return server
  }

  get port(): number {
    return this.#port
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Processor time so far; nothing where the system does not tell. */
  spent(): Spent | undefined {
    return spent(this.#child.pid ?? 0)
  }

  /** Bytes of memory that are in use: garbage is collected first. */
  async memory(): Promise<number | undefined> {
    this.#child.stdin?.write('collect\n')
    await this.#line()
    return memoryOf(this.#child.pid ?? 0)
  }

  /** Why something failed: because the server has ended, or what was noticed. */
  async reasonOf(noticed: unknown): Promise<string> {
    // The news of its end may come after what that did to its connections.
    const words = sleep(LAST_WORDS_MS)
    await Promise.race([this.#ended, words])
    if (this.#hasEnded) return this.#reason(this.#how)
    return noticed instanceof Error ? noticed.message : String(noticed)
  }

  /** A server ends with its standard input; if it does not, it is killed. */
  async end(): Promise<void> {
    this.#child.stdin?.end()
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.#ended
    clearTimeout(killer)
  }

  #reason(how: string): string {
    const last = this.#stderr.trim().split('\n').at(-1) ?? ''
    return last === '' ? how : `${how}: ${last}`
  }

  async #line(): Promise<string> {
    const ready = this.#lines.shift()
    if (ready !== undefined) return ready
    if (this.#hasEnded) throw new Error(this.#reason('it has ended'))
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<string>((take, fail) => {
        this.#awaits = { take, fail }
        timer = setTimeout(() => fail(new Error(`it said nothing for ${PATIENCE_MS / 1000} s`)), PATIENCE_MS)
      })
    } finally {
      clearTimeout(timer)
      this.#awaits = undefined
    }
  }
}
