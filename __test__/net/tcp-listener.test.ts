import { constants } from 'node:os'
import { Reactor, TcpListener, TcpStream } from '../../dist/index.js'
import type { TcpListenerOptions } from '../../dist/index.js'
import { awaitReady } from '../helpers/descriptors.js'
import { each, isLevel } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const KEYS = 'host, port, backlog, reuseAddress, reusePort, ipv6Only'

test('port 0 takes a free port, and localAddress tells which', (t) => {
  using listener = TcpListener.bind({ port: 0 })
  const { address, family, port } = listener.localAddress
  t.deepEqual({ address, family }, { address: '127.0.0.1', family: 'IPv4' })
  t.true(Number.isInteger(port) && port > 0 && port < 65_536)
  t.deepEqual(Object.keys(listener.localAddress), ['address', 'family', 'port'])
  using other = TcpListener.bind({ host: '0.0.0.0', port: 0 })
  t.is(other.localAddress.address, '0.0.0.0')
  t.not(other.localAddress.port, port)
})

test('it listens on IPv6', (t) => {
  using listener = TcpListener.bind({ host: '::1', port: 0 })
  const { address, family, port } = listener.localAddress
  t.deepEqual({ address, family }, { address: '::1', family: 'IPv6' })
  using client = TcpStream.connect({ host: '::1', port })
  awaitReady(listener, { readable: true })
  using server = listener.accept()
  t.deepEqual(server?.remoteAddress, client.localAddress)
})

test('an address in use is EADDRINUSE with the address and the port', (t) => {
  using listener = TcpListener.bind({ port: 0 })
  const { port } = listener.localAddress
  const error = t.throws(() => TcpListener.bind({ port }), {
    code: 'EADDRINUSE',
    message: `bind EADDRINUSE: address already in use 127.0.0.1:${port}`,
  })
  t.like(error, { errno: -constants.errno.EADDRINUSE, syscall: 'bind', address: '127.0.0.1', port })
})

test('an address of no interface is EADDRNOTAVAIL', (t) => {
  t.like(
    t.throws(() => TcpListener.bind({ host: '192.0.2.1', port: 0 })),
    { code: 'EADDRNOTAVAIL', syscall: 'bind', address: '192.0.2.1', port: 0 },
  )
})

test('with reusePort several listeners share a port', (t) => {
  using first = TcpListener.bind({ port: 0, reusePort: true })
  const { port } = first.localAddress
  using second = TcpListener.bind({ port, reusePort: true })
  t.is(second.localAddress.port, port)
  t.not(second.fd, first.fd)
  t.throws(() => TcpListener.bind({ port }), { code: 'EADDRINUSE' })
})

test('ipv6Only leaves the IPv4 port free, and without it both are taken', (t) => {
  using only = TcpListener.bind({ host: '::', port: 0, ipv6Only: true })
  using beside = TcpListener.bind({ host: '0.0.0.0', port: only.localAddress.port })
  t.is(beside.localAddress.port, only.localAddress.port)
  using both = TcpListener.bind({ host: '::', port: 0, ipv6Only: false })
  const { port } = both.localAddress
  t.throws(() => TcpListener.bind({ host: '0.0.0.0', port }), { code: 'EADDRINUSE' })
  using client = TcpStream.connect({ host: '127.0.0.1', port })
  awaitReady(both, { readable: true })
  using server = both.accept()
  t.is(server?.remoteAddress.address, '::ffff:127.0.0.1')
  t.is(server?.remoteAddress.port, client.localAddress.port)
})

test('accept takes the connections in order, and is null when none waits', (t) => {
  using listener = TcpListener.bind({ port: 0 })
  t.is(listener.accept(), null)
  const { port } = listener.localAddress
  const clients: TcpStream[] = []
  for (let count = 0; count < 3; count += 1) {
    const client = TcpStream.connect({ port })
    awaitReady(client, { writable: true })
    clients.push(client)
  }
  awaitReady(listener, { readable: true })
  for (const client of clients) {
    const server = listener.accept()
    t.deepEqual(server?.remoteAddress, client.localAddress)
    t.deepEqual(server?.localAddress, client.remoteAddress)
    server?.close()
    client.close()
  }
  t.is(listener.accept(), null)
})

