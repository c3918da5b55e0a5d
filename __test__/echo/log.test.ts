// The log reads what it can; the echo does not care.
import { Client } from '../helpers/echo-connection.js'
import { each, startColumn } from '../helpers/echo-columns.js'

/** 中 and 文 in GB2312: two bytes each. */
const ZHONG = Buffer.from([0xd6, 0xd0])
const WEN = Buffer.from([0xce, 0xc4])

each('a GB2312 character split over two reads is logged whole', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'gb2312'])
  const client = await Client.open(server)
  // The echo of the first byte shows that it was read alone.
  await client.roundTrip(Buffer.concat([WEN, ZHONG.subarray(0, 1)]))
  await client.roundTrip(ZHONG.subarray(1))
  client.finish()
  await client.expectEnd()
  await server.line(`disconnected ${client.peer}`)
  t.is(server.textOf(client.peer), '文中')
})

each('two connections with half a character each are not mixed up', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'gb2312'])
  const [first, second] = [await Client.open(server), await Client.open(server)]
  await first.roundTrip(ZHONG.subarray(0, 1))
  await second.roundTrip(WEN.subarray(0, 1))
  await first.roundTrip(ZHONG.subarray(1))
  await second.roundTrip(WEN.subarray(1))
  for (const client of [first, second]) client.finish()
  for (const client of [first, second]) {
    await client.expectEnd()
    await server.line(`disconnected ${client.peer}`)
  }
  t.is(server.textOf(first.peer), '中')
  t.is(server.textOf(second.peer), '文')
})

each('bytes that are no GB2312 are echoed as they are and logged as U+FFFD', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'gb2312'])
  const client = await Client.open(server)
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  for (const bytes of [
    Buffer.from([0xff]),
    Buffer.from([0x81, 0x20]),
    Buffer.from([0xfe, 0xff, 0xff]),
    all,
  ]) {
    await client.roundTrip(bytes)
  }
  await client.roundTrip(ZHONG)
  // Half a character at the end of the connection.
  await client.roundTrip(ZHONG.subarray(0, 1))
  client.finish()
  await client.expectEnd()
  await server.line(`disconnected ${client.peer}`)
  const text = server.textOf(client.peer)
  t.true(text.startsWith('\uFFFD'), 'first')
  t.true(text.endsWith('\uFFFD'), 'last')
  t.true(text.includes('中'))

  const next = await Client.open(server)
  await t.notThrowsAsync(next.roundTrip(ZHONG))
  next.close()
})

each('UTF-8 split after every byte is logged whole', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'utf-8'])
  const client = await Client.open(server)
  const text = 'é文🙂'
  for (const byte of Buffer.from(text)) await client.roundTrip(Buffer.from([byte]))
  client.finish()
  await client.expectEnd()
  await server.line(`disconnected ${client.peer}`)
  t.is(server.textOf(client.peer), text)
})

each('hex shows the bytes, none shows nothing', async (t, column) => {
  const hex = await startColumn(t, column, ['--log-encoding', 'hex'])
  const none = await startColumn(t, column, ['--log-encoding', 'none'])
  for (const server of [hex, none]) {
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from([0x00, 0xd6, 0xff]))
    client.finish()
    await client.expectEnd()
    await server.line(`disconnected ${client.peer}`)
    t.is(server.matching(/^connected /).length, 1)
    if (server === hex) t.regex(server.textOf(client.peer), /^00 ?d6 ?ff$/i)
    else t.deepEqual(server.matching(/^received /), [])
  }
})

each('what a peer sends can neither end its line of the log nor move the cursor', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'utf-8'])
  const client = await Client.open(server)
  const text = 'a\nconnected 1.2.3.4:5\r\u001B[2J\u0000\u009B1m\u202E"\\b'
  await client.roundTrip(Buffer.from(text))
  client.finish()
  await client.expectEnd()
  await server.line(`disconnected ${client.peer}`)
  t.is(server.matching(/^connected /).length, 1)
  // eslint-disable-next-line no-control-regex
  t.deepEqual(server.matching(/[\u0000-\u001F\u007F-\u009F\u202E]/), [])
  t.is(server.textOf(client.peer), text)
})

each('a connection is logged with its address from its beginning to its end', async (t, column) => {
  const server = await startColumn(t, column)
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('hello'))
  client.finish()
  await client.expectEnd()
  const last = await server.line(`disconnected ${client.peer}`)
  t.regex(last, /\b5\b/, 'the number of bytes')
  const verbs = server.lines.filter((line) => line.includes(client.peer)).map((line) => line.split(' ')[0])
  t.deepEqual(verbs, ['connected', 'received', 'disconnected'])
})
