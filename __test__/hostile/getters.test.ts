// Code that runs while the library looks at its arguments, and closes, changes or gives away what it is about.
import { Reactor, TcpListener, TcpStream } from '../../dist/index.js'
import type { Registration } from '../../dist/index.js'
import { countOpen, openPipe } from '../helpers/descriptors.js'
import { fine, run } from '../helpers/child.js'
import { CASES, each, isLevel } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const nothing = (): void => {}

/** An object whose key runs `act` when it is looked at. */
const trap = <V>(key: string, value: V, act: () => void): Record<string, V> =>
  Object.defineProperty({}, key, {
    enumerable: true,
    get() {
      act()
      return value
    },
  }) as Record<string, V>

/** The ways in which an argument of these is looked at. */
const PLACES: Readonly<Record<string, (rig: Rig, fd: number, act: () => void) => unknown>> = {
  'register, interest': ({ reactor, trigger }, fd, act) =>
    reactor.register(fd, Object.assign(trap('readable', true, act), { trigger }), nothing),
  'register, source': ({ reactor, trigger }, fd, act) =>
    reactor.register(trap('fd', fd, act) as never, { readable: true, trigger }, nothing),
  'register, signal': ({ reactor }, fd, act) => {
    const { signal } = new AbortController()
    signal.throwIfAborted = act
    return reactor.register(fd, { readable: true, signal }, nothing)
  },
  'register, proxy of an interest': ({ reactor }, fd, act) =>
    reactor.register(
      fd,
      new Proxy({ readable: true } as const, {
        ownKeys(target) {
          act()
          return Reflect.ownKeys(target)
        },
      }),
      nothing,
    ),
  'ready, interest': async ({ reactor }, fd, act) => reactor.ready(fd, trap('readable', true, act)),
  'ready, options': async ({ reactor }, fd, act) =>
    reactor.ready(fd, { readable: true }, trap('ref', true, act)),
}

async function attempt(act: () => unknown): Promise<{ code?: string } | undefined> {
  try {
    await act()
    return undefined
  } catch (error) {
    return error as { code?: string }
  }
}

/** A neighbour that must go on being served. */
function neighbour(rig: Rig): { calls: number } {
  const { writer } = rig.pipe()
  const seen = { calls: 0 }
  rig.watch(writer, { writable: true, oneshot: true }, () => {
    seen.calls += 1
  })
  return seen
}

for (const [place, call] of Object.entries(PLACES)) {
  each(
    `${place}: a getter that throws is thrown, and nothing has changed`,
    { where: isLevel },
    async (t, rig) => {
      const { reader } = rig.pipe()
      const reason = new Error('from the getter')
      const fail = (): never => {
        throw reason
      }
      t.true((await attempt(() => call(rig, reader.fd, fail))) === reason)
      t.is(rig.reactor.size, 0)
      let seen = { calls: 0 }
      await rig.turns(2, () => {
        seen = neighbour(rig)
      })
      t.is(seen.calls, 1)
      // Its number is free.
      rig.watch(reader, { readable: true }, nothing).close()
    },
  )

  each(`${place}: a getter that closes the reactor gets that said`, { where: isLevel }, async (t, rig) => {
    const { reader } = rig.pipe()
    const error = await attempt(() => call(rig, reader.fd, () => rig.reactor.close()))
    t.is(error?.code, 'ERR_FDREACTOR_CLOSED')
    t.deepEqual([rig.reactor.size, rig.reactor.closed], [0, true])
  })

  each(`${place}: a getter that closes the descriptor gets EBADF`, { where: isLevel }, async (t, rig) => {
    const { reader } = openPipe()
    const error = await attempt(() => call(rig, reader.fd, () => reader.close()))
    t.is(error?.code, 'EBADF')
    t.is(rig.reactor.size, 0)
  })

  each(`${place}: a getter that registers the same one is first`, { where: isLevel }, async (t, rig) => {
    const { reader } = rig.pipe()
    let inner: Registration | undefined
    const error = await attempt(() =>
      call(rig, reader.fd, () => {
        inner ??= rig.watch(reader, { readable: true }, nothing)
      }),
    )
    t.is(error?.code, 'EEXIST')
    t.is(inner?.state, 'armed')
    t.is(rig.reactor.size, 1)
  })
}

each('modify: a getter that closes the registration or its reactor gets that said', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const first = rig.watch(reader, { readable: true }, nothing)
  t.throws(() => first.modify(trap('readable', true, () => first.close())), { code: 'ERR_FDREACTOR_CLOSED' })
  t.deepEqual([first.state, rig.reactor.size], ['closed', 0])
  let seen = { calls: 0 }
  await rig.turns(2, () => {
    seen = neighbour(rig)
  })
  t.is(seen.calls, 1)
  const second = rig.watch(writer, { writable: true }, nothing)
  t.throws(() => second.modify(trap('readable', true, () => rig.reactor.close())), {
    code: 'ERR_FDREACTOR_CLOSED',
  })
  t.deepEqual([second.state, rig.reactor.closed], ['closed', true])
})

