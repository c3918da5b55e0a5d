import { fine, run } from './helpers/child.js'
import type { Outcome } from './helpers/child.js'
import { CASES, isLevel, isScan } from './helpers/matrix.js'
import type { Case } from './helpers/matrix.js'
import test from './helpers/test.js'

const drivesItself = (which: Case): boolean => isLevel(which) && which.driver !== 'manual'

/**
 * `stays(then)`: writes `stayed` and goes on with `then` if the process is still there in a while; its timer does not keep
 * it. `ends()`: the same for a process that should be gone long before.
 */
const WATCHDOGS = `
const stays = (then) => setTimeout(() => { console.log('stayed'); then() }, 20).unref()
const ends = () => setTimeout(() => { console.log('stayed'); process.exit(9) }, 10_000).unref()
process.once('beforeExit', () => console.log('over'))
`

/** A process for each case. What ends it by itself writes `over`. */
function each(
  title: string,
  where: (which: Case) => boolean,
  script: string,
  expected: Outcome,
  collector = false,
): void {
  for (const { backend, trigger, driver } of CASES.filter((which) => where(which))) {
    test.serial(`${title}::${backend}::${trigger}::${driver}`, async (t) => {
      t.deepEqual(await run(WATCHDOGS + script, { args: [backend, driver, trigger], collector }), expected)
    })
  }
}

/** For `each`: the script needs `gc()`. */
const gc = true

// napi-rs/napi-rs#1441, node-usb#9
each(
  'fault-89 N01 a process that creates reactors and does nothing with them exits',
  isLevel,
  'ends(); for (let count = 0; count < 5; count += 1) new Reactor(options)',
  fine('over\n'),
)

each(
  'fault-89 N02 a process that registered, removed and closed everything exits',
  isLevel,
  `ends()
  const reactor = new Reactor(options)
  const registration = reactor.register(listener, { readable: true, trigger }, () => {})
  registration.close()
  reactor.close(); listener.close(); client.close()`,
  fine('over\n'),
)

each(
  'a process whose last registration is closed exits although the reactor is open',
  isLevel,
  `ends()
  const reactor = new Reactor(options)
  reactor.register(listener, { readable: true, trigger }, () => {}).close()
  listener.close()`,
  fine('over\n'),
)

// fivdi/epoll#5
each(
  'fault-21 N03 a registration that the program does not hold survives a collection and is called',
  drivesItself,
  `const server = await new Promise((resolve) => {
    const reactor = new Reactor(options)
    reactor.register(listener, { readable: true, trigger }, () => { resolve(listener.accept()); reactor.close() })
  })
  const watch = () => {
    // By number: the socket would hold its registration.
    new Reactor(options).register(client.fd, { readable: true, trigger }, (readiness, registration) => {
      console.log('called', readiness)
      registration.close()
    })
  }
  watch()
  for (let times = 0; times < 10; times += 1) { gc(); await sleep(1) }
  server.write(Buffer.from('x'))`,
  fine('called 1\nover\n'),
  gc,
)

each(
  'fault-89 N04 a registration keeps the process until it is closed',
  drivesItself,
  `const reactor = new Reactor(options)
  const registration = reactor.register(client, { readable: true, trigger }, () => {})
  stays(() => registration.close())`,
  fine('stayed\nover\n'),
)

each(
  'fault-89 N04 a paused registration is open, and keeps the process',
  drivesItself,
  `const reactor = new Reactor(options)
  const registration = reactor.register(client, { readable: true, trigger }, () => {})
  registration.pause()
  stays(() => reactor.close())`,
  fine('stayed\nover\n'),
)

each(
  'fault-89 N04 after unref of the registration the process exits',
  drivesItself,
  `ends()
  const reactor = new Reactor(options)
  reactor.register(client, { readable: true, trigger }, () => {}).unref()
  reactor.register(listener, { readable: true, trigger, ref: false, oneshot: true }, () => {})`,
  fine('over\n'),
)

each(
  'fault-89 N04 ref undoes unref, of the registration and of the reactor',
  drivesItself,
  `const reactor = new Reactor(options)
  const registration = reactor.register(client, { readable: true, trigger, ref: false }, () => {})
  registration.ref().unref().ref()
  reactor.unref()
  reactor.ref()
  stays(() => registration.unref())`,
  fine('stayed\nover\n'),
)

each(
  'fault-89 N04 an unreferenced reactor keeps nothing, whatever is registered later',
  drivesItself,
  `ends()
  const reactor = new Reactor(options).unref()
  reactor.register(client, { readable: true, trigger }, () => {})
  const other = reactor.register(listener, { readable: true, trigger, oneshot: true }, () => {})
  other.unref(); other.ref()`,
  fine('over\n'),
)

each(
  'ref and unref of a closed registration change nothing',
  drivesItself,
  `const reactor = new Reactor(options)
  const closed = reactor.register(listener, { readable: true, trigger }, () => {})
  closed.close()
  closed.unref()
  const registration = reactor.register(client, { readable: true, trigger }, () => {})
  stays(() => { registration.close(); closed.ref() })`,
  fine('stayed\nover\n'),
)

