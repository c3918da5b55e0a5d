// Servers whose ends, options, questions and closes fail.
import { SERVERS, faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

interface End extends Row {
  readonly kind: 'tcp' | 'unix'
}

const of = (call: string, list: string, when = '1', kind: End['kind'] = 'tcp'): readonly End[] =>
  withMore(rows(call, list, when), { kind })

const both = (call: string, list: string): readonly End[] => [
  ...of(call, list),
  ...of(call, list, '1', 'unix'),
]

/** The end of a connection knows nothing of drivers. */
const once = (which: Case): boolean => isNative(which) && which.driver !== 'thread'
const onLoop = (which: Case): boolean => isLevel(which) && which.driver === 'loop'

faults<End>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} is told, and the peer hears of the end by the close`,
  where: once,
  rows: () => both('shutdown', 'EINVAL ENOBUFS'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const b = await w.join()
    const { value, failed } = await fail({ ...row, on: a.fd }, async () => {
      w.links[0].end('last words')
      await w.until(() => a.fate !== 'open')
      return w.talks(b)
    })
    const facts = { failed, value, log: w.of('A'), got: a.got, fate: a.fate, connections: w.server.connections }
    return { ...facts, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    failed: 1,
    value: true,
    log: ['open', `error ${error} shutdown`, `close ${error} shutdown`],
    got: 'last words',
    fate: 'ended',
    connections: 1,
    errors: [],
    orderly: true,
  }),
})

// As in node:net. On Linux it says that the peer has reset the connection; what it had sent before can still be read.
faults<End>({
  title: ({ kind, call, error }) => `server, ${kind}: after ${call} ${error} what the peer has sent is read`,
  where: once,
  rows: () => both('shutdown', 'ENOTCONN'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const { failed } = await fail({ ...row, on: a.fd }, async () => {
      w.links[0].end()
      await w.pass(1)
      a.link.end('hi')
      await w.hears('A close')
    })
    return { failed, log: w.of('A'), ...(await w.close()) }
  }`,
  expect: () => ({ failed: 1, log: ['open', 'data hi', 'end', 'close'], errors: [], orderly: true }),
})

faults<End>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} of an option is thrown, and the connection stays`,
  where: onLoop,
  rows: () => of('setsockopt', 'EINVAL ENOBUFS ENOMEM', '1+'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const [link] = w.links
    const thrown = []
    const { failed } = await fail({ ...row, on: a.fd }, () => {
      for (const act of [() => link.setNoDelay(false), () => link.setKeepAlive(true), () => link.setKeepAlive(true, 1000)]) {
        try { act() } catch (error) { thrown.push(told(error)) }
      }
    })
    const facts = { failed, thrown, talks: await w.talks(a), log: w.of('A') }
    return { ...facts, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    failed: 3,
    thrown: Array.from({ length: 3 }, () => `${error} setsockopt`),
    talks: true,
    log: ['open', 'data ping'],
    errors: [],
    orderly: true,
  }),
})

faults<End>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} of an option in open does not end the connection`,
  where: onLoop,
  rows: () => of('setsockopt', 'EINVAL'),
  script: `${SERVERS}
  const raised = []
  process.on('uncaughtException', (error) => raised.push(told(error)))
  async function scene(row) {
    const w = world(row, { open: (link) => { link.setNoDelay(false) }, data: (link, bytes) => { link.write(bytes) } })
    const guest = await w.knock()
    const { failed } = await fail(row, () => w.until(() => w.links.length > 0))
    await w.until(() => raised.length > 0)
    return { failed, raised, talks: await w.talks(guest), log: w.of('A'), ...(await w.close()) }
  }`,
  expect: () => ({
    failed: 1,
    raised: ['EINVAL setsockopt'],
    talks: true,
    log: ['open', 'data ping'],
    errors: [],
    orderly: true,
  }),
})

faults<End>({
  title: ({ kind, call, error }) => `server, ${kind}: ${call} ${error} of a reset closes all the same`,
  where: onLoop,
  rows: () => of('setsockopt', 'EINVAL'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const { failed } = await fail({ ...row, on: a.fd }, () => w.links[0].reset())
    await w.until(() => a.fate !== 'open' && w.log.includes('A close'))
    return { failed, fate: a.fate, log: w.of('A'), ...(await w.close()) }
  }`,
  expect: () => ({ failed: 1, fate: 'ended', log: ['open', 'close'], errors: [], orderly: true }),
})

faults<End>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} leaves an address unknown, and nothing else`,
  where: onLoop,
  rows: () => [...both('getsockname', 'ENOBUFS'), ...of('getpeername', 'ENOTCONN ENOBUFS', '1', 'unix')],
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const [link] = w.links
    const which = row.call === 'getsockname' ? 'localAddress' : 'remoteAddress'
    const { value, failed } = await fail({ ...row, on: a.fd }, () => link[which] ?? 'unknown')
    const again = link[which].family
    return { failed, value, again, talks: await w.talks(a), ...(await w.close()) }
  }`,
  expect: ({ kind }) => ({
    failed: 1,
    value: 'unknown',
    again: kind === 'tcp' ? 'IPv4' : 'unix',
    talks: true,
    errors: [],
    orderly: true,
  }),
})

// A close that fails has closed all the same. Here it has not: strace keeps it from the kernel, and the peer is told nothing.
faults<End>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} is no error, and the number is closed once`,
  where: once,
  rows: () => [...of('close', 'EINTR EIO', '1+'), ...of('close', 'EIO', '1+', 'unix')],
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const b = await w.join()
    const { value, failed } = await fail({ ...row, on: a.fd }, async () => {
      a.link.end('bye')
      await w.hears('A close')
      return w.talks(b)
    })
    const log = w.of('A')
    return { failed, value, log, connections: w.server.connections, ...(await w.close()) }
  }`,
  expect: () => ({
    failed: 1,
    value: true,
    log: ['open', 'data bye', 'end', 'close'],
    connections: 1,
    errors: [],
    orderly: true,
    leaked: 1,
  }),
})

faults<End>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} of the listener does not keep it from stopping`,
  where: once,
  rows: () => both('close', 'EIO'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const { failed } = await fail({ ...row, on: w.listener }, () => { w.server.stop(); w.server.stop() })
    const facts = { failed, stopped: w.server.stopped, talks: await w.talks(a) }
    return { ...facts, ...(await w.close()) }
  }`,
  expect: () => ({ failed: 1, stopped: true, talks: true, errors: [], orderly: true, leaked: 1 }),
})
