// What is called for a connection, in which order, and what can still be done when.
import type { Connection } from '../../dist/index.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { each, isLevel } from '../helpers/matrix.js'
import { isClosed, join, logging, peer, receive, serve } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'

const MIB = 1 << 20

each('a connection opens, gets its data, the end and the close, each in its turn', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log, { data: (link, bytes) => void link.write(bytes) }))
  const socket = await peer(rig, server)
  const got = receive(socket)
  socket.write('one')
  await rig.until(() => got.text === 'one')
  socket.end('two')
  await rig.until(() => got.isOver && isClosed(log))
  t.deepEqual(log, ['open', 'data one', 'data two', 'end', 'close'])
  t.is(got.text, 'onetwo')
  t.is(server.connections, 0)
})

each('what the handler of the end writes is sent before the end', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log, { end: (link) => void link.write('last words') }))
  const socket = await peer(rig, server, { allowHalfOpen: true })
  const got = receive(socket)
  socket.end()
  await rig.until(() => got.isOver && isClosed(log))
  t.is(got.text, 'last words')
  t.deepEqual(log, ['open', 'end', 'close'])
})

each('a reset is an error with its code, and then the close with the same', {}, async (t, rig) => {
  const log: string[] = []
  const errors: unknown[] = []
  const server = serve(
    rig,
    logging(log, {
      error: (_, error) => errors.push(error),
      close: (_, error) => errors.push(error),
    }),
  )
  const socket = await peer(rig, server)
  await rig.until(() => log.length === 1)
  socket.resetAndDestroy()
  await rig.until(() => isClosed(log))
  t.deepEqual(log, ['open', 'error ECONNRESET', 'close ECONNRESET'])
  t.is(errors[0], errors[1])
  t.like(errors[0], { syscall: 'read' })
})

// oven-sh/bun#41785
each('fault-62 end() with 32 MiB delivers all of them, and then the end', {}, async (t, rig) => {
  const log: string[] = []
  const pattern = new Pattern(1)
  const server = serve(rig, logging(log, { open: (link) => link.end(pattern.bytes(0, 32 * MIB)) }))
  const socket = await peer(rig, server)
  let received = 0
  let isOver = false
  socket.on('data', (bytes) => {
    pattern.check(received, bytes)
    received += bytes.length
  })
  socket.on('end', () => {
    isOver = true
  })
  await rig.until(() => isOver && isClosed(log))
  t.is(received, 32 * MIB)
  t.is(log.filter((line) => line !== 'drain').join(), 'open,end,close')
})

// denoland/deno#24247
each(
  'fault-69 with allowHalfOpen the end of the peer leaves this side open for writing',
  {},
  async (t, rig) => {
    const log: string[] = []
    let link: Link | undefined
    const server = serve(rig, logging(log, { end: (ended) => (link = ended) }), { allowHalfOpen: true })
    const socket = await peer(rig, server, { allowHalfOpen: true })
    const got = receive(socket)
    socket.end('question')
    await rig.until(() => link !== undefined)
    await rig.turns(2)
    t.deepEqual(log, ['open', 'data question', 'end'])
    t.is(link?.readyState, 'half-open')
    t.true(link?.write('answer'))
    await rig.until(() => got.text === 'answer')
    t.false(got.isOver)
    link?.end(' and no more')
    await rig.until(() => got.isOver && isClosed(log))
    t.is(got.text, 'answer and no more')
    t.deepEqual(log.slice(3), ['close'])
  },
)

each('after our end the peer goes on sending, and its data is delivered', {}, async (t, rig) => {
  const log: string[] = []
  const states: string[] = []
  const server = serve(
    rig,
    logging(log, {
      open(link) {
        states.push(link.readyState)
        link.end('bye')
        states.push(link.readyState)
        t.false(link.write('too late'))
        link.end('twice')
      },
      close: (link) => states.push(link.readyState),
    }),
  )
  const socket = await peer(rig, server, { allowHalfOpen: true })
  const got = receive(socket)
  await rig.until(() => got.isOver)
  socket.end('still here')
  await rig.until(() => isClosed(log))
  t.is(got.text, 'bye')
  t.deepEqual(log, ['open', 'data still here', 'end', 'close'])
  t.deepEqual(states, ['open', 'ending', 'closed'])
})

