// An echo server on node:net with a fault of one's choice, to try the clients of the tests on:
// `node --import=tsx mutants.ts FAULT`. The fault `none` is a correct server.
import { type Socket, createServer } from 'node:net'
import { Transform } from 'node:stream'

const NOTHING = Buffer.alloc(0)
/** Where in a connection most faults are. */
const PLACE = 1000

type Treatment = (socket: Socket, number: number) => void
type Filter = (chunk: Buffer) => Buffer

const sockets: Socket[] = []

/** Echoes at the peer's pace. */
function filtered(socket: Socket, filter: Filter, atEnd: () => Buffer = () => NOTHING): void {
  const through = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, filter(chunk)),
    flush: (done) => done(null, atEnd()),
  })
  socket.pipe(through).pipe(socket)
}

/** Changes the first bytes of each connection, however they are cut into chunks. */
function atPlace(change: (start: Buffer) => Buffer): Treatment {
  return (socket) => {
    let start = NOTHING
    let isDone = false
    filtered(socket, (chunk) => {
      if (isDone) return chunk
      start = Buffer.concat([start, chunk])
      if (start.length < PLACE) return NOTHING
      isDone = true
      return Buffer.concat([change(start.subarray(0, PLACE)), start.subarray(PLACE)])
    })
  }
}

const faults: Readonly<Record<string, Treatment>> = {
  none: (socket) => socket.pipe(socket),
  'drops a byte': atPlace((start) => start.subarray(0, -1)),
  'repeats a chunk': atPlace((start) => Buffer.concat([start, start])),
  'changes a bit': atPlace((start) => {
    start.writeUInt8(start.readUInt8(PLACE - 1) ^ 1, PLACE - 1)
    return start
  }),
  'swaps two bytes': atPlace((start) => {
    const at = start.findIndex((byte, index) => byte !== start[index + 1])
    start.subarray(at, at + 2).reverse()
    return start
  }),
  'loses the tail': (socket) => {
    let position = 0
    let tail = NOTHING
    filtered(socket, (chunk) => {
      position += chunk.length
      const all = Buffer.concat([tail, chunk])
      // Short messages go back whole, so that this shows at the end of a connection only.
      tail = position > 5000 ? all.subarray(-1) : NOTHING
      return all.subarray(0, all.length - tail.length)
    })
  },
  'adds a byte': (socket) =>
    filtered(
      socket,
      (chunk) => chunk,
      () => Buffer.from('x'),
    ),
  'never ends': (socket) => socket.pipe(socket, { end: false }),
  'ends early': (socket) => {
    socket.once('data', (chunk: Buffer) => {
      socket.end(chunk.subarray(0, PLACE))
      socket.resume()
    })
  },
  'resets at the end': (socket) => {
    socket.pipe(socket, { end: false })
    socket.on('end', () => socket.write('', () => socket.resetAndDestroy()))
  },
  'forgets a connection': (socket, number) => {
    if (number > 0) socket.pipe(socket)
  },
  'mixes up connections': (socket, number) => {
    const neighbour = sockets[number - 1] ?? socket
    socket.once('data', (chunk: Buffer) => {
      neighbour.write(chunk)
      socket.pipe(socket)
    })
  },
  'keeps everything': (socket) => {
    // No return value of `write` is looked at: what the peer does not take is kept without limit.
    socket.on('data', (chunk: Buffer) => socket.write(chunk))
    socket.on('end', () => socket.end())
  },
  'waits for one peer': (socket) => {
    socket.on('data', (chunk: Buffer) => {
      if (socket.write(chunk)) return
      for (const each of sockets) each.pause()
      socket.once('drain', () => {
        for (const each of sockets) each.resume()
      })
    })
    socket.on('end', () => socket.end())
  },
}

const fault = process.argv[2] ?? ''
const treat = faults[fault]
if (treat === undefined) throw new Error(`no such fault: ${fault}`)

const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  sockets.push(socket)
  treat(socket, sockets.length - 1)
})
server.listen({ host: '127.0.0.1', port: 0 }, () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') {
    process.stdout.write(`listening on ${address.address}:${address.port} (node:net, ${fault})\n`)
  }
})
