import { constants } from 'node:os'
import { Ready, TcpListener, TcpStream, WOULD_BLOCK } from '../../dist/index.js'
import type { TcpStreamOptions } from '../../dist/index.js'
import { run } from '../helpers/child.js'
import { awaitReady, openPair } from '../helpers/descriptors.js'
import type { Pair } from '../helpers/descriptors.js'
import { each } from '../helpers/matrix.js'
import test from '../helpers/test.js'

function withPair(body: (pair: Pair) => void): void {
  const pair = openPair()
  try {
    body(pair)
  } finally {
    pair.client.close()
    pair.server.close()
  }
}

/** A port on which nobody listens. */
function unusedPort(): number {
  using listener = TcpListener.bind({ port: 0 })
  return listener.localAddress.port
}

const text = Buffer.from('hello')

test('both ends know both addresses', (t) => {
  withPair(({ client, server }) => {
    t.deepEqual(client.localAddress, server.remoteAddress)
    t.deepEqual(client.remoteAddress, server.localAddress)
    t.is(client.localAddress.address, '127.0.0.1')
    t.is(client.localAddress.family, 'IPv4')
    t.deepEqual(Object.keys(server.remoteAddress), ['address', 'family', 'port'])
    t.is(client.takeError(), undefined)
  })
})

test('bytes go both ways, at offsets, and nothing more would block', (t) => {
  withPair(({ client, server }) => {
    t.is(client.read(Buffer.alloc(1)), WOULD_BLOCK)
    t.is(client.write(text, 1, 3), 3)
    awaitReady(server, { readable: true })
    const buffer = Buffer.alloc(6, '.')
    t.is(server.read(buffer, 2, 2), 2)
    t.is(buffer.toString(), '..el..')
    t.is(server.read(buffer, 4), 1)
    t.is(buffer.toString(), '..ell.')
    t.is(server.read(buffer), WOULD_BLOCK)
    t.is(server.write(new Uint16Array([0x4241])), 2)
    awaitReady(client, { readable: true })
    t.is(client.read(new DataView(buffer.buffer, buffer.byteOffset, 6)), 2)
    t.is(buffer.toString(), 'ABell.')
  })
})

test('wrong arguments of read and write are refused', (t) => {
  withPair(({ client }) => {
    for (const verb of ['read', 'write'] as const) {
      t.throws(() => client[verb]('text' as unknown as Buffer), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: /^"buffer"/,
      })
      t.throws(() => client[verb](text, 6), { code: 'ERR_OUT_OF_RANGE', message: /^"offset" .* from 0 to 5/ })
      t.throws(() => client[verb](text, 2, 4), {
        code: 'ERR_OUT_OF_RANGE',
        message: /^"length" .* from 0 to 3/,
      })
    }
  })
})

test('write would block once the peer reads nothing more', (t) => {
  withPair(({ client, server }) => {
    const chunk = Buffer.alloc(1 << 20)
    let written = 0
    for (let count = client.write(chunk); count !== WOULD_BLOCK; count = client.write(chunk)) written += count
    let got = 0
    while (got < written) {
      awaitReady(server, { readable: true })
      got += server.read(chunk)
    }
    t.is(got, written)
    t.is(server.read(chunk), WOULD_BLOCK)
  })
})

each('a refused connection is told as writable, and takeError says why', {}, async (t, rig) => {
  const stream = rig.own(TcpStream.connect({ port: unusedPort() }))
  const seen: string[] = []
  rig.watch(stream, { writable: true, oneshot: true }, (readiness) => {
    seen.push(String(readiness & Ready.WRITABLE))
    const error = stream.takeError()
    t.like(error, {
      code: 'ECONNREFUSED',
      errno: -constants.errno.ECONNREFUSED,
      syscall: 'connect',
      fd: stream.fd,
    })
    t.true(error instanceof Error)
    t.is(error?.message, `connect ECONNREFUSED: connection refused, fd ${stream.fd}`)
    t.is(stream.takeError(), undefined)
  })
  await rig.until(() => seen.length > 0)
  t.deepEqual(seen, [String(Ready.WRITABLE)])
  t.throws(() => stream.remoteAddress, { code: 'ENOTCONN' })
})

test('after shutdown of writing the peer reads the end, and this side still reads', (t) => {
  withPair(({ client, server }) => {
    client.write(text)
    client.shutdown('write')
    awaitReady(server, { disconnect: true })
    const buffer = Buffer.alloc(8)
    t.is(server.read(buffer), 5)
    t.is(server.read(buffer), 0)
    t.throws(() => client.write(text), { code: 'EPIPE', message: /^write EPIPE: broken pipe, fd \d+$/ })
    t.is(server.write(text), 5)
    awaitReady(client, { readable: true })
    t.is(client.read(buffer), 5)
  })
})

test('after shutdown of reading this side reads the end', (t) => {
  withPair(({ client }) => {
    client.shutdown('read')
    t.is(client.read(Buffer.alloc(1)), 0)
    client.shutdown('both')
    t.throws(() => client.write(text), { code: 'EPIPE' })
  })
})

test('shutdown takes three words', (t) => {
  withPair(({ client }) => {
    for (const direction of ['rw', '', undefined, 0]) {
      t.throws(() => client.shutdown(direction as 'read'), {
        instanceOf: TypeError,
        code: 'ERR_INVALID_ARG_VALUE',
        message: /^"direction" must be one of 'read', 'write', 'both'\. Received /,
      })
    }
  })
})

