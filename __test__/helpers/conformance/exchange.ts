/** N08: connections that are used as badly as they may be. */
import { setImmediate } from 'node:timers/promises'
import { Ready, WOULD_BLOCK, io } from '../../../dist/index.js'
import type { Interest, Readiness, Reactor, Registration } from '../../../dist/index.js'
import { PATIENCE_MS } from '../descriptors.js'
import { Pattern } from '../echo-pattern.js'
import { kit, makePair } from '../kit.js'
import { arming } from './combos.js'
import type { Mode } from './combos.js'
import { Broken, demand } from './outcome.js'
import { scrambled } from './procedures.js'

const CONNECTIONS = 5
/** How many bytes go each way. */
const BYTES = 65_536
/** Nothing is read or written in larger pieces. */
const PIECE = 4096

/** The same numbers in every run. */
class Dice {
  #round = 0

  below(limit: number): number {
    this.#round += 1
    return scrambled(this.#round) % limit
  }
}

/** One end of a connection. What happens in its callbacks and fails is kept for who waits for the end. */
class Peer {
  readonly fd: number
  readonly registration: Registration
  readonly #dice: Dice
  readonly #mode: Mode
  readonly #sends: Pattern
  readonly #expects: Pattern
  #interest: Interest = { readable: true, writable: true }
  #sent = 0
  #received = 0
  #closes = 0
  fault: Error | undefined

  constructor(
    reactor: Reactor,
    fd: number,
    [own, others]: readonly [number, number],
    dice: Dice,
    mode: Mode,
  ) {
    this.fd = fd
    this.#dice = dice
    this.#mode = mode
    this.#sends = new Pattern(own)
    this.#expects = new Pattern(others)
    const options = { ...this.#interest, ...arming(mode) }
    this.registration = reactor.register(fd, options, (readiness) => {
      try {
        this.#answer(readiness)
      } catch (error) {
        this.fault ??= error as Error
      }
    })
  }

  get isOver(): boolean {
    return this.#sent === BYTES && this.#closes > 0
  }

  get counts(): string {
    return `${this.#sent} sent, ${this.#received} received, ${this.#closes} closes`
  }

  /** Does something about what it is told, or a part of it, or nothing. */
  #answer(readiness: Readiness): void {
    const { readable, writable } = this.#interest
    let allowed: number = Ready.HANGUP | Ready.ERROR
    if (readable === true) allowed |= Ready.READABLE | Ready.READ_CLOSED
    if (writable === true) allowed |= Ready.WRITABLE
    demand((readiness & ~allowed) === 0, `${readiness} lies outside ${JSON.stringify(this.#interest)}`)
    if (this.#dice.below(4) > 0) {
      if ((readiness & (Ready.READABLE | Ready.HANGUP)) !== 0 && this.#closes === 0) this.#receive()
      if ((readiness & Ready.WRITABLE) !== 0 && this.#sent < BYTES) this.#send()
    }
    // Half of the time it stays silent, or goes on asking for what it has no more use for, until its interest is toggled.
    if (this.#mode !== 'level' && this.#dice.below(2) === 0) this.registration.rearm()
  }

  #send(): void {
    const length = Math.min(1 + this.#dice.below(PIECE), BYTES - this.#sent)
    const count = io.write(this.fd, this.#sends.bytes(this.#sent, length))
    if (count !== WOULD_BLOCK) this.#sent += count
    if (this.#sent === BYTES) kit.shut(this.fd, 'write')
  }

  #receive(): void {
    const piece = Buffer.alloc(1 + this.#dice.below(PIECE))
    const count = io.read(this.fd, piece)
    if (count === 0) this.#closes += 1
    if (count <= 0) return
    this.#expects.check(this.#received, piece.subarray(0, count))
    this.#received += count
  }

  /** Gives it another interest: all that it has use for, a part, or nothing at all. */
  toggle(): void {
    const wanted = { readable: this.#closes === 0, writable: this.#sent < BYTES }
    const part = [{}, { readable: true }, { writable: true }][this.#dice.below(3)] ?? {}
    this.#interest = this.#dice.below(2) === 0 ? wanted : part
    this.registration.modify(this.#interest)
  }
}

/** Lets five connections exchange 64 KiB each way, and a timer interfere. */
export async function exchange(reactor: Reactor, mode: Mode): Promise<string> {
  const dice = new Dice()
  const pairs = Array.from({ length: CONNECTIONS }, () => makePair())
  const peers = pairs.flatMap(([one, other], index) => [
    new Peer(reactor, one.fd, [2 * index, 2 * index + 1], dice, mode),
    new Peer(reactor, other.fd, [2 * index + 1, 2 * index], dice, mode),
  ])
  const toggling = setInterval(() => peers[dice.below(peers.length)]?.toggle(), 0)
  const deadline = performance.now() + PATIENCE_MS
  try {
    while (!peers.every(({ isOver }) => isOver)) {
      for (const { fault } of peers) if (fault !== undefined) throw fault
      if (performance.now() > deadline) throw new Broken(peers.map(({ counts }) => counts).join('; '))
      if (reactor.driver === 'manual') reactor.poll(0)
      await setImmediate()
    }
  } finally {
    clearInterval(toggling)
    for (const { registration } of peers) registration.close()
    for (const end of pairs.flat()) end.close()
  }
  for (const { fault, counts } of peers) {
    if (fault !== undefined) throw fault
    demand(counts === `${BYTES} sent, ${BYTES} received, 1 closes`, counts)
  }
  return 'ok'
}
