// Many bytes and many peers: everything comes back, to whom it belongs.
import { burst, slowReader } from '../helpers/echo-clients.js'
import { descriptorsOf, each, fewer, startColumn } from '../helpers/echo-columns.js'
import { isLinux } from '../helpers/echo-process.js'
import { throughNc, throughSocat } from '../helpers/echo-programs.js'

const MIB = 1024 * 1024

each(
  '16 MiB through socat come back as they were',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'gb2312'])
    await t.notThrowsAsync(throughSocat(server))
    await server.connections(0)
  },
  { tools: ['socat'], on: fewer },
)

each(
  '16 MiB through nc come back as they were',
  async (t, column) => {
    const server = await startColumn(t, column, ['--log-encoding', 'none'])
    await t.notThrowsAsync(throughNc(server))
    await server.connections(0)
  },
  { tools: ['nc'], on: fewer },
)

each('1,000 clients that connect at once get their own bytes back', async (t, column) => {
  const server = await startColumn(t, column, ['--log-encoding', 'none'])
  // select watches the descriptors below 1,024, and the runtime has some of its own.
  const room = column.backend === 'select' && isLinux ? 1024 - (await descriptorsOf(server)) : 1000
  const count = Math.min(room, 1000)
  const { accepted: before = 0 } = await server.status()
  await t.notThrowsAsync(burst(server, { count }))
  await server.connections(0)
  const { accepted = 0 } = await server.status()
  t.is(accepted - before, count)
})

each(
  'F10 a peer that sends 64 MiB and never reads costs little memory, holds nobody up, and gets every byte when it reads',
  async (t, column) => {
    const server = await startColumn(t, column, ['--quiet'])
    // The kernel holds some of the 64 MiB as well, so a server that keeps them all grows by less than that. A correct one
    // keeps a fraction of a mebibyte; the rest is the slack of V8's heap and of the allocator.
    const { sent, grown } = await slowReader(server, { growth: 24 * MIB })
    t.log(`${(sent / MIB).toFixed(1)} MiB sent, the server grew by ${(grown / MIB).toFixed(1)} MiB`)
    t.true(sent < 64 * MIB, 'the sender was never held up')
    await server.connections(0)
  },
  { linux: true, on: fewer },
)
