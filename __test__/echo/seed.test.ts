// What was wrong with the two programs that this server grew from; each fault by its name, in its smallest form.
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { EchoFailure, eventually } from '../helpers/echo-change.js'
import { Client } from '../helpers/echo-connection.js'
import { slowReader } from '../helpers/echo-clients.js'
import { descriptorsOf, each, startColumn } from '../helpers/echo-columns.js'
import { Pattern } from '../helpers/echo-pattern.js'

const KIB = 1024
const MIB = 1024 * KIB
const hello = Buffer.from('hello')
const linux = { linux: true }

each(
  'seed: one accept per edge: of a burst, the rest waits for ever',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    await server.freeze()
    // Complete in the kernel before the server looks: one event tells of all, and nobody comes after them.
    const clients = await Promise.all(Array.from({ length: 200 }, () => Client.open(server)))
    server.thaw()
    await t.notThrowsAsync(Promise.all(clients.map((client) => client.roundTrip(hello))))
    for (const client of clients) client.close()
  },
  linux,
)

each(
  'seed: one read of 1,024 bytes per edge: the rest of a longer message waits for ever',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const client = await Client.open(server)
    await client.roundTrip(hello)
    for (const length of [1025, 10_000, 60_000]) {
      const pattern = new Pattern(length)
      await server.freeze()
      // All of it is there before the server looks, and nothing follows.
      await client.send(pattern.bytes(0, length))
      server.thaw()
      await t.notThrowsAsync(client.expect(pattern, 0, length))
    }

    // The kernel gives a connection that is read fast more room; then much is there at once, and still in one event.
    const size = 8 * MIB
    const many = new Pattern(1)
    const sending = client.send(many.bytes(0, size))
    await client.expect(many, 0, size)
    await sending
    for (let round = 0; round < 3; round += 1) {
      await server.freeze()
      const sent = client.send(many.bytes(0, 1.5 * MIB))
      await Promise.race([sent, sleep(100)])
      server.thaw()
      await t.notThrowsAsync(client.expect(many, 0, 1.5 * MIB))
      await sent
    }
    client.close()
  },
  linux,
)

each(
  'seed: events compared for equality: a hang-up or an error is never handled, and its descriptor leaks',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const before = await descriptorsOf(server)
    for (let round = 0; round < 10; round += 1) {
      const [hangsUp, resets] = [await Client.open(server), await Client.open(server)]
      await hangsUp.roundTrip(hello)
      await resets.roundTrip(hello)
      await server.freeze()
      // Readable, hung up and failed in one event.
      await hangsUp.send(hello)
      hangsUp.close()
      await resets.send(hello)
      resets.reset()
      server.thaw()
      await server.line(`disconnected ${hangsUp.peer}`)
      await server.line(`disconnected ${resets.peer}`)
    }
    await eventually(() => server.descriptors() === before || undefined, 'descriptors closed')
    t.pass()
  },
  linux,
)

each('seed: closed connections stay in the tables', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'none'])
  for (let round = 0; round < 100; round += 1) {
    const client = await Client.open(server)
    await client.roundTrip(hello)
    if (round % 3 === 0) client.reset()
    else if (round % 3 === 1) client.close()
    else client.finish()
  }
  await server.connections(0)
  t.like(await server.status(), { connections: 0, accepted: 100, kept: 0 })
})

each(
  'seed: send assumed to take everything: bytes are lost when the peer reads slowly',
  async (t, column) => {
    const server = await startColumn(t, column, ['--quiet'])
    const client = await Client.open(server)
    const pattern = new Pattern(7)
    const size = 16 * MIB
    const sending = client.send(pattern.bytes(0, size))
    for (let position = 0; position < size; position += MIB) {
      await client.expect(pattern, position, MIB)
      // Between two reads the others have time.
      await server.status()
    }
    client.finish()
    await t.notThrowsAsync(client.expectEnd())
    await sending
  },
)