for (const how of ['destroy', 'reset', 'error'] as const) {
  each(
    `a connection that is ended by ${how} in its data gets nothing more, and one close`,
    {},
    async (t, rig) => {
      const log: string[] = []
      const fault = new Error('a fault')
      const server = serve(
        rig,
        logging(log, {
          data(link) {
            if (how === 'reset') link.reset()
            else if (how === 'error') link.destroy(fault)
            else link.destroy()
            t.is(link.readyState, 'closed')
            t.false(link.write('into nothing'))
            link.end()
            link.destroy(new Error('another'))
            link.pause().resume()
            log.push('returned')
          },
          close: (link, error) => {
            t.is(error, how === 'error' ? fault : undefined)
            link.destroy()
          },
        }),
      )
      const socket = await peer(rig, server)
      const codes: unknown[] = []
      socket.on('error', ({ code }: NodeJS.ErrnoException) => codes.push(code))
      let isGone = false
      socket.on('close', () => {
        isGone = true
      })
      socket.resume().write('x')
      await rig.until(() => isClosed(log) && isGone)
      await rig.turns(2)
      const errors = how === 'error' ? ['error undefined', 'close undefined'] : ['close']
      t.deepEqual(log, ['open', 'data x', 'returned', ...errors])
      t.deepEqual(codes, how === 'reset' ? ['ECONNRESET'] : [])
      t.is(server.connections, 0)
    },
  )
}

each('a client hears the same of its end, and resolves after it was opened', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, { data: (link, bytes) => link.end(bytes) })
  const link = await join(rig, server, logging(log), { data: 'mine' })
  t.deepEqual([log, link.data, link.readyState], [['open'], 'mine', 'open'])
  t.true(link.write('hello'))
  await rig.until(() => isClosed(log))
  t.deepEqual(log, ['open', 'data hello', 'end', 'close'])
})

each('data of one batch is delivered before the end of it', { where: isLevel }, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, logging(log), { limits: { bytesPerTurn: 4 } })
  const socket = await peer(rig, server)
  socket.end('12345678')
  await rig.until(() => isClosed(log))
  t.deepEqual(log, ['open', 'data 1234', 'data 5678', 'end', 'close'])
})

each('bytes of every kind are written: text, views, parts of them, several at once', {}, async (t, rig) => {
  const shared = new Uint8Array(new SharedArrayBuffer(3))
  shared.set([100, 101, 102])
  const bytes = Buffer.from('0123456789')
  const server = serve(rig, {
    open(link) {
      link.write('a')
      link.write('62', 'hex')
      link.write('Yw==', 'base64')
      link.write(shared)
      link.write(new DataView(bytes.buffer, bytes.byteOffset, 2))
      link.write(new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 10), 2, 1))
      link.write(bytes, 6)
      link.write(bytes, 2, 2)
      link.write('')
      link.write(new Uint8Array())
      link.writev(['x', bytes.subarray(0, 1), ''])
      link.cork(() => {
        link.write(Buffer.alloc(5000, 'y'))
        link.write('z')
      })
      link.end('ü')
    },
  })
  const socket = await peer(rig, server)
  let all = Buffer.alloc(0)
  let isOver = false
  socket.on('data', (part) => {
    all = Buffer.concat([all, part])
  })
  socket.on('end', () => {
    isOver = true
  })
  await rig.until(() => isOver)
  t.is(all.toString().replace('y'.repeat(5000), '[5000 y]'), 'abcdef0123678923x0[5000 y]zü')
})

