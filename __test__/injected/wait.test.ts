// Waits that fail, and wakes that do not get through.
import { faults, rows } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isLevel, isManual, isScan } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

/** What a backend waits with, by its manual page, and the errors of that page that are to be told. */
const WAITS = {
  epoll: ['epoll_wait', 'EBADF EFAULT EINVAL'],
  kqueue: ['kevent', ''],
  poll: ['poll', 'EFAULT EINVAL ENOMEM'],
  select: ['select', 'EINVAL ENOMEM'],
} as const

const waits = ({ backend }: Case): readonly Row[] => {
  const [call, errors] = WAITS[backend]
  return rows(call, errors)
}

faults({
  title: ({ call, error }) => `poll(): ${call} ${error} is told, and the reactor goes on`,
  where: isManual,
  rows: waits,
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    let calls = 0
    reactor.register(writer, { writable: true, trigger }, () => { calls += 1 })
    const { error, failed } = await attempt(row, /./, () => reactor.poll(1000))
    const facts = { told: told(error), failed, calls, size: reactor.size, closed: reactor.closed }
    const ran = reactor.poll(1000)
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { ...facts, ran }
  }`,
  expect: ({ call, error }) => ({
    told: `${error} ${call}`,
    failed: 1,
    calls: 0,
    size: 1,
    closed: false,
    ran: 1,
  }),
})

faults({
  title: ({ call, error }) => `${call} ${error}: the reactor closes and says why, and the process goes on`,
  where: (which) => isLevel(which) && which.driver !== 'manual',
  rows: waits,
  script: `
  const errors = []
  process.on('uncaughtException', (error) => errors.push(told(error)))
  async function scene(row) {
    // The loop's thread waits with other calls too. The size of the batch is in those of the reactor.
    const reactor = new Reactor({ ...options, batchSize: 777 })
    const [reader, writer] = pipe()
    let calls = 0
    const registration = reactor.register(reader, { readable: true, trigger }, () => { calls += 1 })
    await serves(reactor)
    errors.length = 0
    // It must be told to look: some waits go on when strace has attached itself, others begin anew.
    const fail = () => {
      reactor.wake()
      return until(reactor, () => reactor.closed)
    }
    const fault =
      driver === 'thread'
        ? { ...row, thread: threadsNamed('fdreactor')[0] }
        : { ...row, ...(await firstOf(row.call, /, 777, /, () => serves(reactor))) }
    const { failed } = await attempt(fault, driver === 'thread' ? /./ : /, 777, /, fail)
    // Not every runtime raises it at once.
    await until(reactor, () => errors.length > 0)
    const again = new Reactor(options)
    const served = await serves(again)
    again.close()
    kit.close(reader); kit.close(writer)
    const { closed, size } = reactor
    return { errors: [...errors], failed, closed, size, state: registration.state, calls, served }
  }`,
  expect: ({ call, error }) => ({
    errors: [`${error} ${call}`],
    failed: 1,
    closed: true,
    size: 0,
    state: 'closed',
    calls: 0,
    served: true,
  }),
})

faults({
  title: ({ call, error, when }) => `poll(): ${call} ${error} (calls ${when}) does not shorten the wait`,
  where: isManual,
  rows: ({ backend }) => [
    ...rows(WAITS[backend][0], 'EINTR', '1..5'),
    ...rows(WAITS[backend][0], 'EINTR', '2'),
  ],
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    reactor.register(reader, { readable: true, trigger }, nothing)
    // A wait is taken up again before its time is over only after a signal.
    const act = () => {
      const start = performance.now()
      const ran = reactor.poll(150)
      return { ran, isEarly: performance.now() - start < 150 }
    }
    const { value, error, failed } = await attempt(row, /./, act)
    const served = await serves(reactor)
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error), failed, ...value, served }
  }`,
  expect: ({ when }) => ({
    told: 'nothing',
    failed: when === '2' ? 1 : 5,
    ran: 0,
    isEarly: false,
    served: true,
  }),
})

