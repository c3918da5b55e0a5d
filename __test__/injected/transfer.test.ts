// Reads, writes and closes that fail.
import { faults, rows } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { NATIVE, isLevel, isManual } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

/** Reading and writing know nothing of backends. */
const once = (which: Case): boolean => isManual(which) && which.backend === NATIVE

const READING = 'EBADF ECONNRESET EFAULT EINVAL EIO EISDIR ETIMEDOUT'
const WRITING = 'EBADF ECONNRESET EDESTADDRREQ EDQUOT EFAULT EFBIG EINVAL EIO ENOBUFS ENOSPC EPERM'

/** A loop that is readable and writable, with two bytes in it. */
const SETTING = `
  const actions = {
    read: (fd, buffer) => io.read(fd, buffer),
    readv: (fd, buffer) => io.readv(fd, [buffer.subarray(0, 1), buffer.subarray(1)]),
    write: (fd, buffer) => io.write(fd, buffer.fill('y')),
    writev: (fd, buffer) => io.writev(fd, [buffer.fill('y').subarray(0, 1), buffer.subarray(1)]),
  }
  async function scene(row) {
    const [near, far] = kit.pair(false)
    io.write(far, Buffer.from('ab'))
    const buffer = Buffer.alloc(2)
    const { value, error, failed } = await attempt({ ...row, on: near }, /./, () => actions[row.call](near, buffer))
    const facts = { told: told(error, near), value: value ?? 'none', failed, got: buffer.toString('latin1') }
    // Nothing is lost.
    facts.again = actions[row.call](near, buffer)
    kit.close(near); kit.close(far)
    return facts
  }`

const each = (reading: string, writing: string, when?: string): readonly Row[] => [
  ...rows('read', reading, when),
  ...rows('readv', reading, when),
  ...rows('write', writing, when),
  ...rows('writev', writing, when),
]

const before = ({ call }: Row): string => (call.startsWith('read') ? '\0\0' : 'yy')

faults({
  title: ({ call, error }) => `io.${call}: ${error} is told, and nothing is lost`,
  where: once,
  rows: () => each(READING, WRITING),
  script: SETTING,
  expect: (row) => ({
    told: `${row.error} ${row.call} fd`,
    value: 'none',
    failed: 1,
    got: before(row),
    again: 2,
  }),
})

faults({
  title: ({ call, error }) => `io.${call}: ${error} would block`,
  where: once,
  rows: () => each('EAGAIN', 'EAGAIN'),
  script: SETTING,
  expect: (row) => ({ told: 'nothing', value: -1, failed: 1, got: before(row), again: 2 }),
})

faults({
  title: ({ call, error }) => `io.${call}: ${error} is tried again`,
  where: once,
  rows: () => each('EINTR', 'EINTR', '1..5'),
  script: SETTING,
  expect: ({ call }) => ({
    told: 'nothing',
    value: 2,
    failed: 5,
    got: call.startsWith('read') ? 'ab' : 'yy',
    again: call.startsWith('read') ? -1 : 2,
  }),
})

faults({
  title: ({ call, error }) => `TcpStream.${call}: ${error} is told with its number`,
  where: once,
  rows: () => [...rows('read', 'ECONNRESET EIO ETIMEDOUT'), ...rows('write', 'ECONNRESET EIO ENOBUFS EPIPE')],
  script: `
  const server = TcpListener.bind({ port: 0 })
  async function scene(row) {
    const stream = TcpStream.connect({ port: server.localAddress.port })
    const { error, failed } = await attempt({ ...row, on: stream.fd }, /./, () => stream[row.call](Buffer.alloc(1)))
    const facts = { told: told(error, stream.fd), failed, closed: stream.closed }
    stream.close()
    server.accept()?.close()
    return facts
  }`,
  expect: ({ call, error }) => ({ told: `${error} ${call} fd`, failed: 1, closed: false }),
})

/** How many descriptors the thread of JavaScript closes: a listener, a stream, and those of a reactor. */
const closes = ({ backend, driver }: Case): number => (backend !== NATIVE ? 4 : driver === 'thread' ? 5 : 6)

// A close that fails has closed all the same. Here it has not: strace keeps it from the kernel.
faults({
  title: ({ call, error }) => `close: ${call} ${error} of everything is no error`,
  where: isLevel,
  rows: (which) => rows('close', 'EINTR EIO ENOSPC', `1..${closes(which)}`),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const server = TcpListener.bind({ port: 0 })
    reactor.register(server, { readable: true, trigger }, nothing)
    const stream = TcpStream.connect({ port: server.localAddress.port })
    const { error, failed } = await attempt(row, /./, () => { reactor.close(); stream.close(); server.close() })
    const closed = [reactor.closed, stream.closed, server.closed]
    return { told: told(error), closed, failed, threads: threadsNamed('fdreactor').length }
  }`,
  expect: (_, which) => ({
    told: 'nothing',
    closed: [true, true, true],
    failed: closes(which),
    threads: 0,
    leaked: closes(which),
  }),
})
