// Clients of our own that check every byte that comes back, and throw an `EchoFailure` if one is wrong. echo/clients.test.ts
// shows that they notice what a server can do wrong; those that others wrote are in echo-programs.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { DEADLINE_MS, EchoFailure, within } from './echo-change.js'
import { Client } from './echo-connection.js'
import { Pattern } from './echo-pattern.js'
import type { EchoServer, Target } from './echo-server.js'

const MIB = 1024 * 1024

export interface Deadline {
  readonly deadlineMs?: number
}

interface Burst extends Deadline {
  readonly count: number
  /** Each sends this much, and one byte more than the one before. */
  readonly size?: number
}

/**
 * Connects many clients at once. Each sends bytes of its own and waits for them. When all have theirs, so that all
 * connections exist at the same time, each sends more, half-closes, and waits for that and the end.
 *
 * @throws EchoFailure
 */
export async function burst(target: Target, { count, size = 4096, deadlineMs }: Burst): Promise<void> {
  const clients = Array.from({ length: count }, () => new Client(target, deadlineMs))
  const together = async (step: (client: Client, index: number) => Promise<void>): Promise<void> => {
    const outcomes = await Promise.allSettled(clients.map((client, index) => step(client, index)))
    const failures = outcomes.flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [`${index}: ${(outcome.reason as Error).message}`] : [],
    )
    if (failures.length > 0) {
      throw new EchoFailure(`${failures.length} of ${count} failed: ${failures.slice(0, 3).join('; ')}`)
    }
  }
  try {
    await together(async (client, index) => {
      const pattern = new Pattern(index)
      await client.connected()
      await client.send(pattern.bytes(0, size + index))
      await client.expect(pattern, 0, size + index)
    })
    await together(async (client, index) => {
      const pattern = new Pattern(index)
      await client.send(pattern.bytes(size + index, size))
      client.finish()
      await client.expect(pattern, size + index, size)
      await client.expectEnd()
    })
  } finally {
    for (const client of clients) client.close()
  }
}

interface SlowReader extends Deadline {
  readonly size?: number
  /** How many others are served meanwhile. */
  readonly others?: number
  /** What the server may grow by, in bytes; its memory is not looked at otherwise. */
  readonly growth?: number
}

/** How often the sender must stand still, each time with the others served, before it counts as held up. */
const STILL = 10

/**
 * Sends without reading until nothing goes any more, while others are served; then it reads everything.
 *
 * @returns how many bytes had gone, and by how many the server's memory had grown, when it began to read
 * @throws EchoFailure
 */
export async function slowReader(
  server: EchoServer,
  { size = 64 * MIB, others: count = 3, growth = Infinity, deadlineMs = DEADLINE_MS }: SlowReader,
): Promise<{ readonly sent: number; readonly grown: number }> {
  const pattern = new Pattern(1)
  const others = await Promise.all(Array.from({ length: count }, () => Client.open(server, deadlineMs)))
  const serveOthers = async (rounds: number): Promise<void> => {
    await Promise.all(
      others.map(async (other, index) => {
        for (let round = 0; round < rounds; round += 1) {
          await other.roundTrip(new Pattern(index + 2).bytes(round, 1500))
        }
      }),
    )
  }
  // What serving costs in any case is not counted.
  await serveOthers(200)
  const before = server.peakMemory()
  const slow = await Client.open(server, deadlineMs)
  const done = { sent: 0 }
  const send = async (): Promise<void> => {
    while (done.sent < size) {
      const length = Math.min(64 * 1024, size - done.sent)
      await slow.send(pattern.bytes(done.sent, length))
      done.sent += length
    }
    slow.finish()
  }
  const receive = async (): Promise<void> => {
    await slow.expect(pattern, 0, size)
    await slow.expectEnd()
  }
  try {
    const sending = send()
    sending.catch(() => undefined)
    for (let still = 0; still < STILL && done.sent < size;) {
      const last = done.sent
      await serveOthers(20)
      await sleep(10)
      still = done.sent === last ? still + 1 : 0
    }
    const held = { sent: done.sent, grown: server.peakMemory() - before }
    if (held.grown > growth) {
      throw new EchoFailure(
        `the server grew by ${Math.round(held.grown / MIB)} MiB for a peer that does not read`,
      )
    }
    await within(Promise.all([sending, receive(), serveOthers(20)]), 'the slow reader', deadlineMs)
    return held
  } finally {
    for (const client of [slow, ...others]) client.close()
  }
}
