import { setImmediate as nextRound } from 'node:timers/promises'
import { Reactor, Ready, io } from '../dist/index.js'
import { openLoop } from './helpers/descriptors.js'
import type { Pipe } from './helpers/descriptors.js'
import { kit } from './helpers/kit.js'
import { Rig, each, isLevel, isManual } from './helpers/matrix.js'
import test from './helpers/test.js'

const byte = Buffer.from('x')
const isLinux = (): boolean => process.platform === 'linux'

/** Watches `count` descriptors once each; all of them are ready in one turn. Returns in which order they were called. */
function watchMany(rig: Rig, count: number, called: number[]): void {
  for (let index = 0; index < count; index += 1) {
    rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => called.push(index))
  }
}

each('fifty descriptors that are ready at once cost one crossing', {}, async (t, rig) => {
  const called: number[] = []
  let before = rig.reactor.stats()
  await rig.turns(1, () => {
    before = rig.reactor.stats()
    watchMany(rig, 50, called)
  })
  const after = rig.reactor.stats()
  t.is(called.length, 50)
  t.is(after.crossings - before.crossings, 1)
  t.is(after.waits - before.waits, 1)
  // The fifty and what counts the turns.
  t.is(after.events - before.events, 51)
  t.is(after.callbacks - before.callbacks, 51)
  t.is(after.stale, 0)
})

each(
  'a registration that the library closes is told so although its slot has a new owner',
  { where: isLinux },
  async (t, rig) => {
    const told: number[] = []
    const heir = rig.pipe()
    /** The file lives on under another number. */
    const lose = ({ reader }: Pipe): void => {
      const other = kit.dup(reader.fd, 200)
      rig.own({ close: () => kit.close(other) })
      reader.close()
    }
    await rig.turns(3, () => {
      const [first, ...others] = [rig.pipe(), rig.pipe(), rig.pipe()] as const
      if (rig.backend === 'epoll') {
        // It would be parked, which needs its number: the set is made anew, and the others are found to be lost.
        rig.watch(first.reader, { disconnect: true }, () => {})
        lose(first)
        first.writer.close()
      }
      for (const pipe of others) {
        const registration = rig.watch(pipe.reader, { readable: true }, (readiness) => {
          told.push(readiness)
          t.is(registration.state, 'closed')
          t.false(registration.hasRef)
          // The core has given both slots up; the later one goes to this, while the other registration waits for its call.
          if (told.length === 1) rig.watch(heir.reader, { readable: true }, () => t.fail())
        })
        lose(pipe)
      }
    })
    t.deepEqual(told, [Ready.INVALID, Ready.INVALID])
    t.is(rig.reactor.size, rig.backend === 'epoll' ? 2 : 1)
  },
)

each('stats begin at 0', { where: isLevel }, (t, { reactor }) => {
  const counts = { waits: 0, events: 0, stale: 0, parked: 0, rebuilds: 0, callbacks: 0, crossings: 0 }
  const zero = { ...counts, changes: 0, accepts: 0, reads: 0, writes: 0, slowestTurnMs: 0 }
  t.deepEqual(reactor.stats(), zero)
})

each('an idle descriptor costs no event and no call', {}, async (t, rig) => {
  for (let count = 0; count < 20; count += 1) rig.watch(rig.pipe().reader, { readable: true }, () => t.fail())
  let before = 0
  await rig.turns(3, () => {
    before = rig.reactor.stats().events
  })
  t.is(rig.reactor.stats().events - before, 3)
})

each('stale events are counted and not called', {}, async (t, rig) => {
  let calls = 0
  await rig.turns(2, () => {
    const registrations = [1, 2, 3, 4, 5].map(() =>
      rig.watch(rig.pipe().writer, { writable: true }, () => {
        calls += 1
        for (const registration of registrations) registration.close()
      }),
    )
  })
  t.is(calls, 1)
  t.is(rig.reactor.stats().stale, 4)
})

each(
  'a turn takes no more events than the batch size, and starves nobody',
  { batchSize: 2 },
  async (t, rig) => {
    const called: number[] = []
    await rig.turns(1, () => {
      for (let index = 0; index < 7; index += 1) {
        rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => called.push(index))
      }
    })
    await rig.turns(8)
    t.deepEqual(
      called.toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6],
    )
  },
)

