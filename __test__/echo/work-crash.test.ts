// Threads that die: one request fails, its connection ends, and everything else goes on.
import { each, fewer, serial, startColumn } from '../helpers/echo-columns.js'
import { Client } from '../helpers/echo-connection.js'
import { startEcho } from '../helpers/echo-server.js'
import { DEADLY, Gate, hasGates, peersOf } from '../helpers/echo-work.js'
import { runtime } from '../helpers/runtime.js'
import type { ExecutionContext } from '../helpers/test.js'

const fine = { code: 0, signal: null }
const HOLE = 'With a hole it is no echo: the connection ends'

/** Its connection ends, with an end or a reset, and without a byte. */
async function isCutOff(t: ExecutionContext, client: Client): Promise<void> {
  const outcome = await client.read().then(
    (bytes) => bytes,
    () => undefined,
  )
  t.is(outcome, undefined)
  client.close()
}

each('a request that kills its thread ends its connection, and nothing else', async (t, column) => {
  const args = ['--work-ms', '1', '--threads', '1', '--crash-on', 'b\u00F6om']
  const server = await startColumn(t, column, args)
  const clients = await Promise.all([1, 2, 3].map(() => Client.open(server)))
  const [before, doomed, behind] = clients as [Client, Client, Client]
  await before.roundTrip(Buffer.from('b\u00F6\u00F6m'))
  await doomed.send(Buffer.from('one b\u00F6om!'))
  await behind.send(Buffer.from('I wait'))
  await isCutOff(t, doomed)
  t.is(String(await behind.receive(6)), 'I wait')
  t.is(
    await server.line('failed '),
    `failed ${doomed.peer} (10 bytes): the thread has died, as --crash-on asks. ${HOLE}`,
  )
  t.is(
    await server.line(`disconnected ${doomed.peer}`),
    `disconnected ${doomed.peer} (its request has failed; 10 bytes received, 10 not sent)`,
  )
  // As often as one likes.
  for (let round = 0; round < 3; round += 1) {
    const other = await Client.open(server)
    await other.send(Buffer.from('b\u00F6om'))
    await isCutOff(t, other)
    await before.roundTrip(Buffer.from(`still here, ${round}`))
  }
  t.is(server.matching(/^failed /).length, 4)
  // Deno tells each exception of a thread by itself.
  if (runtime !== 'deno') t.is(server.errors, '')
  await server.connections(2)
  t.deepEqual(await server.quit(), fine)
})

for (const [how, says] of [
  ['throw', 'made to fail'],
  ['exit', 'worker exited with code: 7'],
  ['memory', 'Worker terminated due to reaching memory limit: JS heap out of memory'],
] as const) {
  each(
    `a request that fails ends its connection, and its thread is there for others: ${how}`,
    async (t, column) => {
      const gate = new Gate(t, '--max-old-space-size=48')
      const server = await startColumn(t, column, ['--work-ms', DEADLY, '--threads', '1', '--quiet'], gate)
      const clients = await Promise.all([1, 2, 3].map(() => Client.open(server)))
      const [before, doomed, after] = clients as [Client, Client, Client]
      await before.roundTrip(Buffer.from('before'))
      gate.kill(how)
      await doomed.send(Buffer.from('doomed'))
      const line = await server.line('failed ')
      t.true(line.startsWith(`failed ${doomed.peer} (6 bytes): `) && line.includes(says), line)
      await isCutOff(t, doomed)
      for (const client of [before, after]) await client.roundTrip(Buffer.from('after'))
      t.is(server.matching(/^failed /).length, 1)
      t.is(server.errors, '')
      t.deepEqual(await server.quit(), fine)
    },
    { on: hasGates ? fewer.filter(({ backend }) => backend !== 'poll' && backend !== 'select') : [] },
  )
}

serial({ linux: hasGates })(
  'a thread that does not start fails a request, and the next one gets another',
  async (t) => {
    const gate = new Gate(t)
    const server = await startEcho(t, ['--port', '0', '--work-ms', '1', '--threads', '2'], gate)
    gate.kill('start')
    const clients = await Promise.all([1, 2].map(() => Client.open(server)))
    const [first, second] = clients as [Client, Client]
    await first.send(Buffer.from('first'))
    await isCutOff(t, first)
    t.is(await server.line('failed '), `failed ${first.peer} (5 bytes): made not to start. ${HOLE}`)
    for (let round = 0; round < 3; round += 1) await second.roundTrip(Buffer.from('second'))
    t.deepEqual(peersOf(server, 'done'), [second.peer, second.peer, second.peer])
    t.is(server.errors, '')
    t.deepEqual(await server.quit(), fine)
  },
)
