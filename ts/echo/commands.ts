import { fstatSync } from 'node:fs'
import { WOULD_BLOCK, io } from '../index.js'
import type { Reactor, Registration } from '../index.js'

const STDIN = 0
/** A line that does not end is no command. */
const MAX_LINE = 4096

/**
 * Hands lines of standard input over, which is one more registration. Its flags are never changed, since it may be shared with a
 * shell: it is level-triggered and read once a call, which cannot block.
 */
export function listenToCommands(reactor: Reactor, onLine: (line: string) => void): void {
  const lines = new Lines(onLine)
  try {
    // A file, the null device or a closed descriptor holds no commands: there is nothing to wait for.
    if (fstatSync(STDIN).isFile()) return
    reactor.register(STDIN, { readable: true, ref: false }, (_readiness, registration) =>
      lines.read(registration),
    )
  } catch {
    // The server works without.
  }
}

class Lines {
  readonly #decoder = new TextDecoder()
  readonly #buffer = Buffer.alloc(1024)
  readonly #onLine: (line: string) => void
  #line = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  read(registration: Registration): void {
    const count = receive(this.#buffer)
    if (count === WOULD_BLOCK) return
    if (count === 0) {
      registration.close()
      return
    }
    const text = this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true })
    const lines = (this.#line + text).split('\n')
    this.#line = (lines.pop() ?? '').slice(0, MAX_LINE)
    for (const line of lines) {
      // One of them may end the server.
      if (registration.state === 'closed') return
      this.#onLine(line.trim())
    }
  }
}

/** A terminal that has gone away (EIO) has ended, like any other. */
function receive(buffer: Buffer): number {
  try {
    return io.read(STDIN, buffer)
  } catch {
    return 0
  }
}
