// Rows of the table that are about the host: its processes, its memory, its timers, and servers that live in it.
import { Reactor, io } from '../../dist/index.js'
import { fine, run } from '../helpers/child.js'
import { COMBOS, arming, drivesItself, isRefused, suffixOf } from '../helpers/conformance/combos.js'
import type { Combo } from '../helpers/conformance/combos.js'
import { exchange } from '../helpers/conformance/exchange.js'
import { refusalOf } from '../helpers/conformance/outcome.js'
import { compare, exists } from '../helpers/conformance/run.js'
import { Client } from '../helpers/echo-connection.js'
import { slowReader } from '../helpers/echo-clients.js'
import { startColumn } from '../helpers/echo-columns.js'
import { Pattern } from '../helpers/echo-pattern.js'
import type { EchoServer } from '../helpers/echo-server.js'
import { makePair } from '../helpers/kit.js'
import { NATIVE } from '../helpers/matrix.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const MIB = 1024 * 1024

/** A row on every combination on which it exists. What the body comes to is compared with the table. */
function row(
  id: string,
  title: string,
  body: (t: ExecutionContext, combo: Combo) => Promise<string>,
  where: (combo: Combo) => boolean = () => true,
): void {
  for (const combo of COMBOS.filter((one) => exists(id, one) && where(one))) {
    test.serial(`${id} ${title}::${suffixOf(combo)}`, async (t) => {
      compare(t, { id }, combo, isRefused(combo) ? refused(combo) : await body(t, combo))
    })
  }
}

/** What is left of a row where its mode is refused. */
function refused({ backend, driver, mode }: Combo): string {
  using reactor = new Reactor({ backend, driver })
  const [one, other] = makePair()
  try {
    return refusalOf(() => reactor.register(one, { readable: true, ...arming(mode) }, () => {}))
  } finally {
    one.close()
    other.close()
  }
}

/** What every script has besides: what a mode is in the library's words, and sockets that are writable. */
const PREAMBLE = `
const how = { trigger: trigger === 'edge' ? 'edge' : 'level', oneshot: trigger === 'oneshot' }
listener.close()
client.close()
const ends = () => setTimeout(() => { console.log('stayed'); process.exit(9) }, 10_000).unref()
`

const inChild = async (
  t: ExecutionContext,
  { backend, driver, mode }: Combo,
  script: string,
  collector = false,
): Promise<string> => {
  const outcome = await run(PREAMBLE + script, { args: [backend, driver, mode], collector })
  t.deepEqual(outcome, fine(outcome.stdout))
  return outcome.stdout.trim()
}

row('J13', 'whose first callback closes the reactor', (t, combo) =>
  inChild(
    t,
    combo,
    `ends()
    const sockets = [1, 2, 3].map(() => kit.pair(false)[0])
    const reactor = new Reactor(options)
    let calls = 0
    for (const fd of sockets) {
      reactor.register(fd, { writable: true, ...how }, () => {
        calls += 1
        reactor.close()
      })
    }
    if (driver === 'manual') reactor.poll()
    process.once('beforeExit', () => console.log(calls + ';exits'))`,
  ),
)

row('L08', 'with more registrations than open files', async (t, combo) => {
  const written = await inChild(
    t,
    combo,
    `const sockets = Array.from({ length: 15 }, () => kit.pair(false)).flat()
    const reactor = new Reactor(options)
    const say = (...words) => { console.log(...words); process.exit() }
    const register = (call) => { for (const fd of sockets) reactor.register(fd, { writable: true, ...how }, call) }
    process.on('uncaughtException', (error) => say(error.code, reactor.closed))
    if (driver === 'manual') {
      register(() => {})
      kit.limitFiles(20)
      try {
        say(reactor.poll(0))
      } catch (error) {
        say(error.code, reactor.closed)
      }
    }
    reactor.register(kit.pipe()[1], { writable: true }, (_, gate) => {
      gate.close()
      let calls = 0
      const before = reactor.stats().waits
      register(() => {
        if (reactor.stats().waits === before + 1) calls += 1
        setImmediate(() => say(calls))
      })
      kit.limitFiles(20)
    })`,
  )
  const [item = '', isClosed] = written.split(' ')
  // A driver's wait that failed would fail again and again, so it ends the reactor.
  if (isClosed !== undefined) t.is(isClosed, String(drivesItself(combo)))
  return item
})

