// For those who prefer promises: `reactor.ready`, and `for await` over a registration.
import { Reactor, Ready, io } from '../dist/index.js'
import type { IterableRegistration, Readiness, ReadyCallback, Source } from '../dist/index.js'
import { fine, run } from './helpers/child.js'
import { closedNumber, openLoop } from './helpers/descriptors.js'
import { CASES, each, isLevel, isNative, isScan, tellsHangUp } from './helpers/matrix.js'
import type { Case, Rig } from './helpers/matrix.js'
import test from './helpers/test.js'

const byte = Buffer.from('x')
const drivesItself = (which: Case): boolean => which.driver !== 'manual'

/** Waits for a promise while the reactor works. */
async function settled<T>(rig: Rig, promise: Promise<T>): Promise<T> {
  const state = { isDone: false }
  const whole = promise.finally(() => {
    state.isDone = true
  })
  // Whoever awaits it below hears of a failure.
  whole.catch(() => {})
  await rig.until(() => state.isDone)
  return whole
}

each('ready resolves with what the descriptor is ready for, and leaves nothing', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const { trigger } = rig
  t.is(await settled(rig, rig.reactor.ready(writer, { writable: true, trigger })), Ready.WRITABLE)
  const read = rig.reactor.ready(reader.fd, { readable: true, trigger })
  t.is(rig.reactor.size, 1)
  io.write(writer.fd, byte)
  t.is(await settled(rig, read), Ready.READABLE)
  t.is(rig.reactor.size, 0)
  // Still ready, and nobody hears of it; asked again it is told again.
  await rig.turns(2)
  t.is(await settled(rig, rig.reactor.ready(reader, { readable: true, trigger })), Ready.READABLE)
})

each('ready rejects with the reason of its signal', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const reason = new Error('enough')
  await t.throwsAsync(rig.reactor.ready(reader, { readable: true }, { signal: AbortSignal.abort(reason) }), {
    is: reason,
  })
  const controller = new AbortController()
  const waiting = rig.reactor.ready(reader, { readable: true }, { signal: controller.signal })
  await rig.turns(1)
  controller.abort(reason)
  await t.throwsAsync(waiting, { is: reason })
  t.is(rig.reactor.size, 0)
  // Too late, it changes nothing.
  const late = new AbortController()
  const heard = rig.reactor.ready(writer, { writable: true }, { signal: late.signal })
  t.is(await settled(rig, heard), Ready.WRITABLE)
  late.abort(reason)
  t.is(await heard, Ready.WRITABLE)
})

each('ready rejects when the reactor or the socket is closed', { where: isLevel }, async (t, rig) => {
  const { reader } = rig.pipe()
  const { client } = rig.pair()
  const onSocket = rig.reactor.ready(client, { readable: true })
  client.close()
  await t.throwsAsync(onSocket, {
    code: 'ERR_FDREACTOR_CLOSED',
    message: /^What waited for fd \d+ was closed$/,
  })
  const onReactor = rig.reactor.ready(reader, { readable: true })
  rig.reactor.close()
  await t.throwsAsync(onReactor, { code: 'ERR_FDREACTOR_CLOSED' })
  await t.throwsAsync(rig.reactor.ready(reader, { readable: true }), { code: 'ERR_FDREACTOR_CLOSED' })
})

each('what register would throw, ready rejects with', { where: isLevel }, async (t, rig) => {
  const { reader } = rig.pipe()
  const { reactor } = rig
  await t.throwsAsync(reactor.ready(closedNumber(), { readable: true }), { code: 'EBADF' })
  const first = reactor.ready(reader, { readable: true })
  await t.throwsAsync(reactor.ready(reader, { readable: true }), { code: 'EEXIST' })
  t.is(reactor.size, 1)
  await t.throwsAsync(reactor.ready(reader, {}), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /^"interest" must be one that asks for something\./,
  })
  await t.throwsAsync(reactor.ready('0' as unknown as Source, { readable: true }), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
  await t.throwsAsync(reactor.ready(reader, { readable: true }, { signal: 1 as unknown as AbortSignal }), {
    message: '"options.signal" must be an AbortSignal. Received 1',
  })
  await t.throwsAsync(reactor.ready(reader, { readable: true }, { Signal: undefined } as object), {
    code: 'ERR_INVALID_ARG_VALUE',
  })
  reactor.close()
  await t.throwsAsync(first, { code: 'ERR_FDREACTOR_CLOSED' })
})

