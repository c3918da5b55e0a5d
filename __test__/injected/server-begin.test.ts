// Servers and clients that cannot begin.
import { SERVERS, faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

interface Begin extends Row {
  /** `file` is a path of the file system. */
  readonly kind: 'tcp' | 'unix' | 'file'
}

const of = (kind: Begin['kind'], call: string, list: string, when = '1'): readonly Begin[] =>
  withMore(rows(call, list, when), { kind })

/** What happens at once knows nothing of drivers. */
const once = (which: Case): boolean => isNative(which) && which.driver === 'manual' && isLevel(which)
/** What is told later does. */
const eachNative = (which: Case): boolean => isNative(which)

const library = new URL('../../dist/index.js', import.meta.url).href

const SETTING = `${SERVERS}
  import { existsSync } from 'node:fs'
  import { tmpdir } from 'node:os'
  import { join } from 'node:path'
  import { connect, listen } from '${library}'
  const path = join(tmpdir(), \`fdreactor-\${process.pid}.sock\`)
  const place = ({ kind }) => (kind === 'tcp' ? { port: 0 } : { unix: kind === 'file' ? path : \`\\0\${path}\` })
  /** Without the address, which must be there. */
  const where = (words, { kind }) => words.replace(kind === 'tcp' ? / 127\\.0\\.0\\.1:\\d+$/ : / \\S*fdreactor-\\S+:undefined$/, ' there')
`

faults<Begin>({
  title: ({ kind, call, error }) => `listen, ${kind}: ${call} ${error} is thrown, and nothing is left`,
  where: once,
  rows: () => [
    ...of('tcp', 'socket', 'EACCES EAFNOSUPPORT EMFILE ENFILE ENOBUFS ENOMEM'),
    ...of('tcp', 'setsockopt', 'EINVAL ENOMEM'),
    ...of('tcp', 'bind', 'EACCES EADDRINUSE EADDRNOTAVAIL EINVAL ENOMEM'),
    ...of('tcp', 'listen', 'EADDRINUSE EOPNOTSUPP'),
    ...of('tcp', 'epoll_ctl', 'ENOMEM ENOSPC'),
    ...of('tcp', 'getsockname', 'ENOBUFS'),
    ...of('file', 'bind', 'EACCES EROFS'),
    ...of('file', 'listen', 'EADDRINUSE'),
    ...of('file', 'epoll_ctl', 'ENOSPC'),
    ...of('file', 'getsockname', 'ENOBUFS'),
    ...of('unix', 'listen', 'EADDRINUSE'),
    ...of('unix', 'getsockname', 'ENOBUFS'),
  ],
  script: `${SETTING}
  async function scene(row) {
    const reactor = new Reactor(options)
    const start = () => listen({ reactor, trigger, ...place(row), socket: {} })
    // What a reactor opens for its first server stays.
    listen({ reactor, port: 0, socket: {} }).stop()
    const before = readdirSync('/proc/self/fd').length
    const { error, failed } = await attempt(row, /./, start)
    const left = [readdirSync('/proc/self/fd').length - before, existsSync(path)]
    const facts = { told: where(told(error), row), failed, left }
    const again = start()
    facts.again = again.address.family
    again.stop()
    reactor.close()
    return { ...facts, file: existsSync(path) }
  }`,
  expect: ({ kind, call, error }) => ({
    told: `${error} ${call} there`,
    failed: 1,
    left: [0, false],
    again: kind === 'tcp' ? 'IPv4' : 'unix',
    file: false,
  }),
})

faults<Begin>({
  title: ({ kind, call, error }) => `connect, ${kind}: ${call} ${error} rejects, and nothing is left`,
  where: eachNative,
  rows: (which) => [
    ...of('tcp', 'connect', 'ENETUNREACH'),
    ...of('tcp', 'getsockopt', 'ENOBUFS'),
    ...(which.driver === 'manual'
      ? [
          ...of('tcp', 'socket', 'EMFILE ENFILE ENOBUFS ENOMEM'),
          ...of('tcp', 'setsockopt', 'EINVAL'),
          ...of('tcp', 'connect', 'EACCES EADDRNOTAVAIL EAGAIN ECONNREFUSED EPERM ETIMEDOUT'),
          ...of('tcp', 'epoll_ctl', 'ENOMEM ENOSPC'),
          ...of('unix', 'socket', 'EMFILE'),
          ...of('unix', 'connect', 'EAGAIN ECONNREFUSED ENOENT EPROTOTYPE'),
          ...of('unix', 'epoll_ctl', 'ENOSPC'),
          ...of('unix', 'getsockopt', 'ENOBUFS'),
        ]
      : []),
  ],
  script: `${SETTING}
  async function scene(row) {
    const w = world(row)
    const { failed, value } = await fail(row, async () => {
      let error
      const log = []
      const { address, family, port } = w.server.address
      connect({ reactor: w.reactor, trigger, ...(family === 'unix' ? { unix: address } : { port }), socket: { open: () => log.push('open'), close: () => log.push('close') } })
        .catch((it) => { error = it })
      await w.until(() => error !== undefined)
      return { error, log }
    })
    // One that the kernel has established is let in, and ends.
    await w.pass(5)
    await w.until(() => w.server.connections === 0)
    const facts = { told: where(told(value.error), row), failed, log: value.log }
    const guest = await w.join()
    return { ...facts, talks: await w.talks(guest), ...(await w.close()) }
  }`,
  expect: ({ call, error }) => ({
    told: `${error} ${call} there`,
    failed: 1,
    log: [],
    talks: true,
    errors: [],
    orderly: true,
  }),
})

faults<Begin>({
  title: ({ kind, call, error, when }) => `connect, ${kind}: ${call} ${error} (calls ${when}) does no harm`,
  where: eachNative,
  rows: () => [
    ...of('tcp', 'connect', 'EINTR', '1..3'),
    ...of('unix', 'connect', 'EINTR', '1..3'),
    // It only asks for the peer's name.
    ...of('tcp', 'getpeername', 'ENOBUFS ENOTCONN'),
    ...of('unix', 'getpeername', 'ENOTCONN'),
  ],
  script: `${SETTING}
  async function scene(row) {
    const w = world(row)
    const log = []
    const { failed, value } = await fail(row, async () => {
      const { link } = await w.visit(log)
      await w.until(() => link() !== undefined && w.links.length === 1)
      return link()
    })
    value.write('hi')
    await w.until(() => log.length === 2)
    const family = value.remoteAddress.family
    value.end()
    await w.until(() => log.includes('close') && w.log.includes('A close'))
    return { failed, log, server: w.log, family, ...(await w.close()) }
  }`,
  expect: ({ kind, call }) => ({
    failed: call === 'connect' ? 3 : 1,
    log: ['open', 'data hi', 'end', 'close'],
    server: ['A open', 'A data hi', 'A end', 'A close'],
    family: kind === 'tcp' ? 'IPv4' : 'unix',
    errors: [],
    orderly: true,
  }),
})
