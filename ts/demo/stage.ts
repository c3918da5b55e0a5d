import { Reactor, TcpListener, WOULD_BLOCK } from '../index.js'
import type { Backend, InterestOptions, Readiness, Registration, Source, TcpStream } from '../index.js'
import { arrival, connect, openPair } from './arrival.js'
import type { Pair } from './arrival.js'
import { Notes } from './notes.js'
import type { Column, Played, Program } from './scene.js'

/** What `read` answers where the call failed. */
export const FAILED = -2

/** The system calls by which each backend waits, and changes what is watched (poll and select take all of it in each wait). */
const WAITS = { epoll: 'epoll_wait', kqueue: 'kevent', poll: 'poll', select: 'select' } as const
const CHANGES = { epoll: 'epoll_ctl', kqueue: 'kevent', poll: undefined, select: undefined } as const

/** The ways of watching that this system has. */
export function columns(): readonly Column[] {
  return (['epoll', 'kqueue', 'poll', 'select'] as const).flatMap((backend) => {
    const edge = hasEdge(backend)
    if (edge === undefined) return []
    if (!edge) return [{ name: backend, backend, trigger: 'level' }]
    return (['level', 'edge'] as const).map((trigger) => ({
      name: `${backend} ${trigger}`,
      backend,
      trigger,
    }))
  })
}

/** `undefined` if the system does not have the backend at all. */
function hasEdge(backend: Backend): boolean | undefined {
  try {
    const reactor = new Reactor({ backend, driver: 'manual' })
    reactor.close()
    return reactor.capabilities.edge
  } catch (error) {
    if (codeOf(error) === 'ERR_FDREACTOR_BACKEND_UNSUPPORTED') return undefined
    throw error
  }
}

export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  throw error
}

interface Closable {
  close(): void
}

/** Where one program plays in one column: a reactor, sockets, and what is written down of both. */
export class Stage {
  readonly column: Column
  readonly reactor: Reactor
  readonly #rows: { readonly step: string; readonly lines: readonly string[] }[] = []
  readonly #calls = new Map<string, number>()
  readonly #own: Closable[] = []
  readonly #buffer = Buffer.alloc(1024)
  #notes = new Notes()
  #isProgram = true

  private constructor(column: Column) {
    this.column = column
    this.reactor = this.own(new Reactor({ backend: column.backend, driver: 'manual' }))
  }

  static play(play: Program['play'], column: Column): Played {
    const stage = new Stage(column)
    try {
      play(stage)
      return { rows: stage.#rows, calls: Object.fromEntries(stage.#calls) }
    } finally {
      for (const thing of stage.#own.toReversed()) thing.close()
    }
  }

  /** Closes it with the stage. */
  own<T extends Closable>(thing: T): T {
    this.#own.push(thing)
    return thing
  }

  pair(): Pair {
    const pair = openPair()
    this.own(pair.here)
    this.own(pair.peer)
    return pair
  }

  listen(): TcpListener {
    return this.own(TcpListener.bind({ port: 0 }))
  }

  /** So many connections arrive, one after the other. */
  connect(listener: TcpListener, often: number): void {
    for (let done = 0; done < often; done += 1) this.own(connect(listener))
  }

  /** So many bytes arrive. */
  send({ here, peer }: Pair, bytes: number): void {
    arrival(here, () => peer.write(Buffer.alloc(bytes)))
  }

  /** Registers with the column's trigger. */
  watch(
    source: number | Source,
    callback: (readiness: Readiness, registration: Registration) => void = () => {},
    interest: InterestOptions = {},
  ): Registration {
    const { trigger } = this.column
    const registration = this.reactor.register(
      source,
      { readable: true, trigger, ...interest },
      (found, self) => {
        this.#notes.told(found)
        callback(found, self)
      },
    )
    this.#change()
    return registration
  }

  rearm(registration: Registration): void {
    registration.rearm()
    this.#change()
  }

  /** A step without a turn. */
  act(step: string, work: () => void): void {
    work()
    this.#write(step, false)
  }

  /** A step that is not the program's: its calls are not counted in the end. */
  inspect(step: string, work: () => void): void {
    this.#isProgram = false
    this.act(step, work)
    this.#isProgram = true
  }

  /** A step that ends with a turn: one wait, which does not block, and its callbacks. */
  turn(step: string, before: () => void = () => {}): void {
    before()
    this.#count(WAITS[this.column.backend])
    this.reactor.poll(0)
    this.#write(step, true)
  }

  say(line: string): void {
    this.#notes.say(line)
  }

  /** One read of at most `size` bytes. Answers how many came, 0 at the end, `WOULD_BLOCK` or `FAILED`. */
  read(stream: TcpStream, size = this.#buffer.length): number {
    try {
      const bytes = stream.read(this.#buffer, 0, size)
      const end = bytes === WOULD_BLOCK ? 'EAGAIN' : bytes === 0 ? 'the end' : undefined
      this.#call('read', 'byte', Math.max(bytes, 0), end)
      return bytes
    } catch (error) {
      this.#call('read', 'byte', 0, codeOf(error))
      return FAILED
    }
  }

  /** Reads until nothing more comes, and answers what the last read did. */
  drain(stream: TcpStream): number {
    let last = this.read(stream)
    while (last > 0) last = this.read(stream)
    return last
  }

  accept(listener: TcpListener): TcpStream | null {
    const stream = listener.accept()
    this.#call('accept', 'connection', stream === null ? 0 : 1, stream === null ? 'EAGAIN' : undefined)
    return stream === null ? null : this.own(stream)
  }

  write(stream: TcpStream, bytes: number): void {
    this.#call('write', 'byte', stream.write(Buffer.alloc(bytes)))
  }

  #change(): void {
    const name = CHANGES[this.column.backend]
    if (name !== undefined) this.#count(name)
  }

  #count(name: string): void {
    if (this.#isProgram) this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1)
  }

  #call(name: string, thing: string, gave: number, end?: string): void {
    this.#count(name)
    this.#notes.called(name, thing, gave, end)
  }

  #write(step: string, isTurn: boolean): void {
    this.#rows.push({ step, lines: this.#notes.lines(isTurn) })
    this.#notes = new Notes()
  }
}
