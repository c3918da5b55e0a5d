// Verbs on a registration that the kernel refuses: it stays as it was, unless its descriptor is gone.
import { faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

/** What tells that the descriptor is gone. */
const isGone = ({ error }: Row): boolean => error === 'EBADF' || error === 'ENOENT'

/** One verb, and the call of the kernel's that it needs. */
interface Step extends Row {
  readonly verb: 'modify' | 'pause' | 'resume' | 'rearm'
  /** What the call looks like, with FD for the number. */
  readonly ours: string
}

const step = (verb: Step['verb'], ours: string, table: readonly Row[]): readonly Step[] =>
  withMore(table, { verb, ours })

const STAT = 'EACCES EBADF ENOMEM EOVERFLOW'

function steps({ backend, trigger, driver }: Case): readonly Step[] {
  const stat = [
    ...step('pause', '\\(FD, ', rows('fstat', STAT)),
    ...step('resume', '\\(FD, ', rows('fstat', STAT)),
  ]
  const epoll = [
    ...step('modify', 'EPOLL_CTL_MOD, FD,', rows('epoll_ctl', 'EBADF EINVAL ELOOP ENOENT ENOMEM EPERM')),
    ...step('rearm', 'EPOLL_CTL_MOD, FD,', rows('epoll_ctl', 'EBADF ENOENT ENOMEM')),
    ...step('pause', 'EPOLL_CTL_DEL, FD,', rows('epoll_ctl', 'EBADF EINVAL ENOENT ENOMEM EPERM')),
    ...step(
      'resume',
      'EPOLL_CTL_ADD, FD,',
      rows('epoll_ctl', 'EBADF EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM'),
    ),
    // The first and the third: after the first, what is in the way is taken out.
    ...step('resume', 'EPOLL_CTL_ADD, FD,', rows('epoll_ctl', 'EEXIST', '1+2')),
  ]
  const scan = (['modify', 'rearm', 'resume'] as const).flatMap((verb) =>
    step(verb, '\\(FD, F_GETFL\\)', rows('fcntl', 'EBADF EINVAL')),
  )
  // What is asked before is the same for both triggers, and for whoever waits.
  return [
    ...(trigger === 'level' && driver === 'manual' ? stat : []),
    ...(backend === 'epoll' ? epoll : scan),
  ]
}

faults({
  title: ({ verb, call, error }) => `${verb}: ${call} ${error} is told, and what it was goes on`,
  rows: steps,
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    let calls = 0
    const registration = reactor.register(reader, { readable: true, trigger }, (readiness, self) => {
      calls += 1
      self.close()
    })
    if (row.verb === 'resume') registration.pause()
    const { error, failed } = await attempt({ ...row, on: reader }, new RegExp(row.ours.replace('FD', reader)), () =>
      registration[row.verb]({ writable: true, readable: true }),
    )
    const facts = { told: told(error, reader), failed, state: registration.state, size: reactor.size }
    const served = await serves(reactor)
    const rested = await rests(reactor)
    // What there was before is still there.
    io.write(writer, byte)
    if (registration.state === 'paused') registration.resume()
    if (registration.state !== 'closed') await until(reactor, () => calls === 1)
    else if (driver === 'manual') reactor.poll(0)
    // A closed one can be registered again.
    else reactor.register(reader, { readable: true, trigger }, nothing).close()
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { ...facts, served, rested, calls }
  }`,
  expect: (row) => ({
    told: `${row.error} ${row.call} fd`,
    failed: row.when === undefined ? 1 : 2,
    state: isGone(row) ? 'closed' : row.verb === 'resume' ? 'paused' : 'armed',
    size: isGone(row) ? 0 : 1,
    served: true,
    rested: true,
    calls: isGone(row) ? 0 : 1,
  }),
})

interface Replaced extends Row {
  /** Which of the calls is made to fail. */
  readonly ours: 'DEL' | 'ADD'
  readonly state: 'armed' | 'closed'
}

// An exclusive entry is taken out and put in anew.
const REPLACED: readonly Replaced[] = [
  ...withMore(rows('epoll_ctl', 'EINVAL ENOMEM'), { ours: 'DEL', state: 'armed' } as const),
  ...withMore(rows('epoll_ctl', 'EBADF ENOENT'), { ours: 'DEL', state: 'closed' } as const),
  ...withMore(rows('epoll_ctl', 'ENOMEM ENOSPC', '2'), { ours: 'ADD', state: 'armed' } as const),
  // Nor can it be put back.
  ...withMore(rows('epoll_ctl', 'ENOMEM ENOSPC', '2..3'), { ours: 'ADD', state: 'closed' } as const),
]

faults({
  title: ({ call, error, when = '1' }) =>
    `modify, exclusive: ${call} ${error} (call ${when}) never leaves it deaf`,
  where: (which) => isNative(which) && isLevel(which),
  rows: () => REPLACED,
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    let calls = 0
    const registration = reactor.register(reader, { readable: true, exclusive: true, trigger }, (readiness, self) => {
      calls += 1
      self.close()
    })
    const { error, failed } = await attempt({ ...row, on: reader }, new RegExp(\`EPOLL_CTL_\${row.ours}, \${reader},\`), () =>
      registration.modify({ writable: true, readable: true }),
    )
    const facts = { told: told(error, reader), failed, state: registration.state, size: reactor.size }
    io.write(writer, byte)
    if (registration.state !== 'closed') await until(reactor, () => calls === 1)
    const served = await serves(reactor)
    const rested = await rests(reactor)
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { ...facts, served, rested, calls }
  }`,
  expect: ({ call, error, state, when }) => ({
    told: `${error} ${call} fd`,
    failed: when === '2..3' ? 2 : 1,
    state,
    size: state === 'armed' ? 1 : 0,
    served: true,
    rested: true,
    calls: state === 'armed' ? 1 : 0,
  }),
})

