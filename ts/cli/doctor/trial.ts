import { setImmediate } from 'node:timers/promises'
import { Reactor, TcpListener, TcpStream, WOULD_BLOCK } from '../../index.js'
import type { Backend, Driver, Interest, Registration, Source, Trigger } from '../../index.js'

/** One way of running a reactor. */
export interface Way {
  readonly backend: Backend
  readonly driver: Driver
  readonly trigger: Trigger
}

/** What came of trying it. */
export interface Trial extends Way {
  readonly passed: boolean
  readonly milliseconds: number
  /** Why it failed. */
  readonly error?: string
}

const GREETING = 'how do you do?'
/** How long the manual driver waits at most before timers get their turn. */
const SLICE_MS = 20

interface Closable {
  close(): void
}

/** Hands over what there is to read. Returns whether that was the end. */
function readAll(stream: TcpStream, take: (bytes: Buffer) => void): boolean {
  const buffer = Buffer.alloc(64)
  for (;;) {
    const count = stream.read(buffer)
    if (count === WOULD_BLOCK) return false
    if (count === 0) return true
    take(buffer.subarray(0, count))
  }
}

/**
 * A server that echoes, and a client that says one thing, closes its half and listens to the end, on one reactor. What they
 * open they add to `open`.
 */
function converse(
  { backend, driver, trigger }: Way,
  open: Closable[],
): { reactor: Reactor; answer: Promise<string> } {
  const own = <T extends Closable>(thing: T): T => {
    open.push(thing)
    return thing
  }
  const reactor = own(new Reactor({ backend, driver }))
  const answer = new Promise<string>((resolve, reject) => {
    const watch = (source: Source, interest: Interest, act: (registration: Registration) => void): void => {
      reactor.register(source, { ...interest, trigger }, (_, registration) => {
        try {
          act(registration)
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    }
    const serve = (stream: TcpStream): void => {
      watch(stream, { readable: true }, () => {
        if (readAll(stream, (bytes) => stream.write(bytes))) stream.close()
      })
    }
    const listener = own(TcpListener.bind({ port: 0 }))
    watch(listener, { readable: true }, () => {
      for (let peer = listener.accept(); peer !== null; peer = listener.accept()) serve(own(peer))
    })

    const client = own(TcpStream.connect({ port: listener.localAddress.port }))
    let heard = ''
    const listen = (): void => {
      const isOver = readAll(client, (bytes) => {
        heard += bytes.toString()
      })
      if (isOver) resolve(heard)
    }
    let act = (registration: Registration): void => {
      const error = client.takeError()
      if (error !== undefined) throw error
      act = listen
      registration.modify({ readable: true })
      client.write(Buffer.from(GREETING))
      client.shutdown('write')
    }
    watch(client, { writable: true }, (registration) => act(registration))
  })
  return { reactor, answer }
}

/** Rejects when the time is over; to be told that it does not matter any more. */
class Deadline {
  readonly over: Promise<never>
  #timer: NodeJS.Timeout | undefined

  constructor(limitMs: number) {
    this.over = new Promise<never>((_, reject) => {
      const late = new Error(`nothing came of it in ${limitMs / 1000} s`)
      this.#timer = setTimeout(() => reject(late), limitMs)
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** Takes the turns of a reactor that has no driver, and lets the host's loop run between them. */
async function drive(reactor: Reactor, { over }: Deadline): Promise<never> {
  while (reactor.driver === 'manual' && !reactor.closed) {
    reactor.poll(SLICE_MS)
    await setImmediate()
  }
  return over
}

async function attempt(way: Way, limitMs: number): Promise<void> {
  const open: Closable[] = []
  const deadline = new Deadline(limitMs)
  try {
    const { reactor, answer } = converse(way, open)
    const heard = await Promise.race([answer, deadline.over, drive(reactor, deadline)])
    if (heard !== GREETING) throw new Error(`of '${GREETING}' came back '${heard}'`)
  } finally {
    deadline.stop()
    for (const thing of open.toReversed()) thing.close()
  }
}

/** Has a short conversation over real sockets. */
export async function tryOut(way: Way, limitMs: number): Promise<Trial> {
  const start = performance.now()
  let error: string | undefined
  try {
    await attempt(way, limitMs)
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown)
  }
  const milliseconds = Math.round((performance.now() - start) * 10) / 10
  return { ...way, passed: error === undefined, milliseconds, ...(error !== undefined && { error }) }
}
