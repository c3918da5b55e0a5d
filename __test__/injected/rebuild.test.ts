// An entry that no number reaches any more, and no room for a set that is without it.
import { Ready } from '../../dist/index.js'
import { faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

const isLevelNative = (which: Case): boolean => isLevel(which) && isNative(which)

/** What the new set needs: two descriptors, and the waker's in it. */
const NEEDED: readonly Row[] = [
  ...rows('epoll_create1', 'EMFILE ENFILE ENOMEM'),
  ...rows('fcntl', 'EMFILE'),
  ...rows('epoll_ctl', 'ENOMEM ENOSPC'),
]
/** The same without end, but for a call that is made to watch and close the others, too. */
const WITHOUT_END = withMore(
  NEEDED.filter(({ call }) => call !== 'fcntl'),
  { when: '1+' },
)

/** A reactor with a neighbour that is never ready, and an entry out of reach that is: a duplicate has it. */
const SETTING = `
  const open = () => new Set(readdirSync('/proc/self/fd').map(Number))
  const LOOKS = { epoll_create1: /^epoll_create1/, fcntl: /F_DUPFD_CLOEXEC/, epoll_ctl: /EPOLL_CTL_ADD/ }
  const strange = []
  function set(interest = { readable: true, trigger }) {
    const before = open()
    const reactor = new Reactor(options)
    const sockets = [...open()].filter((fd) => {
      if (before.has(fd)) return false
      try { return readlinkSync(\`/proc/self/fd/\${fd}\`).startsWith('socket') } catch { return false }
    })
    const [near, beside] = pipe()
    const seen = []
    const neighbour = reactor.register(near, interest, (readiness) => seen.push(readiness))
    const [reader, writer] = pipe()
    const kept = kit.dup(reader)
    const lost = reactor.register(reader, { readable: true, trigger }, (readiness) => strange.push(readiness))
    kit.close(reader)
    lost.close()
    const close = () => {
      reactor.close()
      for (const fd of [near, beside, kept, writer]) kit.close(fd)
    }
    const spoil = () => io.write(writer, byte)
    const waker = Math.max(...sockets)
    return { reactor, near, beside, seen, neighbour, waker, spoil, close }
  }
`

faults({
  title: ({ call, error }) => `rebuild: ${call} ${error} once puts it off, and nobody loses an event`,
  where: isLevelNative,
  rows: () => NEEDED,
  script: `${SETTING}
  async function scene(row) {
    const { reactor, beside, seen, waker, spoil, close } = set()
    spoil()
    const about = row.call === 'epoll_ctl' ? { on: waker } : {}
    const { error, failed } = await attempt({ ...row, ...about }, LOOKS[row.call], () =>
      until(reactor, () => reactor.stats().rebuilds === 1),
    )
    io.write(beside, byte)
    await until(reactor, () => seen.length > 0)
    const facts = { told: told(error), failed, seen: seen[0], rebuilds: reactor.stats().rebuilds }
    // The waker is in the new set.
    reactor.wake()
    if (driver === 'manual') reactor.poll()
    facts.served = await serves(reactor)
    close()
    return { ...facts, strange }
  }`,
  expect: () => ({
    told: 'nothing',
    failed: 1,
    seen: Ready.READABLE,
    rebuilds: 1,
    served: true,
    strange: [],
  }),
})

faults({
  title: ({ call, error }) =>
    `rebuild: ${call} ${error} again and again is no spin, and the others are served`,
  where: isLevelNative,
  rows: () => WITHOUT_END,
  script: `${SETTING}
  async function scene(row) {
    const { reactor, beside, seen, waker, spoil, close } = set({ readable: true, oneshot: true, trigger })
    spoil()
    const about = row.call === 'epoll_ctl' ? { on: waker } : {}
    const before = reactor.stats().waits
    const other = pipe()
    const { value, error, failed } = await attempt({ ...row, ...about }, LOOKS[row.call], async () => {
      await until(reactor, () => reactor.stats().stale > 1)
      const served = await serves(reactor, other)
      if (driver === 'manual') reactor.poll(100)
      else await sleep(100)
      io.write(beside, byte)
      await until(reactor, () => seen.length > 0)
      const { waits, rebuilds } = reactor.stats()
      return { served, waits: waits - before, rebuilds }
    })
    // A spin makes thousands.
    const bounded = value.waits <= 60 && failed <= 60
    const facts = { told: told(error), served: value.served, bounded, rebuilds: value.rebuilds, seen }
    await until(reactor, () => reactor.stats().rebuilds === 1)
    const rested = await rests(reactor)
    close()
    return { ...facts, rested, strange }
  }`,
  expect: () => ({
    told: 'nothing',
    served: true,
    bounded: true,
    rebuilds: 0,
    seen: [Ready.READABLE],
    rested: true,
    strange: [],
  }),
})

faults({
  title: ({ call, error, when = '1' }) =>
    `rebuild: ${call} ${error} (call ${when}) of one that is put in again is told, and the others go on`,
  where: isNative,
  rows: () => [...rows('epoll_ctl', 'EINVAL ENOMEM'), ...rows('epoll_ctl', 'ENOMEM ENOSPC', '2')],
  script: `${SETTING}
  async function scene(row) {
    const { reactor, near, beside, seen, neighbour, spoil, close } = set()
    // A wait that began before it was closed makes nothing of its event, and an edge comes once: it is made ready again.
    const isRebuilt = () => {
      spoil()
      return reactor.stats().rebuilds === 1
    }
    const { error, failed } = await attempt({ ...row, on: near }, new RegExp(\`(DEL|ADD), \${near},\`), () =>
      until(reactor, isRebuilt),
    )
    // It is still watched, or it has been told that it is not.
    io.write(beside, byte)
    await until(reactor, () => seen.length > 0)
    const facts = { told: told(error), failed, seen: seen[0], state: neighbour.state, size: reactor.size }
    neighbour.close()
    const served = await serves(reactor)
    const rested = await rests(reactor)
    close()
    return { ...facts, served, rested, strange }
  }`,
  expect: ({ when }) => ({
    told: 'nothing',
    failed: 1,
    seen: when === '2' ? Ready.INVALID : Ready.READABLE,
    state: when === '2' ? 'closed' : 'armed',
    size: when === '2' ? 0 : 1,
    served: true,
    rested: true,
    strange: [],
  }),
})

// What libuv asks of the new set's descriptor before it watches it. (Where the watching itself fails, libuv ends the process.)
faults({
  title: ({ call, error }) => `rebuild: ${call} ${error} when the loop is to watch the new set is made good`,
  where: (which) => isLevelNative(which) && which.driver === 'loop',
  rows: () => rows('epoll_ctl', 'ENOMEM ENOSPC'),
  script: `${SETTING}
  const ASKED = /EPOLL_CTL_ADD, \\d+, {events=EPOLLIN, data={u32=4294967295, u64=4294967295}}/
  async function scene(row) {
    const rebuilt = ({ reactor, spoil }) => {
      spoil()
      return until(reactor, () => reactor.stats().rebuilds === 1)
    }
    const first = set()
    await sleep(5)
    const where = await firstOf(row.call, ASKED, () => rebuilt(first))
    first.close()
    await sleep(5)
    const { reactor, beside, seen, close, spoil } = set({ readable: true, oneshot: true, trigger })
    await sleep(5)
    const { value, error, failed } = await attempt({ ...row, ...where }, ASKED, async () => {
      await rebuilt({ reactor, spoil })
      // Nobody calls the reactor, and yet it is served.
      io.write(beside, byte)
      await until(reactor, () => seen.length > 0)
      return serves(reactor)
    })
    const served = await serves(reactor)
    const rested = await rests(reactor)
    close()
    return { told: told(error), failed, value, seen, served, rested, strange }
  }`,
  expect: () => ({
    told: 'nothing',
    failed: 1,
    value: true,
    seen: [Ready.READABLE],
    served: true,
    rested: true,
    strange: [],
  }),
})
