import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Reactor, Ready, io } from '../dist/index.js'
import type { Registration } from '../dist/index.js'
import { openLoop } from './helpers/descriptors.js'
import { each, isLevel, isManual } from './helpers/matrix.js'
import test from './helpers/test.js'

const byte = Buffer.from('x')
const isManualTrigger = ({ driver }: { readonly driver: string }): boolean => driver === 'manual'
const isOther = (which: Parameters<typeof isLevel>[0]): boolean => isLevel(which) && which.driver !== 'manual'

each('poll returns how many callbacks ran', { where: isManualTrigger }, (t, rig) => {
  for (const { writer } of [rig.pipe(), rig.pipe(), rig.pipe()]) {
    rig.watch(writer, { writable: true, oneshot: true }, () => {})
  }
  t.is(rig.reactor.poll(), 3)
  t.is(rig.reactor.poll(0), 0)
})

each('poll counts no call that a callback prevented', { where: isManualTrigger }, (t, rig) => {
  const registrations: Registration[] = []
  for (const { writer } of [rig.pipe(), rig.pipe(), rig.pipe()]) {
    registrations.push(
      rig.watch(writer, { writable: true }, () => {
        for (const registration of registrations) registration.close()
      }),
    )
  }
  t.is(rig.reactor.poll(), 1)
  t.is(rig.reactor.stats().stale, 2)
})

// fivdi/epoll#3, smol-rs/polling#164, tokio-rs/mio#1615, Python PEP 475
each(
  'M01 M02 M03 M05 fault-96 poll returns 0 when its time is over, and never before',
  { where: isManual },
  (t, rig) => {
    for (const timeoutMs of [0, -0, 0.1, 3.1, 50, 100, 120.5, 200, 200]) {
      const start = performance.now()
      t.is(rig.reactor.poll(timeoutMs), 0)
      const elapsed = performance.now() - start
      t.true(elapsed >= timeoutMs, `${elapsed} ms instead of ${timeoutMs}`)
    }
  },
)

each(
  'fault-96 poll without a timeout, with Infinity and with a huge one waits for an event',
  { where: isManual },
  (t, rig) => {
    const loop = rig.own(openLoop())
    for (const timeout of [
      [],
      [undefined],
      [Number.POSITIVE_INFINITY],
      [2 ** 31],
      // 25 days: more than 32 bits of milliseconds.
      [25 * 86_400_000],
      [2 ** 53],
      [Number.MAX_VALUE],
    ]) {
      const registration = rig.watch(loop, { writable: true }, () => {})
      t.is(rig.reactor.poll(...timeout), 1)
      registration.close()
      rig.reactor.wake()
      t.is(rig.reactor.poll(...timeout), 0)
    }
  },
)

each('fault-96 a wrong timeout is refused before anything is waited for', { where: isManual }, (t, rig) => {
  rig.watch(rig.pipe().writer, { writable: true }, () => t.fail('it was called'))
  for (const [timeout, received] of [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [-Number.MIN_VALUE, '-5e-324'],
  ] as const) {
    t.throws(() => rig.reactor.poll(timeout), {
      instanceOf: RangeError,
      code: 'ERR_OUT_OF_RANGE',
      message: `"timeoutMs" must be zero or more milliseconds. Received ${received}`,
    })
  }
  for (const timeout of [null, '10', 10n, {}, true]) {
    t.throws(() => rig.reactor.poll(timeout as number), {
      instanceOf: TypeError,
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^"timeoutMs" must be a number of milliseconds\. Received /,
    })
  }
})

each('poll belongs to the manual driver', { where: isOther }, (t, rig) => {
  t.throws(() => rig.reactor.poll(0), {
    code: 'ERR_FDREACTOR_WRONG_DRIVER',
    message: `poll() is for the driver 'manual'. This reactor's is '${rig.driver}', which takes the turns itself`,
  })
})

each('poll inside a callback is refused, and the turn goes on', { where: isManualTrigger }, (t, rig) => {
  const codes: unknown[] = []
  for (const { writer } of [rig.pipe(), rig.pipe()]) {
    rig.watch(writer, { writable: true, oneshot: true }, () => {
      const error = t.throws(() => rig.reactor.poll(0), { code: 'ERR_FDREACTOR_REENTRANT' })
      codes.push(error.message)
    })
  }
  t.is(rig.reactor.poll(), 2)
  const message = 'poll() was called inside a callback of the same reactor'
  t.deepEqual(codes, [message, message])
  t.is(rig.reactor.poll(0), 0)
})

each('another reactor may be polled inside a callback', { where: isManualTrigger }, (t, rig) => {
  using other = new Reactor({ backend: rig.backend, driver: 'manual' })
  const loop = rig.own(openLoop())
  other.register(loop, { writable: true }, () => {})
  const counts: number[] = []
  rig.watch(rig.pipe().writer, { writable: true }, () => counts.push(other.poll(0)))
  t.is(rig.reactor.poll(), 1)
  t.deepEqual(counts, [1])
})