test('wrong options are refused', (t) => {
  const bind = (options: unknown): unknown => TcpListener.bind(options as TcpListenerOptions)
  const type = 'ERR_INVALID_ARG_TYPE'
  const range = 'ERR_OUT_OF_RANGE'
  const value = 'ERR_INVALID_ARG_VALUE'
  const wrong: readonly (readonly [unknown, string, string])[] = [
    [undefined, type, '"options" must be an object. Received undefined'],
    [8080, type, '"options" must be an object. Received 8080'],
    [{}, type, '"options.port" must be a number. Received undefined'],
    [{ port: '80' }, type, `"options.port" must be a number. Received '80'`],
    [{ port: -1 }, range, '"options.port" must be a whole number from 0 to 65535. Received -1'],
    [{ port: 65_536 }, range, '"options.port" must be a whole number from 0 to 65535. Received 65536'],
    [{ port: 0.5 }, range, '"options.port" must be a whole number from 0 to 65535. Received 0.5'],
    [{ port: 0, hostname: 'x' }, value, `"options.hostname" must be left out: there are only ${KEYS}`],
    [{ port: 0, host: 1 }, type, '"options.host" must be a string. Received 1'],
    [
      { port: 0, backlog: 0 },
      range,
      '"options.backlog" must be a whole number from 1 to 2147483647. Received 0',
    ],
    [{ port: 0, backlog: 2 ** 31 }, range, '"options.backlog" must be a whole number from 1 to 2147483647'],
    [{ port: 0, backlog: '1' }, type, `"options.backlog" must be a number. Received '1'`],
    [{ port: 0, reuseAddress: 1 }, type, '"options.reuseAddress" must be a boolean. Received 1'],
    [{ port: 0, reusePort: null }, type, '"options.reusePort" must be a boolean. Received null'],
    [{ port: 0, ipv6Only: 'no' }, type, `"options.ipv6Only" must be a boolean. Received 'no'`],
  ]
  for (const [options, code, message] of wrong) {
    const error = t.throws(() => bind(options), { instanceOf: code === range ? RangeError : TypeError, code })
    t.true(error.message.startsWith(message), error.message)
  }
  for (const backlog of [1, 2 ** 31 - 1]) TcpListener.bind({ port: 0, backlog }).close()
})

test('names are refused, and the message says who resolves them', (t) => {
  for (const host of [
    'localhost',
    'example.org',
    '',
    '127.0.0.1 ',
    '127.1',
    '[::1]',
    '::1%',
    '127.0.0.1%1',
    '::1%lo',
    'fe80::1%1%2',
    '127.0.0.1\0',
  ]) {
    t.throws(() => TcpListener.bind({ host, port: 0 }), {
      instanceOf: TypeError,
      code: 'ERR_INVALID_ARG_VALUE',
      message:
        /^"options\.host" must be a literal IPv4 or IPv6 address, such as '127\.0\.0\.1', '::1' or 'fe80::1%2' \(resolve names with node:dns first\)\. Received '/,
    })
  }
})

test('a closed listener refuses its verbs, and closing it again does nothing', (t) => {
  const listener = TcpListener.bind({ port: 0 })
  const { port } = listener.localAddress
  t.false(listener.closed)
  listener.close()
  listener.close()
  t.true(listener.closed)
  for (const verb of [() => listener.accept(), () => listener.fd, () => listener.localAddress]) {
    t.throws(verb, { code: 'ERR_FDREACTOR_CLOSED' })
  }
  using reactor = new Reactor({ driver: 'manual' })
  t.throws(() => reactor.register(listener, { readable: true }, () => {}), { code: 'ERR_FDREACTOR_CLOSED' })
  TcpListener.bind({ port }).close()
})

each('its registration hears of a connection', { where: isLevel }, async (t, rig) => {
  const listener = rig.own(TcpListener.bind({ port: 0 }))
  const seen: number[] = []
  rig.watch(listener, { readable: true, oneshot: true }, (readiness) => seen.push(readiness))
  await rig.turns(2)
  t.deepEqual(seen, [])
  rig.own(TcpStream.connect({ port: listener.localAddress.port }))
  await rig.until(() => seen.length > 0)
  t.deepEqual(seen, [1])
})
