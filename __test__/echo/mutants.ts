// Echo servers on node:net, each with a fault of one's choice, to try the clients of the tests on:
// `node --import=tsx mutants.ts FAULT [FAULT ...]`. The fault `none` is a correct server.
import { type Socket, createServer } from 'node:net'
import { Transform } from 'node:stream'

const NOTHING = Buffer.alloc(0)
/** Where in a connection most faults are. */
const PLACE = 1000

/** `sockets` are all connections of the server, and `number` is the place of this one among them. */
type Treatment = (socket: Socket, number: number, sockets: readonly Socket[]) => void
type Filter = (chunk: Buffer) => Buffer

/** Echoes at the peer's pace. */
function filtered(socket: Socket, filter: Filter, atEnd: () => Buffer = () => NOTHING): void {
  const through = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, filter(chunk)),
    flush: (done) => done(null, atEnd()),
  })
  socket.pipe(through).pipe(socket)
}

/** Changes a chunk of each connection: the one that holds the byte at the place. `start` is all up to that byte, and with it. */
function atPlace(change: (chunk: Buffer, index: number, start: Buffer) => Buffer): Treatment {
  return (socket) => {
    let start = NOTHING
    filtered(socket, (chunk) => {
      if (start.length === PLACE) return chunk
      const index = PLACE - 1 - start.length
      start = Buffer.concat([start, chunk.subarray(0, index + 1)])
      return start.length < PLACE ? chunk : change(chunk, index, start)
    })
  }
}

const faults: Readonly<Record<string, Treatment>> = {
  none: (socket) => socket.pipe(socket),
  'drops a byte': atPlace((chunk, index) =>
    Buffer.concat([chunk.subarray(0, index), chunk.subarray(index + 1)]),
  ),
  'repeats a chunk': atPlace((chunk, index, start) =>
    Buffer.concat([chunk.subarray(0, index + 1), start, chunk.subarray(index + 1)]),
  ),
  'changes a bit': atPlace((chunk, index) => {
    chunk.writeUInt8(chunk.readUInt8(index) ^ 1, index)
    return chunk
  }),
  'swaps two bytes': (socket) => {
    let isDone = false
    filtered(socket, (chunk) => {
      const at = chunk.findIndex((byte, index) => byte !== (chunk[index + 1] ?? byte))
      if (isDone || at < 0) return chunk
      isDone = true
      chunk.subarray(at, at + 2).reverse()
      return chunk
    })
  },
  // Not in the form of a message of redis' protocol, but in what it says.
  'changes a letter': (socket) => {
    let isDone = false
    filtered(socket, (chunk) => {
      const at = chunk.findIndex((byte) => /[A-Za-z]/.test(String.fromCodePoint(byte)))
      if (isDone || at < 0) return chunk
      isDone = true
      chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at)
      return chunk
    })
  },
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
  'mixes up connections': (socket, number, sockets) => {
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
  'waits for one peer': (socket, _number, sockets) => {
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

for (const fault of process.argv.slice(2)) {
  const treat = faults[fault]
  if (treat === undefined) throw new Error(`no such fault: ${fault}`)
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    sockets.push(socket)
    treat(socket, sockets.length - 1, sockets)
  })
  server.listen({ host: '127.0.0.1', port: 0 }, () => {
    const address = server.address()
    if (address !== null && typeof address === 'object') {
      process.stdout.write(`listening on ${address.address}:${address.port} (node:net, ${fault})\n`)
    }
  })
}
