import { Reactor, Ready, io } from '../dist/index.js'
import type { InterestOptions, ReadyCallback } from '../dist/index.js'
import { awaitReady, openLoop } from './helpers/descriptors.js'
import { NATIVE, each, isLevel, isNative, isScan } from './helpers/matrix.js'
import test from './helpers/test.js'

const nothing = (): void => {}
const byte = Buffer.from('x')

const KEYS = 'readable, writable, priority, disconnect, trigger, oneshot, exclusive'

/** Wrong interests: what is wrong, the code, and the beginning of the message. */
const WRONG: readonly (readonly [unknown, string, string])[] = [
  [undefined, 'ERR_INVALID_ARG_TYPE', '"interest" must be an object. Received undefined'],
  [null, 'ERR_INVALID_ARG_TYPE', '"interest" must be an object. Received null'],
  ['readable', 'ERR_INVALID_ARG_TYPE', `"interest" must be an object. Received 'readable'`],
  [nothing, 'ERR_INVALID_ARG_TYPE', '"interest" must be an object. Received a function'],
  [1, 'ERR_INVALID_ARG_TYPE', '"interest" must be an object. Received 1'],
  [
    { readible: true },
    'ERR_INVALID_ARG_VALUE',
    `"interest.readible" must be left out: there are only ${KEYS}`,
  ],
  [{ readable: 1 }, 'ERR_INVALID_ARG_TYPE', '"interest.readable" must be a boolean. Received 1'],
  [{ readable: null }, 'ERR_INVALID_ARG_TYPE', '"interest.readable" must be a boolean. Received null'],
  [{ writable: 'yes' }, 'ERR_INVALID_ARG_TYPE', `"interest.writable" must be a boolean. Received 'yes'`],
  [{ priority: {} }, 'ERR_INVALID_ARG_TYPE', '"interest.priority" must be a boolean. Received an object'],
  [{ disconnect: [] }, 'ERR_INVALID_ARG_TYPE', '"interest.disconnect" must be a boolean. Received an array'],
  [{ oneshot: 0 }, 'ERR_INVALID_ARG_TYPE', '"interest.oneshot" must be a boolean. Received 0'],
  [{ exclusive: -0 }, 'ERR_INVALID_ARG_TYPE', '"interest.exclusive" must be a boolean. Received -0'],
  [
    { trigger: 'Edge' },
    'ERR_INVALID_ARG_VALUE',
    `"interest.trigger" must be one of 'level', 'edge'. Received 'Edge'`,
  ],
  [
    { trigger: null },
    'ERR_INVALID_ARG_VALUE',
    `"interest.trigger" must be one of 'level', 'edge'. Received null`,
  ],
]

const WRONG_OPTIONS: typeof WRONG = [
  [{ ref: 1 }, 'ERR_INVALID_ARG_TYPE', '"interest.ref" must be a boolean. Received 1'],
  [{ signal: {} }, 'ERR_INVALID_ARG_TYPE', '"interest.signal" must be an AbortSignal. Received an object'],
  [{ signal: null }, 'ERR_INVALID_ARG_TYPE', '"interest.signal" must be an AbortSignal. Received null'],
]

test('register and modify refuse a wrong interest and say what was expected and what came', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  const other = openLoop()
  const registration = reactor.register(other, { writable: true }, nothing)
  for (const [interest, code, message] of [...WRONG, ...WRONG_OPTIONS]) {
    const error = t.throws(() => reactor.register(loop, interest as InterestOptions, nothing), {
      instanceOf: TypeError,
      code,
    })
    t.true(error.message.startsWith(message), error.message)
  }
  for (const [interest, code, message] of WRONG) {
    const error = t.throws(() => registration.modify(interest as InterestOptions), {
      instanceOf: TypeError,
      code,
    })
    t.true(error.message.startsWith(message), error.message)
  }
  for (const key of ['ref', 'signal']) {
    t.throws(() => registration.modify({ [key]: undefined }), { code: 'ERR_INVALID_ARG_VALUE' })
  }
  t.is(reactor.size, 1)
  t.is(registration.state, 'armed')
  t.is(reactor.poll(), 1)
  loop.close()
  other.close()
})

test('a callback that is no function is refused before anything is registered', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  for (const [callback, received] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, 'an object'],
    ['nothing', "'nothing'"],
  ] as const) {
    t.throws(() => reactor.register(loop, { readable: true }, callback as unknown as ReadyCallback), {
      instanceOf: TypeError,
      code: 'ERR_INVALID_ARG_TYPE',
      message: `"callback" must be a function. Received ${received}`,
    })
  }
  t.is(reactor.size, 0)
  loop.close()
})

test('undefined is the same as leaving an option out', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  const absent = Object.fromEntries(
    [
      'readable',
      'writable',
      'priority',
      'disconnect',
      'trigger',
      'oneshot',
      'exclusive',
      'ref',
      'signal',
    ].map((key) => [key, undefined]),
  )
  const registration = reactor.register(loop, absent, nothing)
  t.is(registration.state, 'paused')
  t.true(registration.hasRef)
  loop.close()
})