each(
  'a manual reactor keeps no process: nobody would take its turns',
  (which) => isLevel(which) && which.driver === 'manual',
  `ends()
  new Reactor(options).register(client, { readable: true, trigger }, () => {})`,
  fine('over\n'),
)

each(
  'a descriptor that a scan finds closed no longer keeps the process',
  (which) => drivesItself(which) && isScan(which),
  `ends()
  const server = await new Promise((resolve) => {
    const reactor = new Reactor(options)
    reactor.register(listener, { readable: true, trigger }, () => { resolve(io.accept(listener.fd)); reactor.close() })
  })
  new Reactor(options).register(server, { readable: true, trigger }, (readiness, { state }) => {
    // A wait that was under way may still find what happens to the socket.
    if (readiness === Ready.INVALID) console.log(state)
  })
  kit.close(server)
  client.close()`,
  fine('closed\nover\n'),
)

for (const [what, statement, code, said] of [
  ['process.exit()', 'process.exit(3)', 3, /^$/],
  ['an uncaught exception', "throw new RangeError('boom')", 1, /RangeError: boom/],
] as const) {
  const ended = { code, signal: null, stdout: '' }

  for (const { backend, trigger, driver } of CASES.filter((which) => isLevel(which))) {
    const suffix = `::${backend}::${trigger}::${driver}`
    const args = [backend, driver, trigger]

    // canboat/canboatjs#416
    test.serial(`fault-81 N07 ${what} while something is armed ends the process${suffix}`, async (t) => {
      const script = `const reactor = new Reactor(options)
        reactor.register(listener, { readable: true, trigger, oneshot: true }, () => {})
        reactor.register(client, { readable: true, trigger }, () => {})
        setTimeout(() => { ${statement} }, 5)`
      const outcome = await run(script, { args })
      t.like(outcome, ended)
      t.regex(outcome.stderr, said)
    })

    test.serial(`fault-81 N07 ${what} in a callback ends the process${suffix}`, async (t) => {
      const script = `const reactor = new Reactor(options)
        reactor.register(client, { writable: true, trigger }, () => { ${statement} })
        reactor.register(listener, { readable: true, trigger }, () => {})
        if (driver === 'manual') setTimeout(() => reactor.poll(), 1)`
      const outcome = await run(script, { args })
      t.like(outcome, ended)
      t.regex(outcome.stderr, said)
    })
  }
}

each(
  'reactors that nobody holds are collected with their descriptors and threads',
  isLevel,
  `process.removeAllListeners('beforeExit')
  const make = () => {
    for (let count = 0; count < 50; count += 1) {
      const reactor = new Reactor(options)
      if (count % 2 === 0) reactor.register(client, { readable: true, trigger }, () => {}).close()
    }
  }
  const collect = async () => { for (let times = 0; times < 3; times += 1) { gc(); await sleep(0) } }
  const cycles = async () => { for (let rounds = 0; rounds < 20; rounds += 1) { make(); await collect() } }
  // Whatever the runtime opens for itself it has opened after these.
  await cycles()
  let grown = Infinity
  for (let round = 0; round < 4 && grown > 0; round += 1) {
    const before = countOpen()
    await cycles()
    await collect()
    // It may still open something now and then, but not every time.
    grown = Math.min(grown, countOpen() - before)
  }
  console.log(grown <= 0)`,
  fine('true\n'),
  gc,
)

each(
  'reactors that are closed give their descriptors back at once',
  isLevel,
  `process.removeAllListeners('beforeExit')
  const cycle = async () => {
    const reactor = new Reactor(options)
    reactor.register(client, { readable: true, trigger }, () => {})
    reactor.waker()
    reactor.close()
    await sleep(0)
  }
  const cycles = async () => { for (let rounds = 0; rounds < 200; rounds += 1) await cycle() }
  // Whatever the runtime opens for itself it has opened after these.
  await cycles()
  let grown = Infinity
  for (let round = 0; round < 3 && grown > 0; round += 1) {
    const before = countOpen()
    await cycles()
    // It may still open something now and then, but not every time. Fewer, if it has collected a socket that the script no
    // longer names.
    grown = Math.min(grown, Math.max(countOpen() - before, 0))
  }
  console.log(grown)`,
  fine('0\n'),
)

each(
  'a reactor closed with an armed registration in the exit handler does no harm',
  drivesItself,
  `const reactor = new Reactor(options)
  reactor.register(client, { readable: true, trigger }, () => {})
  process.on('exit', () => { reactor.close(); console.log('closed') })
  setTimeout(() => process.exit(5), 5)`,
  { code: 5, signal: null, stdout: 'closed\n', stderr: '' },
)

each(
  'a closed registration can be collected while its reactor and its socket live',
  (which) => isLevel(which) && which.driver === 'manual',
  `process.removeAllListeners('beforeExit')
  const reactor = new Reactor(options)
  const signal = new AbortController().signal
  const watch = () => {
    const registration = reactor.register(client, { readable: true, trigger, signal }, () => {})
    registration.close()
    return new WeakRef(registration)
  }
  const reference = watch()
  for (let times = 0; times < 10 && reference.deref() !== undefined; times += 1) { await sleep(0); gc() }
  console.log(reference.deref(), reactor.size, client.closed)`,
  fine('undefined 0 false\n'),
  gc,
)
