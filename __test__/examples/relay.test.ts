// The relay in examples/relay, from outside: bytes, ends and resets, both ways, on every backend.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { limited } from '../helpers/child.js'
import { eventually, within } from '../helpers/echo-change.js'
import { columns, serial } from '../helpers/echo-columns.js'
import { throughNc, throughSocat } from '../helpers/echo-programs.js'
import { openTarget, readAll, startRelay } from '../helpers/relay.js'
import test from '../helpers/test.js'

const MIB = 1024 * 1024

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const echo = (socket: Socket): void => void socket.pipe(socket)

/** The error that ends a connection. */
async function failure(socket: Socket): Promise<string | undefined> {
  const [error] = (await within(once(socket, 'error'), 'an error')) as [NodeJS.ErrnoException]
  return error.code
}

for (const { backend } of columns.filter(({ trigger, server }) => trigger === 'level' && !server)) {
  test.serial(`bytes go both ways at once, and each end by itself::${backend}`, async (t) => {
    const up = randomBytes(4 * MIB)
    const down = randomBytes(5 * MIB)
    let received: Promise<Buffer> | undefined
    const target = await openTarget(t, (socket) => {
      received = readAll(socket)
      socket.end(down)
    })
    const relay = await startRelay(t, target, { backend })
    const client = connect({ port: relay.port, allowHalfOpen: true })
    // The first half crosses what comes; the target has ended before the second half begins.
    client.write(up.subarray(0, up.length / 2))
    t.is(digest(await within(readAll(client), 'all bytes')), digest(down))
    client.end(up.subarray(up.length / 2))
    t.is(digest((await within(Promise.resolve(received), 'all bytes')) ?? Buffer.alloc(0)), digest(up))
    t.is(await relay.stop(), 0)
  })

  test.serial(`a client that has ended still gets its answer::${backend}`, async (t) => {
    const target = await openTarget(t, (socket) => {
      void readAll(socket).then((bytes) => socket.end(digest(bytes)))
    })
    const relay = await startRelay(t, target, { backend })
    const client = connect({ port: relay.port, allowHalfOpen: true })
    const question = randomBytes(MIB)
    client.end(question)
    t.is((await within(readAll(client), 'the answer')).toString(), digest(question))
    t.is(await relay.stop(), 0)
  })

  test.serial(`a reset of either side reaches the other::${backend}`, async (t) => {
    const peers: Socket[] = []
    const target = await openTarget(t, (socket) => {
      peers.push(socket)
      socket.write('x')
    })
    const relay = await startRelay(t, target, { backend })
    for (const side of ['client', 'target'] as const) {
      const client = connect(relay.port)
      await within(once(client, 'data'), 'a byte')
      const peer = peers.pop()
      if (peer === undefined) throw new Error('the target has no connection')
      const [rude, other] = side === 'client' ? [client, peer] : [peer, client]
      const told = failure(other)
      other.resume()
      rude.resetAndDestroy()
      t.is(await told, 'ECONNRESET', side)
    }
    t.is(await relay.stop(), 0)
  })

  test.serial(`a target that refuses resets its client, and the relay goes on::${backend}`, async (t) => {
    const target = await openTarget(t, (socket) => void socket.end('hello'))
    const relay = await startRelay(t, target, { backend })
    const served = connect(relay.port)
    t.is((await within(readAll(served), 'the greeting')).toString(), 'hello')
    await target.close()
    for (let often = 0; often < 2; often += 1) {
      const refused = connect(relay.port)
      refused.resume()
      t.is(await failure(refused), 'ECONNRESET')
    }
    t.is(await relay.stop(), 0)
  })
}

test.serial('a hundred clients at once each get their own bytes back', async (t) => {
  const relay = await startRelay(t, await openTarget(t, echo))
  const clients = Array.from({ length: 100 }, async (_, index) => {
    const bytes = randomBytes(1 + index * 700)
    const socket = connect({ port: relay.port, allowHalfOpen: true })
    socket.end(bytes)
    return (await readAll(socket)).equals(bytes)
  })
  t.deepEqual(new Set(await within(Promise.all(clients), 'all answers')), new Set([true]))
  t.is(await relay.stop(), 0)
})

// A client takes two descriptors: with one of these limits accept(2) fails, with the other the connection to the target.
for (const limit of [64, 65])
  test.serial(
    `out of descriptors, clients wait or are reset, and later ones are served::${limit}`,
    async (t) => {
      const relay = await startRelay(t, await openTarget(t, echo), { wrapper: limited(limit) })
      /** Whether a client got its byte back. */
      const ask = async (): Promise<boolean> => {
        const socket = connect(relay.port)
        const answered = once(socket, 'data').then(
          () => true,
          () => false,
        )
        const ended = once(socket, 'close').then(
          () => false,
          () => false,
        )
        socket.write('x')
        const isServed = await within(Promise.race([answered, ended]), 'an outcome')
        // Makes room for who waits.
        socket.destroy()
        return isServed
      }
      const outcomes = await Promise.all(Array.from({ length: 60 }, () => ask()))
      t.true(outcomes.includes(true))
      t.true(await eventually(async () => (await ask()) || undefined, 'a client that is served'))
      t.is(await relay.stop(), 0)
    },
  )

serial({ tools: ['socat'] })('socat sends a mebibyte through it, and gets it back', async (t) => {
  const relay = await startRelay(t, await openTarget(t, echo))
  await throughSocat(relay, { size: MIB })
  t.is(await relay.stop(), 0)
})

serial({ tools: ['nc'] })('nc sends a mebibyte through it, and gets it back', async (t) => {
  const relay = await startRelay(t, await openTarget(t, echo))
  await throughNc(relay, { size: MIB })
  t.is(await relay.stop(), 0)
})