each("memory that was written is the writer's again at once", {}, async (t, rig) => {
  const server = serve(rig, {
    open(link) {
      for (const size of [10, 10_000, 3 * MIB]) {
        const bytes = Buffer.alloc(size, 'a')
        link.write(bytes)
        bytes.fill('b')
      }
      link.end()
    },
  })
  const socket = await peer(rig, server)
  let wrong = 0
  let count = 0
  let isOver = false
  socket.on('data', (part) => {
    count += part.length
    for (const byte of part) if (byte !== 97) wrong += 1
  })
  socket.on('end', () => {
    isOver = true
  })
  await rig.until(() => isOver)
  t.deepEqual([count, wrong], [10 + 10_000 + 3 * MIB, 0])
})

each('views stay as they are for as long as somebody keeps them', {}, async (t, rig) => {
  const kept: Buffer[] = []
  const pattern = new Pattern(5)
  let received = 0
  const server = serve(rig, {
    data(_, bytes) {
      kept.push(bytes)
      received += bytes.length
    },
  })
  const socket = await peer(rig, server)
  socket.end(pattern.bytes(0, 4 * MIB))
  await rig.until(() => received === 4 * MIB && server.connections === 0)
  let position = 0
  for (const bytes of kept) {
    pattern.check(position, bytes)
    position += bytes.length
  }
  t.is(position, 4 * MIB)
})

each(
  'views that are lent are read into again, as soon as the batch is over and nobody else keeps one',
  {},
  async (t, rig) => {
    const lent: Buffer[] = []
    const texts: string[] = []
    let received = 0
    const server = serve(
      rig,
      {
        data(_, bytes) {
          lent.push(bytes)
          texts.push(bytes.toString())
          received += bytes.length
        },
      },
      { views: 'lent' },
    )
    const socket = await peer(rig, server)
    for (const text of ['first', 'other', 'third']) {
      const before = received
      socket.write(text)
      await rig.until(() => received === before + 5)
    }
    t.deepEqual(texts, ['first', 'other', 'third'])
    // One memory for all of them.
    t.deepEqual(
      lent.map((bytes) => bytes.toString()),
      ['third', 'third', 'third'],
    )
  },
)

each('what is held back by a pause, or kept by another server, is lent to nobody', {}, async (t, rig) => {
  const kept: Buffer[] = []
  const texts: string[] = []
  let link: Link | undefined
  const keeping = serve(rig, { data: (_, bytes) => kept.push(bytes) })
  const lending = serve(
    rig,
    {
      open: (self) => (link = self),
      data: (_, bytes) => texts.push(bytes.toString()),
    },
    { views: 'lent' },
  )
  const [one, other] = [await peer(rig, keeping), await peer(rig, lending)]
  await rig.until(() => link !== undefined)
  for (const text of ['1', '2', '3']) {
    one.write(text)
    other.write(text.repeat(2))
    await rig.until(() => kept.length === Number(text) && texts.length === Number(text))
  }
  t.is(kept.join(), '1,2,3')
  t.is(texts.join(), '11,22,33')
})

each('reload has other handlers called, for open connections too', {}, async (t, rig) => {
  const log: string[] = []
  const server = serve(rig, { data: (_, bytes) => log.push(`old ${bytes}`) })
  const socket = await peer(rig, server)
  socket.write('1')
  await rig.until(() => log.length === 1)
  const fresh = {
    name: 'new',
    data(this: { name: string }, link: Connection<unknown>, bytes: Buffer) {
      log.push(`${this.name} ${bytes}`)
      link.end()
    },
  }
  t.throws(() => server.reload(fresh), { code: 'ERR_INVALID_ARG_VALUE' })
  class Fresh {
    readonly name = 'new'
    data(link: Connection<unknown>, bytes: Buffer): void {
      fresh.data.call(this, link, bytes)
    }
  }
  server.reload(new Fresh())
  socket.write('2')
  await rig.until(() => log.length === 2)
  t.deepEqual(log, ['old 1', 'new 2'])
})
