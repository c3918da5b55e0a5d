// Connections that cannot be taken.
import { faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isManual, NATIVE } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

/** Accepting knows nothing of backends. */
const once = (which: Case): boolean => isManual(which) && which.backend === NATIVE

/** No room for it: it goes on waiting. */
const SHORTAGE = rows('accept', 'EMFILE ENFILE ENOBUFS ENOMEM EPERM')
/** The listener is not what it should be. */
const WRONG = rows('accept', 'EBADF EFAULT EINVAL ENOTSOCK EOPNOTSUPP')
/** One connection that failed while it waited. */
const PASSED_OVER = 'ECONNABORTED EHOSTDOWN EHOSTUNREACH EINTR ENETDOWN ENETUNREACH ENONET ENOPROTOOPT EPROTO'

interface Way extends Row {
  readonly way: 'listener' | 'io'
}
const ways = (table: readonly Row[]): readonly Way[] =>
  (['listener', 'io'] as const).flatMap((way) => withMore(table, { way }))

/** A listener at which a connection waits, and both ways to take it. */
const SETTING = `
  const accept = (server, way) => (way === 'io' ? io.accept(server.fd) : server.accept())
  const close = (taken) => (typeof taken === 'number' ? kit.close(taken) : taken.close())
  async function scene(row) {
    const server = TcpListener.bind({ port: 0 })
    const peer = TcpStream.connect({ port: server.localAddress.port })
    const reactor = new Reactor(options)
    reactor.register(server, { readable: true }, nothing)
    if (reactor.poll(5000) !== 1) throw new Error('no connection waits')
    const { value, error, failed } = await attempt(row, /accept/, () => accept(server, row.way))
    const facts = { told: told(error, server.fd), failed, taken: value === null ? -1 : typeof value }
    if (value !== undefined && value !== null && value !== -1) close(value)
    else {
      // It has waited, and the listener says so.
      facts.waits = reactor.poll(0)
      close(accept(server, row.way))
    }
    facts.more = accept(server, row.way) ?? -1
    reactor.close(); peer.close(); server.close()
    return facts
  }`

faults({
  title: ({ way, call, error }) =>
    `accept, ${way}: ${call} ${error} is told, and the connection goes on waiting`,
  where: once,
  rows: () => ways([...SHORTAGE, ...WRONG]),
  script: SETTING,
  expect: ({ call, error }) => ({
    told: `${error} ${call} fd`,
    failed: 1,
    taken: 'undefined',
    waits: 1,
    more: -1,
  }),
})

faults({
  title: ({ way, call, error, when = '1' }) =>
    `accept, ${way}: ${call} ${error} (call ${when}) is passed over`,
  where: once,
  rows: () => ways([...rows('accept', PASSED_OVER), ...rows('accept', 'ECONNABORTED', '1..100')]),
  script: SETTING,
  expect: ({ way, when }) => ({
    told: 'nothing',
    failed: when === undefined ? 1 : 100,
    taken: way === 'io' ? 'number' : 'object',
    more: -1,
  }),
})

faults({
  title: ({ way, call, error }) => `accept, ${way}: ${call} ${error} without end is told`,
  where: once,
  rows: () => ways(rows('accept', 'ENETDOWN', '1+')),
  script: SETTING,
  expect: ({ call, error }) => ({
    told: `${error} ${call} fd`,
    failed: 8192,
    taken: 'undefined',
    waits: 1,
    more: -1,
  }),
})

faults({
  title: ({ way, call, error }) => `accept, ${way}: ${call} ${error} is no connection`,
  where: once,
  rows: () => ways(rows('accept', 'EAGAIN')),
  script: SETTING,
  expect: ({ way }) => ({
    told: 'nothing',
    failed: 1,
    taken: way === 'io' ? 'number' : -1,
    waits: 1,
    more: -1,
  }),
})
