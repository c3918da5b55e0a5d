// Registrations that are refused, by the kernel or by what is asked of the descriptor before.
import { faults, rows } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

const CONTROL = [
  ...rows('epoll_ctl', 'EBADF EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM'),
  // The first and the third: after the first, what is in the way is taken out.
  ...rows('epoll_ctl', 'EEXIST', '1+2'),
]

/** What a backend asks of the system when it takes a descriptor. */
const adding = ({ backend }: Case): readonly Row[] =>
  backend === 'epoll' ? CONTROL : rows('fcntl', 'EBADF EINVAL')

faults({
  title: ({ call, error }) => `register: ${call} ${error} is told and leaves nothing behind`,
  rows: adding,
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    const ours = backend === 'epoll' ? \`EPOLL_CTL_ADD, \${writer},\` : \`\\\\(\${writer}, F_GETFL\\\\)\`
    let calls = 0
    const register = () =>
      reactor.register(writer, { writable: true, oneshot: true, trigger }, () => { calls += 1 })
    const { error, failed } = await attempt({ ...row, on: writer }, new RegExp(ours), register)
    const { size } = reactor
    const served = await serves(reactor)
    const calm = await rests(reactor)
    // Nothing of it is left: it can be registered now, and is called.
    register()
    await until(reactor, () => calls === 1)
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error, writer), failed, size, served, calm, calls }
  }`,
  expect: ({ call, error }) => ({
    told: `${error} ${call} fd`,
    failed: error === 'EEXIST' ? 2 : 1,
    size: 0,
    served: true,
    calm: true,
    calls: 1,
  }),
})

// An entry of the kernel's that no registration has.
faults({
  title: ({ call, error }) => `register: ${call} ${error} once is taken for an entry that is nobody's`,
  where: isNative,
  rows: () => rows('epoll_ctl', 'EEXIST'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    let calls = 0
    const register = () =>
      reactor.register(writer, { writable: true, oneshot: true, trigger }, () => { calls += 1 })
    const { error, failed } = await attempt({ ...row, on: writer }, /EPOLL_CTL_ADD/, register)
    await until(reactor, () => calls === 1)
    const { size } = reactor
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error), failed, size }
  }`,
  expect: () => ({ told: 'nothing', failed: 1, size: 1 }),
})

faults({
  title: ({ call, error }) => `register, paused: ${call} ${error} is told and leaves nothing behind`,
  where: isLevel,
  rows: () => rows('fstat', 'EACCES EBADF EFAULT ENOMEM EOVERFLOW'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    const register = () => reactor.register(writer, {}, nothing)
    const { error, failed } = await attempt({ ...row, on: writer }, new RegExp(\`\\\\(\${writer}, \`), register)
    const { size } = reactor
    const served = await serves(reactor)
    const { state } = register()
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error, writer), failed, size, served, state }
  }`,
  expect: ({ call, error }) => ({
    told: `${error} ${call} fd`,
    failed: 1,
    size: 0,
    served: true,
    state: 'paused',
  }),
})

// The number of a registered descriptor is another file's by now. epoll finds out by adding it once more.
const UNKNOWN = new Set(['EINVAL', 'ELOOP', 'ENOMEM', 'ENOSPC'])

faults({
  title: ({ call, error }) => `register a reused number: ${call} ${error} in the probe does no harm`,
  where: isNative,
  rows: () => rows('epoll_ctl', 'EBADF EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    let calls = 0
    const old = reactor.register(reader, { readable: true, trigger }, () => { calls -= 100 })
    kit.dupOnto(writer, reader)
    const register = () =>
      reactor.register(reader, { writable: true, oneshot: true, trigger }, () => { calls += 1 })
    const { error, failed } = await attempt({ ...row, on: reader }, new RegExp(\`EPOLL_CTL_ADD, \${reader},\`), register)
    const seen = { size: reactor.size, old: old.state }
    if (error !== undefined) register()
    await until(reactor, () => calls === 1)
    const served = await serves(reactor)
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error, reader), failed, ...seen, calls, served, later: old.state }
  }`,
  // Where the kernel would have looked before it said so, what it says settles it: the old one makes way.
  expect: ({ error }) => ({
    told: UNKNOWN.has(error) ? `${error} epoll_ctl fd` : 'nothing',
    failed: 1,
    size: 1,
    old: UNKNOWN.has(error) ? 'armed' : 'closed',
    calls: 1,
    served: true,
    later: 'closed',
  }),
})

faults({
  title: ({ call, error }) =>
    `register a reused number: ${call} ${error} behind the probe closes the old one`,
  where: isNative,
  rows: () => rows('epoll_ctl', 'ENOMEM', '2'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    const strange = []
    const old = reactor.register(reader, { readable: true, trigger }, (readiness) => strange.push(readiness))
    kit.dupOnto(writer, reader)
    const register = () => reactor.register(reader, { writable: true, trigger }, nothing)
    const { error, failed } = await attempt({ ...row, on: reader }, new RegExp(\`EPOLL_CTL_DEL, \${reader},\`), register)
    const { size } = reactor
    // The probe is still in the set, and ready: nobody is called. A level would say so again and again, until a new set is
    // without it; an edge has been told.
    await until(reactor, () => reactor.stats()[trigger === 'level' ? 'rebuilds' : 'stale'] > 0)
    const served = await serves(reactor)
    const calm = await rests(reactor)
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error, reader), failed, size, old: old.state, strange, served, calm }
  }`,
  expect: ({ error }) => ({
    told: `${error} epoll_ctl fd`,
    failed: 1,
    size: 0,
    old: 'closed',
    strange: [],
    served: true,
    calm: true,
  }),
})

faults({
  title: ({ call, error }) => `register once more, paused: ${call} ${error} is told and the first one stays`,
  where: isLevel,
  rows: () => rows('fstat', 'EACCES ENOMEM EOVERFLOW'),
  script: `
  async function scene(row) {
    const reactor = new Reactor(options)
    const [reader, writer] = pipe()
    const first = reactor.register(writer, {}, nothing)
    const register = () => reactor.register(writer, { writable: true }, nothing)
    const { error, failed } = await attempt({ ...row, on: writer }, new RegExp(\`\\\\(\${writer}, \`), register)
    const facts = { size: reactor.size, state: first.state, resumed: first.modify({ writable: true }).state }
    reactor.close()
    kit.close(reader); kit.close(writer)
    return { told: told(error, writer), failed, ...facts }
  }`,
  expect: ({ call, error }) => ({
    told: `${error} ${call} fd`,
    failed: 1,
    size: 1,
    state: 'paused',
    resumed: 'armed',
  }),
})
