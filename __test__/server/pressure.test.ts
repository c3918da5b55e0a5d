// Peers that take nothing, and readers that want nothing for a while.
import { TcpStream, WOULD_BLOCK } from '../../dist/index.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { each, isLevel, isNative } from '../helpers/matrix.js'
import { surplus } from '../helpers/observe.js'
import { isClosed, join, logging, peer, receive, serve } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'

const MIB = 1 << 20

each(
  'write is false from the high-water mark on, and drain is called once all of it is sent',
  {},
  async (t, rig) => {
    const log: string[] = []
    const seen: unknown[] = []
    const server = serve(
      rig,
      logging(log, {
        open(link) {
          // Of the second piece the kernel takes a part, and the rest is above the mark.
          const writes = [
            link.write('first'),
            link.bufferedAmount,
            link.write(Buffer.alloc(16 * MIB)),
            link.write('last'),
          ]
          seen.push(...writes)
        },
        drain: (link) => seen.push(link.bufferedAmount, link.bytesWritten, link.write('more')),
      }),
    )
    const socket = await peer(rig, server)
    await rig.until(() => seen.length === 4)
    t.deepEqual(seen, [true, 5, false, false])
    t.is(await surplus(rig, 3), 0)
    const got = receive(socket)
    await rig.until(() => got.bytes === 16 * MIB + 13)
    t.deepEqual(seen.slice(4), [0, 16 * MIB + 9, true])
    t.deepEqual(log, ['open', 'drain'])
    // Nothing is watched for room that nobody needs.
    t.is(await surplus(rig, 3), 0)
  },
)

each('many small writes above the mark are tried before write says false', {}, async (t, rig) => {
  const results: boolean[] = []
  const server = serve(
    rig,
    {
      open(link) {
        for (let index = 0; index < 64; index += 1) results.push(link.write(Buffer.alloc(512, 'x')))
        link.end()
      },
    },
    { limits: { highWaterMark: 1000 } },
  )
  const got = receive(await peer(rig, server))
  await rig.until(() => got.isOver)
  t.is(got.bytes, 64 * 512)
  // A new connection has room for 32 KiB.
  t.deepEqual(new Set(results), new Set([true]))
})

each('what is kept goes out to the end when a peer takes much of it at once', {}, async (t, rig) => {
  const pieces = 400
  const server = serve(rig, {
    open(link) {
      // In blocks, so that a call can take all that it is given and the kernel still have room.
      for (let index = 0; index < pieces; index += 1) link.write(Buffer.alloc(60_000, index))
      link.end()
    },
  })
  const stream = TcpStream.connect({ port: server.port })
  rig.own(stream)
  const buffer = Buffer.alloc(16 * MIB)
  await rig.until(() => server.connections === 1)
  // The kernel has taken what it takes of a peer that reads nothing.
  await rig.turns(5)
  let bytes = 0
  let count: number = WOULD_BLOCK
  await rig.until(() => {
    for (count = stream.read(buffer); count > 0; count = stream.read(buffer)) bytes += count
    return count === 0
  })
  t.is(bytes, pieces * 60_000)
})

each('more pieces than one call takes go out, also right after what was kept', {}, async (t, rig) => {
  let bytes = 0
  const server = serve(rig, {
    data(_link, part) {
      bytes += part.length
    },
  })
  // A client is read from all the while, so it is watched for the same before and after.
  const links: Link[] = []
  const drain = (): void => {
    // In turns, so that no two pieces of one connection lie side by side.
    for (let index = 0; index < 1500; index += 1) for (const link of links) link.write('piece')
  }
  for (const socket of [{}, { drain }]) links.push(await join(rig, server, socket))
  links[1]?.write(Buffer.alloc(16 * MIB))
  await rig.until(() => bytes === 16 * MIB + 2 * 7500)
  t.is(await surplus(rig, 3), 0)
})

each(
  'a server does not read from a peer that takes nothing, until that has taken all',
  {},
  async (t, rig) => {
    let link: Link | undefined
    const server = serve(rig, {
      open(opened) {
        link = opened
        opened.write(Buffer.alloc(16 * MIB))
      },
      data: (self, bytes) => void self.write(bytes),
    })
    const socket = await peer(rig, server)
    await rig.until(() => link !== undefined)
    socket.write('question')
    await rig.turns(5)
    t.deepEqual([link?.bytesRead, link?.isPaused], [0, false])
    const got = receive(socket)
    await rig.until(() => got.bytes === 16 * MIB + 8)
    t.is(link?.bytesRead, 8)
  },
)

each('a client reads however much is kept for it', {}, async (t, rig) => {
  const log: string[] = []
  let served: Link | undefined
  const server = serve(rig, {
    open(link) {
      served = link
      link.pause()
    },
  })
  const link = await join(rig, server, logging(log))
  t.false(link.write(Buffer.alloc(16 * MIB)))
  served?.write('news')
  await rig.until(() => log.length === 2)
  t.deepEqual(log, ['open', 'data news'])
  t.true(link.bufferedAmount > 0)
})

each(
  'while paused nothing is delivered, also what had been read before; then all of it, in order',
  {},
  async (t, rig) => {
    const log: string[] = []
    let link: Link | undefined
    const server = serve(
      rig,
      logging(log, {
        data(self) {
          link = self
          self.pause()
        },
      }),
      { limits: { bytesPerTurn: 65_536 } },
    )
    const socket = await peer(rig, server)
    socket.end('1')
    await rig.until(() => link !== undefined)
    await rig.turns(4)
    t.deepEqual(log, ['open', 'data 1'])
    t.true(link?.isPaused)
    link?.resume()
    await rig.until(() => isClosed(log))
    t.deepEqual(log, ['open', 'data 1', 'end', 'close'])
  },
)

