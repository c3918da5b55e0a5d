// Sockets that cannot be made, and questions about them that the system does not answer.
import { faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isManual, NATIVE } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

/** Sockets know nothing of backends. */
const once = (which: Case): boolean => isManual(which) && which.backend === NATIVE

const SOCKET = rows('socket', 'EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM EPROTONOSUPPORT')

faults({
  title: ({ call, error }) =>
    `TcpStream.connect: ${call} ${error} is told with the address, and nothing is left open`,
  where: once,
  rows: () => [
    ...SOCKET,
    ...rows(
      'connect',
      'EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF ECONNREFUSED EFAULT EISCONN ENETUNREACH',
    ),
    ...rows('connect', 'ENOTSOCK EPERM EPROTOTYPE ETIMEDOUT'),
  ],
  script: `
  const server = TcpListener.bind({ port: 0 })
  const { port } = server.localAddress
  async function scene(row) {
    const { error, failed } = await attempt(row, /AF_INET/, () => TcpStream.connect({ port }))
    const again = TcpStream.connect({ port })
    again.close()
    return { told: told(error).replace(port, 'PORT'), failed }
  }`,
  expect: ({ call, error }) => ({ told: `${error} ${call} 127.0.0.1:PORT`, failed: 1 }),
})

faults({
  title: ({ call, error }) => `TcpStream.connect: ${call} ${error} is no error, since it goes on by itself`,
  where: once,
  rows: () => rows('connect', 'EINPROGRESS EINTR'),
  script: `
  const server = TcpListener.bind({ port: 0 })
  async function scene(row) {
    const { value, error, failed } = await attempt(row, /AF_INET/, () =>
      TcpStream.connect({ port: server.localAddress.port }),
    )
    const facts = { told: told(error), failed, pending: told(value?.takeError()) }
    value?.close()
    return facts
  }`,
  expect: () => ({ told: 'nothing', failed: 1, pending: 'nothing' }),
})

faults({
  title: ({ call, error, when = '1' }) =>
    `TcpListener.bind: ${call} ${error} (call ${when}) is told with the address, and nothing is left open`,
  where: once,
  rows: () => [
    ...SOCKET,
    // SO_REUSEADDR, SO_REUSEPORT and IPV6_V6ONLY.
    ...rows('setsockopt', 'EINVAL ENOPROTOOPT'),
    ...rows('setsockopt', 'EINVAL', '2'),
    ...rows('setsockopt', 'EINVAL', '3'),
    ...rows('bind', 'EACCES EADDRINUSE EADDRNOTAVAIL EBADF EINVAL ENOMEM ENOTSOCK'),
    ...rows('listen', 'EADDRINUSE EBADF ENOTSOCK EOPNOTSUPP'),
  ],
  script: `
  const wanted = { host: '::1', port: 0, reusePort: true, ipv6Only: true }
  async function scene(row) {
    const { error, failed } = await attempt(row, /./, () => TcpListener.bind(wanted))
    return { told: told(error), failed }
  }`,
  expect: ({ call, error }) => ({ told: `${error} ${call} ::1:0`, failed: 1 }),
})

/** Something asked of a connection, by the call that it takes. */
interface Question extends Row {
  readonly ask: string
}
const question = (ask: string, table: readonly Row[]): readonly Question[] => withMore(table, { ask })

faults({
  title: ({ ask, call, error, when = '1' }) =>
    `TcpStream ${ask}: ${call} ${error} (call ${when}) is told with its number, and it goes on`,
  where: once,
  rows: () => [
    ...question('.localAddress', rows('getsockname', 'EBADF EINVAL ENOBUFS ENOTSOCK')),
    ...question('.remoteAddress', rows('getpeername', 'EBADF EINVAL ENOBUFS ENOTCONN ENOTSOCK')),
    ...question('.takeError()', rows('getsockopt', 'EBADF EINVAL ENOPROTOOPT ENOTSOCK')),
    ...question('.setNoDelay()', rows('setsockopt', 'EBADF EINVAL ENOPROTOOPT ENOTSOCK')),
    ...question('.setKeepAlive(true, 1000)', rows('setsockopt', 'EINVAL ENOBUFS')),
    ...question('.setKeepAlive(true, 1000)', rows('setsockopt', 'EINVAL', '2')),
    ...question(".shutdown('write')", rows('shutdown', 'EBADF EINVAL ENOTCONN ENOTSOCK')),
  ],
  script: `
  const server = TcpListener.bind({ port: 0 })
  async function scene(row) {
    const stream = TcpStream.connect({ port: server.localAddress.port })
    const ask = new Function('stream', \`return stream\${row.ask}\`)
    const { error, failed } = await attempt({ ...row, on: stream.fd }, /./, () => ask(stream))
    const facts = { told: told(error, stream.fd), failed, closed: stream.closed, written: stream.write(byte) }
    stream.close()
    server.accept()?.close()
    return facts
  }`,
  expect: ({ call, error }) => ({ told: `${error} ${call} fd`, failed: 1, closed: false, written: 1 }),
})

faults({
  title: ({ call, error }) => `TcpListener.localAddress: ${call} ${error} is told with its number`,
  where: once,
  rows: () => rows('getsockname', 'EBADF ENOBUFS'),
  script: `
  const server = TcpListener.bind({ port: 0 })
  async function scene(row) {
    const { error, failed } = await attempt({ ...row, on: server.fd }, /./, () => server.localAddress)
    return { told: told(error, server.fd), failed, port: server.localAddress.port > 0 }
  }`,
  expect: ({ call, error }) => ({ told: `${error} ${call} fd`, failed: 1, port: true }),
})

faults({
  title: ({ call, error }) => `TcpStream.reset(): ${call} ${error} is told, and it is closed all the same`,
  where: once,
  rows: () => rows('setsockopt', 'EINVAL ENOBUFS'),
  script: `
  const server = TcpListener.bind({ port: 0 })
  async function scene(row) {
    const stream = TcpStream.connect({ port: server.localAddress.port })
    const { fd } = stream
    const { error, failed } = await attempt({ ...row, on: fd }, /SO_LINGER/, () => stream.reset())
    server.accept()?.close()
    return { told: told(error, fd), failed, closed: stream.closed }
  }`,
  expect: ({ call, error }) => ({ told: `${error} ${call} fd`, failed: 1, closed: true }),
})
