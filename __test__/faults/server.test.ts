// The life of connections: what is pending at an end, and what a write or a read at the wrong moment says.
import { constants } from 'node:os'
import { Ready, WOULD_BLOCK, io } from '../../dist/index.js'
import type { TcpStream } from '../../dist/index.js'
import { awaitReady } from '../helpers/descriptors.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { kit, makePair } from '../helpers/kit.js'
import { each, isEdge } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import { surplus } from '../helpers/observe.js'

const byte = Buffer.from('x')
const MIB = 1 << 20

/** Sends so many bytes as there is room for them, and then the end. */
function sendAll(rig: Rig, stream: TcpStream, pattern: Pattern, size: number): void {
  let sent = 0
  const chunk = pattern.bytes(0, size)
  rig.watch(stream, { writable: true }, (_, self) => {
    for (let share = 0; sent < size && share < MIB;) {
      const count = stream.write(chunk, sent)
      if (count === WOULD_BLOCK) return
      sent += count
      share += count
    }
    if (sent < size) {
      self.rearm()
      return
    }
    self.close()
    stream.shutdown('write')
  })
}

/** Reads until the end, and checks each byte. */
function receiveAll(rig: Rig, stream: TcpStream, pattern: Pattern): { bytes: number; isOver: boolean } {
  const got = { bytes: 0, isOver: false }
  const buffer = Buffer.alloc(64 * 1024)
  rig.watch(stream, { readable: true }, (_, self) => {
    for (let share = 0; share < MIB;) {
      const count = stream.read(buffer)
      if (count === WOULD_BLOCK) return
      if (count === 0) {
        got.isOver = true
        self.close()
        return
      }
      pattern.check(got.bytes, buffer.subarray(0, count))
      got.bytes += count
      share += count
    }
    self.rearm()
  })
  return got
}

// oven-sh/bun#41785
each('fault-62 32 MiB and an end behind them arrive whole, and then the end', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  const pattern = new Pattern(62)
  sendAll(rig, server, pattern, 32 * MIB)
  const got = receiveAll(rig, client, pattern)
  await rig.until(() => got.isOver)
  t.is(got.bytes, 32 * MIB)
  t.is(rig.reactor.size, 0)
})

/** Writes until nothing more is taken. */
function fill(stream: TcpStream): void {
  const chunk = Buffer.alloc(MIB)
  while (stream.write(chunk) !== WOULD_BLOCK);
}

// oven-sh/bun#37077
each(
  'fault-64 a peer that resets behind pending writes is an error with its code, once closed no more',
  {},
  async (t, rig) => {
    const { client, server } = rig.pair()
    fill(client)
    const seen: number[] = []
    const codes: unknown[] = []
    const registration = rig.watch(client, { writable: true }, (readiness) => {
      seen.push(readiness)
      const error = client.takeError()
      if (error === undefined) return
      codes.push(error.code)
      client.close()
    })
    // Not while a thread waits: it could come upon a connection that has its error and is not closed yet.
    await rig.turns(1, () => server.reset())
    await rig.until(() => codes.length > 0)
    t.deepEqual(codes, ['ECONNRESET'])
    const failed = Ready.WRITABLE | Ready.HANGUP | Ready.ERROR
    t.is(seen.at(-1), rig.backend === 'select' ? Ready.WRITABLE : failed)
    t.is(registration.state, 'closed')
    t.is(await surplus(rig, 4), 0)
  },
)

each(
  'fault-64 a peer that resets is told to who has nothing to write or read, once',
  { where: ({ backend }) => backend !== 'select' },
  async (t, rig) => {
    const { client, server } = rig.pair()
    fill(client)
    let calls = 0
    rig.watch(client, { disconnect: true }, () => {
      calls += 1
    })
    server.reset()
    await rig.until(() => calls > 0)
    t.is(calls, 1)
    t.is(await surplus(rig, 4), 0)
    t.throws(() => client.write(byte), { code: 'ECONNRESET' })
  },
)