each(
  'what several reads of one batch brought is held back by a pause, and let go piece by piece',
  {},
  async (t, rig) => {
    const pieces: number[] = []
    let link: Link | undefined
    const server = serve(
      rig,
      {
        open(self) {
          link = self
          self.pause()
        },
        data(self, bytes) {
          pieces.push(bytes.length)
          self.pause()
        },
      },
      { limits: { bytesPerTurn: 4096 } },
    )
    const socket = await peer(rig, server)
    const pattern = new Pattern(3)
    socket.write(pattern.bytes(0, 40_000))
    await rig.until(() => link !== undefined)
    await rig.turns(3)
    t.is(link?.bytesRead, 0)
    let total = 0
    while (total < 40_000) {
      const before = pieces.length
      link?.resume()
      await rig.until(() => pieces.length > before)
      await rig.turns(2)
      // One piece for each time that it was resumed.
      t.is(pieces.length, before + 1)
      total += pieces.at(-1)!
    }
    t.is(total, 40_000)
  },
)

each(
  'pausing one connection in the handler of another holds back what the batch has for it',
  { where: isLevel },
  async (t, rig) => {
    const links: Link[] = []
    const heard: Link[] = []
    const server = serve(rig, {
      open: (link) => links.push(link),
      data(link) {
        heard.push(link)
        for (const other of links) if (other !== link) other.pause()
      },
    })
    const [one, other] = [await peer(rig, server), await peer(rig, server)]
    await rig.until(() => links.length === 2)
    one.write('a')
    other.write('b')
    await rig.until(() => heard.length > 0)
    await rig.turns(3)
    t.is(heard.length, 1)
    const held = links.find((link) => link !== heard[0])
    held?.resume()
    await rig.until(() => heard.length === 2)
    t.is(heard[1], held)
  },
)

each('a pause and a resume in one handler lose nothing', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log, { data: (link) => void link.pause().resume().pause().resume() }))
  const socket = await peer(rig, server)
  socket.write('1')
  await rig.until(() => log.includes('data 1'))
  socket.end('2')
  await rig.until(() => isClosed(log))
  t.deepEqual(log, ['open', 'data 1', 'data 2', 'end', 'close'])
})

// netty/netty#6173
each('fault-37 a peer that closes while it is paused brings no data out unasked', {}, async (t, rig) => {
  const log: string[] = []
  let link: Link | undefined
  const server = serve(
    rig,
    logging(log, {
      open(self) {
        link = self
        self.pause()
      },
    }),
  )
  const socket = await peer(rig, server)
  socket.end('data')
  await rig.until(() => link !== undefined)
  await rig.turns(5)
  t.deepEqual(log, ['open'])
  t.is(await surplus(rig, 3), 0)
  link?.resume()
  await rig.until(() => isClosed(log))
  t.deepEqual(log, ['open', 'data data', 'end', 'close'])
})

// oven-sh/bun#37077
each(
  'fault-64 a peer that resets behind pending writes is an error with its code, and no spin',
  {},
  async (t, rig) => {
    const log: string[] = []
    const server = serve(rig, logging(log, { open: (link) => void link.write(Buffer.alloc(16 * MIB)) }))
    const socket = await peer(rig, server)
    await rig.until(() => log.length === 1)
    await rig.turns(2)
    socket.resetAndDestroy()
    await rig.until(() => isClosed(log))
    t.is(log.length, 3)
    t.regex(log[1]!, /^error (ECONNRESET|EPIPE)$/)
    t.is(server.connections, 0)
    t.is(await surplus(rig, 4), 0)
  },
)

// panjf2000/gnet#714
each('fault-65 a write after the peer has reset is told as an error', {}, async (t, rig) => {
  const log: string[] = []
  let link: Link | undefined
  const server = serve(
    rig,
    logging(log, {
      open(self) {
        link = self
        // Nothing is read, so only the write can find out.
        self.pause()
      },
    }),
  )
  const socket = await peer(rig, server)
  await rig.until(() => link !== undefined)
  socket.resetAndDestroy()
  await rig.turns(2)
  // The reset may still be on its way.
  await rig.until(() => {
    link?.write('x')
    return isClosed(log)
  })
  t.is(log.length, 3)
  t.regex(log[1]!, /^error (ECONNRESET|EPIPE)$/)
})

each('a firehose does not starve the others', { where: isNative }, async (t, rig) => {
  const seen = { poured: 0, isAnswered: false }
  const server = serve(rig, {
    data(_, bytes) {
      seen.poured += bytes.length
    },
  })
  const quiet = serve(rig, {
    data() {
      seen.isAnswered = true
    },
  })
  const hose = await peer(rig, server)
  const chunk = Buffer.alloc(MIB)
  const pour = (): void => {
    while (!seen.isAnswered && hose.write(chunk));
  }
  hose.on('drain', pour)
  pour()
  await rig.until(() => seen.poured > MIB)
  const socket = await peer(rig, quiet)
  socket.write('hello')
  await rig.until(() => seen.isAnswered)
  t.true(seen.poured > MIB)
})
