// A connection as a stream: its bytes, its ends, its errors, and what it keeps of net.Socket.
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { meet, serveStreams } from '../helpers/duplexes.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { each, isLevel } from '../helpers/matrix.js'
import { peer, receive, settled } from '../helpers/servers.js'

const MIB = 1 << 20

each('what is piped back comes back, and each side ends by itself', {}, async (t, rig) => {
  const { stream, server, socket, log } = await meet(rig)
  stream.pipe(stream)
  const pattern = new Pattern(1)
  let position = 0
  let isOver = false
  socket.on('data', (bytes: Buffer) => {
    pattern.check(position, bytes)
    position += bytes.length
  })
  socket.on('end', () => {
    isOver = true
  })
  socket.end(pattern.bytes(0, 4 * MIB))
  await rig.until(() => isOver && log.includes('close'))
  t.is(position, 4 * MIB)
  t.deepEqual(log, ['end', 'finish', 'close'])
  t.deepEqual([stream.bytesRead, stream.bytesWritten], [4 * MIB, 4 * MIB])
  t.is(server.connections, 0)
})

each('a stream that has ended goes on reading', {}, async (t, rig) => {
  const { stream, socket, log } = await meet(rig)
  const got = receive(socket)
  stream.end('bye')
  await rig.until(() => got.isOver && log.includes('finish'))
  t.is(got.text, 'bye')
  t.deepEqual(log, ['finish'])
  let text = ''
  stream.on('data', (bytes: Buffer) => {
    text += bytes.toString()
  })
  socket.end('a last word')
  await rig.until(() => log.includes('close'))
  t.is(text, 'a last word')
  t.deepEqual(log, ['finish', 'end', 'close'])
})

each('the end of the peer is told where nobody reads', { where: isLevel }, async (t, rig) => {
  const { stream, socket, log } = await meet(rig)
  socket.end()
  await rig.until(() => log.length > 0)
  t.deepEqual(log, ['end'])
  t.true(stream.writable)
  stream.end()
  await rig.until(() => log.length === 3)
  t.deepEqual(log, ['end', 'finish', 'close'])
})

each('with allowHalfOpen false it ends when the peer does', { where: isLevel }, async (t, rig) => {
  const { stream, socket, log } = await meet(rig, { duplex: { allowHalfOpen: false } })
  const got = receive(socket)
  stream.resume()
  socket.end('x')
  await rig.until(() => got.isOver && log.includes('close'))
  t.deepEqual(log, ['end', 'finish', 'close'])
})

each('text is sent in its encoding, short and long, and in order with bytes', {}, async (t, rig) => {
  const { stream, socket } = await meet(rig)
  const got: Buffer[] = []
  let isOver = false
  socket.on('data', (bytes: Buffer) => got.push(bytes))
  socket.on('end', () => {
    isOver = true
  })
  const long = '\u{E9}\u{1F600}'.repeat(200_000)
  stream.cork()
  stream.write('\u{E9}', 'latin1')
  stream.write(Buffer.from([0, 255]))
  stream.write(long)
  stream.write('00ff', 'hex')
  stream.uncork()
  stream.end('end')
  await rig.until(() => isOver)
  const expected = [Buffer.from([0xe9, 0, 255]), Buffer.from(long), Buffer.from([0, 255]), Buffer.from('end')]
  t.true(Buffer.concat(got).equals(Buffer.concat(expected)))
})

each('destroySoon sends everything first, however slow the peer is', {}, async (t, rig) => {
  const { stream, link, server, socket, log } = await meet(rig)
  const pattern = new Pattern(7)
  stream.write(pattern.bytes(0, 16 * MIB))
  stream.destroySoon()
  await rig.turns(5)
  t.true(link.bufferedAmount > 0)
  t.deepEqual(log, [])
  let position = 0
  let isOver = false
  socket.on('data', (bytes: Buffer) => {
    pattern.check(position, bytes)
    position += bytes.length
  })
  socket.on('end', () => {
    isOver = true
  })
  await rig.until(() => isOver && log.includes('close'))
  t.is(position, 16 * MIB)
  t.deepEqual(log, ['finish', 'close'])
  t.is(server.connections, 0)
})

each('what fits into the kernel is sent before a destroy', {}, async (t, rig) => {
  const { stream, socket, log } = await meet(rig)
  const got = receive(socket)
  stream.write('400 Bad Request')
  stream.destroy()
  await rig.until(() => got.isOver && log.includes('close'))
  t.is(got.text, '400 Bad Request')
  t.deepEqual(log, ['close'])
})

each('destroy tells its error once, to the writer who waits too, then the close', {}, async (t, rig) => {
  const { stream, server, socket, log } = await meet(rig)
  const told: (string | undefined)[] = []
  stream.write(Buffer.alloc(64 * MIB), (error) => told.push(error?.message))
  stream.write('more', (error) => told.push(error?.message))
  await rig.turns(2)
  t.deepEqual(told, [])
  stream.destroy(new Error('enough'))
  stream.destroy(new Error('again'))
  await rig.until(() => log.includes('close'))
  t.deepEqual(log, ['error enough', 'close'])
  t.deepEqual(told, ['enough', 'enough'])
  await rig.until(() => server.connections === 0)
  socket.resume()
  await settled(rig, once(socket, 'end'))
})

each('a write that a destroy without an error interrupts is told so', { where: isLevel }, async (t, rig) => {
  const { stream, log } = await meet(rig)
  const told: unknown[] = []
  stream.write(Buffer.alloc(64 * MIB), (error) => told.push((error as NodeJS.ErrnoException).code))
  stream.destroy()
  await rig.until(() => log.includes('close'))
  t.deepEqual(log, ['close'])
  t.deepEqual(told, ['ERR_FDREACTOR_CLOSED'])
})

