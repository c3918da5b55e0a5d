import { fstatSync, readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import { WOULD_BLOCK, io } from '../index.js'
import type { Reactor, Registration } from '../index.js'
import { HELP } from './entries.js'
import type { Entry } from './entries.js'
import type { Log } from './log.js'

const STDIN = 0
/** How often a server in the background looks whether it has its terminal back. */
const FOREGROUND_MS = 1000
/** A line that does not end is no command. */
const MAX_LINE = 4096

/** What the commands are about. */
export interface Commanded {
  stop(): void
  /** Calls `tell` with what there is to tell, now or later. */
  status(tell: (entry: Entry) => void): void
}

/** Has lines of standard input carried out. */
export function takeCommands(reactor: Reactor, log: Log, commanded: Commanded): void {
  listenToCommands(reactor, (line) => {
    switch (line) {
      case '': {
        break
      }
      case 'quit':
      case 'exit': {
        commanded.stop()
        break
      }
      case 'status': {
        commanded.status((entry) => log.say(entry))
        break
      }
      case 'help': {
        log.say({ event: 'help', text: HELP })
        break
      }
      default: {
        log.say({ event: 'unknown-command', text: line.slice(0, 80) })
      }
    }
  })
}

/**
 * Hands lines of standard input over, which is one more registration. Its flags are never changed, since it may be shared with a
 * shell: it is level-triggered and read once a call, which cannot block.
 */
function listenToCommands(reactor: Reactor, onLine: (line: string) => void): void {
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
    if (isInBackground()) {
      // What is typed is for the shell, and to read it would stop this process (SIGTTIN).
      registration.pause()
      setTimeout(() => registration.state === 'paused' && registration.resume(), FOREGROUND_MS).unref()
      return
    }
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

/** Whether standard input is a terminal whose foreground is another process group: its job control, credentials(7). */
function isInBackground(): boolean {
  if (!isatty(STDIN)) return false
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1')
    // Behind the name in parentheses: state, parent, group, session, terminal, the terminal's foreground group (proc(5)).
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group !== foreground
  } catch {
    // Elsewhere there is no such file, and a shell that runs it in the background had better give it another input.
    return false
  }
}
