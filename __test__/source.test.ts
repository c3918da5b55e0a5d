import { constants } from 'node:os'
import { Reactor, Ready, TcpListener, TcpStream } from '../dist/index.js'
import type { Source } from '../dist/index.js'
import { closedNumber, openLoop } from './helpers/descriptors.js'
import { openFile } from './helpers/kit.js'
import { each, isLevel, isScan } from './helpers/matrix.js'
import test from './helpers/test.js'

const byte = Buffer.from('x')
const nothing = (): void => {}

each('a number, an object with an fd and a socket are sources', { where: isLevel }, (t, rig) => {
  const { client, server } = rig.pair()
  const { reader, writer } = rig.pipe()
  const sources: readonly (number | Source)[] = [reader.fd, { fd: writer.fd }, client, server]
  t.deepEqual(
    sources.map((source) => rig.watch(source, { readable: true }, nothing).fd),
    [reader.fd, writer.fd, client.fd, server.fd],
  )
  t.is(rig.reactor.size, 4)
})

test('what is no descriptor is refused', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const register = (source: unknown): unknown =>
    reactor.register(source as number, { readable: true }, nothing)
  const whole = 'must be a whole number from 0 to 2147483647. Received'
  for (const [source, received] of [
    [-1, '-1'],
    [0.5, '0.5'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [2 ** 31, '2147483648'],
    [2 ** 53, '9007199254740992'],
  ] as const) {
    t.throws(() => register(source), {
      instanceOf: RangeError,
      code: 'ERR_OUT_OF_RANGE',
      message: `"source" ${whole} ${received}`,
    })
    t.throws(() => register({ fd: source }), {
      instanceOf: RangeError,
      code: 'ERR_OUT_OF_RANGE',
      message: `"source.fd" ${whole} ${received}`,
    })
  }
  for (const [source, received] of [
    ['3', "'3'"],
    [null, 'null'],
    [undefined, 'undefined'],
    [3n, '3n'],
    [true, 'true'],
    [nothing, 'a function'],
    [Symbol('fd'), 'Symbol(fd)'],
  ] as const) {
    const message = `must be a number. Received ${received}`
    const expected = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' }
    t.throws(() => register(source), { ...expected, message: `"source" ${message}` })
    t.throws(() => register({ fd: source }), { ...expected, message: `"source.fd" ${message}` })
  }
  t.throws(() => register([]), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: '"source.fd" must be a number. Received undefined',
  })
  t.is(reactor.size, 0)
})

test('a source is asked for its fd once, and its own error comes out', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  let asked = 0
  const source = {
    get fd() {
      asked += 1
      return asked === 1 ? loop.fd : -1
    },
  }
  t.is(reactor.register(source, { readable: true }, nothing).fd, loop.fd)
  t.is(asked, 1)
  const fault = new Error('not today')
  const broken = {
    get fd(): number {
      throw fault
    },
  }
  t.is(
    t.throws(() => reactor.register(broken, {}, nothing)),
    fault,
  )
  loop.close()
})

// libuv/help#7
each('fault-22 one descriptor twice in one reactor is EEXIST, and the first goes on', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(writer, {}, () => {
    calls += 1
  })
  for (const prepare of [
    () => registration.pause(),
    () => registration.modify({ writable: true, oneshot: true }),
  ]) {
    prepare()
    const error = t.throws(() => rig.watch(writer, { writable: true }, () => t.fail('the second one')), {
      code: 'EEXIST',
    })
    t.like(error, {
      errno: -constants.errno.EEXIST,
      syscall: { epoll: 'epoll_ctl', kqueue: 'kevent', poll: 'poll', select: 'select' }[rig.backend],
      fd: writer.fd,
    })
    t.regex(error.message, new RegExp(`EEXIST: file already exists, fd ${writer.fd}\\. One reactor takes`))
  }
  await rig.turns(2)
  t.is(calls, 1)
  t.is(rig.reactor.size, 1)
})

each('two reactors may watch one descriptor', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  using other = new Reactor({ backend: rig.backend, driver: 'manual' })
  other.register(writer, { writable: true }, nothing)
  await rig.turns(1, () => {
    rig.watch(writer, { writable: true }, () => {
      calls += 1
    })
  })
  t.is(calls, 1)
  t.is(other.poll(), 1)
})

each('a number that is not open is EBADF, whatever is asked', {}, (t, rig) => {
  const fd = closedNumber()
  for (const interest of [{ readable: true }, {}]) {
    const error = t.throws(() => rig.watch(fd, interest, nothing), { code: 'EBADF' })
    t.like(error, { errno: -constants.errno.EBADF, fd })
    t.regex(error.message, new RegExp(`EBADF: bad file descriptor, fd ${fd}$`))
  }
  t.is(rig.reactor.size, 0)
})

