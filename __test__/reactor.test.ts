import { execFileSync } from 'node:child_process'
import { Reactor, TcpListener, TcpStream, io } from '../dist/index.js'
import type { ReactorOptions } from '../dist/index.js'
import { Descriptor, awaitReady } from './helpers/descriptors.js'
import { CASES, NATIVE, each, hasLoop, isLevel, isNative } from './helpers/matrix.js'
import test from './helpers/test.js'

const nothing = (): void => {}

const KEYS = 'backend, driver, batchSize, turnBudgetMs, unboundedSelect'
const BACKENDS = `one of 'auto', 'epoll', 'kqueue', 'poll', 'select'`
const DRIVERS = `one of 'auto', 'loop', 'thread', 'manual'`
const BATCH = 'a whole number from 1 to 65536'
const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const RANGE = 'ERR_OUT_OF_RANGE'

const WRONG: readonly (readonly [unknown, string, string])[] = [
  [null, TYPE, '"options" must be an object. Received null'],
  [5, TYPE, '"options" must be an object. Received 5'],
  ['epoll', TYPE, `"options" must be an object. Received 'epoll'`],
  [nothing, TYPE, '"options" must be an object. Received a function'],
  [
    { batchsize: 1 },
    VALUE,
    `"options.batchsize" must be left out: there are only ${KEYS}. Received 'batchsize'`,
  ],
  [{ backend: 'Epoll' }, VALUE, `"options.backend" must be ${BACKENDS}. Received 'Epoll'`],
  [{ backend: '' }, VALUE, `"options.backend" must be ${BACKENDS}. Received ''`],
  [{ backend: null }, VALUE, `"options.backend" must be ${BACKENDS}. Received null`],
  [{ backend: 0 }, VALUE, `"options.backend" must be ${BACKENDS}. Received 0`],
  [{ backend: 'toString' }, VALUE, `"options.backend" must be ${BACKENDS}. Received 'toString'`],
  [{ driver: 'threads' }, VALUE, `"options.driver" must be ${DRIVERS}. Received 'threads'`],
  [{ driver: Symbol('loop') }, VALUE, `"options.driver" must be ${DRIVERS}. Received Symbol(loop)`],
  [
    { backend: 'poll', driver: 'loop' },
    VALUE,
    '"options.driver" must be another one: poll has no descriptor',
  ],
  [
    { backend: 'select', driver: 'loop' },
    VALUE,
    '"options.driver" must be another one: select has no descriptor',
  ],
  [{ batchSize: 0 }, RANGE, `"options.batchSize" must be ${BATCH}. Received 0`],
  [{ batchSize: -0 }, RANGE, `"options.batchSize" must be ${BATCH}. Received -0`],
  [{ batchSize: -1 }, RANGE, `"options.batchSize" must be ${BATCH}. Received -1`],
  [{ batchSize: 1.5 }, RANGE, `"options.batchSize" must be ${BATCH}. Received 1.5`],
  [{ batchSize: Number.NaN }, RANGE, `"options.batchSize" must be ${BATCH}. Received NaN`],
  [{ batchSize: Number.POSITIVE_INFINITY }, RANGE, `"options.batchSize" must be ${BATCH}. Received Infinity`],
  [{ batchSize: 65_537 }, RANGE, `"options.batchSize" must be ${BATCH}. Received 65537`],
  [{ batchSize: 2 ** 53 }, RANGE, `"options.batchSize" must be ${BATCH}. Received 9007199254740992`],
  [{ batchSize: '8' }, TYPE, `"options.batchSize" must be a number. Received '8'`],
  [{ batchSize: 8n }, TYPE, '"options.batchSize" must be a number. Received 8n'],
  [{ batchSize: null }, TYPE, '"options.batchSize" must be a number. Received null'],
  [{ batchSize: { valueOf: () => 8 } }, TYPE, '"options.batchSize" must be a number. Received an object'],
  [{ turnBudgetMs: -1 }, RANGE, '"options.turnBudgetMs" must be zero or more milliseconds. Received -1'],
  [
    { turnBudgetMs: Number.NaN },
    RANGE,
    '"options.turnBudgetMs" must be zero or more milliseconds. Received NaN',
  ],
  [{ turnBudgetMs: '1' }, TYPE, `"options.turnBudgetMs" must be a number of milliseconds. Received '1'`],
  [{ unboundedSelect: 1 }, TYPE, '"options.unboundedSelect" must be a boolean. Received 1'],
  [
    { unboundedSelect: 'x'.repeat(60) },
    TYPE,
    `"options.unboundedSelect" must be a boolean. Received '${'x'.repeat(40)}...'`,
  ],
]

test('a wrong option is refused, and the message says what was expected and what came', (t) => {
  for (const [options, code, message] of WRONG) {
    const error = t.throws(() => new Reactor(options as ReactorOptions), {
      instanceOf: code === RANGE ? RangeError : TypeError,
      code,
    })
    t.true(error.message.startsWith(message), error.message)
  }
})

test('right options at their bounds are taken', (t) => {
  const right: readonly ReactorOptions[] = [
    {},
    { batchSize: 1 },
    { batchSize: 65_536 },
    { turnBudgetMs: 0 },
    { turnBudgetMs: -0 },
    { turnBudgetMs: 0.5 },
    { turnBudgetMs: 2 ** 53 },
    { turnBudgetMs: Number.POSITIVE_INFINITY },
    { backend: 'auto', driver: 'auto' },
    { backend: 'select', unboundedSelect: true },
    new Proxy({ batchSize: 8 }, {}),
    Object.create({ batchSize: 8 }) as ReactorOptions,
  ]
  for (const options of right) t.notThrows(() => new Reactor(options).close())
})