each('a reset by the peer is an error with its code, then the close', {}, async (t, rig) => {
  const { stream, server, socket, log } = await meet(rig)
  stream.resume()
  socket.resetAndDestroy()
  await rig.until(() => log.includes('close'))
  t.deepEqual(log, ['error ECONNRESET', 'close'])
  t.is(server.connections, 0)
})

each('resetAndDestroy resets', {}, async (t, rig) => {
  const { stream, socket, log } = await meet(rig)
  const failed = once(socket, 'error')
  socket.resume()
  stream.resetAndDestroy()
  const [error] = (await settled(rig, failed)) as [NodeJS.ErrnoException]
  t.is(error.code, 'ECONNRESET')
  await rig.until(() => log.includes('close'))
  t.deepEqual(log, ['close'])
})

each('stop(true) and the close of the reactor destroy streams', { where: isLevel }, async (t, rig) => {
  const one = await meet(rig)
  one.server.stop(true)
  await rig.until(() => one.log.includes('close'))
  t.deepEqual(one.log, ['close'])
  t.true(one.stream.destroyed)
  const other = await meet(rig)
  const closed = once(other.stream, 'close')
  rig.reactor.close()
  await closed
  t.deepEqual(other.log, ['close'])
})

each(
  'timeout is emitted once an idle time; without a listener it is the end',
  { where: isLevel },
  async (t, rig) => {
    const { stream, log } = await meet(rig)
    let fired = 0
    let often = 0
    stream.setTimeout(30)
    t.is(stream.timeout, 30)
    stream.on('timeout', () => {
      fired += 1
    })
    // This one is set anew each time.
    const other = await meet(rig)
    const again = (): void => {
      often += 1
      other.stream.setTimeout(30, again)
    }
    other.stream.setTimeout(30, again)
    await rig.until(() => often >= 3)
    t.is(fired, 1)
    t.deepEqual([stream.destroyed, other.stream.destroyed], [false, false])
    t.is(other.stream.listenerCount('timeout'), 1)
    other.stream.setTimeout(0, again)
    t.is(other.stream.listenerCount('timeout'), 0)
    stream.removeAllListeners('timeout').setTimeout(30)
    await rig.until(() => log.includes('close'))
    t.deepEqual(log, ['error ERR_FDREACTOR_TIMEOUT', 'close'])
  },
)

each('addresses and options are those of net.Socket', { where: isLevel }, async (t, rig) => {
  const { stream, server, socket, log } = await meet(rig)
  const mine = { address: '127.0.0.1', family: 'IPv4', port: server.port } as const
  t.deepEqual(
    [stream.remoteAddress, stream.remoteFamily, stream.remotePort],
    ['127.0.0.1', 'IPv4', socket.localPort],
  )
  t.deepEqual([stream.localAddress, stream.localFamily, stream.localPort], ['127.0.0.1', 'IPv4', server.port])
  t.deepEqual(stream.address(), mine)
  t.deepEqual([stream.connecting, 'encrypted' in stream, stream.timeout], [false, false, undefined])
  t.is(stream.setNoDelay().setNoDelay(false).setKeepAlive(true, 1000).setKeepAlive().ref().unref(), stream)
  t.throws(() => stream.setNoDelay(1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => stream.setTimeout(-1), { code: 'ERR_OUT_OF_RANGE' })
  t.throws(() => stream.setTimeout(1, 2 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  stream.destroy()
  await rig.until(() => log.includes('close'))
  t.is(stream.remotePort, socket.localPort)
  t.deepEqual(stream.address(), {})
})

each(
  'a stream over a UNIX socket has no addresses, and takes options quietly',
  { where: isLevel },
  async (t, rig) => {
    const unix = `${tmpdir()}/fdreactor-duplex-${process.pid}-${rig.backend}-${rig.driver}`
    const { stream, socket, log } = await meet(rig, { unix })
    t.deepEqual([stream.remoteAddress, stream.remotePort, stream.address()], [undefined, undefined, {}])
    stream.setNoDelay().setKeepAlive()
    stream.pipe(stream)
    const got = receive(socket)
    socket.end('hello')
    await rig.until(() => got.isOver && log.includes('close'))
    t.is(got.text, 'hello')
  },
)

each('streams of Node pipe into it and out of it', {}, async (t, rig) => {
  const pattern = new Pattern(3)
  const parts = Array.from({ length: 256 }, (_, index) => pattern.bytes(index * 4099, 4099))
  const done: Promise<void>[] = []
  const server = serveStreams(rig, (stream) => {
    const between = new PassThrough()
    done.push(pipeline(stream, between), pipeline(between, stream))
  })
  const socket = await peer(rig, server, { allowHalfOpen: true })
  let position = 0
  let isOver = false
  socket.on('data', (bytes: Buffer) => {
    pattern.check(position, bytes)
    position += bytes.length
  })
  socket.on('end', () => {
    isOver = true
  })
  for (const part of parts) socket.write(part)
  socket.end()
  await rig.until(() => isOver)
  t.is(position, 256 * 4099)
  await t.notThrowsAsync(settled(rig, Promise.all(done)))
})

each('a stream keeps its bytes where the server lends them', { where: isLevel }, async (t, rig) => {
  const { stream, socket } = await meet(rig, { views: 'lent' })
  const chunks: Buffer[] = []
  stream.on('data', (bytes: Buffer) => chunks.push(bytes))
  for (const text of ['first', 'other', 'third']) {
    const before = chunks.length
    socket.write(text)
    await rig.until(() => chunks.length > before)
  }
  t.is(chunks.join(), 'first,other,third')
})
