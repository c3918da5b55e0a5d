import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { parse } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answered } from './channel.js'

/** How long a program may take to end by itself. */
const END_MS = 2000
/** How long what it wrote may take to come when it has ended. */
const LAST_WORDS_MS = 100
const MOST_TEXT = 4096

/** The file of a program beside the module `base`: bundled, or as it is written. */
export function beside(base: string, name: string): string {
  return fileURLToPath(new URL(`${name}.${base.endsWith('.ts') ? 'ts' : 'js'}`, base))
}

const isNode = process.versions['bun'] === undefined && process.versions['deno'] === undefined

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

export interface ProgramOptions {
  readonly args?: readonly string[]
  /** Each that is started goes in here. */
  readonly into: Program[]
  /** What stands before the runtime on the command line. */
  readonly wrapper?: readonly string[]
}

/** A program of ours, which answers requests. */
export class Program {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  #next = 1
  #stderr = ''
  #hasEnded = false

  private constructor(file: string, { args = [], wrapper = [] }: ProgramOptions) {
    this.#name = parse(file).name
    // To tell what memory is in use from what has not been collected yet.
    const execArgv = isNode ? [...process.execArgv, '--expose-gc'] : process.execArgv
    const [execPath, ...before] = [...wrapper, process.execPath]
    this.#child = fork(file, [...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execPath,
      execArgv: [...before, ...execArgv],
    })
    this.#exited = new Promise((resolve) => {
      // Not 'close': after a disconnect on this side it may never come.
      this.#child.once('exit', () => resolve())
      // One that could not be started does not exit.
      this.#child.once('error', () => this.#child.pid === undefined && resolve())
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MOST_TEXT)
    })
    this.#child.on('message', (answer: Answered) => this.#onAnswer(answer))
    this.#child.once('error', (error) => this.#fail(error.message))
    this.#child.once('exit', (code, signal) => {
      // Its last words may come a little later.
      setTimeout(() => this.#fail(`ended with ${code ?? signal}`), LAST_WORDS_MS)
    })
  }

  /** Starts it, and waits until it is there. */
  static async start(file: string, options: ProgramOptions): Promise<Program> {
    const program = new Program(file, options)
    // Before anything is waited for: whoever ends all programs must know of this one.
    options.into.push(program)
    await program.#expect(0)
    return program
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** @throws What the program says went wrong, or that it is gone. */
  async ask<Value>(request: object): Promise<Value> {
    const id = this.#next
    this.#next += 1
    const answer = this.#expect(id)
    if (!this.#hasEnded) this.#child.send({ id, request }, () => {})
    return (await answer) as Value
  }

  /** The program ends when its channel closes; if it does not, it is killed. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.#exited
    clearTimeout(killer)
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) reject(new Error(`the benchmark's program '${this.#name}' has ended`))
      else this.#waiting.set(id, { resolve, reject })
    })
  }

  #onAnswer(answer: Answered): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('value' in answer) waiting?.resolve(answer.value)
    else waiting?.reject(new Error(answer.error))
  }

  #fail(how: string): void {
    this.#hasEnded = true
    const text = this.#stderr === '' ? '' : `:\n${this.#stderr.trimEnd()}`
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new Error(`the benchmark's program '${this.#name}' ${how}${text}`))
    }
    this.#waiting.clear()
  }
}
