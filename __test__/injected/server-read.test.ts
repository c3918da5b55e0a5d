// Servers whose reads fail.
import { SERVERS, faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isEdge, isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

interface Read extends Row {
  readonly kind: 'tcp' | 'unix'
}

const of = (kind: Read['kind'], list: string, when: string): readonly Read[] =>
  withMore(rows('read', list, when), { kind })

/** Reading is the same on every backend; which calls tell of it is not. */
const some = (which: Case, all: readonly Read[], few: readonly Read[]): readonly Read[] =>
  isNative(which) && which.driver !== 'thread' ? all : few

const FATAL = 'EBADF ECONNABORTED ECONNRESET EHOSTUNREACH EIO ENETDOWN ENOMEM ENOTCONN ETIMEDOUT'

faults<Read>({
  title: ({ kind, call, error }) => `server, ${kind}: ${call} ${error} ends the connection, and no other`,
  rows: (which) =>
    some(
      which,
      [...of('tcp', FATAL, '2+'), ...of('unix', 'ECONNRESET ENOMEM', '2+')],
      of('tcp', 'ECONNRESET', '2+'),
    ),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const b = await w.join()
    const { value: before, failed } = await fail({ ...row, on: a.fd }, async () => {
      const talked = await w.talks(a)
      a.link.write('more')
      await w.until(() => w.links[0].readyState === 'closed' && a.fate !== 'open')
      return [talked, await w.talks(b)]
    })
    const facts = { failed, before, log: [...w.log], fate: a.fate, connections: w.server.connections }
    return { ...facts, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    // It is not read again.
    failed: 1,
    before: [true, true],
    log: ['A open', 'B open', 'A data ping', `A error ${error} read`, `A close ${error} read`, 'B data ping'],
    // Its last words were not read.
    fate: 'closed ECONNRESET read',
    connections: 1,
    errors: [],
    orderly: true,
  }),
})

faults<Read>({
  title: ({ kind, call, error, when }) => `server, ${kind}: ${call} ${error} (calls ${when}) is tried again`,
  rows: (which) =>
    some(which, [...of('tcp', 'EINTR', '1..5'), ...of('unix', 'EINTR', '1..5')], of('tcp', 'EINTR', '1..5')),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const { value, failed } = await fail({ ...row, on: a.fd }, () => w.talks(a))
    const log = [...w.log]
    return { failed, value, log, ...(await w.close()) }
  }`,
  expect: () => ({ failed: 5, value: true, log: ['A open', 'A data ping'], errors: [], orderly: true }),
})

faults<Read>({
  title: ({ kind, call, error, when }) =>
    `server, ${kind}: ${call} ${error} (calls ${when}) although something came: level brings it in a later turn`,
  where: isLevel,
  rows: (which) =>
    some(
      which,
      [...of('tcp', 'EAGAIN', '1..3'), ...of('unix', 'EAGAIN', '1..3')],
      of('tcp', 'EAGAIN', '1..3'),
    ),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const { value, failed } = await fail({ ...row, on: a.fd }, () => w.talks(a))
    a.link.end()
    await w.hears('A close')
    return { failed, value, log: [...w.log], ...(await w.close()) }
  }`,
  expect: () => ({
    failed: 3,
    value: true,
    log: ['A open', 'A data ping', 'A end', 'A close'],
    errors: [],
    orderly: true,
  }),
})

faults<Read>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} although something came: the next edge brings all of it`,
  where: isEdge,
  rows: () => [...of('tcp', 'EAGAIN', '1'), ...of('unix', 'EAGAIN', '1')],
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const { events } = w.reactor.stats()
    const { failed } = await fail({ ...row, on: a.fd }, async () => {
      a.link.write('one')
      await w.until(() => w.reactor.stats().events > events)
      a.link.end('two')
      await w.hears('A close')
    })
    return { failed, log: [...w.log], ...(await w.close()) }
  }`,
  expect: () => ({
    failed: 1,
    log: ['A open', 'A data onetwo', 'A end', 'A close'],
    errors: [],
    orderly: true,
  }),
})

faults<Read>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} of a client is told by it, and the server sees it go`,
  where: (which) => isNative(which),
  rows: (which) =>
    which.driver === 'manual' ? of('tcp', 'ECONNRESET ETIMEDOUT', '1+') : of('tcp', 'ETIMEDOUT', '1+'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const log = []
    const { fd, link } = await w.visit(log)
    await w.until(() => link() !== undefined && w.links.length === 1)
    const { failed } = await fail({ ...row, on: fd }, async () => {
      w.links[0].write('hi')
      await w.until(() => log.length === 3 && w.server.connections === 0)
    })
    return { failed, client: log, state: link().readyState, log: w.log.slice(0, 2), ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    failed: 1,
    client: ['open', `error ${error} read`, `close ${error} read`],
    state: 'closed',
    log: ['A open', 'A error ECONNRESET read'],
    errors: [],
    orderly: true,
  }),
})