test('an error of a getter or a trap comes out as it is', (t) => {
  const fault = new Error('not today')
  const broken = {
    get batchSize(): number {
      throw fault
    },
  }
  const trap = new Proxy(
    {},
    {
      ownKeys() {
        throw fault
      },
    },
  )
  t.is(
    t.throws(() => new Reactor(broken)),
    fault,
  )
  t.is(
    t.throws(() => new Reactor(trap)),
    fault,
  )
})

test('a revoked proxy is a wrong argument like any other', (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  t.throws(() => new Reactor({ batchSize: proxy as unknown as number }), {
    instanceOf: TypeError,
    code: TYPE,
    message: '"options.batchSize" must be a number. Received a revoked proxy',
  })
})

test('by default it is the native backend, on the loop where there is one', (t) => {
  for (const reactor of [new Reactor(), new Reactor({}), new Reactor({ backend: 'auto', driver: 'auto' })]) {
    t.deepEqual([reactor.backend, reactor.driver], [NATIVE, hasLoop ? 'loop' : 'thread'])
    reactor.close()
  }
  for (const backend of ['poll', 'select'] as const) {
    using reactor = new Reactor({ backend })
    t.deepEqual([reactor.backend, reactor.driver], [backend, 'thread'])
  }
})

test("another system's backend is refused, and the message says what there is", (t) => {
  const foreign = NATIVE === 'epoll' ? 'kqueue' : 'epoll'
  t.throws(() => new Reactor({ backend: foreign }), {
    code: 'ERR_FDREACTOR_BACKEND_UNSUPPORTED',
    message: /^This system does not have that backend: .* 'auto' takes what there is$/,
  })
})

each('its capabilities are those of the backend', { where: isLevel }, (t, { backend, reactor }) => {
  const all = {
    edge: true,
    oneshot: true,
    priority: true,
    exclusive: true,
    disconnect: true,
    maxFd: Infinity,
  }
  const scan = { ...all, edge: false, exclusive: false }
  const expected = {
    epoll: all,
    kqueue: { ...all, priority: false, exclusive: false },
    poll: scan,
    select: { ...scan, disconnect: false, maxFd: 1023 },
  }
  t.deepEqual(reactor.capabilities, expected[backend])
})

each('size counts the open registrations', { where: isLevel }, (t, rig) => {
  t.is(rig.reactor.size, 0)
  const first = rig.watch(rig.pipe().reader, { readable: true }, nothing)
  const second = rig.watch(rig.pipe().reader, {}, nothing)
  t.is(rig.reactor.size, 2)
  first.pause()
  t.is(rig.reactor.size, 2)
  first.close()
  first.close()
  t.is(rig.reactor.size, 1)
  second.close()
  t.is(rig.reactor.size, 0)
})

each('a closed reactor refuses its verbs and answers questions', { where: isLevel }, (t, rig) => {
  const { reactor } = rig
  const { reader } = rig.pipe()
  const registration = rig.watch(reader, { readable: true }, nothing)
  t.false(reactor.closed)
  const before = reactor.stats()
  reactor.close()
  reactor.close()
  t.true(reactor.closed)
  // The registration has left the kernel's set, if there is one.
  t.deepEqual(reactor.stats(), { ...before, changes: before.changes * 2 })
  t.is(reactor.size, 0)
  t.is(registration.state, 'closed')
  const verbs: readonly (() => unknown)[] = [
    () => rig.watch(reader, { readable: true }, nothing),
    () => reactor.wake(),
    () => reactor.waker(),
    () => reactor.poll(0),
  ]
  for (const verb of verbs) t.throws(verb, { code: 'ERR_FDREACTOR_CLOSED', message: 'The reactor is closed' })
  t.is(reactor.fd, undefined)
  t.is(reactor.ref(), reactor)
  t.is(reactor.unref(), reactor)
  t.is(reactor.capabilities.oneshot, true)
  t.is(io.write(rig.pipe().writer.fd, Buffer.from('x')), 1)
})

each('a using declaration closes it, and the descriptors stay open', { where: isLevel }, (t, rig) => {
  const { reader, writer } = rig.pipe()
  const outer = { reactor: rig.reactor }
  {
    using reactor = new Reactor({ backend: rig.backend, driver: rig.driver })
    outer.reactor = reactor
    reactor.register(reader, { readable: true }, nothing)
  }
  t.true(outer.reactor.closed)
  t.is(io.write(writer.fd, Buffer.from('x')), 1)
  t.is(io.read(reader.fd, Buffer.alloc(4)), 1)
})

test('poll and select have no descriptor', (t) => {
  for (const backend of ['poll', 'select'] as const) {
    using reactor = new Reactor({ backend })
    t.is(reactor.fd, undefined)
  }
})

if (process.platform === 'linux') {
  test.serial('no descriptor of its own is inherited by a child process', (t) => {
    const inherited = (): string => execFileSync('ls', ['/proc/self/fd'], { encoding: 'utf8' })
    const before = inherited()
    using listener = TcpListener.bind({ port: 0 })
    using client = TcpStream.connect({ port: listener.localAddress.port })
    awaitReady(listener, { readable: true })
    const accepted = new Descriptor(io.accept(listener.fd))
    const reactors = CASES.filter((which) => isNative(which) && isLevel(which)).map(
      ({ driver }) => new Reactor({ driver }),
    )
    t.is(inherited(), before)
    t.true(client.fd > 2 && accepted.fd > 2)
    for (const thing of [...reactors, accepted]) thing.close()
  })
}
