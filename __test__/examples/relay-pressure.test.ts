// What the relay keeps for a peer that does not read, counted from inside: its own reactor, turn by turn.
import { createHash, randomBytes } from 'node:crypto'
import { Reactor, TcpListener, TcpStream, WOULD_BLOCK } from 'fdreactor'
import { Relay } from '../../examples/relay/relay.mjs'
import type { Backend } from 'fdreactor'
import { PATIENCE_MS, awaitReady } from '../helpers/descriptors.js'
import { DEADLINE_MS } from '../helpers/echo-change.js'
import { columns } from '../helpers/echo-columns.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

/** What a flow keeps at most. */
const LIMIT = 64 * 1024
/** Far more than all buffers of the kernel on the way: who takes this much keeps it. */
const TOO_MUCH = 512 * 1024 * 1024
const chunk = randomBytes(100_000)

/** A relay in this process, with the ends of a connection through it. */
function open(t: ExecutionContext, backend: Backend) {
  const reactor = new Reactor({ backend, driver: 'manual' })
  const listener = TcpListener.bind({ port: 0 })
  const relay = new Relay(reactor, { port: 0 }, { port: listener.localAddress.port })
  const client = TcpStream.connect({ port: relay.address.port })
  t.teardown(() => {
    relay.close()
    reactor.close()
    listener.close()
    client.close()
  })
  while (relay.size === 0) reactor.poll(PATIENCE_MS)
  awaitReady(listener, { readable: true })
  const target = listener.accept()
  if (target === null) throw new Error('no connection waits')
  t.teardown(() => target.close())
  awaitReady(client, { writable: true })
  return { reactor, relay, client, target }
}

type Scene = ReturnType<typeof open>

/** The client sends until nothing goes on: it cannot write, and the relay has nothing to do. Answers with what was sent. */
function fill(t: ExecutionContext, { reactor, relay, client }: Scene) {
  const sent = createHash('sha256')
  let bytes = 0
  for (let calls = 1, count = 0; calls > 0 || count !== WOULD_BLOCK;) {
    count = client.write(chunk)
    if (count !== WOULD_BLOCK) {
      sent.update(chunk.subarray(0, count))
      bytes += count
    }
    calls = reactor.poll(count === WOULD_BLOCK ? 100 : 0)
    if (relay.kept > LIMIT) throw new Error(`${relay.kept} bytes are kept`)
    if (bytes > TOO_MUCH) throw new Error('the client is never stopped')
  }
  t.true(relay.kept > 0)
  return { bytes, digest: sent.digest('hex') }
}

const levels = columns.filter(({ trigger, server }) => trigger === 'level' && !server)

for (const { backend } of levels) {
  test(`a target that does not read stops the client, and loses nothing::${backend}`, (t) => {
    const scene = open(t, backend)
    const { reactor, relay, client, target } = scene
    const sent = fill(t, scene)

    // The target reads, and everything comes, in order, with the end behind it.
    client.shutdown('write')
    const received = createHash('sha256')
    const buffer = Buffer.alloc(LIMIT)
    let bytes = 0
    const deadline = Date.now() + DEADLINE_MS
    for (let count: number = WOULD_BLOCK; count !== 0;) {
      if (count === WOULD_BLOCK) reactor.poll(10)
      if (Date.now() > deadline) throw new Error(`the end did not come; ${bytes} bytes did`)
      count = target.read(buffer)
      if (count > 0) {
        received.update(buffer.subarray(0, count))
        bytes += count
      }
    }
    t.deepEqual({ bytes, digest: received.digest('hex') }, sent)
    t.is(relay.kept, 0)

    target.shutdown('write')
    while (relay.size > 0) t.true(reactor.poll(PATIENCE_MS) > 0)
    // Its listener.
    t.is(reactor.size, 1)
  })
}

for (const { backend } of levels.filter((column) => column.backend !== 'select')) {
  test(`a client that resets while its target does not read is noticed::${backend}`, (t) => {
    const scene = open(t, backend)
    const { reactor, relay, client } = scene
    fill(t, scene)
    client.reset()
    while (relay.size > 0) if (reactor.poll(PATIENCE_MS) === 0) break
    t.is(relay.size, 0)
  })
}