each('ready tells once that a scan found the descriptor closed', { where: isScan }, async (t, rig) => {
  const { reader } = rig.pipe()
  const waiting = rig.reactor.ready(reader, { readable: true })
  await rig.turns(1, () => reader.close())
  t.is(await settled(rig, waiting), Ready.INVALID)
  t.is(rig.reactor.size, 0)
})

/** Takes steps of an iteration and notes what each gave. */
async function steps(
  rig: Rig,
  iterator: AsyncIterator<Readiness>,
  count: number,
): Promise<(Readiness | undefined)[]> {
  const told = []
  for (let step = 0; step < count; step += 1) {
    const { value } = (await settled(rig, iterator.next())) as { value: Readiness | undefined }
    told.push(value)
  }
  return told
}

function watch(rig: Rig, source: number | Source): IterableRegistration {
  return rig.reactor.register(source, { readable: true, trigger: rig.trigger })
}

each('an iteration tells at each step what is ready then', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const registration = watch(rig, reader)
  const iterator = registration[Symbol.asyncIterator]()
  io.write(writer.fd, byte)
  t.deepEqual(await steps(rig, iterator, 2), [Ready.READABLE, Ready.READABLE])
  // Between two steps it is silent.
  const before = rig.reactor.stats()
  await rig.turns(3)
  t.is(registration.state, 'disarmed')
  t.is(rig.reactor.stats().stale, before.stale)
  io.read(reader.fd, Buffer.alloc(1))
  const next = iterator.next()
  await rig.turns(2)
  t.is(registration.state, 'armed')
  io.write(writer.fd, byte)
  t.deepEqual(await settled(rig, next), { done: false, value: Ready.READABLE })
  registration.close()
  t.deepEqual(await iterator.next(), { done: true, value: undefined })
})

each('leaving the loop closes the registration', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const registration = watch(rig, reader)
  io.write(writer.fd, byte)
  let count = 0
  const loop = (async () => {
    for await (const readiness of registration) {
      t.is(readiness, Ready.READABLE)
      count += 1
      if (count === 3) break
    }
  })()
  await settled(rig, loop)
  t.is(count, 3)
  t.is(registration.state, 'closed')
  t.is(rig.reactor.size, 0)
})

