// A log whose reader has stalled holds up neither the peers nor the end of the server.
import { Client } from '../helpers/echo-connection.js'
import { each, startColumn } from '../helpers/echo-columns.js'
import { within } from '../helpers/echo-change.js'

/** Each line of the log shows a message, and all of them are far more than a pipe and the log keep. */
const MESSAGES = 6000
const message = Buffer.alloc(1000, 'x')

each('lines that nobody reads are dropped and counted, and every byte is echoed', async (t, column) => {
  const server = await startColumn(t, column)
  server.child.stdout?.pause()
  const client = await Client.open(server)
  for (let i = 0; i < MESSAGES; i += 1) await client.roundTrip(message)
  server.child.stdout?.resume()
  const told = await server.line(/^\d+ lines of this log were dropped/)
  const dropped = Number(told.split(' ', 1)[0])
  await client.roundTrip(Buffer.from('last'))
  await server.line(`received ${client.peer} "last"`)
  const seen = server.matching(/^received \S+ "x/).length
  t.true(dropped > 0)
  // TCP may merge two messages in one read; what was read is in the log or counted.
  t.true(seen + dropped <= MESSAGES, `${seen} seen, ${dropped} dropped`)
  t.true(seen + dropped > MESSAGES / 2, `${seen} seen, ${dropped} dropped`)
  client.close()
})

each('a signal ends the server although nobody reads its log', async (t, column) => {
  const server = await startColumn(t, column)
  server.child.stdout?.pause()
  const client = await Client.open(server)
  for (let i = 0; i < MESSAGES; i += 1) await client.roundTrip(message)
  client.close()
  const exited = new Promise<number | null>((resolve) => {
    server.child.once('exit', resolve)
  })
  server.signal('SIGTERM')
  t.is(await within(exited, 'SIGTERM'), 0)
})
