import { fstatSync } from 'node:fs'
import { WOULD_BLOCK, io } from '../index.js'
import type { Reactor, Registration } from '../index.js'

const STDIN = 0
/** A line that does not end is no command. */
const MAX_LINE = 4096

/**
 * Lines of standard input, as one more registration. Its flags are never changed, since it may be shared with a shell: it is
 * level-triggered and read once a call, which cannot block.
 */
export class Commands {
  readonly #registration: Registration | undefined
  readonly #decoder = new TextDecoder()
  readonly #buffer = Buffer.alloc(1024)
  readonly #onLine: (line: string) => void
  #line = ''

  constructor(reactor: Reactor, onLine: (line: string) => void) {
    this.#onLine = onLine
    this.#registration = this.#register(reactor)
  }

  /** A file, the null device or a closed descriptor holds no commands: there is nothing to wait for. */
  #register(reactor: Reactor): Registration | undefined {
    try {
      if (fstatSync(STDIN).isFile()) return undefined
      return reactor.register(STDIN, { readable: true, ref: false }, (_readiness, registration) => this.#read(registration))
    } catch {
      return undefined
    }
  }

  #read(registration: Registration): void {
    let count: number
    try {
      count = io.read(STDIN, this.#buffer)
    } catch {
      // A terminal that has gone away: EIO.
      count = 0
    }
    if (count === WOULD_BLOCK) return
    if (count === 0) {
      registration.close()
      return
    }
    const lines = (this.#line + this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true })).split('\n')
    this.#line = (lines.pop() ?? '').slice(-MAX_LINE)
    for (const line of lines) {
      // One of them may end the server.
      if (this.#registration?.state === 'closed') return
      this.#onLine(line.trim())
    }
  }
}