faults({
  title: ({ call, error, when }) => `select: ${call} ${error} (calls ${when}) of nothing that is closed`,
  where: (which) => which.backend === 'select' && which.driver === 'manual',
  rows: () => [
    ...rows('select', 'EBADF'),
    ...rows('select', 'EBADF', '1..7'),
    ...rows('select', 'EBADF', '1+'),
  ],
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    reactor.register(writer, { writable: true, trigger }, nothing)
    const { value, error, failed } = await attempt(row, /./, () => reactor.poll(1000))
    const facts = { told: told(error), ran: value ?? 0, failed, size: reactor.size, again: reactor.poll(1000) }
    reactor.close()
    kit.close(reader); kit.close(writer)
    return facts
  }`,
  // It asks again, but not for ever.
  expect: ({ when = '1' }) => ({
    told: when === '1+' ? 'EBADF select' : 'nothing',
    ran: when === '1+' ? 0 : 1,
    failed: { '1': 1, '1..7': 7, '1+': 8 }[when],
    size: 1,
    again: 1,
  }),
})

faults({
  title: ({ call, error, when }) => `wake(): ${call} ${error} (calls ${when}) is made good`,
  where: isLevel,
  rows: () => [...rows('send', 'EINTR ENOBUFS ENOMEM', '1'), ...rows('send', 'EINTR', '1..40')],
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const { error, failed } = await attempt(row, /"\\\\1"/, () => reactor.wake())
    // A wait that is not woken would last.
    const ran = driver === 'manual' ? reactor.poll() : 0
    const served = await serves(reactor)
    reactor.close()
    return { told: told(error), failed, ran, served }
  }`,
  expect: ({ when }) => ({ told: 'nothing', failed: when === '1' ? 1 : 40, ran: 0, served: true }),
})

faults({
  title: ({ call, error }) =>
    `wake(): ${call} ${error} again and again is told, and the next one gets through`,
  where: isLevel,
  rows: () => rows('send', 'ENOBUFS ENOMEM', '1+'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const waker = reactor.waker()
    const { value, error } = await attempt(row, /"\\\\1"/, () => {
      const woken = waker.wake()
      try { reactor.wake() } catch (error) { return [woken, told(error)] }
    })
    reactor.wake()
    const ran = driver === 'manual' ? reactor.poll() : 0
    const woken = waker.wake()
    const served = await serves(reactor)
    reactor.close()
    return { value, ran, woken, served }
  }`,
  expect: ({ error }) => ({ value: [false, `${error} write`], ran: 0, woken: true, served: true }),
})

faults({
  title: ({ call, error }) =>
    `close: ${call} ${error} again and again does not keep it from ending its thread`,
  where: (which) => isLevel(which) && which.driver === 'thread',
  rows: () => rows('send', 'ENOBUFS ENOMEM', '1+'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    reactor.register(reader, { readable: true, trigger }, nothing)
    await serves(reactor)
    const { error } = await attempt(row, /"\\\\1"/, () => reactor.close())
    kit.close(reader); kit.close(writer)
    return { told: told(error), closed: reactor.closed, threads: threadsNamed('fdreactor').length }
  }`,
  expect: () => ({ told: 'nothing', closed: true, threads: 0 }),
})

faults({
  title: ({ call, error }) => `register during a wait: ${call} ${error} of the wake is made good`,
  where: (which) => isScan(which) && which.driver === 'thread',
  rows: () => rows('send', 'EINTR ENOBUFS ENOMEM'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    await serves(reactor)
    const { value, failed } = await attempt(row, /"\\\\1"/, () => serves(reactor))
    reactor.close()
    return { value, failed }
  }`,
  expect: () => ({ value: true, failed: 1 }),
})

faults({
  title: ({ call, error }) => `a wake that is found: ${call} ${error} does no harm`,
  where: isManual,
  rows: () => rows('recv', 'EAGAIN ECONNRESET EINTR ENOMEM ENOTCONN'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    reactor.wake()
    const { value, failed } = await attempt(row, /./, () => reactor.poll())
    // The byte that was not taken out may wake once more.
    reactor.poll(0)
    const start = performance.now()
    const ran = reactor.poll(20)
    const isEarly = performance.now() - start < 20
    reactor.wake()
    const woken = reactor.poll()
    reactor.close()
    return { value, failed, ran, isEarly, woken }
  }`,
  expect: () => ({ value: 0, failed: 1, ran: 0, isEarly: false, woken: 0 }),
})
