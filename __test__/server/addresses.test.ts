// Where servers listen and connections come from: IPv4, IPv6, UNIX sockets; and what is refused.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { connect, listen } from '../../dist/index.js'
import type { ListenOptions } from '../../dist/index.js'
import { each, isLevel, isNative, isScan } from '../helpers/matrix.js'
import { isClosed, join, logging, peer, receive, serve, settled, until } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1')

function folder(t: ExecutionContext): string {
  const made = mkdtempSync(path(tmpdir(), 'fdreactor-unix-'))
  t.teardown(() => rmSync(made, { recursive: true }))
  return made
}

each('both ends know both addresses', { where: isLevel }, async (t, rig) => {
  const ends: unknown[] = []
  const server = serve(rig, { open: (link) => ends.push(link.localAddress, link.remoteAddress) })
  t.deepEqual(server.address, { address: '127.0.0.1', family: 'IPv4', port: server.port })
  t.deepEqual([server.hostname, server.connections, server.stopped], ['127.0.0.1', 0, false])
  const link = await join(rig, server, {})
  await rig.until(() => ends.length === 2)
  t.deepEqual(ends, [link.remoteAddress, link.localAddress])
  t.deepEqual(link.remoteAddress, server.address)
  t.is(link.localAddress?.family, 'IPv4')
})

const withIpv6 = hasIpv6 ? each : (title: string) => test.skip(title, () => {})

withIpv6(
  'an IPv6 server tells IPv6 addresses, and with ipv6Only takes no IPv4',
  { where: isLevel },
  async (t, rig) => {
    const server = serve(
      rig,
      { open: (link) => link.end(link.remoteAddress?.family) },
      { hostname: '::', ipv6Only: true },
    )
    t.deepEqual([server.hostname, server.address.family], ['::', 'IPv6'])
    const log: string[] = []
    const { reactor, trigger } = rig
    await settled(
      rig,
      connect({ reactor, trigger, hostname: '::1', port: server.port, socket: logging(log) }),
    )
    await rig.until(() => isClosed(log))
    t.deepEqual(log, ['open', 'data IPv6', 'end', 'close'])
    const error = await settled(
      rig,
      connect({ reactor, trigger, port: server.port, socket: {} }).catch((it: unknown) => it),
    )
    t.like(error, { code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: server.port })
  },
)

each(
  'names are looked up, to listen and to connect',
  { where: (which) => isLevel(which) && isNative(which) },
  async (t, rig) => {
    const server = serve(rig, { open: (link) => link.end('hi') }, { hostname: 'localhost' })
    t.true(['127.0.0.1', '::1'].includes(server.hostname))
    const log: string[] = []
    const { reactor, trigger } = rig
    await settled(
      rig,
      connect({ reactor, trigger, hostname: 'localhost', port: server.port, socket: logging(log) }),
    )
    await rig.until(() => isClosed(log))
    t.deepEqual(log, ['open', 'data hi', 'end', 'close'])
    const strange = { reactor, hostname: 'no.such.name.invalid', port: 1, socket: {} }
    t.throws(() => listen(strange), { code: 'ENOTFOUND', message: /no\.such\.name\.invalid/ })
    const error = await settled(
      rig,
      connect(strange).catch((it: unknown) => it),
    )
    t.true(['ENOTFOUND', 'EAI_AGAIN'].includes((error as NodeJS.ErrnoException).code ?? ''))
  },
)

each('a UNIX socket serves as TCP does, and its file goes with the server', {}, async (t, rig) => {
  const unix = path(folder(t), 'socket')
  const log: string[] = []
  const server = serve(rig, logging(log, { data: (link, bytes) => void link.write(bytes) }), { unix })
  t.deepEqual(server.address, { address: unix, family: 'unix', port: 0 })
  t.true(statSync(unix).isSocket())
  const socket = await peer(rig, server)
  const got = receive(socket)
  socket.end('hello')
  await rig.until(() => got.isOver && isClosed(log))
  t.is(got.text, 'hello')
  t.deepEqual(log, ['open', 'data hello', 'end', 'close'])
  const client: string[] = []
  const link = await join(rig, server, logging(client))
  t.deepEqual(link.remoteAddress, { address: unix, family: 'unix', port: 0 })
  t.deepEqual(link.localAddress, { address: '', family: 'unix', port: 0 })
  link.end('bye')
  await rig.until(() => isClosed(client))
  t.deepEqual(client, ['open', 'data bye', 'end', 'close'])
  server.stop()
  t.false(existsSync(unix))
})

