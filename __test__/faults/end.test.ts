// Data in front of an end: all of it is read, whatever the hang-up beside it says.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Ready, TcpListener, TcpStream, io } from '../../dist/index.js'
import type { Registration, Source } from '../../dist/index.js'
import { awaitReady } from '../helpers/descriptors.js'
import { kit, makePair, makePty } from '../helpers/kit.js'
import { each, isEdge } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import { surplus } from '../helpers/observe.js'

/** The end of a terminal whose other side is gone. */
const HUNG_UP = process.platform === 'linux' ? 'EIO' : 'end'

/** Reads a share a call where that is enough, else until it would block, and then the end or an error. */
class Reader {
  readonly registration: Registration
  readonly #buffer: Buffer
  text = ''
  end = ''
  calls = 0
  first = 0

  constructor(rig: Rig, source: Source, length: number) {
    this.#buffer = Buffer.alloc(length)
    this.registration = rig.watch(source, { readable: true }, (readiness, self) => {
      if (this.calls === 0) this.first = readiness
      this.calls += 1
      while (this.#read(self) && isEdge(rig));
      if (this.end !== '') self.close()
    })
  }

  /** Whether there may be more. */
  #read({ fd }: Registration): boolean {
    try {
      const count = io.read(fd, this.#buffer)
      if (count > 0) this.text += this.#buffer.toString('latin1', 0, count)
      if (count === 0) this.end = 'end'
      return count > 0
    } catch (error) {
      this.end = (error as { code: string }).code
      return false
    }
  }
}

/** So many bytes that tell their place. */
function numbered(size: number): string {
  return Array.from({ length: size / 10 }, (_, index) => String(index).padStart(10, '.')).join('')
}

const SENT = numbered(50_000)
const SHARE = 1000

for (const [how, end] of [
  ['half-closes', (peer) => peer.shutdown('write')],
  ['closes', (peer) => peer.close()],
] satisfies [string, (peer: TcpStream) => void][]) {
  // netty/netty#4317, netty/netty#3709
  each(
    `fault-35 who ${how} behind data is read to the last byte, and then to the end`,
    {},
    async (t, rig) => {
      const { client, server } = rig.pair()
      t.is(server.write(Buffer.from(SENT)), SENT.length)
      end(server)
      awaitReady(client, { disconnect: true })
      const reader = new Reader(rig, client, SHARE)
      await rig.until(() => reader.end !== '')
      t.is(reader.end, 'end')
      t.true(reader.text === SENT, `${reader.text.length} bytes`)
      const told = rig.backend === 'select' ? Ready.READABLE : Ready.READABLE | Ready.READ_CLOSED
      t.is(reader.first, told)
      // A call for each share and one for the end; an edge tells all at once.
      t.is(reader.calls, isEdge(rig) ? 1 : SENT.length / SHARE + 1)
    },
  )
}

each('fault-35 a UNIX socket whose peer is gone is read to the last byte', {}, async (t, rig) => {
  const [one, other] = makePair()
  rig.own(one)
  t.is(io.write(other.fd, Buffer.from(SENT)), SENT.length)
  other.close()
  const reader = new Reader(rig, one, SHARE)
  await rig.until(() => reader.end !== '')
  t.is(reader.end, 'end')
  t.true(reader.text === SENT, `${reader.text.length} bytes`)
})

// netty/netty#6173
each('fault-37 a pause hands out nothing of what comes before the peer closes', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  const reader = new Reader(rig, client, SHARE)
  reader.registration.pause()
  t.is(server.write(Buffer.from(SENT)), SENT.length)
  server.close()
  awaitReady(client, { disconnect: true })
  t.is(await surplus(rig, 4), 0)
  t.deepEqual([reader.calls, reader.text], [0, ''])
  reader.registration.resume()
  await rig.until(() => reader.end !== '')
  t.is(reader.end, 'end')
  t.true(reader.text === SENT, `${reader.text.length} bytes`)
})

