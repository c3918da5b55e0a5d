// What is told late: because of a pause, or not any more because something has overtaken it.
import { TcpStream } from '../../dist/index.js'
import { each, isNative } from '../helpers/matrix.js'
import { logging, peer, serve } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'

const MIB = 1 << 20

each(
  'what is known of a connection stays known until its close, however late that is',
  // Where an end is seen together with the bytes before it.
  { where: isNative },
  async (t, rig) => {
    const links: Link[] = []
    const told: unknown[] = []
    const server = serve(rig, {
      open: (link) => void links.push(link),
      data(link) {
        link.pause()
        link.end('bye')
      },
      close: ({ bytesRead, bytesWritten, remoteAddress }) =>
        void told.push([bytesRead, bytesWritten, remoteAddress?.port]),
    })
    const stream = rig.own(TcpStream.connect({ port: server.port }))
    const { port } = stream.localAddress
    await rig.until(() => links.length === 1)
    await rig.turns(1, () => {
      stream.write(Buffer.from('hello'))
      stream.shutdown('write')
    })
    // It is over for the kernel, and its end waits to be told.
    await rig.until(() => links[0]?.readyState === 'closed')
    // Its number is another's by now.
    await peer(rig, server)
    await rig.until(() => links.length === 2)
    t.deepEqual(told, [])
    links[0]?.resume()
    await rig.until(() => told.length === 1)
    t.deepEqual(told, [[5, 3, port]])
  },
)

each('what a failure has overtaken is not told, also after a resume', {}, async (t, rig) => {
  const log: string[] = []
  const links: Link[] = []
  const server = serve(
    rig,
    logging(log, {
      open: (link) => void links.push(link),
      // Of two that have sent something, the second has been read already when the first is told.
      data() {
        for (const link of links) {
          link.pause()
          // What is kept is why a failure is heard of meanwhile.
          link.write(Buffer.alloc(16 * MIB))
        }
      },
    }),
  )
  const sockets = [await peer(rig, server), await peer(rig, server)]
  await rig.until(() => links.length === 2)
  await rig.turns(1, () => {
    for (const socket of sockets) socket.write('hello')
  })
  t.deepEqual(log, ['open', 'open', 'data hello'])
  for (const socket of sockets) socket.resetAndDestroy()
  await rig.until(() => log.length === 7)
  for (const link of links) link.resume()
  await rig.turns(3)
  const over = ['error ECONNRESET', 'close ECONNRESET']
  t.deepEqual(log, ['open', 'open', 'data hello', ...over, ...over])
})
