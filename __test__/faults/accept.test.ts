// No room for another connection, and connections that fail before anybody has them.
import { constants } from 'node:os'
import { fine, limited, run } from '../helpers/child.js'
import type { Outcome } from '../helpers/child.js'
import { CASES, isEdge, isLevel } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

/**
 * Six clients are connected and wait; `fill` takes every descriptor that is left, and `free` gives some back. Turns are taken
 * by `turns`, and by `until` until something is so.
 */
const CROWD = `
import { closeSync, openSync } from 'node:fs'
// Opened at its first use.
void process.stdout
const reactor = new Reactor(options)
const turns = async (count) => {
  for (let times = 0; times < count; times += 1) {
    if (driver === 'manual') reactor.poll(0)
    await sleep(1)
  }
}
const until = async (isDone) => { while (!isDone()) await turns(1) }
const { port } = listener.localAddress
const clients = [client, ...Array.from({ length: 5 }, () => TcpStream.connect({ port }))]
const connected = new Reactor({ driver: 'manual' })
for (const each of clients) {
  connected.register(each, { writable: true }, (_, self) => self.close())
  connected.poll()
}
connected.close()
const files = []
const fill = () => {
  try { for (;;) files.push(openSync('/dev/null')) } catch (error) { if (error.code !== 'EMFILE') throw error }
}
const free = (count = 1) => { for (const file of files.splice(0, count)) closeSync(file) }
const peers = []
const failures = []
const accept = () => {
  try {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) peers.push(peer)
    return true
  } catch (error) {
    failures.push(error)
    return false
  }
}
const report = (...more) => {
  const kinds = new Set(failures.map(({ code, errno, syscall, fd }) => [code, errno, syscall, fd === listener.fd].join(' ')))
  console.log(peers.length, failures.length, [...kinds].join(', '), ...more)
}
const end = () => { reactor.close(); free(files.length); for (const each of [listener, ...clients, ...peers]) each.close() }
`

const SHORT = `EMFILE ${-constants.errno.EMFILE} accept true`

/** A process with few descriptors for each case. */
function each(
  title: string,
  where: (which: Case) => boolean,
  script: string,
  expected: Outcome | ((t: ExecutionContext, outcome: Outcome) => void),
): void {
  for (const { backend, trigger, driver } of CASES.filter((which) => where(which))) {
    test(`${title}::${backend}::${trigger}::${driver}`, async (t) => {
      const args = [backend, driver, trigger]
      const outcome = await run(CROWD + script, { args, wrapper: limited(80) })
      if (typeof expected === 'function') expected(t, outcome)
      else t.deepEqual(outcome, expected)
    })
  }
}

// oven-sh/bun#32705
each(
  'fault-55 each try without room fails once with EMFILE, a pause costs none, and room for one is one connection',
  // Without a descriptor Linux says so before it looks whether anybody waits: so many tries fail.
  () => process.platform === 'linux',
  `fill()
  const registration = reactor.register(listener, { readable: true, trigger }, (_, self) => {
    if (!accept()) self.pause()
  })
  for (let tries = 1; tries <= 7; tries += 1) {
    await until(() => failures.length === tries)
    // However long nothing is freed, nothing is tried.
    await turns(20)
    report(registration.state)
    if (tries < 7) free()
    registration.resume()
    if (tries === 7) registration.pause()
  }
  free(files.length)
  registration.resume()
  await turns(5)
  clients.push(TcpStream.connect({ port }))
  await until(() => peers.length === 7)
  report(registration.state)
  end()`,
  fine(
    `${[0, 1, 2, 3, 4, 5, 6].map((index) => `${index} ${index + 1} ${SHORT} paused\n`).join('')}7 7 ${SHORT} armed\n`,
  ),
)

// denoland/deno#10148, denoland/deno#15281
each(
  'fault-57 a listener survives a shortage, and its registration goes on by itself',
  isLevel,
  `fill()
  const registration = reactor.register(listener, { readable: true, trigger }, accept)
  await until(() => failures.length >= 3)
  console.log(registration.state, listener.closed, listener.localAddress.port === port, peers.length)
  free(files.length)
  await until(() => peers.length === 6)
  const before = failures.length
  await turns(5)
  console.log(failures.length - before, [...new Set(failures.map(({ code }) => code))].join())
  end()`,
  fine('armed false true 0\n0 EMFILE\n'),
)

each(
  'fault-61 an edge that found no room comes not again by itself, and rearm or a new connection brings it',
  isEdge,
  `fill()
  let calls = 0
  const registration = reactor.register(listener, { readable: true, trigger }, () => { calls += 1; accept() })
  await until(() => failures.length > 0)
  const before = calls
  free(4)
  await turns(20)
  console.log(calls - before, peers.length)
  registration.rearm()
  await until(() => peers.length === 4)
  await turns(5)
  free(files.length)
  clients.push(TcpStream.connect({ port }))
  await until(() => peers.length === 7)
  console.log(peers.length, new Set(failures.map(({ code }) => code)).size)
  end()`,
  fine('0 0\n7 1\n'),
)

// oven-sh/bun#36140
each(
  'fault-60 connecting, listening and making a reactor say EMFILE as it is, and leave no descriptor behind',
  isLevel,
  `fill()
  const room = files.length
  const tries = {
    connect: () => TcpStream.connect({ port: 9 }),
    bind: () => TcpListener.bind({ port: 9 }),
    reactor: () => new Reactor(options),
    accept: () => io.accept(listener.fd),
  }
  for (const [name, attempt] of Object.entries(tries)) {
    try { attempt() } catch ({ code, errno, address, port }) { console.log(name, code, errno, address, port) }
  }
  // With one descriptor more each time, a reactor gets a part of what it needs, and gives it back.
  const codes = new Set()
  for (let isMade = false; !isMade; free()) {
    try {
      new Reactor(options).close()
      isMade = true
    } catch ({ code }) {
      codes.add(code)
    }
  }
  console.log(...codes)
  await sleep(1)
  free(files.length)
  fill()
  console.log(files.length - room)
  end()`,
  fine(
    [
      'connect EMFILE N 127.0.0.1 9',
      'bind EMFILE N 127.0.0.1 9',
      'reactor EMFILE N undefined undefined',
      'accept EMFILE N undefined undefined',
      'EMFILE',
      '0',
      '',
    ]
      .join('\n')
      .replaceAll('N', String(-constants.errno.EMFILE)),
  ),
)
