// Servers whose connections cannot be watched.
import { SERVERS, faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

interface Watch extends Row {
  readonly kind: 'tcp' | 'unix'
}

const of = (call: string, list: string, when = '1', kind: Watch['kind'] = 'tcp'): readonly Watch[] =>
  withMore(rows(call, list, when), { kind })

/** Watching is told by drivers in their own ways. */
const everywhere = (which: Case): boolean => isNative(which)

faults<Watch>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} of a new connection closes it and is told, and the next one is served`,
  where: everywhere,
  rows: () => [...of('epoll_ctl', 'ENOMEM ENOSPC EPERM'), ...of('epoll_ctl', 'ENOSPC', '1', 'unix')],
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const n = await w.join()
    const a = await w.knock()
    const { failed, value } = await fail(row, async () => {
      await w.until(() => w.errors.length > 0 && a.fate !== 'open')
      return w.talks(n)
    })
    const b = await w.join()
    const facts = { failed, value, fate: a.fate, talks: await w.talks(b), log: [...w.log], connections: w.server.connections }
    return { ...facts, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    failed: 1,
    value: true,
    fate: 'ended',
    talks: true,
    log: ['A open', 'A data ping', 'B open', 'B data ping'],
    connections: 2,
    errors: [`${error} epoll_ctl here`],
    orderly: true,
  }),
})

faults<Watch>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} of what a connection is to be watched for ends it and is told, and no other`,
  where: everywhere,
  rows: () => [...of('epoll_ctl', 'ENOMEM EBADF ENOENT', '1+'), ...of('epoll_ctl', 'ENOMEM', '1+', 'unix')],
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const facts = []
    const n = await w.join()
    // To hear of room, to be paused, to be resumed.
    const ways = [
      [(link) => {}, (link) => link.write(Buffer.alloc(16 << 20))],
      [(link) => {}, (link) => link.pause()],
      [(link) => link.pause(), (link) => link.resume()],
    ]
    for (const [prepare, act] of ways) {
      const guest = await w.join()
      guest.link.pause()
      const link = w.links.at(-1)
      prepare(link)
      await w.pass(1)
      const { value, failed } = await fail({ ...row, on: guest.fd }, async () => {
        act(link)
        await w.until(() => w.log.some((line) => line.startsWith(link.data + ' close')))
        return w.talks(n)
      })
      guest.link.resume()
      await w.until(() => guest.fate !== 'open')
      // Closing it asks once more, in vain: it is told all the same.
      facts.push([failed >= 1 && failed <= 3, value, link.bufferedAmount, w.of(link.data)])
    }
    return { facts, connections: w.server.connections, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    facts: Array.from({ length: 3 }, () => [
      true,
      true,
      0,
      ['open', `error ${error} epoll_ctl`, `close ${error} epoll_ctl`],
    ]),
    connections: 1,
    errors: [],
    orderly: true,
  }),
})

faults<Watch>({
  title: ({ kind, call, error, when }) =>
    `server, ${kind}: ${call} ${error} (calls ${when}) of a listener that is paused or resumed does not leave it deaf`,
  where: everywhere,
  rows: () => [
    // It is taken out, and put in again.
    ...of('epoll_ctl', 'ENOMEM', '1'),
    ...of('epoll_ctl', 'ENOMEM', '2'),
    ...of('epoll_ctl', 'ENOSPC', '2..3'),
  ],
  script: `${SERVERS}
  async function scene(row) {
    // Full with the first, so that it is paused: the second waits.
    const w = world(row, undefined, { limits: { connections: 1 } })
    const { failed, value } = await fail({ ...row, on: w.listener }, async () => {
      const a = await w.join()
      const b = await w.knock()
      await w.talks(a)
      const full = w.server.connections
      w.links[0].destroy()
      await w.until(() => w.links.length === 2)
      return [full, await w.talks(b)]
    })
    return { failed, value, log: [...w.log], ...(await w.close()) }
  }`,
  expect: ({ when }) => ({
    failed: when === '2..3' ? 2 : 1,
    value: [1, true],
    log: ['A open', 'A data ping', 'A close', 'B open', 'B data ping'],
    errors: [],
    orderly: true,
  }),
})

faults<Watch>({
  title: ({ kind, call, error }) => `server, ${kind}: ${call} ${error} of a wait is told to nobody`,
  where: (which) => isNative(which) && which.driver === 'manual',
  rows: () => of('epoll_wait', 'EINTR', '1..5'),
  script: `${SERVERS}
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    a.link.write('hi')
    w.other.poll(0)
    const { failed } = await fail(row, () => w.reactor.poll(1000))
    await w.until(() => a.got === 'hi')
    return { failed, log: [...w.log], ...(await w.close()) }
  }`,
  expect: () => ({ failed: 5, log: ['A open', 'A data hi'], errors: [], orderly: true }),
})

faults<Watch>({
  title: ({ kind, call, error }) =>
    `server, ${kind}: ${call} ${error} ends the reactor: its server stops, and every connection is told of its close`,
  where: (which) => isNative(which) && which.driver === 'thread',
  rows: () => of('epoll_wait', 'EINVAL'),
  script: `${SERVERS}
  const raised = []
  process.on('uncaughtException', (error) => raised.push(told(error)))
  async function scene(row) {
    const w = world(row)
    const a = await w.join()
    const b = await w.join()
    let over = false
    w.server.closed.then(() => { over = true })
    const { failed } = await fail({ ...row, thread: threadsNamed('fdreactor')[0] }, async () => {
      w.reactor.wake()
      await w.until(() => over && raised.length > 0 && w.log.length === 4)
    })
    await w.until(() => a.fate !== 'open' && b.fate !== 'open')
    const facts = { failed, raised, log: w.log.toSorted(), stopped: w.server.stopped, closed: w.reactor.closed }
    return { ...facts, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    failed: 1,
    raised: [`${error} epoll_wait`],
    log: ['A close', 'A open', 'B close', 'B open'],
    stopped: true,
    closed: true,
    errors: [],
    orderly: true,
  }),
})
