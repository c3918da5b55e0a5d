import { Worker } from 'node:worker_threads'
import { Reactor, Waker } from '../dist/index.js'
import { PATIENCE_MS } from './helpers/descriptors.js'
import { each, isLevel, isManual } from './helpers/matrix.js'
import test from './helpers/test.js'

const library = new URL('../dist/index.js', import.meta.url).href

each('M07 a wake ends the next poll, which returns 0', { where: isManual }, (t, { reactor }) => {
  reactor.wake()
  t.is(reactor.poll(PATIENCE_MS), 0)
  const start = performance.now()
  t.is(reactor.poll(20), 0)
  t.true(performance.now() - start >= 20)
})

each('M08 wakes before a poll are merged into one', { where: isManual }, (t, { reactor }) => {
  for (let times = 0; times < 3; times += 1) reactor.wake()
  const waker = reactor.waker()
  t.true(waker.wake())
  t.is(reactor.poll(), 0)
  const start = performance.now()
  t.is(reactor.poll(20), 0)
  t.true(performance.now() - start >= 20)
})

each('a wake takes nothing from what is ready', { where: isManual }, (t, rig) => {
  rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => rig.reactor.wake())
  rig.reactor.wake()
  // The wake and the event may be found by one wait or by two.
  const first = rig.reactor.poll()
  t.is(first === 1 ? 1 : rig.reactor.poll(), 1)
  t.is(rig.reactor.poll(), 0)
})

each('a wake calls nobody back', { where: isLevel }, async (t, rig) => {
  rig.watch(rig.pipe().reader, { readable: true }, () => t.fail('it was called'))
  rig.reactor.wake()
  await rig.turns(2)
  rig.reactor.waker().wake()
  await rig.turns(2)
  t.is(rig.reactor.stats().stale, 0)
})

each('a waker is a plain number, the same each time', { where: isLevel }, (t, { reactor }) => {
  const { handle } = reactor.waker()
  t.true(Number.isSafeInteger(handle) && handle > 0)
  t.is(structuredClone(handle), reactor.waker().handle)
  t.true(Waker.from(handle) instanceof Waker)
  t.is(Waker.from(handle).handle, handle)
  using other = new Reactor({ driver: 'manual' })
  t.not(other.waker().handle, handle)
})

each('the waker of a closed reactor says so', { where: isLevel }, (t, { reactor }) => {
  const waker = reactor.waker()
  t.true(waker.wake())
  reactor.close()
  t.false(waker.wake())
  t.false(Waker.from(waker.handle).wake())
})

test('a handle that is none is refused, and one that nobody has wakes nobody', (t) => {
  for (const handle of [-1, 1.5, Number.NaN, 2 ** 32, 2 ** 53]) {
    t.throws(() => Waker.from(handle), {
      instanceOf: RangeError,
      code: 'ERR_OUT_OF_RANGE',
      message: `"handle" must be a whole number from 0 to 4294967295. Received ${handle}`,
    })
  }
  t.throws(() => Waker.from('1' as unknown as number), {
    instanceOf: TypeError,
    code: 'ERR_INVALID_ARG_TYPE',
    message: `"handle" must be a number. Received '1'`,
  })
  t.false(Waker.from(0).wake())
  t.false(Waker.from(2 ** 32 - 1).wake())
})

each('M06 a worker wakes a poll that blocks in this thread', { where: isManual }, async (t, { reactor }) => {
  const { handle } = reactor.waker()
  // Set when the poll is about to begin: the worker wakes a good while later, if it is not late itself.
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `import(${JSON.stringify(library)}).then(({ Waker }) => {
      const { workerData } = require('node:worker_threads')
      Atomics.wait(workerData.flag, 0, 0)
      setTimeout(() => {
        Atomics.store(workerData.flag, 0, Waker.from(workerData.handle).wake() ? 2 : 3)
      }, 20)
    })`,
    { eval: true, workerData: { flag, handle } },
  )
  const ended = new Promise((resolve) => {
    worker.once('exit', resolve)
  })
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
  const start = performance.now()
  t.is(reactor.poll(PATIENCE_MS), 0)
  t.true(performance.now() - start < PATIENCE_MS)
  t.is(await ended, 0)
  t.is(flag[0], 2)
})
