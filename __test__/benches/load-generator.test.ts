import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from '../../benches/compare/load/connections.js'
import { EchoFault } from '../../benches/compare/load/conversation.js'
import { isShort } from '../../benches/compare/load/doubt.js'
import { Generator } from '../../benches/compare/load/generator.js'
import type { Load, Outcome } from '../../benches/compare/load/protocol.js'
import test from '../helpers/test.js'

const LOAD: Load = { rate: 1000, seconds: 0.1, bytes: 64, limitMs: 100, drainMs: 20_000 }

/** What a server does with bytes that come on a connection; `before` is how many have come ahead of them. */
type Answer = (socket: Socket, bytes: Buffer, before: number) => void

const echo: Answer = (socket, bytes) => void socket.write(bytes)

/** Sends a load to a server that answers like this. */
async function offer(answer: Answer, load: Load, connections = 1): Promise<Outcome> {
  const server = createServer((socket) => {
    let before = 0
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      answer(socket, bytes, before)
      before += bytes.length
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const streams = await connect((server.address() as AddressInfo).port, connections)
  try {
    return await new Generator(streams, load, 1).run()
  } finally {
    for (const stream of streams) stream.close()
    server.close()
  }
}

for (const connections of [1, 7]) {
  test.serial(`sends everything and takes it back: ${connections}`, async (t) => {
    const { planned, sent, received } = await offer(echo, LOAD, connections)
    t.deepEqual([planned, sent, received], [100, 100, 100])
  })
}

// The last is more than a socket takes at once.
for (const bytes of [1, 4, 8 * 1024 * 1024]) {
  test.serial(`takes messages of any size: ${bytes}`, async (t) => {
    const { planned, sent, received } = await offer(echo, { ...LOAD, bytes, rate: 40 }, 3)
    t.deepEqual([planned, sent, received], [4, 4, 4])
  })
}

test.serial('counts the whole waiting of messages that a stalled server held up', async (t) => {
  const STALL_MS = 250
  const [rate, bytes] = [1000, 64]
  let hasStalled = false
  const stalling: Answer = (socket, chunk, before) => {
    socket.write(chunk)
    if (hasStalled || before < 50 * bytes) return
    hasStalled = true
    socket.pause()
    setTimeout(() => socket.resume(), STALL_MS)
  }
  const { planned, sent, received, over, p50 } = await offer(stalling, {
    ...LOAD,
    rate,
    bytes,
    seconds: 0.4,
    limitMs: 100,
  })
  t.deepEqual([planned, sent, received], [400, 400, 400])
  // Those that were due in the first 150 ms of the stall waited for 100 ms at least. One that waits for an echo before it
  // sends would have a single one.
  t.true(over >= (rate * (STALL_MS - 100)) / 1000 - 1, `${over}`)
  t.true(p50 > 0)
})

test.serial('notices a changed byte', async (t) => {
  const changing: Answer = (socket, bytes, before) => {
    const at = 10 * LOAD.bytes + 40 - before
    if (at >= 0 && at < bytes.length) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    socket.write(bytes)
  }
  const error = await t.throwsAsync(offer(changing, LOAD), { instanceOf: EchoFault })
  t.is(error.message, 'message 10 came back changed')
})

test.serial('notices messages in the wrong order', async (t) => {
  let kept = Buffer.alloc(0)
  const swapping: Answer = (socket, bytes) => {
    kept = Buffer.concat([kept, bytes])
    if (kept.length < 2 * LOAD.bytes) return
    socket.write(kept.subarray(LOAD.bytes, 2 * LOAD.bytes))
    socket.write(kept.subarray(0, LOAD.bytes))
  }
  const load = { ...LOAD, rate: 100, seconds: 0.02 }
  const error = await t.throwsAsync(offer(swapping, load), { instanceOf: EchoFault })
  t.is(error.message, 'message 0 came back changed')
})

test.serial('notices more than was sent', async (t) => {
  const adding: Answer = (socket, bytes) => void socket.write(Buffer.concat([bytes, Buffer.of(0)]))
  const error = await t.throwsAsync(offer(adding, { ...LOAD, rate: 10 }), { instanceOf: EchoFault })
  t.is(error.message, 'more came back than was sent')
})

test.serial('notices a connection that the server ends', async (t) => {
  const error = await t.throwsAsync(
    offer((socket) => void socket.end(), LOAD),
    { instanceOf: EchoFault },
  )
  t.is(error.message, 'the server ended a connection')
})

test.serial('tells what did not come back, and counts it as late', async (t) => {
  const all = 100 * LOAD.bytes
  const losing: Answer = (socket, bytes, before) =>
    void socket.write(bytes.subarray(0, Math.max(0, all - 3 * LOAD.bytes - before)))
  const drainMs = 300
  const outcome = await offer(losing, { ...LOAD, drainMs, limitMs: 200 })
  t.like(outcome, { planned: 100, sent: 100, received: 97 })
  t.true(outcome.over >= 3)
  t.true(outcome.p999 >= 300_000)
})

test.serial('tells that it could not keep up', async (t) => {
  const outcome = await offer(echo, { ...LOAD, rate: 1e9, seconds: 0.005, drainMs: 10 })
  t.is(outcome.planned, 5_000_000)
  t.true(outcome.sent < outcome.planned)
  t.true(isShort(outcome))
})