const WRITES = [
  ['TcpStream.write', (stream) => stream.write(byte), 'write'],
  ['io.write', ({ fd }) => io.write(fd, byte), 'write'],
  ['io.writev', ({ fd }) => io.writev(fd, [byte, byte]), 'writev'],
] satisfies [string, (stream: TcpStream) => number, string][]

for (const [name, write, syscall] of WRITES) {
  // panjf2000/gnet#714
  each(
    `fault-65 ${name} throws ECONNRESET in the callback that the reset causes, and then EPIPE`,
    {},
    async (t, rig) => {
      const { client, server } = rig.pair()
      const codes: string[] = []
      server.reset()
      awaitReady(client, { readable: true })
      const attempt = (): void => {
        try {
          codes.push(String(write(client)))
        } catch (error) {
          const failed = error as NodeJS.ErrnoException & { fd: number }
          const { errno, syscall: by, fd } = failed
          t.deepEqual([by, fd], [syscall, client.fd])
          codes.push(`${failed.code} ${errno}`)
        }
      }
      await rig.turns(1, () => {
        rig.watch(client, { writable: true, oneshot: true }, () => {
          attempt()
          attempt()
        })
      })
      const { ECONNRESET, EPIPE } = constants.errno
      t.deepEqual(codes, [`ECONNRESET ${-ECONNRESET}`, `EPIPE ${-EPIPE}`])
    },
  )
}

each(
  'fault-65 a write to a peer that has closed ends in an error, and not in silence',
  {},
  async (t, rig) => {
    const { client, server } = rig.pair()
    server.close()
    awaitReady(client, { disconnect: true })
    // The peer's system answers the first with a reset.
    t.is(client.write(byte), 1)
    awaitReady(client, { disconnect: true })
    const codes: unknown[] = []
    rig.watch(client, { writable: true }, (_, self) => {
      try {
        client.write(byte)
      } catch (error) {
        codes.push((error as { code: string }).code)
        self.close()
      }
      if (isEdge(rig) && self.state !== 'closed') self.rearm()
    })
    await rig.until(() => codes.length > 0)
    t.true(codes[0] === 'ECONNRESET' || codes[0] === 'EPIPE', String(codes[0]))
  },
)

// bnoordhuis/node-unix-dgram#41
each(
  'fault-67 datagrams that find no room are told so, and each goes when there is room',
  {},
  async (t, rig) => {
    const [one, other] = makePair('datagram')
    rig.own(one)
    rig.own(other)
    const message = (number: number): Buffer => Buffer.from(`message ${number}`)
    let sent = 0
    let refused = 0
    const send = (): boolean => {
      const isTaken = io.write(one.fd, message(sent)) !== WOULD_BLOCK
      if (isTaken) sent += 1
      else refused += 1
      return isTaken
    }
    while (send());
    const held = sent
    t.true(held > 0)
    t.is(refused, 1)
    // As long as there is no room, nobody is told that there is.
    const registration = rig.watch(one, { writable: true }, () => {
      const isOver = (): boolean => sent === 3 * held
      while (!isOver() && send());
      if (isOver()) registration.pause()
    })
    t.is(await surplus(rig, 3), 0)

    const buffer = Buffer.alloc(64)
    for (let received = 0; received < 3 * held; received += 1) {
      await rig.until(() => sent > received)
      const count = io.read(other.fd, buffer)
      t.is(buffer.toString('latin1', 0, count), `message ${received}`)
      await rig.turns(1)
    }
    t.is(sent, 3 * held)
    t.is(registration.state, 'paused')
    t.is(kit.readableBytes(other.fd), 0)
  },
)

// denoland/deno#24247
each('fault-69 who has read the end can still write, as much as the peer takes', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  server.shutdown('write')
  let ends = 0
  const pattern = new Pattern(69)
  rig.watch(client, { readable: true }, (_, self) => {
    t.is(client.read(Buffer.alloc(8)), 0)
    ends += 1
    self.close()
    sendAll(rig, client, pattern, 8 * MIB)
  })
  const got = receiveAll(rig, server, pattern)
  await rig.until(() => got.isOver)
  t.deepEqual([ends, got.bytes], [1, 8 * MIB])
})
