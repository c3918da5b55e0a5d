// No byte is lost, doubled or swapped: many connections exchange random pieces, with pauses and back-pressure, and each byte is
// checked by its place. More of it by hand: scripts/exchange.mjs.
import type { Connection } from '../../dist/index.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { each, isNative } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import { join, serve } from '../helpers/servers.js'
import type { ExecutionContext } from '../helpers/test.js'

const MIB = 1 << 20
/** How much goes each way in one case. */
const AMOUNT = Number(process.env['FDREACTOR_EXCHANGE_MIB'] ?? 8) * MIB
const CONNECTIONS = 200
const SEED = Number(process.env['FDREACTOR_EXCHANGE_SEED'] ?? 1)

/** Numbers that look random and are the same again for the same seed (xorshift32). */
class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e_37_79_b9) | 1
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) % limit
  }

  /** Most pieces are small, some are large. */
  size(): number {
    return 1 + this.below([16, 300, 5000, 70_000][this.below(4)] as number)
  }
}

/** Stops now and then, and goes on a little later. */
function stutter(link: Connection<unknown>, dice: Dice): void {
  if (dice.below(40) !== 0) return
  link.pause()
  setImmediate(() => link.resume())
}

/** One client: sends its bytes as long as it may, and checks what comes back. */
class Exchange {
  readonly #pattern: Pattern
  readonly #dice: Dice
  readonly #amount: number
  #sent = 0
  received = 0
  isOver = false

  constructor(index: number, amount: number) {
    this.#pattern = new Pattern(SEED * 1000 + index)
    this.#dice = new Dice(SEED * 1000 + index)
    this.#amount = amount
  }

  send(link: Connection<unknown>): void {
    while (this.#sent < this.#amount) {
      const size = Math.min(this.#dice.size(), this.#amount - this.#sent)
      const bytes = this.#pattern.bytes(this.#sent, size)
      this.#sent += size
      const isFine =
        this.#dice.below(4) === 0 ? link.writev([bytes.subarray(0, 1), bytes.subarray(1)]) : link.write(bytes)
      // What was given may be used for something else at once.
      bytes.fill(0)
      if (!isFine) return
    }
    link.end()
  }

  take(link: Connection<unknown>, bytes: Buffer): void {
    this.#pattern.check(this.received, bytes)
    this.received += bytes.length
    stutter(link, this.#dice)
  }
}

async function exchange(t: ExecutionContext, rig: Rig, amount: number): Promise<void> {
  const failures: unknown[] = []
  let served = 0
  const dice = new Dice(SEED)
  const server = serve(
    rig,
    {
      data(link, bytes) {
        served += bytes.length
        const cut = dice.below(bytes.length + 1)
        link.write(bytes, 0, cut)
        link.write(bytes, cut)
        stutter(link, dice)
      },
      error: (_, error) => failures.push(error),
    },
    // Small, so that it is crossed often.
    { limits: { highWaterMark: 20_000, bytesPerTurn: 30_000 } },
  )
  const share = Math.ceil(amount / CONNECTIONS)
  const all = Array.from({ length: CONNECTIONS }, (_, index) => new Exchange(index, share))
  for (const one of all) {
    await join(rig, server, {
      open: (link) => one.send(link),
      drain: (link) => one.send(link),
      data: (link, bytes) => one.take(link, bytes),
      error: (_, error) => failures.push(error),
      close() {
        one.isOver = true
      },
    })
  }
  await rig.until(
    () => failures.length > 0 || (all.every(({ isOver }) => isOver) && server.connections === 0),
  )
  t.deepEqual(failures, [])
  t.deepEqual(
    all.map(({ received }) => received),
    all.map(() => share),
  )
  t.is(served, share * CONNECTIONS)
}

each(
  `${CONNECTIONS} connections exchange random pieces, and every byte arrives in its place`,
  { where: isNative },
  async (t, rig) => {
    t.timeout(60 * 60_000)
    await exchange(t, rig, AMOUNT)
  },
)

each(
  'the same on the backends that scan, with less',
  { where: (which) => !isNative(which) },
  async (t, rig) => {
    await exchange(t, rig, Math.min(AMOUNT, 2 * MIB))
  },
)
