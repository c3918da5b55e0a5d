// Servers that cannot take a connection.
import { SERVERS, faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

interface Accept extends Row {
  readonly kind: 'tcp' | 'unix'
}

const of = (list: string, when: string, kind: Accept['kind'] = 'tcp'): readonly Accept[] =>
  withMore(rows('accept', list, when), { kind })

/** Accepting is the same on every backend; which calls tell of it is not. */
const some = (which: Case, all: readonly Accept[], few: readonly Accept[]): readonly Accept[] =>
  isNative(which) && which.driver === 'loop' ? all : few

// strace does not tell accept by its descriptor; nobody else accepts here.

/** No room for it: it goes on waiting. */
const SHORTAGE = 'EMFILE ENFILE ENOBUFS ENOMEM EPERM'
/** The listener is not what it should be, as it seems. */
const WRONG = 'EBADF EFAULT EINVAL ENOTSOCK EOPNOTSUPP'
/** One connection that failed while it waited. */
const PASSED_OVER = 'ECONNABORTED EHOSTDOWN EHOSTUNREACH EINTR ENETDOWN ENETUNREACH ENONET ENOPROTOOPT EPROTO'

faults<Accept>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} is told once, tried again now and then, and who waited is served`,
  rows: (which) =>
    some(
      which,
      [...of(`${SHORTAGE} ${WRONG}`, '1+'), ...of('EMFILE EBADF', '1+', 'unix')],
      of('EMFILE', '1+'),
    ),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const n = await w.join()
    const { value, failed } = await fail(row, async () => {
      const a = await w.knock()
      const b = await w.knock()
      await w.until(() => w.errors.length > 0)
      const { waits } = w.reactor.stats()
      const served = await w.talks(n)
      const passed = await w.pass(450)
      return { a, b, passed, served, waits: w.reactor.stats().waits - waits, log: [...w.log] }
    })
    const { a, b, passed, served, log } = value
    await w.until(() => w.links.length === 3)
    // A try every fifth of a second or so: after the time that it took to come, and the one before it.
    const tries = failed <= 3 + passed / 100 && failed >= 2 || failed
    const waits = driver === 'manual' || value.waits <= 20 + passed / 20 || value.waits
    const talk = [await w.talks(a), await w.talks(b)]
    return { tries, waits, served, log, talk, connections: w.server.connections, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    tries: true,
    waits: true,
    served: true,
    log: ['A open', 'A data ping'],
    talk: [true, true],
    connections: 3,
    errors: [`${error} accept here`],
    orderly: true,
  }),
})

faults<Accept>({
  title: ({ kind, call, error, when }) => `server, ${kind}: ${call} ${error} (calls ${when}) is passed over`,
  rows: (which) =>
    some(
      which,
      [
        ...of(PASSED_OVER, '1'),
        ...of('ECONNABORTED', '1..100'),
        ...of('ECONNABORTED EINTR EPROTO', '1', 'unix'),
      ],
      of('ECONNABORTED', '1..100'),
    ),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const { value, failed } = await fail(row, async () => w.talks(await w.join()))
    return { failed, value, log: [...w.log], ...(await w.close()) }
  }`,
  expect: ({ when }) => ({
    failed: when === '1' ? 1 : 100,
    value: true,
    log: ['A open', 'A data ping'],
    errors: [],
    orderly: true,
  }),
})

faults<Accept>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} without end is told, and does not stop the others`,
  where: (which) => isNative(which) && which.driver !== 'thread',
  rows: () => of('ENETDOWN', '1..8192'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const n = await w.join()
    const { value, failed } = await fail(row, async () => {
      const a = await w.knock()
      await w.until(() => w.errors.length > 0)
      const served = await w.talks(n)
      await w.until(() => w.links.length === 2)
      return [served, await w.talks(a)]
    })
    return { failed, value, log: [w.of('A'), w.of('B')], ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    failed: 8192,
    value: [true, true],
    log: [
      ['open', 'data ping'],
      ['open', 'data ping'],
    ],
    errors: [`${error} accept here`],
    orderly: true,
  }),
})

faults<Accept>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} although somebody waits: he is taken in a later turn, or with the next`,
  rows: (which) => some(which, [...of('EAGAIN', '1'), ...of('EAGAIN', '1', 'unix')], of('EAGAIN', '1')),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const { events } = w.reactor.stats()
    const { value, failed } = await fail(row, async () => {
      const a = await w.knock()
      await w.until(() => w.reactor.stats().events > events)
      const b = await w.knock()
      await w.until(() => w.links.length === 2)
      return [await w.talks(a), await w.talks(b)]
    })
    return { failed, value, log: [...w.log], ...(await w.close()) }
  }`,
  expect: () => ({
    failed: 1,
    value: [true, true],
    log: ['A open', 'B open', 'A data ping', 'B data ping'],
    errors: [],
    orderly: true,
  }),
})

faults<Accept>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: after ${call} ${error} is over another one is told again`,
  where: isNative,
  rows: () => of('EMFILE', '1'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    await w.join()
    const shortage = async () => {
      const before = w.links.length
      const { value, failed } = await fail(row, async () => {
        const guest = await w.knock()
        await w.until(() => w.errors.length === before)
        w.links[before - 1].destroy()
        await w.until(() => w.server.connections === 1 && w.links.length === before + 1)
        return guest
      })
      return [failed, await w.talks(value)]
    }
    const facts = [await shortage(), await shortage()]
    return { facts, log: w.links.map(({ data }) => w.of(data)), ...(await w.close()) }
  }`,
  expect: () => ({
    facts: [
      [1, true],
      [1, true],
    ],
    log: [
      ['open', 'close'],
      ['open', 'data ping', 'close'],
      ['open', 'data ping'],
    ],
    errors: ['EMFILE accept here', 'EMFILE accept here'],
    orderly: true,
  }),
})