each('no poll calls more than the batch size', { where: isManual, batchSize: 3 }, (t, rig) => {
  const called = new Map<number, number>()
  for (let index = 0; index < 7; index += 1) {
    rig.watch(rig.pipe().writer, { writable: true }, (_, { fd }) => called.set(fd, (called.get(fd) ?? 0) + 1))
  }
  for (let polls = 0; polls < 7; polls += 1) t.is(rig.reactor.poll(), 3)
  // 21 calls on seven descriptors that are always ready: each has had its turns.
  t.is(called.size, 7)
})

each(
  'with a budget of 0 each round of the loop has one call, and none is lost',
  { where: ({ driver }) => driver !== 'manual' },
  async (t, which) => {
    // The reactor of the case counts its turns by its callbacks: this one is left alone.
    const rig = new Rig(which, { turnBudgetMs: 0 })
    t.teardown(() => rig.close())
    const expected = [...Array.from({ length: 10 }).keys()]
    const called: number[] = []
    const rounds: number[] = []
    let round = 0
    let isCounting = true
    const count = (): void => {
      round += 1
      if (isCounting) setImmediate(count)
    }
    setImmediate(count)
    const pipes = expected.map(() => rig.pipe())
    const gate = rig.watch(rig.pipe().writer, { writable: true }, () => {
      gate.close()
      pipes.map(({ writer }, index) =>
        rig.watch(writer, { writable: true, oneshot: true }, () => {
          called.push(index)
          rounds.push(round)
        }),
      )
    })
    while (called.length < expected.length) await nextRound()
    isCounting = false
    t.deepEqual(called, expected)
    t.is(new Set(rounds).size, expected.length)
    const { callbacks, events, stale } = rig.reactor.stats()
    t.deepEqual({ callbacks, events, stale }, { callbacks: 11, events: 11, stale: 0 })
  },
)

each('with a budget of 0 a poll has one call, in order', { where: isManual, turnBudgetMs: 0 }, (t, rig) => {
  const called: number[] = []
  watchMany(rig, 4, called)
  for (let polls = 1; polls <= 4; polls += 1) {
    t.is(rig.reactor.poll(), 1)
    t.is(called.length, polls)
    t.is(rig.reactor.stats().waits, 1)
  }
  t.deepEqual(called, [0, 1, 2, 3])
  t.is(rig.reactor.poll(0), 0)
})

each(
  'what is closed between two rounds of a batch is not called',
  { where: ({ driver }) => driver !== 'manual', turnBudgetMs: 0 },
  async (t, rig) => {
    let calls = 0
    const pipes = [rig.pipe(), rig.pipe(), rig.pipe()]
    const gate = rig.watch(rig.pipe().writer, { writable: true }, () => {
      gate.close()
      const registrations = pipes.map(({ writer }) =>
        rig.watch(writer, { writable: true, oneshot: true }, () => {
          calls += 1
          setImmediate(() => {
            for (const registration of registrations) registration.close()
          })
        }),
      )
    })
    await rig.until(() => calls > 0)
    await rig.turns(3)
    // The loop may begin the second call before what the first one put off.
    t.true(calls <= 2)
    t.is(rig.reactor.size, 0)
  },
)

each(
  'closing the reactor between two rounds of a batch ends it',
  { where: ({ driver }) => driver !== 'manual', turnBudgetMs: 0 },
  async (t, rig) => {
    const reactor = new Reactor({ backend: rig.backend, driver: rig.driver, turnBudgetMs: 0 })
    let calls = 0
    const watchOne = (): void => {
      reactor.register(rig.own(openLoop()), { writable: true, trigger: rig.trigger }, () => {
        calls += 1
        queueMicrotask(() => reactor.close())
      })
    }
    for (let count = 0; count < 3; count += 1) watchOne()
    await rig.until(() => reactor.closed)
    for (let rounds = 0; rounds < 5; rounds += 1) await nextRound()
    t.is(calls, 1)
  },
)

test('a large budget delivers a batch at once', (t) => {
  using reactor = new Reactor({ driver: 'manual', turnBudgetMs: 1e9 })
  const loops = [openLoop(), openLoop(), openLoop()]
  for (const loop of loops) {
    io.write(loop.fd, byte)
    reactor.register(loop, { readable: true, oneshot: true }, () => {})
  }
  t.is(reactor.poll(), 3)
  for (const loop of loops) loop.close()
})
