// Servers whose writes fail, or take less than they are given.
import { SERVERS, faults, rows, withMore } from '../helpers/injected.js'
import type { Row } from '../helpers/injected.js'
import { isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'

/** How the bytes come to be written. */
const WAYS = ['data', 'timer', 'cork', 'large', 'end', 'stop'] as const

interface Write extends Row {
  readonly kind: 'tcp' | 'unix'
  readonly way: (typeof WAYS)[number]
}

/** Several pieces that do not lie together go in one sendmsg. */
const callOf = (way: Write['way']): string => (way === 'cork' ? 'sendmsg' : 'send')

const of = (way: Write['way'], list: string, when: string, kind: Write['kind'] = 'tcp'): readonly Write[] =>
  withMore(rows(callOf(way), list, when), { way, kind })

const isMain = (which: Case): boolean => isNative(which) && which.driver === 'loop'

/**
 * What is done with a connection, and what its guest gets if all is well. `cork` sends what lies in two places; `large` goes by a call of
 * its own.
 */
const SETTING = `${SERVERS}
  const LARGE = 'x'.repeat(5000)
  const ways = {
    data: ['hi', () => {}],
    timer: ['later', (link) => link.write('later')],
    cork: ['hi, and more', () => {}],
    large: [LARGE, (link) => link.write(Buffer.from(LARGE))],
    end: ['the last', (link) => link.end('the last')],
    stop: ['before the end', (link, server) => { link.write('before the end'); server.stop() }],
  }
  const acts = (way) => ({
    data: (link, bytes) => {
      if (way === 'data' || bytes.toString() === 'ping') link.write(bytes)
      // The bytes lie where they were read, the others where small pieces are gathered.
      if (way === 'cork' && bytes.toString() !== 'ping') link.cork(() => { link.write(bytes); link.write(', and more') })
    },
  })
  /** Has a guest's connection written to; the guest is heard of by 'over'. */
  async function write(w, way, guest, over) {
    const link = w.links[w.guests.indexOf(guest)]
    const [words, act] = ways[way]
    if (way === 'data' || way === 'cork') guest.link.write('hi')
    else setTimeout(() => act(link, w.server), 1)
    await w.until(() => over(words))
    return words
  }
`

const FATAL = 'EBADF ECONNRESET EHOSTUNREACH ENOMEM ETIMEDOUT'

faults<Write>({
  title: ({ kind, way, call, error }) =>
    `server, ${kind}, ${way}: ${call} ${error} ends the connection, and no other`,
  rows: (which) =>
    isMain(which)
      ? [
          ...of('data', FATAL, '1+'),
          ...WAYS.flatMap((way) => of(way, 'EPIPE', '1+')),
          ...of('data', 'EPIPE', '1+', 'unix'),
        ]
      : isNative(which)
        ? WAYS.flatMap((way) => of(way, 'EPIPE', '1+'))
        : of('data', 'EPIPE', '1+'),
  script: `${SETTING}
  async function scene(row) {
    const w = world(row, acts(row.way))
    const a = await w.join()
    const b = await w.join()
    const { value, failed } = await fail({ ...row, on: a.fd }, async () => {
      await write(w, row.way, a, () => w.links[0].readyState === 'closed' && a.fate !== 'open')
      return w.talks(b)
    })
    const facts = { failed, value, log: w.log.filter((line) => !line.includes(' data ')), got: a.got, fate: a.fate }
    return { ...facts, after: w.links[0].write('x'), connections: w.server.connections, ...(await w.close()) }
  }`,
  expect: ({ call, error }) => ({
    failed: 1,
    value: true,
    log: ['A open', 'B open', `A error ${error} ${call}`, `A close ${error} ${call}`],
    got: '',
    fate: 'ended',
    after: false,
    connections: 1,
    errors: [],
    orderly: true,
  }),
})

faults<Write>({
  title: ({ kind, way, call, error, when }) =>
    `server, ${kind}, ${way}: ${call} ${error} (calls ${when}) loses nothing, and tells nobody`,
  rows: (which) =>
    isMain(which)
      ? [
          ...WAYS.flatMap((way) => of(way, 'EINTR', '1..5')),
          ...WAYS.flatMap((way) => of(way, 'EAGAIN ENOBUFS', '1')),
          ...of('data', 'EINTR', '1..5', 'unix'),
          ...of('data', 'EAGAIN ENOBUFS', '1', 'unix'),
        ]
      : [...of('data', 'EINTR', '1..5'), ...of('cork', 'EAGAIN', '1'), ...of('end', 'ENOBUFS', '1')],
  script: `${SETTING}
  async function scene(row) {
    const w = world(row, acts(row.way))
    const a = await w.join()
    const { value, failed } = await fail({ ...row, on: a.fd }, () =>
      write(w, row.way, a, (words) => a.got.length >= words.length && (row.way !== 'end' || a.fate === 'ended')),
    )
    const isWhole = a.got === value
    const written = w.links[0].bytesWritten === value.length
    a.link.end()
    await w.hears('A close')
    const log = w.log.filter((line) => !line.includes(' data '))
    return { failed, isWhole, log, written, ...(await w.close()) }
  }`,
  expect: ({ when }) => ({
    failed: when === '1' ? 1 : 5,
    isWhole: true,
    log: ['A open', 'A end', 'A close'],
    written: true,
    errors: [],
    orderly: true,
  }),
})

faults<Write>({
  title: ({ kind, way, call, error }) =>
    `server, ${kind}, ${way}: ${call} ${error} for a while is tried now and then, in order, and the others are served`,
  where: isNative,
  rows: () => withMore(rows('sendmsg', 'ENOBUFS', '1..3'), { way: 'data', kind: 'tcp' } as const),
  script: `${SETTING}
  async function scene(row) {
    const w = world(row, acts(row.way))
    const a = await w.join()
    const b = await w.join()
    const facts = {}
    // The first try is a send, and what is kept goes by sendmsg.
    const { value, failed } = await fail({ ...row, call: 'sendto', exactly: 'sendto,sendmsg', when: '1..4', on: a.fd }, async () => {
      w.links[0].write('one ')
      await w.until(() => w.links[0].bufferedAmount === 4)
      const { waits } = w.reactor.stats()
      const start = performance.now()
      w.links[0].write('two ')
      facts.served = await w.talks(b)
      w.links[0].end('three')
      facts.buffered = w.links[0].bufferedAmount
      await w.until(() => a.fate === 'ended')
      const passed = performance.now() - start
      const turns = w.reactor.stats().waits - waits
      return driver === 'manual' || turns <= 20 + passed / 20 || turns
    })
    Object.assign(facts, { failed, rests: value, got: a.got, log: w.of('A') })
    return { ...facts, ...(await w.close()) }
  }`,
  expect: () => ({
    served: true,
    buffered: 13,
    // One send and four sendmsg: each name is counted by itself.
    failed: 5,
    rests: true,
    got: 'one two three',
    log: ['open'],
    errors: [],
    orderly: true,
  }),
})

faults<Write>({
  title: ({ kind, way, call, error }) =>
    `server, ${kind}, ${way}: ${call} ${error} of what was kept ends the connection, and drops it`,
  where: isNative,
  rows: () =>
    withMore(rows('sendmsg', 'ECONNRESET EPIPE ENOMEM', '1+'), { way: 'data', kind: 'tcp' } as const),
  script: `${SETTING}
  async function scene(row) {
    const w = world(row, acts(row.way))
    const a = await w.join()
    const b = await w.join()
    a.link.pause()
    const link = w.links[0]
    // More than the kernel takes from somebody whose guest takes nothing.
    link.write(Buffer.alloc(16 << 20))
    const full = await w.until(() => link.bufferedAmount > 0)
    const { value, failed } = await fail({ ...row, on: a.fd }, async () => {
      a.link.resume()
      await w.until(() => a.fate !== 'open')
      return w.talks(b)
    })
    const facts = { failed, value, log: w.of('A'), buffered: link.bufferedAmount, whole: a.got.length === 16 << 20 }
    return { ...facts, connections: w.server.connections, ...(await w.close()) }
  }`,
  expect: ({ error }) => ({
    failed: 1,
    value: true,
    log: ['open', `error ${error} sendmsg`, `close ${error} sendmsg`],
    buffered: 0,
    whole: false,
    connections: 1,
    errors: [],
    orderly: true,
  }),
})

faults<Write>({
  title: ({ kind }) =>
    `server, ${kind}: a peer that takes more than a share of what is kept gets the rest in the next turns`,
  where: isNative,
  rows: () => [
    { call: 'sendmsg', error: 'none', kind: 'tcp', way: 'data' },
    { call: 'sendmsg', error: 'none', kind: 'unix', way: 'data' },
  ],
  script: `${SETTING}
  async function scene(row) {
    const w = world(row, acts(row.way))
    const a = await w.join()
    a.link.pause()
    const link = w.links[0]
    const block = Buffer.alloc(1 << 16)
    // Until the peer is full. What follows is kept, in blocks, of which one call sends sixteen.
    while (link.bufferedAmount === 0) link.write(block)
    const taken = link.bytesWritten
    const first = link.bufferedAmount
    for (let count = 0; count < 40; count += 1) link.write(block)
    const { failed } = await fail({ ...row, result: first + 15 * block.length, on: a.fd }, async () => {
      a.link.resume()
      await w.until(() => link.bufferedAmount === 0)
    })
    link.end()
    await w.until(() => a.fate === 'ended')
    const rest = a.got.length - taken
    return { failed, rest, ...(await w.close()) }
  }`,
  // All but what the call has only said to have sent.
  expect: () => ({ failed: 1, rest: 25 << 16, errors: [], orderly: true }),
})
