// Back-pressure of streams, by counts of what is kept.
import { meet } from '../helpers/duplexes.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { each } from '../helpers/matrix.js'
import { surplus } from '../helpers/observe.js'

const MIB = 1 << 20
const MARK = 65_536

each('where nobody reads, little is read from the peer; then all of it, in order', {}, async (t, rig) => {
  const { stream, link, socket, log } = await meet(rig, { limits: { bytesPerTurn: 65_536 } })
  const pattern = new Pattern(5)
  socket.end(pattern.bytes(0, 16 * MIB))
  await rig.until(() => link.isPaused)
  await rig.turns(5)
  // The mark, and what one turn brings on top.
  t.true(stream.readableLength >= MARK)
  t.true(link.bytesRead <= 2 * MARK, `${link.bytesRead} bytes were read`)
  t.is(await surplus(rig, 3), 0)
  let position = 0
  let largest = 0
  stream.on('data', (bytes: Buffer) => {
    pattern.check(position, bytes)
    position += bytes.length
    largest = Math.max(largest, stream.readableLength)
  })
  await rig.until(() => log.includes('end'))
  t.is(position, 16 * MIB)
  t.true(largest <= 2 * MARK)
})

each('a reader that comes and goes loses nothing', {}, async (t, rig) => {
  const { stream, link, socket, log } = await meet(rig, { limits: { bytesPerTurn: 10_000 } })
  const pattern = new Pattern(6)
  socket.end(pattern.bytes(0, MIB))
  let position = 0
  stream.on('data', (bytes: Buffer) => {
    pattern.check(position, bytes)
    position += bytes.length
    if (position % 3 === 0) stream.pause()
  })
  await rig.until(() => {
    if (stream.isPaused() && stream.readableLength >= Math.min(MARK, MIB - position)) stream.resume()
    return log.includes('end')
  })
  t.is(position, MIB)
  t.is(link.bytesRead, MIB)
})

each(
  'a large write is kept in parts: never more than bufferedBytes, and told when it is sent',
  {},
  async (t, rig) => {
    const bufferedBytes = 300_000
    const { stream, link, socket, log } = await meet(rig, { limits: { bufferedBytes } })
    const pattern = new Pattern(8)
    const size = 16 * MIB
    const told: number[] = []
    t.false(stream.write(pattern.bytes(0, size), () => told.push(link.bytesWritten)))
    let largest = link.bufferedAmount
    await rig.turns(3)
    t.deepEqual(told, [])
    t.true(link.bufferedAmount > 0)
    t.is(await surplus(rig, 3), 0)
    let position = 0
    socket.on('data', (bytes: Buffer) => {
      pattern.check(position, bytes)
      position += bytes.length
    })
    await rig.until(() => {
      largest = Math.max(largest, link.bufferedAmount)
      return position === size && told.length === 1
    })
    t.true(largest <= bufferedBytes, `${largest} bytes were kept`)
    // It is told when less than the mark is left.
    t.true(told[0]! > size - MARK)
    t.deepEqual(log, [])
  },
)

each('a limit below the mark holds too, for text and corked pieces', {}, async (t, rig) => {
  const limits = { bufferedBytes: 20_000, highWaterMark: 1 << 30 }
  const { stream, link, socket, log } = await meet(rig, { limits })
  let largest = 0
  let sent = ''
  stream.cork()
  for (let index = 0; index < 2000; index += 1) {
    const text = `${index},`.repeat(1 + (index % 97) * 40)
    sent += text
    stream.write(index % 2 === 0 ? text : Buffer.from(text))
  }
  stream.uncork()
  stream.end()
  await rig.turns(3)
  const got: Buffer[] = []
  socket.on('data', (bytes: Buffer) => got.push(bytes))
  await rig.until(() => {
    largest = Math.max(largest, link.bufferedAmount)
    return log.includes('finish')
  })
  await rig.until(() => Buffer.concat(got).length === sent.length)
  t.true(Buffer.concat(got).equals(Buffer.from(sent)))
  t.true(largest <= limits.bufferedBytes, `${largest} bytes were kept`)
  t.deepEqual(log, ['finish'])
})

each('a writer that minds write and drain is held up, and goes on', {}, async (t, rig) => {
  const { stream, link, socket } = await meet(rig)
  const pattern = new Pattern(9)
  const size = 16 * MIB
  let written = 0
  let held = 0
  const pour = (): void => {
    while (written < size) {
      const part = pattern.bytes(written, Math.min(40_000, size - written))
      written += part.length
      if (stream.write(part)) continue
      held += 1
      stream.once('drain', pour)
      return
    }
    stream.end()
  }
  pour()
  await rig.turns(10)
  t.true(written < size)
  // What the kernel has, what is kept, and what the stream holds.
  t.true(written - link.bytesWritten - link.bufferedAmount <= MARK + 40_000)
  t.true(link.bufferedAmount < MARK + 40_000)
  let position = 0
  let isOver = false
  socket.on('data', (bytes: Buffer) => {
    pattern.check(position, bytes)
    position += bytes.length
  })
  socket.on('end', () => {
    isOver = true
  })
  await rig.until(() => isOver)
  t.is(position, size)
  t.true(held > 1)
})