row('L09', 'two thousand reactors, one after another', (t, combo) =>
  inChild(
    t,
    combo,
    `const [, writer] = kit.pipe()
    const cycle = async () => {
      const reactor = new Reactor(options)
      if (driver === 'manual') reactor.poll(0)
      else await new Promise((resolve) => { reactor.register(writer, { writable: true }, resolve) })
      reactor.close()
    }
    // Collected often, so that what is resident is what cannot be collected.
    const cycles = async (count) => {
      for (let left = count; left > 0; left -= 1) {
        await cycle()
        if (left % 250 === 0) { gc(); await sleep(0) }
      }
    }
    const measure = async () => {
      for (let times = 0; times < 3; times += 1) { gc(); await sleep(1) }
      const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
      return { open: countOpen(), rss, heapUsed, arrayBuffers }
    }
    await cycles(500)
    await measure()
    let grown
    const isFlat = async () => {
      const before = await measure()
      await cycles(2000)
      const after = await measure()
      grown = Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]]))
      // One reactor's batch alone is 12 KiB, so two thousand leave far more than the slack of the allocators.
      return grown.open === 0 && grown.arrayBuffers < 65536 && grown.heapUsed < 1e6 && grown.rss < 8e6
    }
    // A runtime may open something for itself at any time; what reactors leave behind, they leave every time.
    console.log((await isFlat()) || (await isFlat()) || (await isFlat()) ? 'flat' : JSON.stringify(grown))`,
    true,
  ),
)

row(
  'N03',
  'which only its reactor holds',
  (t, combo) =>
    inChild(
      t,
      combo,
      `ends()
      const [fd, peer] = kit.pair(false)
      const reactor = new Reactor(options)
      const watch = () => {
        reactor.register(fd, { readable: true, ...how }, (_, registration) => {
          registration.close()
          process.once('beforeExit', () => console.log('called;exits'))
        })
      }
      watch()
      for (let times = 0; times < 10; times += 1) { gc(); await sleep(1) }
      io.write(peer, Buffer.from('x'))
      reactor.poll()`,
      true,
    ),
  // The others hold their reactors themselves: __test__/lifetime.test.ts.
  ({ driver }) => driver === 'manual',
)

row('N08', 'used as badly as may be', async (_, { backend, driver, mode }) => {
  using reactor = new Reactor({ backend, driver })
  return await exchange(reactor, mode)
})

for (const combo of COMBOS.filter((one) => drivesItself(one) && one.mode === 'level')) {
  test.serial(
    `C22 a timer fires although what is unread is told again and again::${suffixOf(combo)}`,
    async (t) => {
      const { backend, driver, mode } = combo
      using reactor = new Reactor({ backend, driver })
      const [one, other] = makePair()
      io.write(other.fd, Buffer.from('x'))
      let calls = 0
      reactor.register(one, { readable: true, ...arming(mode) }, () => {
        calls += 1
      })
      await new Promise((resolve) => {
        // As often as it takes for the reactor to have had its turns as well.
        const timer = setInterval(() => {
          if (calls < 3) return
          clearInterval(timer)
          resolve(calls)
        }, 10)
      })
      t.true(calls >= 3)
      one.close()
      other.close()
    },
  )
}

function serve(t: ExecutionContext, { backend, driver, mode }: Combo): Promise<EchoServer> {
  const trigger = mode === 'edge' ? 'edge' : 'level'
  return startColumn(t, { backend, trigger }, ['--quiet', '--driver', driver])
}

row('F08', '16 MiB in pieces of any size, read slowly', async (t, combo) => {
  const server = await serve(t, combo)
  const client = await Client.open(server)
  const [pattern, size] = [new Pattern(8), 16 * MIB]
  const send = async (): Promise<void> => {
    for (let at = 0; at < size;) {
      const length = Math.min(1 + Math.floor(Math.random() * 100_000), size - at)
      await client.send(pattern.bytes(at, length))
      at += length
    }
    client.finish()
  }
  const sending = send()
  sending.catch(() => undefined)
  for (let at = 0; at < size; at += MIB) {
    await client.expect(pattern, at, MIB)
    // Between two reads the server has time to fill everything.
    await server.status()
  }
  await client.expectEnd()
  await sending
  return 'every byte;one end'
})

row(
  'F10',
  'a peer that sends and never reads',
  async (t, combo) => {
    const server = await serve(t, combo)
    const { sent } = await slowReader(server, { growth: 24 * MIB })
    t.true(sent < 64 * MIB, 'the sender was never held up')
    return 'held up;others served;every byte'
  },
  // The rest is in __test__/echo/bulk.test.ts.
  ({ backend, driver }) => driver === 'manual' || (driver === 'thread' && backend === NATIVE),
)
