// On loopback a whole block is taken or nothing, so what happens in between is shown here.
import { Backlog } from '../../dist/echo/index.js'
import test from '../helpers/test.js'

/** Bytes that tell their place. */
function numbered(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) % 251))
}

test('a backlog gives back what was put in, whatever is taken at a time', (t) => {
  const bytes = numbered(200_000)
  const backlog = new Backlog()
  for (let at = 0, size = 1; at < bytes.length; at += size, size = ((size * 3) % 70_001) + 1) {
    backlog.push(bytes.subarray(at, at + size))
  }
  t.is(backlog.size, bytes.length)
  const taken: Buffer[] = []
  for (let share = 1; taken.length < 1000 && backlog.size > 0; share = ((share * 5) % 40_009) + 1) {
    // Writes that take a part at last, as a socket's do that gets full.
    let room = share
    backlog.drain((block, offset, length) => {
      const count = Math.min(length, room)
      taken.push(Buffer.from(block.subarray(offset, offset + count)))
      room -= count
      return count
    })
  }
  t.deepEqual(Buffer.concat(taken), bytes)
})

test('a write that takes nothing ends a drain, and nothing is lost', (t) => {
  const backlog = new Backlog()
  backlog.push(numbered(100_000))
  let writes = 0
  backlog.drain(() => {
    writes += 1
    return 0
  })
  t.is(writes, 1)
  t.is(backlog.size, 100_000)
})

test('what is pushed may be overwritten afterwards', (t) => {
  const backlog = new Backlog()
  const scratch = Buffer.from('first')
  backlog.push(scratch)
  scratch.fill('x')
  const taken: string[] = []
  backlog.drain((block, offset, length) => {
    taken.push(block.toString('latin1', offset, offset + length))
    return length
  })
  t.deepEqual(taken, ['first'])
})

test('an empty backlog writes nothing', (t) => {
  const backlog = new Backlog()
  backlog.push(Buffer.alloc(0))
  backlog.drain(() => t.fail())
  t.is(backlog.size, 0)
})
