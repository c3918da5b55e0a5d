import { Ready, WOULD_BLOCK } from 'fdreactor'
import type { Reactor, Readiness, Registration, TcpStream, Trigger } from 'fdreactor'

/** What one read asks for. */
const CHUNK = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(CHUNK)

/** When a callback has read enough. */
export interface Strategy {
  readonly name: string
  readonly trigger: Trigger
  readonly until: 'once' | 'would block' | 'short read'
}

/**
 * Level reads once, since what is left is told again. Edge has to know that nothing is left: the read that would block
 * says so, and so does one that returns less than it was asked for, which epoll(7) allows for streams.
 */
export const STRATEGIES = [
  { name: 'level', trigger: 'level', until: 'once' },
  { name: 'edge, until it would block', trigger: 'edge', until: 'would block' },
  { name: 'edge, until a short read', trigger: 'edge', until: 'short read' },
] as const satisfies readonly Strategy[]

/** System calls on the server's ends. */
export interface Calls {
  reads: number
  writes: number
}

/** Echoes one connection. What the peer does not take is kept, and writability asked for while it is: alike in all strategies. */
export class Echo {
  readonly #stream: TcpStream
  readonly #strategy: Strategy
  readonly #calls: Calls
  readonly #kept: Buffer[] = []

  constructor(stream: TcpStream, strategy: Strategy, calls: Calls) {
    this.#stream = stream
    this.#strategy = strategy
    this.#calls = calls
  }

  /** The reactor calls from now on. */
  watch(reactor: Reactor): void {
    const { trigger } = this.#strategy
    reactor.register(this.#stream, { readable: true, trigger }, (readiness, registration) =>
      this.#onReady(readiness, registration),
    )
  }

  #onReady(readiness: Readiness, registration: Registration): void {
    const isWaiting = this.#kept.length > 0
    if ((readiness & Ready.WRITABLE) !== 0) this.#flush()
    if ((readiness & ~Ready.WRITABLE) !== 0) this.#read()
    if (this.#kept.length > 0 !== isWaiting) {
      registration.modify({ readable: true, writable: !isWaiting })
    }
  }

  #read(): void {
    const { until } = this.#strategy
    for (;;) {
      this.#calls.reads += 1
      const count = this.#stream.read(scratch)
      if (count === WOULD_BLOCK) return
      if (count === 0) throw new Error('the client ended')
      this.#send(scratch.subarray(0, count))
      if (until === 'once' || (until === 'short read' && count < CHUNK)) return
    }
  }

  #send(bytes: Buffer): void {
    const sent = this.#kept.length > 0 ? 0 : this.#write(bytes)
    if (sent < bytes.length) this.#kept.push(Buffer.from(bytes.subarray(sent)))
  }

  #flush(): void {
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      const sent = this.#write(first)
      if (sent < first.length) {
        this.#kept[0] = first.subarray(sent)
        return
      }
      this.#kept.shift()
    }
  }

  #write(bytes: Buffer): number {
    this.#calls.writes += 1
    return Math.max(this.#stream.write(bytes), 0)
  }
}