each('modify: a getter that modifies, pauses or throws leaves the outer one its word', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(writer, { readable: true }, () => {
    calls += 1
    registration.pause()
  })
  const reason = new Error('from the getter')
  const fail = (): never => {
    throw reason
  }
  t.throws(() => registration.modify(trap('writable', true, fail)), { is: reason })
  t.is(registration.state, 'armed')
  await rig.turns(2)
  t.is(calls, 0)
  await rig.turns(2, () => {
    registration.modify(trap('writable', true, () => registration.pause()))
    t.is(registration.state, 'armed')
  })
  t.is(calls, 1)
  await rig.turns(2, () => {
    registration.modify(trap('writable', true, () => registration.modify({ readable: true })))
  })
  t.is(calls, 2)
})

each('modify: a getter that closes the descriptor closes the registration', { where: isLevel }, (t, rig) => {
  const { reader } = openPipe()
  const registration = rig.watch(reader, { readable: true }, nothing)
  t.throws(() => registration.modify(trap('readable', true, () => reader.close())), { code: 'EBADF' })
  t.deepEqual([registration.state, rig.reactor.size], ['closed', 0])
})

/** A signal that does something when it is listened to. */
function listening(act: (listener: () => void) => void): AbortSignal {
  const { signal } = new AbortController()
  signal.addEventListener = (_: string, listener: unknown) => act(listener as () => void)
  return signal
}

each(
  'a signal that closes the reactor when it is listened to gets that said',
  { where: isLevel },
  (t, rig) => {
    const { reader } = rig.pipe()
    const signal = listening(() => rig.reactor.close())
    t.throws(() => rig.watch(reader, { readable: true, signal }, nothing), { code: 'ERR_FDREACTOR_CLOSED' })
    t.deepEqual([rig.reactor.size, rig.reactor.closed], [0, true])
  },
)

each(
  'a signal that fires when it is listened to leaves nothing registered',
  { where: isLevel },
  async (t, rig) => {
    const { reader } = rig.pipe()
    const signal = listening((listener) => listener())
    t.throws(() => rig.watch(reader, { readable: true, signal }, nothing), { code: 'ERR_FDREACTOR_CLOSED' })
    t.is(rig.reactor.size, 0)
    await t.throwsAsync(rig.reactor.ready(reader, { readable: true }, { signal }), {
      code: 'ERR_FDREACTOR_CLOSED',
    })
    let seen = { calls: 0 }
    await rig.turns(2, () => {
      seen = neighbour(rig)
    })
    t.is(seen.calls, 1)
    rig.watch(reader, { readable: true }, nothing).close()
  },
)

each('a signal that throws when it is let go keeps nothing from closing', { where: isLevel }, (t, rig) => {
  const { signal } = new AbortController()
  signal.removeEventListener = () => {
    throw new Error('from the signal')
  }
  const registrations = [rig.pipe(), rig.pipe(), rig.pipe()].map(({ reader }) =>
    rig.watch(reader, { readable: true, signal }, nothing),
  )
  registrations[0]?.close()
  t.is(rig.reactor.size, 2)
  rig.reactor.close()
  t.deepEqual(
    registrations.map(({ state }) => state),
    ['closed', 'closed', 'closed'],
  )
  t.deepEqual([rig.reactor.size, rig.reactor.closed, rig.reactor.fd], [0, true, undefined])
})

each('a source that is asked what it is cannot answer', { where: isLevel }, async (t, rig) => {
  const { reader } = rig.pipe()
  const ask = (): never => {
    throw new Error('a source is asked for its fd alone')
  }
  const source = new Proxy({ fd: reader.fd }, { getPrototypeOf: ask, has: ask, ownKeys: ask })
  rig.watch(source, { readable: true }, nothing).close()
  t.is(rig.reactor.size, 0)
})

test.serial('options whose getters make, close or throw leave nothing open', (t) => {
  // What the runtime opens for its first reactor and its first socket stays open.
  new Reactor().close()
  TcpListener.bind({ port: 0 }).close()
  const before = countOpen()
  const reason = new Error('from the getter')
  const fail = (): never => {
    throw reason
  }
  const makers: readonly ((act: () => void) => { close(): void })[] = [
    // What is inherited counts as well.
    (act) => new Reactor(Object.create(trap('batchSize', 8, act)) as object),
    (act) => new Reactor(trap('batchSize', 8, act)),
    (act) => TcpListener.bind(trap('port', 0, act) as never),
    (act) => TcpStream.connect(Object.assign(trap('host', '127.0.0.1', act), { port: 9 }) as never),
  ]
  for (const make of makers) {
    t.throws(() => make(fail), { is: reason })
    let inner: { close(): void } | undefined
    const outer = make(() => {
      inner ??= new Reactor({ driver: 'manual' })
    })
    inner?.close()
    outer.close()
  }
  t.is(countOpen(), before)
})

for (const { backend, driver, trigger } of CASES.filter(
  (which) => isLevel(which) && which.driver !== 'manual',
)) {
  test.serial(
    `a signal that throws when it is listened to keeps no process alive::${backend}::${trigger}::${driver}`,
    async (t) => {
      const script = `
      const { signal } = new AbortController()
      signal.addEventListener = () => { throw new Error('from the signal') }
      const reactor = new Reactor(options)
      const idle = kit.pipe()[0]
      try { reactor.register(idle, { readable: true, signal }, () => {}) } catch ({ message }) { console.log(message) }
      // One that is open but not to be waited for.
      reactor.register(kit.pipe()[0], { readable: true, ref: false }, () => {})
      client.close()
      listener.close()
    `
      t.deepEqual(await run(script, { args: [backend, driver, trigger] }), fine('from the signal\n'))
    },
  )
}
