// Servers whose work is in the tests' hands: what blocks a thread is replaced, in every thread, by what a file tells.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { eventually } from './echo-change.js'
import type { EchoServer } from './echo-server.js'
import { runtime } from './runtime.js'
import type { ExecutionContext } from './test.js'

/** Only there can a file be loaded into each thread. */
export const hasGates = runtime === 'node'

/** As `--work-ms`: it ends when the test lets one end. */
export const HELD = '600000'
/** As `--work-ms`: it takes some time below 8 ms, another each time. */
export const RANDOM = '600001'
/** As `--work-ms`: it takes no time, but for what the test has done to one thread. */
export const DEADLY = '600002'

const preload = (folder: string): string => `
import { readdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { isMainThread, threadId } from 'node:worker_threads'
const folder = ${JSON.stringify(folder)}
const wait = Atomics.wait
const nap = new Int32Array(new SharedArrayBuffer(4))
const take = (name) => {
  try {
    unlinkSync(folder + '/' + name)
    return true
  } catch {
    return false
  }
}
const isDue = () => readdirSync(folder).some((name) => /^go\\d/.test(name) && take(name)) || take('thread' + threadId)
const grow = (all) => {
  for (;;) all.push(new Array(10_000).fill(all.length))
}
Atomics.wait = (cell, index, value, ms) => {
  if (ms === ${HELD}) {
    writeFileSync(folder + '/held' + threadId, '')
    while (!isDue()) wait(nap, 0, 0, 2)
    take('held' + threadId)
  }
  else if (ms === ${RANDOM}) wait(nap, 0, 0, Math.random() * 8)
  else if (ms === ${DEADLY}) {
    if (take('exit')) process.exit(7)
    if (take('memory')) grow([])
    if (take('throw')) throw new Error('made to fail')
  } else return wait(cell, index, value, ms)
  return 'timed-out'
}
if (!isMainThread && take('start')) throw new Error('made not to start')
`

/** What the threads of one server wait for. */
export class Gate {
  /** For the start of the server. */
  readonly wrapper: readonly string[]
  readonly #folder: string
  #count = 0

  constructor(t: ExecutionContext, nodeOptions = '') {
    const place = mkdtempSync(join(tmpdir(), 'fdreactor-work-'))
    t.teardown(() => rmSync(place, { recursive: true, force: true }))
    this.#folder = join(place, 'tokens')
    mkdirSync(this.#folder)
    const file = join(place, 'preload.mjs')
    writeFileSync(file, preload(this.#folder))
    this.wrapper = ['env', `NODE_OPTIONS=${nodeOptions} --import=${pathToFileURL(file).href}`]
  }

  /** Lets so many requests be done, those at work and those to come. */
  open(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#count += 1
      writeFileSync(join(this.#folder, `go${this.#count}`), '')
    }
  }

  /** The threads that work, when there are so many of them. */
  held(count: number): Promise<number[]> {
    return eventually(() => {
      const names = readdirSync(this.#folder).filter((name) => name.startsWith('held'))
      return names.length === count ? names.map((name) => Number(name.slice('held'.length))) : undefined
    }, `${count} threads at work`)
  }

  /** Lets one thread be done. */
  openThread(thread: number): void {
    writeFileSync(join(this.#folder, `thread${thread}`), '')
  }

  /** Has one thread die of its next request, by `process.exit` or of its memory, or fail it; or die of its start. */
  kill(how: 'exit' | 'memory' | 'throw' | 'start'): void {
    writeFileSync(join(this.#folder, how), '')
  }
}

/** Whose requests a log says were begun (or done), in order. */
export function peersOf(server: EchoServer, what: 'begun' | 'done'): string[] {
  return server.lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.split(' ')[1] ?? '')
}

/** Two questions: what was ready before the first one was served by the second, in whatever order a turn served it. */
export async function settled(server: EchoServer): Promise<void> {
  await server.status()
  await server.status()
}