// napi-rs/napi-rs#2174, nodejs/abi-stable-node#279
each(
  'fault-90 an error leaves poll, and the rest of the batch comes in the next',
  { where: isManualTrigger },
  (t, rig) => {
    const called: number[] = []
    const faults = [new Error('first'), new Error('second'), undefined, new Error('fourth')]
    const fds: number[] = []
    for (const fault of faults) {
      const { writer } = rig.pipe()
      fds.push(writer.fd)
      // Edges and oneshots come once: what is not delivered now is lost.
      rig.watch(writer, { writable: true, oneshot: true }, (_, { fd }) => {
        called.push(fd)
        if (fault !== undefined) throw fault
      })
    }
    const { waits } = rig.reactor.stats()
    const thrown: unknown[] = []
    let calls = 0
    for (let polls = 0; polls < 4; polls += 1) {
      try {
        calls += rig.reactor.poll(0)
      } catch (error) {
        thrown.push(error)
      }
    }
    t.deepEqual(new Set(thrown), new Set(faults.filter((fault) => fault !== undefined)))
    t.is(thrown.length, 3)
    t.deepEqual(
      called.toSorted((a, b) => a - b),
      fds.toSorted((a, b) => a - b),
    )
    t.true(calls <= 1)
    t.true(rig.reactor.stats().waits - waits <= 2)
    t.is(rig.reactor.poll(0), 0)
  },
)

each(
  'what is closed between an error and the next poll is not called',
  { where: isManualTrigger },
  (t, rig) => {
    let calls = 0
    const registrations = [rig.pipe(), rig.pipe(), rig.pipe()].map(({ writer }) =>
      rig.watch(writer, { writable: true }, () => {
        calls += 1
        throw new Error('boom')
      }),
    )
    t.throws(() => rig.reactor.poll(), { message: 'boom' })
    for (const registration of registrations) registration.close()
    t.is(rig.reactor.poll(0), 0)
    t.is(calls, 1)
  },
)

each('whatever is thrown leaves poll as it is', { where: isManual }, (t, rig) => {
  const loop = rig.own(openLoop())
  for (const thrown of [undefined, null, 0, 'text', Symbol('s')]) {
    const registration = rig.watch(loop, { writable: true }, () => {
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
      throw thrown
    })
    let caught: unknown = 'nothing'
    try {
      rig.reactor.poll()
    } catch (error) {
      caught = error
    }
    t.is(caught, thrown)
    registration.close()
  }
})

each('a registration made in a callback is served by the next poll', { where: isManualTrigger }, (t, rig) => {
  const called: string[] = []
  const second = rig.pipe().writer
  rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => {
    called.push('first')
    rig.watch(second, { writable: true, oneshot: true }, () => called.push('second'))
  })
  t.is(rig.reactor.poll(), 1)
  t.deepEqual(called, ['first'])
  t.is(rig.reactor.poll(), 1)
  t.deepEqual(called, ['first', 'second'])
})

each('the time is not over early when only a stale entry is found', { where: isManual }, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  // A child that shares the description keeps it in the kernel's set, where no number reaches it once it is closed here.
  const child = spawn('sleep', ['60'], { stdio: [reader.fd, 'ignore', 'ignore'] })
  await once(child, 'spawn')
  const registration = rig.watch(reader, { writable: true, disconnect: true }, () => {})
  writer.close()
  reader.close()
  registration.close()
  const start = performance.now()
  t.is(rig.reactor.poll(60), 0)
  t.true(performance.now() - start >= 60)
  child.kill()
})

test('fault-96 a signal during a wait is no error and does not shorten it', async (t) => {
  const child = spawn('sh', ['-c', `for i in 1 2 3 4 5; do kill -WINCH ${process.pid}; sleep 0.01; done`])
  await once(child, 'spawn')
  for (const backend of ['auto', 'poll', 'select'] as const) {
    using reactor = new Reactor({ backend, driver: 'manual' })
    const start = performance.now()
    t.is(reactor.poll(40), 0)
    t.true(performance.now() - start >= 40)
  }
  await once(child, 'exit')
})

test('the bits of a readiness are what they have always been', (t) => {
  t.deepEqual(Ready, {
    READABLE: 1,
    WRITABLE: 2,
    PRIORITY: 4,
    READ_CLOSED: 8,
    WRITE_CLOSED: 16,
    HANGUP: 32,
    ERROR: 64,
    INVALID: 128,
  })
  t.is(io.write(openLoop().fd, byte), 1)
})

each('a rest of a batch that is all stale is no turn', { where: isManual }, (t, rig) => {
  const { reactor } = rig
  const registrations = [rig.pipe(), rig.pipe()].map(({ writer }) =>
    rig.watch(writer, { writable: true }, () => {
      for (const registration of registrations) registration.close()
      throw new Error('from the first')
    }),
  )
  t.throws(() => reactor.poll(0), { message: 'from the first' })
  const start = performance.now()
  t.is(reactor.poll(20), 0)
  t.true(performance.now() - start >= 20)
})