test('each option is read once, inherited ones too, and an error of a getter comes out', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  const read: PropertyKey[] = []
  const spy = new Proxy(
    { writable: true },
    {
      get(target, key, receiver) {
        read.push(key)
        return Reflect.get(target, key, receiver) as unknown
      },
    },
  )
  reactor.register(loop, spy, nothing).close()
  t.deepEqual(read.length, new Set(read).size)
  t.deepEqual(read.length, 9)
  reactor.register(loop, Object.create({ writable: true }) as InterestOptions, nothing)
  t.is(reactor.poll(0), 1)
  const fault = new Error('not today')
  const broken = {
    get readable(): boolean {
      throw fault
    },
  }
  t.is(
    t.throws(() => reactor.register(loop, broken, nothing)),
    fault,
  )
  loop.close()
})

test('a getter that closes the reactor or the registration does no harm', (t) => {
  const loop = openLoop()
  const reactor = new Reactor({ driver: 'manual' })
  const registration = reactor.register(loop, { readable: true }, nothing)
  const closing = {
    get writable(): boolean {
      registration.close()
      return true
    },
  }
  t.throws(() => registration.modify(closing), { code: 'ERR_FDREACTOR_CLOSED' })
  const ending = {
    get writable(): boolean {
      reactor.close()
      return true
    },
  }
  t.throws(() => reactor.register(loop, ending, nothing), { code: 'ERR_FDREACTOR_CLOSED' })
  loop.close()
})

each('an aborted signal is refused with its reason', { where: isLevel }, (t, rig) => {
  const { reader } = rig.pipe()
  const reason = new Error('changed my mind')
  const error = t.throws(() =>
    rig.watch(reader, { readable: true, signal: AbortSignal.abort(reason) }, nothing),
  )
  t.is(error, reason)
  t.is(rig.reactor.size, 0)
  rig.watch(reader, { readable: true }, nothing)
})

each('an abort closes the registration', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  const controller = new AbortController()
  const { signal } = controller
  const registration = rig.watch(writer, { writable: true, oneshot: true, signal }, nothing)
  await rig.turns(2)
  controller.abort()
  t.is(registration.state, 'closed')
  t.is(rig.reactor.size, 0)
})

// tokio-rs/mio#219
each(
  'fault-01 an abort in a callback silences registrations that are later in the batch',
  {},
  async (t, rig) => {
    const controller = new AbortController()
    const { signal } = controller
    const pipes = [rig.pipe(), rig.pipe(), rig.pipe()]
    let calls = 0
    await rig.turns(2, () => {
      pipes.map(({ writer }) =>
        rig.watch(writer, { writable: true, signal }, () => {
          calls += 1
          controller.abort()
        }),
      )
    })
    t.is(calls, 1)
    t.is(rig.reactor.size, 0)
  },
)

test('a registration that is closed no longer listens to its signal', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  const controller = new AbortController()
  const { signal } = controller
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...args)
  }
  const registration = reactor.register(loop, { readable: true, signal }, nothing)
  t.is(listeners, 1)
  registration.close()
  t.is(listeners, 0)
  loop.close()
})

each(
  'ordinary data is not told as priority',
  { where: ({ backend }) => backend !== 'kqueue' },
  async (t, rig) => {
    t.true(rig.reactor.capabilities.priority)
    const { client, server } = rig.pair()
    const seen: number[] = []
    rig.watch(client, { priority: true }, (readiness) => seen.push(readiness))
    server.write(byte)
    awaitReady(client, { readable: true })
    await rig.turns(2)
    t.deepEqual(seen, [])
  },
)

each('what a scan cannot do is refused, and the reactor goes on', { where: isScan }, (t, rig) => {
  const { reader, writer } = rig.pipe()
  t.throws(() => rig.watch(reader, { readable: true, exclusive: true }, nothing), {
    code: 'ERR_FDREACTOR_INTEREST_UNSUPPORTED',
    message: /'exclusive' is epoll's.* See reactor\.capabilities/,
  })
  t.is(rig.reactor.size, 0)
  t.is(rig.watch(writer, { writable: true }, nothing).state, 'armed')
})

each(
  'epoll takes exclusive with readable and writable alone, and modifies it',
  { where: (which) => isNative(which) && NATIVE === 'epoll' },
  async (t, rig) => {
    const { reader, writer } = rig.pipe()
    for (const wrong of [{ oneshot: true }, { priority: true }, { disconnect: true }]) {
      t.throws(() => rig.watch(reader, { readable: true, exclusive: true, ...wrong }, nothing), {
        code: 'ERR_FDREACTOR_INTEREST_UNSUPPORTED',
      })
    }
    const seen: number[] = []
    const registration = rig.watch(reader, { exclusive: true }, (readiness) => seen.push(readiness))
    await rig.turns(1, () => {
      registration.modify({ readable: true })
      io.write(writer.fd, byte)
    })
    await rig.turns(1, () => {
      registration.modify({ readable: true })
      seen.length = 0
    })
    t.deepEqual(seen, [Ready.READABLE])
    t.throws(() => registration.modify({ readable: true, oneshot: true }), {
      code: 'ERR_FDREACTOR_INTEREST_UNSUPPORTED',
    })
    t.is(registration.modify({ readable: true, exclusive: false, oneshot: true }).state, 'armed')
  },
)