test("a path that exists is not taken, and a file that is not the server's is not removed", async (t) => {
  const unix = path(folder(t), 'socket')
  const server = listen({ unix, socket: {} })
  t.throws(() => listen({ unix, socket: {} }), { code: 'EADDRINUSE', message: /^bind EADDRINUSE.*socket$/ })
  rmSync(unix)
  writeFileSync(unix, 'mine')
  server.stop()
  await server.closed
  t.true(existsSync(unix))
  t.throws(() => listen({ unix, socket: {} }), { code: 'EADDRINUSE' })
  await t.throwsAsync(connect({ unix, socket: {} }), { code: 'ECONNREFUSED' })
  await t.throwsAsync(connect({ unix: `${unix}2`, socket: {} }), { code: 'ENOENT' })
})

test('a path that is too long is refused with its own code', async (t) => {
  const unix = `/tmp/${'x'.repeat(200)}`
  t.throws(() => listen({ unix, socket: {} }), { code: 'ENAMETOOLONG' })
  await t.throwsAsync(connect({ unix, socket: {} }), { code: 'ENAMETOOLONG' })
})

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('a name outside the file system is listened on, and leaves nothing behind', async (t) => {
  const unix = `\0fdreactor-test-${process.pid}`
  const server = listen({ unix, socket: { open: (link) => link.end('hi') } })
  t.deepEqual(server.address, { address: unix, family: 'unix', port: 0 })
  const log: string[] = []
  const link: Link = await connect<unknown>({ unix, socket: logging(log) })
  await until(() => isClosed(log))
  t.deepEqual(log, ['open', 'data hi', 'end', 'close'])
  t.is(link.readyState, 'closed')
  server.stop(true)
  await t.throwsAsync(connect({ unix, socket: {} }), { code: 'ECONNREFUSED' })
})

test('a port in use is refused, and shared if all ask for that', (t) => {
  const first = listen({ port: 0, reusePort: true, socket: {} })
  const { port } = first
  t.throws(() => listen({ port, socket: {} }), {
    code: 'EADDRINUSE',
    message: `bind EADDRINUSE: address already in use 127.0.0.1:${port}`,
  })
  const second = listen({ port, reusePort: true, socket: {} })
  t.is(second.port, port)
  first.stop()
  second.stop()
})

// oven-sh/bun#36140: ECONNREFUSED is told when it is so, and with where.
test('a connection that is refused rejects with the true code', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  await t.throwsAsync(connect({ port, socket: { open: () => t.fail() } }), {
    code: 'ECONNREFUSED',
    message: `connect ECONNREFUSED: connection refused 127.0.0.1:${port}`,
  })
})

test('a path goes with no other address', async (t) => {
  const wrong: Partial<ListenOptions>[] = [
    { port: 1 },
    { hostname: '::1' },
    { reusePort: true },
    { ipv6Only: false },
  ]
  for (const options of wrong) {
    const [key] = Object.keys(options)
    const message = new RegExp(`^"options.${key}" must be left out together with 'options.unix'`)
    t.throws(() => listen({ unix: 'a-path', socket: {}, ...options }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message,
    })
  }
  await t.throwsAsync(connect({ unix: 'a-path', port: 1, socket: {} }), { code: 'ERR_INVALID_ARG_VALUE' })
})

each('a listen that is refused after its file was made removes it', { where: isScan }, (t, rig) => {
  const unix = path(folder(t), 'socket')
  const start = (trigger: 'edge' | 'level'): { stop(): void } =>
    listen({ reactor: rig.reactor, trigger, unix, socket: {} })
  t.throws(() => start('edge'), { code: 'ERR_FDREACTOR_TRIGGER_UNSUPPORTED' })
  t.false(existsSync(unix))
  const server = start('level')
  t.throws(() => start('edge'), { code: 'EADDRINUSE' })
  t.true(existsSync(unix))
  server.stop()
})