each('fault-37 a pause in the middle leaves the rest where it is', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  t.is(server.write(Buffer.from(SENT)), SENT.length)
  server.close()
  awaitReady(client, { disconnect: true })
  let calls = 0
  const taken = Buffer.alloc(SHARE)
  const registration = rig.watch(client, { readable: true }, (_, self) => {
    calls += 1
    t.is(client.read(taken), SHARE)
    self.pause()
  })
  await rig.turns(2)
  t.is(calls, 1)
  t.is(await surplus(rig, 4), 0)
  t.is(kit.readableBytes(client.fd), SENT.length - SHARE)
  await rig.turns(2, () => registration.resume())
  t.is(calls, 2)
  t.is(taken.toString('latin1'), SENT.slice(SHARE, 2 * SHARE))
})

// libuv/libuv#4992
each('fault-39 a short read beside a hang-up is not the end of a terminal', {}, async (t, rig) => {
  const [master, other] = makePty()
  rig.own(master)
  const text = numbered(3000)
  t.is(io.write(other.fd, Buffer.from(text)), text.length)
  other.close()
  awaitReady(master, { readable: true })
  // More than there is: each read is short, and there are several.
  const reader = new Reader(rig, master, 65_536)
  await rig.until(() => reader.end !== '')
  t.is(reader.text, text)
  t.is(reader.end, HUNG_UP)
  if (rig.backend !== 'select') t.true((reader.first & Ready.HANGUP) !== 0)
})

// microsoft/node-pty#85, microsoft/node-pty#178, ocaml-multicore/eio#902
each("fault-40 a terminal gives a child's whole output, and then its end as EIO", {}, async (t, rig) => {
  const [master, other] = makePty()
  rig.own(master)
  rig.own(other)
  // The child shares the flags.
  kit.setBlocking(other.fd, true)
  const child = spawn('seq', ['1', '3000'], { stdio: ['ignore', other.fd, other.fd] })
  rig.own({ close: () => child.kill() })
  await once(child, 'spawn')
  other.close()
  const reader = new Reader(rig, master, 4096)
  await rig.until(() => reader.end !== '')
  t.is(reader.end, HUNG_UP)
  t.is(reader.text, Array.from({ length: 3000 }, (_, index) => `${index + 1}\r\n`).join(''))
})

// panjf2000/gnet#529
each('fault-41 who writes and closes before it is accepted is read to the last byte', {}, async (t, rig) => {
  const listener = rig.own(TcpListener.bind({ port: 0 }))
  const readers: Reader[] = []
  rig.watch(listener, { readable: true }, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      readers.push(new Reader(rig, rig.own(peer), 4096))
    }
  })
  for (let count = 0; count < 5; count += 1) {
    const client = TcpStream.connect({ port: listener.localAddress.port })
    awaitReady(client, { writable: true })
    t.is(client.write(Buffer.from(SENT)), SENT.length)
    client.close()
  }
  await rig.until(() => readers.length === 5 && readers.every(({ end }) => end !== ''))
  for (const { text, end } of readers) t.true(text === SENT && end === 'end', `${text.length} bytes, ${end}`)
})

for (const [how, leave] of [
  ['pause', (registration) => registration.pause()],
  ['an empty interest', (registration) => registration.modify({})],
  ['close', (registration) => registration.close()],
] satisfies [string, (registration: Registration) => void][]) {
  // python/cpython#73903
  each(`fault-43 an end is told in every turn, an edge once, until ${how}`, {}, async (t, rig) => {
    const { client, server } = rig.pair()
    server.close()
    awaitReady(client, { readable: true })
    let calls = 0
    const registration = rig.watch(client, {}, () => {
      calls += 1
      t.is(client.read(Buffer.alloc(4)), 0)
    })
    await rig.turns(3, () => registration.modify({ readable: true }))
    t.is(calls, isEdge(rig) ? 1 : 3)
    leave(registration)
    t.is(await surplus(rig, 3), 0)
  })
}
