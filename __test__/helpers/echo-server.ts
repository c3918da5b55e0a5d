import { type ChildProcess, type StdioNull, type StdioPipe, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Change, EchoFailure, eventually, within } from './echo-change.js'
import { descriptors, peakMemory, state } from './echo-process.js'
import { commandFor } from './runtime.js'
import type { ExecutionContext } from './test.js'

export const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
export const mutants = fileURLToPath(new URL('../echo/mutants.ts', import.meta.url))

/** Where a client connects to. */
export interface Target {
  readonly host: string
  readonly port: number
}

export interface Start {
  /** What stands before `node` on the command line; it must become node (`exec`), so that there is one process id. */
  readonly wrapper?: readonly string[]
  readonly stdin?: StdioPipe | StdioNull | number
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A server in a process of its own, seen from outside. */
export class EchoServer implements Target {
  readonly child: ChildProcess
  /** Whole lines of standard output. */
  readonly lines: string[] = []
  /** What came on standard error. */
  errors = ''
  host = ''
  port = 0
  readonly ended: Promise<Ended>
  readonly #change = new Change()
  #partial = ''
  #end: Ended | undefined

  constructor(command: readonly string[], stdin: Start['stdin'] = 'pipe') {
    const [program = '', ...args] = command
    this.child = spawn(program, args, { stdio: [stdin, 'pipe', 'pipe'] })
    running.add(this.child)
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    // Commands may be written to a server that has ended.
    this.child.stdin?.on('error', () => undefined)
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject)
      this.child.on('close', (code, signal) => {
        running.delete(this.child)
        this.#end = { code, signal }
        this.#change.notify()
        resolve(this.#end)
      })
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n')
    this.#partial = lines.pop() ?? ''
    this.lines.push(...lines)
    this.#change.notify()
  }

  /** Waits until it listens. */
  async ready(): Promise<this> {
    const first = await this.line(/^listening on |"event":"listening"/)
    const [, host = '', port] =
      /^listening on \[?(.+?)\]?:(\d+) \(|"address":"(.*?)","port":(\d+)/.exec(first)?.filter(Boolean) ?? []
    this.host = host
    this.port = Number(port)
    return this
  }

  /** The first line from number `from` on that matches, once it is there. */
  line(wanted: RegExp | string, from = 0): Promise<string> {
    const matches = (line: string): boolean =>
      typeof wanted === 'string' ? line.startsWith(wanted) : wanted.test(line)
    return this.#change.until(
      () => {
        const found = this.lines.slice(from).find((line) => matches(line))
        if (found === undefined && this.#end !== undefined) {
          throw new EchoFailure(
            `ended (${JSON.stringify(this.#end)}) without a line ${String(wanted)}: ${this.errors}${this.lines.join('\n')}`,
          )
        }
        return found
      },
      () => `line ${String(wanted)} in: ${this.lines.slice(-20).join('\n')}`,
    )
  }

  matching(wanted: RegExp): string[] {
    return this.lines.filter((line) => wanted.test(line))
  }

  /** What the log shows of what a peer sent, in one piece. */
  textOf(peer: string): string {
    const start = `received ${peer} `
    return this.lines
      .filter((line) => line.startsWith(start))
      .map((line) => JSON.parse(line.slice(start.length)) as string)
      .join('')
  }

  write(text: string): void {
    this.child.stdin?.write(text)
  }

  /** The counts that the command `status` prints, by name. */
  async status(): Promise<Record<string, number>> {
    const from = this.lines.length
    this.write('status\n')
    const line = await this.line('status: ', from)
    const counts: Record<string, number> = {}
    // `slowest turn 1.5 ms` by its unit, `9 system calls` by its first word.
    for (const [, count, name = ''] of line.matchAll(/([\d.]+) (?:bytes )?(\w+)/g))
      counts[name] = Number(count)
    return counts
  }

  /** Waits until the server knows of so many connections. */
  async connections(count: number): Promise<void> {
    await eventually(async () => {
      const { connections } = await this.status()
      return connections === count ? true : undefined
    }, `status with ${count} connections`)
  }

  descriptors(): number {
    return descriptors(this.pid)
  }

  peakMemory(): number {
    return peakMemory(this.pid)
  }

  /** Not by `child.kill`: Deno's works once. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Holds the process, so that everything sent meanwhile is there at once when it goes on. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP')
    await eventually(() => (state(this.pid) === 'T' ? true : undefined), 'stopped process')
  }

  thaw(): void {
    this.signal('SIGCONT')
  }

  /** Ends it by command and tells how it ended. */
  quit(): Promise<Ended> {
    this.write('quit\n')
    return within(this.ended, 'quit')
  }

  kill(): void {
    // Its output may outlast it.
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    try {
      this.signal('SIGKILL')
    } catch {
      // It has ended a moment ago.
    }
  }
}

function launch(t: ExecutionContext, command: readonly string[], how: Start): Promise<EchoServer> {
  const server = new EchoServer([...(how.wrapper ?? []), ...command], how.stdin)
  t.teardown(async () => {
    server.kill()
    await server.ended.catch(() => undefined)
  })
  return server.ready()
}

/** Starts `fdreactor echo` and waits until it listens. The test's end ends it. */
export function startEcho(
  t: ExecutionContext,
  args: readonly string[],
  how: Start = {},
): Promise<EchoServer> {
  return launch(t, [...commandFor(cli), 'echo', ...args], how)
}

/** Starts an echo server that has a certain fault. */
export function startMutant(t: ExecutionContext, fault: string): Promise<EchoServer> {
  return launch(t, [...commandFor(mutants, { typescript: true }), fault], {})
}

/** Starts one for each of these faults, in one process, and tells where each listens. */
export async function startMutants(
  t: ExecutionContext,
  faults: readonly string[],
): Promise<ReadonlyMap<string, Target>> {
  const server = await launch(t, [...commandFor(mutants, { typescript: true }), ...faults], {})
  const places = faults.map(async (fault): Promise<[string, Target]> => {
    const line = await server.line(new RegExp(`^listening on .*, ${fault}\\)$`))
    return [fault, { host: server.host, port: Number(/:(\d+) /.exec(line)?.[1]) }]
  })
  return new Map(await Promise.all(places))
}

export interface Outcome extends Ended {
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line that ends by itself. */
export async function runCli(t: ExecutionContext, args: readonly string[]): Promise<Outcome> {
  const server = new EchoServer([...commandFor(cli), ...args], 'ignore')
  t.teardown(() => server.kill())
  // One that should have refused to start is noticed at once.
  const listens = server.line(/^listening on /).then(
    (line) => {
      throw new EchoFailure(line)
    },
    () => server.ended,
  )
  const ended = await within(Promise.race([server.ended, listens]), args.join(' '))
  return { ...ended, stdout: server.lines.map((line) => `${line}\n`).join(''), stderr: server.errors }
}
