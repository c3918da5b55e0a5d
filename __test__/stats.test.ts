// What `stats()` counts of system calls, and how it measures turns.
import { closeSync, openSync } from 'node:fs'
import type { ReactorStats } from '../dist/index.js'
import { NATIVE, each, isLevel, isNative, isScan } from './helpers/matrix.js'
import type { Case, Rig } from './helpers/matrix.js'
import { isClosed, logging, peer, receive, serve, until } from './helpers/servers.js'

const MESSAGES = 20
const BLOCKED_MS = 50

/** What is counted of servers and of the kernel's set. */
function calls({ accepts, reads, writes, changes }: ReactorStats): Record<string, number> {
  return { accepts, reads, writes, changes }
}

/** Keeps the thread for a while. */
function block(): void {
  // By this clock, and some more: the reactor has one of its own.
  for (const end = performance.now() + BLOCKED_MS + 1; performance.now() < end;);
}

/** Connects, has every message echoed before the next, and ends. */
async function converse(rig: Rig, messages: number): Promise<ReactorStats> {
  const log: string[] = []
  const server = serve(rig, logging(log, { data: (link, bytes) => void link.write(bytes) }))
  const socket = await peer(rig, server)
  const got = receive(socket)
  await rig.until(() => log.includes('open'))
  for (let count = 1; count <= messages; count += 1) {
    socket.write('message')
    await rig.until(() => got.bytes === count * 7)
  }
  socket.end()
  await rig.until(() => isClosed(log) && got.isOver)
  server.stop(true)
  return rig.reactor.stats()
}

each('a conversation on listen is one read and one write a message', {}, async (t, rig) => {
  const { accepts, reads, writes } = await converse(rig, MESSAGES)
  // An accept that finds nobody else, and the read that finds the end.
  t.deepEqual({ accepts, reads, writes }, { accepts: 2, reads: MESSAGES + 1, writes: MESSAGES })
})

each('a scan changes no set of the kernel', { where: isScan }, async (t, rig) => {
  const { changes } = await converse(rig, 1)
  t.is(changes, 0)
})

each('every change of the kernel’s set counts', { where: isNative }, (t, rig) => {
  const { reactor, trigger } = rig
  const seen: number[] = []
  const note = (): unknown => seen.push(reactor.stats().changes)
  const registration = rig.watch(rig.pipe().reader, { readable: true }, () => {})
  note()
  registration.modify({ readable: true, disconnect: true })
  note()
  registration.pause()
  note()
  registration.pause()
  note()
  registration.resume()
  note()
  registration.close()
  note()
  // kqueue deletes a filter before it adds it anew, unless mio does it.
  const modified = NATIVE === 'kqueue' && trigger === 'level' ? 3 : 2
  t.deepEqual(seen, [1, modified, modified + 1, modified + 1, modified + 2, modified + 3])
})

if (NATIVE === 'epoll') {
  each('a change that the kernel refuses counts', { where: isNative }, (t, rig) => {
    const fd = openSync('/proc/self/exe', 'r')
    rig.own({ close: () => closeSync(fd) })
    t.throws(() => rig.watch(fd, { readable: true }, () => {}), { code: 'EPERM' })
    t.is(rig.reactor.stats().changes, 1)
  })
}

each('a wake ends a wait, which counts', { where: isLevel }, async (t, { reactor }) => {
  const start = reactor.stats()
  for (let wakes = 1; wakes <= 3; wakes += 1) {
    reactor.wake()
    if (reactor.driver === 'manual') reactor.poll(0)
    await until(() => reactor.stats().waits >= start.waits + wakes)
    t.is(reactor.stats().waits, start.waits + wakes)
  }
  t.is(reactor.stats().callbacks, 0)
})

each('a callback that blocks is the slowest turn', {}, async (t, rig) => {
  let after = 0
  await rig.turns(1, () => {
    block()
    // The turn that is under way counts.
    after = rig.reactor.stats().slowestTurnMs
  })
  t.true(after >= BLOCKED_MS, `${after}`)
  const { slowestTurnMs } = rig.reactor.stats()
  t.true(slowestTurnMs >= after, `${slowestTurnMs} after ${after}`)
  await rig.turns(3)
  t.true(rig.reactor.stats().slowestTurnMs >= slowestTurnMs)
})

const LATER = {
  tick: () => process.nextTick(block),
  promise: () => void Promise.resolve().then(block),
}
for (const [name, later] of Object.entries(LATER)) {
  // The others do not see them: they run when `poll`, or the thread's call, has returned.
  const where = ({ driver }: Case): boolean => driver === 'loop'
  each(`a ${name} of a callback belongs to its turn`, { where }, async (t, rig) => {
    await rig.turns(1, later)
    const { slowestTurnMs } = rig.reactor.stats()
    t.true(slowestTurnMs >= BLOCKED_MS, `${slowestTurnMs}`)
  })
}

each('what the budget puts off is measured', { where: isLevel, turnBudgetMs: 0 }, async (t, rig) => {
  let called = 0
  const writers = [rig.pipe(), rig.pipe()].map((pipe) => pipe.writer)
  await rig.turns(1, () => {
    for (const writer of writers) {
      rig.watch(writer, { writable: true, oneshot: true }, () => {
        called += 1
        if (called === 2) block()
      })
    }
  })
  await rig.until(() => called === 2)
  t.true(rig.reactor.stats().slowestTurnMs >= BLOCKED_MS)
})

each('a turn that closes the reactor is measured up to there', { where: isLevel }, async (t, rig) => {
  const { reactor } = rig
  const { writer } = rig.pipe()
  rig.watch(writer, { writable: true }, () => {
    block()
    reactor.close()
  })
  if (reactor.driver === 'manual') reactor.poll()
  await until(() => reactor.closed)
  const stats = reactor.stats()
  t.true(stats.slowestTurnMs >= BLOCKED_MS, `${stats.slowestTurnMs}`)
  t.deepEqual(reactor.stats(), stats)
})

each('what a closed reactor has counted stays', {}, async (t, rig) => {
  const before = calls(await converse(rig, 2))
  t.is(before['reads'], 3)
  rig.reactor.close()
  t.deepEqual(calls(rig.reactor.stats()), before)
})