test('close ends the connection in peace, and reset does not', (t) => {
  withPair(({ client, server }) => {
    client.write(text)
    client.close()
    awaitReady(server, { readable: true, disconnect: true })
    const buffer = Buffer.alloc(8)
    t.is(server.read(buffer), 5)
    awaitReady(server, { readable: true })
    t.is(server.read(buffer), 0)
  })
  withPair(({ client, server }) => {
    client.reset()
    client.reset()
    t.true(client.closed)
    awaitReady(server, { readable: true })
    t.like(
      t.throws(() => server.read(Buffer.alloc(1))),
      { code: 'ECONNRESET', errno: -constants.errno.ECONNRESET, syscall: 'read', fd: server.fd },
    )
  })
})

// sebi2k1/node-can#215
each('fault-34 a reset is told with an error', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  client.reset()
  awaitReady(server, { readable: true })
  const seen: number[] = []
  await rig.turns(1, () => {
    rig.watch(server, { readable: true }, (readiness) => seen.push(readiness))
  })
  const all = Ready.READABLE | Ready.READ_CLOSED | Ready.HANGUP | Ready.ERROR
  t.deepEqual(seen, [rig.backend === 'select' ? Ready.READABLE : all])
})

test('options are taken in any state of the connection, and wrong ones refused', (t) => {
  withPair(({ client }) => {
    t.is(client.setNoDelay(), client)
    t.is(client.setNoDelay(false).setNoDelay(true), client)
    t.is(client.setKeepAlive(), client)
    t.is(client.setKeepAlive(true, 1).setKeepAlive(true, 1500.5).setKeepAlive(false), client)
    t.throws(() => client.setNoDelay(1 as unknown as boolean), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^"on" must be a boolean/,
    })
    t.throws(() => client.setKeepAlive('yes' as unknown as boolean), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^"on"/,
    })
    t.is(client.setKeepAlive(true, 32_767_000), client)
    for (const idleMs of [-1, Number.NaN, 32_767_001, Number.POSITIVE_INFINITY]) {
      t.throws(() => client.setKeepAlive(true, idleMs), {
        code: 'ERR_OUT_OF_RANGE',
        message: /^"idleMs" must be zero or more/,
      })
    }
    t.throws(() => client.setKeepAlive(true, '1' as unknown as number), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^"idleMs"/,
    })
  })
})

test('wrong options of connect are refused', (t) => {
  const connect = (options: unknown): unknown => TcpStream.connect(options as TcpStreamOptions)
  t.throws(() => connect(undefined), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /^"options" must be an object/,
  })
  t.throws(() => connect({}), { code: 'ERR_INVALID_ARG_TYPE', message: /^"options\.port" must be a number/ })
  t.throws(() => connect({ port: 65_536 }), { code: 'ERR_OUT_OF_RANGE', message: /^"options\.port"/ })
  t.throws(() => connect({ port: 1, host: 'localhost' }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /node:dns/,
  })
  t.throws(() => connect({ port: 1, backlog: 1 }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /^"options\.backlog" must be left out: there are only host, port\./,
  })
})

test('a closed stream refuses its verbs, and closing it again does nothing', (t) => {
  withPair(({ client }) => {
    client.close()
    client.close()
    t.true(client.closed)
    const verbs: readonly (() => unknown)[] = [
      () => client.fd,
      () => client.read(Buffer.alloc(1)),
      () => client.write(text),
      () => client.shutdown('both'),
      () => client.takeError(),
      () => client.setNoDelay(),
      () => client.setKeepAlive(),
      () => client.localAddress,
    ]
    for (const verb of verbs) t.throws(verb, { code: 'ERR_FDREACTOR_CLOSED' })
  })
})

const COLLECT = `
let server = null
const reactor = new Reactor({ driver: 'manual' })
const accept = reactor.register(listener, { readable: true, oneshot: true }, () => { server = listener.accept() })
reactor.poll()
accept.close()
const gone = () => { let dropped = TcpStream.connect({ port: listener.localAddress.port }); return new WeakRef(dropped) }
`

test('a stream that nobody holds is closed when it is collected', async (t) => {
  const script = `${COLLECT}
    server.close()
    gone()
    reactor.register(listener, { readable: true }, () => { server = listener.accept() })
    reactor.poll()
    let isOver = false
    reactor.register(server, { disconnect: true }, () => { isOver = true })
    for (let tries = 0; tries < 100 && !isOver; tries += 1) { await sleep(1); gc(); reactor.poll(10) }
    console.log(isOver)
    client.close()`
  t.deepEqual(await run(script, { collector: true }), {
    code: 0,
    signal: null,
    stdout: 'true\n',
    stderr: '',
  })
})

test('a stream that is registered is not collected', async (t) => {
  const script = `${COLLECT}
    server.close()
    const heard = []
    const watch = () => {
      const stream = TcpStream.connect({ port: listener.localAddress.port })
      reactor.register(stream, { readable: true }, (readiness, { fd }) => heard.push(io.read(fd, Buffer.alloc(8))))
    }
    watch()
    const registration = reactor.register(listener, { readable: true }, () => { server = listener.accept(); registration.close() })
    reactor.poll()
    for (let tries = 0; tries < 20; tries += 1) { await sleep(1); gc() }
    server.write(Buffer.from('hello'))
    reactor.poll()
    console.log(heard, reactor.size)
    client.close()`
  t.deepEqual(await run(script, { collector: true }), {
    code: 0,
    signal: null,
    stdout: '[ 5 ] 1\n',
    stderr: '',
  })
})