each(
  'seed: a peer that never reads costs unbounded memory or blocks the server',
  async (t, column) => {
    const server = await startColumn(t, column, ['--quiet'])
    // It is held up before it has sent everything, others are served, and it gets every byte in the end.
    const { sent } = await slowReader(server, { growth: 24 * MIB })
    t.true(sent < 64 * MIB)
  },
  linux,
)

each('seed: GB2312 decoded per read: a character split over two reads ends the server', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'gb2312'])
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from([0xd6]))
  await client.roundTrip(Buffer.from([0xd0]))
  await server.line(/^received .*中/)
  t.false(server.textOf(client.peer).includes('\uFFFD'))
  client.close()
})

each('seed: any other bytes raise an exception and end the server', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'gb2312'])
  const client = await Client.open(server)
  for (let byte = 0; byte < 256; byte += 1) await client.roundTrip(Buffer.from([byte, 0xff, byte]))
  client.finish()
  await client.expectEnd()
  await server.line(`disconnected ${client.peer}`)
  t.true(server.textOf(client.peer).includes('\uFFFD'))
  const next = await Client.open(server)
  await t.notThrowsAsync(next.roundTrip(hello))
  next.close()
})

each(
  'seed: select with a descriptor of 1,024 or more fails',
  async (t, column) => {
    const server = await startColumn(t, column, ['--quiet'])
    const room = 1024 - (await descriptorsOf(server))
    const clients = await Promise.all(Array.from({ length: room + 3 }, () => Client.open(server)))
    const outcomes = await Promise.all(
      clients.map((client) =>
        client.roundTrip(hello).then(
          () => true,
          (error: unknown) => {
            if (error instanceof EchoFailure) return false
            throw error
          },
        ),
      ),
    )
    const isSelect = column.backend === 'select'
    t.is(outcomes.filter(Boolean).length, isSelect ? room : room + 3)
    if (isSelect) await server.line(/ERR_FDREACTOR_FD_LIMIT/)
    else t.is(server.matching(/ERR_FDREACTOR_FD_LIMIT/).length, 0)
    for (const client of clients) client.close()
    await server.connections(0)
    const next = await Client.open(server)
    await t.notThrowsAsync(next.roundTrip(hello))
    next.close()
  },
  linux,
)

each(
  'seed: a reset connection raises out of the loop, and no error gets a message with the address of its peer',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    const client = await Client.open(server)
    await client.roundTrip(hello)
    client.reset()
    t.regex(await server.line(`disconnected ${client.peer}`), /ECONNRESET/)
    const next = await Client.open(server)
    await t.notThrowsAsync(next.roundTrip(hello))
    next.close()
    t.is(server.errors, '')
  },
)

each(
  'seed: a server that listens on every address by default',
  async (t, column) => {
    const server = await startColumn(t, column)
    t.is(server.host, '127.0.0.1')
    // Another address of the same machine.
    const { port } = server
    await t.throwsAsync(Client.open({ host: '127.0.0.2', port }), { message: /ECONNREFUSED/ })
    const everywhere = await startColumn(t, column, ['--host', '0.0.0.0'])
    const client = await Client.open({ host: '127.0.0.2', port: everywhere.port })
    await t.notThrowsAsync(client.roundTrip(hello))
    client.close()
  },
  linux,
)

for (const [what, stdin] of [
  ['a file', import.meta.filename],
  ['the null device', devNull],
  ['closed', undefined],
] as const) {
  each(
    `seed: standard input that is ${what}: it is refused, or its end taken for a command`,
    async (t, column) => {
      const fd = stdin === undefined ? undefined : openSync(stdin, 'r')
      const server = await startColumn(
        t,
        column,
        [],
        fd === undefined ? { wrapper: ['sh', '-c', 'exec "$@" <&-', 'sh'] } : { stdin: fd },
      )
      if (fd !== undefined) closeSync(fd)
      for (let round = 0; round < 3; round += 1) {
        const client = await Client.open(server)
        await t.notThrowsAsync(client.roundTrip(hello))
        client.close()
      }
      t.deepEqual(server.matching(/unknown command/), [])
      t.is(server.errors, '')
    },
  )
}