each('closing ends an iteration, whoever waits', { where: isLevel }, async (t, rig) => {
  const { reader } = rig.pipe()
  const registration = watch(rig, reader)
  const iterator = registration[Symbol.asyncIterator]()
  const waiting = [iterator.next(), iterator.next()]
  await rig.turns(1)
  registration.close()
  t.deepEqual(await Promise.all(waiting), [
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
  const { client } = rig.pair()
  const onSocket = watch(rig, client)[Symbol.asyncIterator]().next()
  client.close()
  t.deepEqual(await onSocket, { done: true, value: undefined })
})

each('several steps at once are told one after another', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const iterator = watch(rig, reader)[Symbol.asyncIterator]()
  const waiting = Promise.all([iterator.next(), iterator.next(), iterator.next()])
  io.write(writer.fd, byte)
  const told = await settled(rig, waiting)
  t.deepEqual(
    told.map(({ value }) => value as unknown),
    [Ready.READABLE, Ready.READABLE, Ready.READABLE],
  )
})

each(
  'a descriptor that is closed between two steps fails the next one, and raises nothing',
  { where: (which) => isNative(which) && isLevel(which) },
  async (t, rig) => {
    const { reader, writer } = rig.pipe()
    const iterator = watch(rig, reader)[Symbol.asyncIterator]()
    const first = iterator.next()
    const others = [iterator.next(), iterator.next()] as const
    // Before the second step begins.
    const closed = first.then((result) => {
      reader.close()
      return result
    })
    const failed = t.throwsAsync(others[0], { code: 'EBADF' })
    io.write(writer.fd, byte)
    t.deepEqual(await settled(rig, closed), { done: false, value: Ready.READABLE })
    await failed
    t.deepEqual(await others[1], { done: true, value: undefined })
    t.is(rig.reactor.size, 0)
  },
)

each(
  'an aborted signal fails the step that waits, or else the next one',
  { where: isLevel },
  async (t, rig) => {
    const reason = new Error('enough')
    for (const isWaiting of [true, false]) {
      const { reader } = rig.pipe()
      const controller = new AbortController()
      const registration = rig.reactor.register(reader, { readable: true, signal: controller.signal })
      const iterator = registration[Symbol.asyncIterator]()
      const waiting = isWaiting ? iterator.next() : undefined
      controller.abort(reason)
      await t.throwsAsync(waiting ?? iterator.next(), { is: reason })
      t.deepEqual(await iterator.next(), { done: true, value: undefined })
    }
    t.is(rig.reactor.size, 0)
  },
)

each('a paused iteration waits until it is resumed', { where: isLevel }, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const registration = watch(rig, reader)
  registration.pause()
  io.write(writer.fd, byte)
  let isDone = false
  const next = registration[Symbol.asyncIterator]().next()
  void next.finally(() => {
    isDone = true
  })
  await rig.turns(2)
  t.false(isDone)
  registration.resume()
  t.deepEqual(await settled(rig, next), { done: false, value: Ready.READABLE })
})

each('modify does not make an iteration run on by itself', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  io.write(writer.fd, byte)
  const registration = watch(rig, reader)
  registration.modify({ readable: true, oneshot: false })
  const before = rig.reactor.stats().events
  await rig.turns(4)
  // The gate and the ticks of the turns, and this one once.
  t.is(rig.reactor.stats().events - before, 1 + 4 + 1)
  t.is(registration.state, 'disarmed')
})

each('an end is told, and told again at each step', { where: tellsHangUp }, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const iterator = watch(rig, reader)[Symbol.asyncIterator]()
  writer.close()
  t.deepEqual(await steps(rig, iterator, 2), [Ready.HANGUP, Ready.HANGUP])
})

test('a callback that is undefined by mistake is refused', (t) => {
  using reactor = new Reactor()
  const loop = openLoop()
  const callback = undefined as unknown as ReadyCallback
  t.throws(() => reactor.register(loop, { writable: true }, callback), {
    message: '"callback" must be a function. Received undefined',
  })
  t.is(reactor.size, 0)
  loop.close()
})

const WAITING = `const pipe = kit.pipe()
  const reactor = new Reactor(options)
  process.once('beforeExit', () => console.log('over'))`

for (const { backend, trigger, driver } of CASES.filter((which) => isLevel(which) && drivesItself(which))) {
  const args = [backend, driver, trigger]
  test.serial(`ready keeps the process, unless told not to::${backend}::${trigger}::${driver}`, async (t) => {
    const kept = `${WAITING}
      setTimeout(() => { console.log('stayed'); kit.close(pipe[1]) }, 20).unref()
      console.log(await reactor.ready(pipe[0], { readable: true }) > 0)`
    t.deepEqual(await run(kept, { args }), fine('stayed\ntrue\nover\n'))
    const free = `${WAITING}
      setTimeout(() => console.log('stayed'), 10_000).unref()
      reactor.ready(pipe[0], { readable: true }, { ref: false })`
    t.deepEqual(await run(free, { args }), fine('over\n'))
  })
}