faults({
  title: ({ call, error }) => `close: ${call} ${error} is kept in closeError, and nobody is called`,
  where: isNative,
  rows: () => rows('epoll_ctl', 'EBADF EINVAL ENOENT ENOMEM EPERM'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    let calls = 0
    const registration = reactor.register(reader, { readable: true, trigger }, () => { calls += 1 })
    const { error, failed } = await attempt({ ...row, on: reader }, new RegExp(\`EPOLL_CTL_DEL, \${reader},\`), () => registration.close())
    const { state, closeError } = registration
    // It is still in the kernel's set. That shows as a stale event, and a new set is made without it.
    io.write(writer, byte)
    await until(reactor, () => reactor.stats()[trigger === 'level' ? 'rebuilds' : 'stale'] > 0)
    const served = await serves(reactor)
    const rested = await rests(reactor)
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error), kept: told(closeError, reader), failed, state, calls, served, rested }
  }`,
  expect: ({ call, error }) => ({
    told: 'nothing',
    kept: `${error} ${call} fd`,
    failed: 1,
    state: 'closed',
    calls: 0,
    served: true,
    rested: true,
  }),
})

faults({
  title: ({ call, error }) => `park: ${call} ${error} leaves it parked, told once`,
  where: (which) => isNative(which) && isLevel(which),
  rows: () => [...rows('epoll_ctl', 'EINVAL ENOMEM'), ...rows('fstat', 'ENOMEM EOVERFLOW')],
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    const seen = []
    const registration = reactor.register(reader, { disconnect: true, trigger }, (readiness) => seen.push(readiness))
    const ours = new RegExp(row.call === 'fstat' ? \`\\\\(\${reader}, \` : \`EPOLL_CTL_DEL, \${reader},\`)
    const { error, failed } = await attempt({ ...row, on: reader }, ours, () => {
      kit.close(writer)
      return until(reactor, () => seen.length > 0)
    })
    const served = await serves(reactor)
    const rested = await rests(reactor)
    const { state } = registration
    registration.close()
    reactor.close()
    kit.close(reader)
    return { told: told(error), failed, seen, state, served, rested }
  }`,
  expect: () => ({
    told: 'nothing',
    failed: 1,
    seen: [32],
    state: 'parked',
    served: true,
    rested: true,
  }),
})