for (const [kind, path] of [
  ['a regular file', new URL(import.meta.url)],
  ['a directory', '/'],
  ['/dev/null', '/dev/null'],
] as const) {
  // circonus-labs/libmtev#682, tokio-file-unix#2
  each(`fault-75 ${kind} is watched by a scan`, { where: isScan }, async (t, rig) => {
    const file = rig.own(openFile(path))
    const seen: number[] = []
    await rig.turns(2, () => {
      rig.watch(file, { readable: true }, (readiness) => seen.push(readiness))
    })
    t.deepEqual(seen, [Ready.READABLE, Ready.READABLE])
  })

  each(
    `fault-75 ${kind} is refused by epoll, which says what takes it`,
    { where: ({ backend }) => backend === 'epoll' },
    (t, rig) => {
      const file = rig.own(openFile(path))
      const error = t.throws(() => rig.watch(file, { readable: true }, nothing), { code: 'EPERM' })
      t.like(error, { errno: -constants.errno.EPERM, syscall: 'epoll_ctl', fd: file.fd })
      t.is(
        error.message,
        `epoll_ctl EPERM: operation not permitted, fd ${file.fd}. epoll and kqueue cannot watch regular files and ` +
          "directories, nor epoll devices like /dev/null: they are always ready. The backends 'poll' and 'select' take them",
      )
      t.is(rig.reactor.size, 0)
    },
  )
}

// libuv/libuv#1148
each(
  'fault-08 a descriptor closed under a scan is told once, and its neighbours go on',
  { where: isScan },
  async (t, rig) => {
    const gone = rig.pipe()
    const { writer } = rig.pipe()
    const seen: string[] = []
    let calls = 0
    const neighbour = rig.watch(writer, {}, () => {
      calls += 1
    })
    const registration = rig.watch(gone.reader, { readable: true }, (readiness, self) => {
      seen.push(`${readiness} ${self.state}`)
    })
    await rig.turns(3, () => {
      neighbour.modify({ writable: true })
      gone.reader.close()
    })
    t.deepEqual(seen, [`${Ready.INVALID} closed`])
    t.is(calls, 3)
    t.is(registration.state, 'closed')
    t.false(registration.hasRef)
    t.is(rig.reactor.size, 1)
    registration.close()
    t.is(registration.closeError, undefined)
  },
)

// python/cpython#83420
each(
  'fault-15 epoll reports a descriptor that was closed before its registration',
  { where: ({ backend }) => backend === 'epoll' },
  async (t, rig) => {
    const { reader } = rig.pipe()
    const registration = rig.watch(reader, { readable: true }, () => t.fail('it was called'))
    reader.close()
    registration.close()
    t.like(registration.closeError, {
      code: 'EBADF',
      errno: -constants.errno.EBADF,
      syscall: 'epoll_ctl',
      fd: reader.fd,
    })
    t.is(registration.state, 'closed')
    await rig.turns(2)
  },
)

each('fault-15 a verb on a closed descriptor is EBADF and closes the registration', {}, (t, rig) => {
  for (const verb of ['rearm', 'pause'] as const) {
    const { reader } = rig.pipe()
    const registration = rig.watch(reader, { readable: true }, nothing)
    reader.close()
    t.throws(() => registration[verb](), { code: 'EBADF' })
    t.is(registration.state, 'closed')
    t.is(rig.reactor.size, 0)
  }
})

each('a socket that is closed closes its registrations first', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  using other = new Reactor({ backend: rig.backend, driver: 'manual' })
  const registrations = [
    rig.watch(client, { readable: true }, () => t.fail('it was called')),
    other.register(client, { readable: true }, () => t.fail('it was called')),
  ]
  server.write(byte)
  client.close()
  for (const { state, closeError } of registrations) t.deepEqual([state, closeError], ['closed', undefined])
  await rig.turns(2)
  t.is(other.poll(0), 0)
})

each('a listener closed in a callback is not called again', {}, async (t, rig) => {
  const listener = rig.own(TcpListener.bind({ port: 0 }))
  let calls = 0
  const registration = rig.watch(listener, { readable: true }, () => {
    calls += 1
    listener.close()
  })
  const { port } = listener.localAddress
  rig.own(TcpStream.connect({ port }))
  await rig.until(() => calls > 0)
  await rig.turns(2)
  t.is(calls, 1)
  t.is(registration.state, 'closed')
})

each('edge-triggering is refused by a scan, which says what has it', { where: isScan }, (t, rig) => {
  const { reader } = rig.pipe()
  const expected = {
    code: 'ERR_FDREACTOR_TRIGGER_UNSUPPORTED',
    message: /^poll and select look at the state .* Use level-triggering, or epoll or kqueue/,
  }
  t.throws(() => rig.reactor.register(reader, { readable: true, trigger: 'edge' }, nothing), expected)
  const registration = rig.watch(reader, { readable: true }, nothing)
  t.throws(() => registration.modify({ readable: true, trigger: 'edge' }), expected)
  t.is(registration.state, 'armed')
  t.is(rig.reactor.size, 1)
})
