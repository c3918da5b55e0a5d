import { Reactor, Ready, io } from '../dist/index.js'
import type { Registration } from '../dist/index.js'
import { openAs, openLoop } from './helpers/descriptors.js'
import { NATIVE, each, isLevel, isNative } from './helpers/matrix.js'
import type { Rig } from './helpers/matrix.js'
import test from './helpers/test.js'

const byte = Buffer.from('x')

/** Two descriptors in one batch; whichever is called first does `act` to the other's registration. */
async function inOneBatch(rig: Rig, act: (other: Registration) => void): Promise<number> {
  const pipes = [rig.pipe(), rig.pipe()]
  let calls = 0
  await rig.turns(3, () => {
    for (const { writer } of pipes) io.write(writer.fd, byte)
    const registrations = pipes.map(({ reader }) =>
      rig.watch(reader, { readable: true }, (_, self) => {
        calls += 1
        if (calls > 1) return
        self.close()
        const other = registrations.find((one) => one !== self)
        if (other !== undefined) act(other)
      }),
    )
  })
  return calls
}

// tokio-rs/mio#219
each('fault-01 a registration closed in a callback is not called later in the batch', {}, async (t, rig) => {
  t.is(await inOneBatch(rig, (other) => other.close()), 1)
  t.is(rig.reactor.size, 0)
})

each('fault-01 a registration paused in a callback is not called later in the batch', {}, async (t, rig) => {
  t.is(await inOneBatch(rig, (other) => other.pause()), 1)
})

each('fault-01 a registration modified in a callback hears of the new interest only', {}, async (t, rig) => {
  t.is(await inOneBatch(rig, (other) => other.modify({ writable: true })), 1)
})

each('fault-01 a registration emptied in a callback is paused', {}, async (t, rig) => {
  const states: string[] = []
  const calls = await inOneBatch(rig, (other) => states.push(other.modify({}).state))
  t.is(calls, 1)
  t.deepEqual(states, ['paused'])
})

each('a registration modified in the batch is called for the new arming, once a turn', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const other = rig.pipe()
  const seen: string[] = []
  await rig.turns(2, () => {
    io.write(writer.fd, byte)
    io.write(other.writer.fd, byte)
    const second: Registration[] = []
    for (const source of [reader, other.reader]) {
      const registration = rig.watch(source, { readable: true, oneshot: true }, () => {
        seen.push('called')
        for (const one of second.splice(0)) one.modify({ readable: true })
      })
      second.push(registration)
    }
  })
  // The first call arms both anew: its own comes again, and the other's comes once, in the next turn.
  t.deepEqual(seen, ['called', 'called', 'called'])
})

each('closing its own registration ends it, and a second close does nothing', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  const states: string[] = []
  await rig.turns(3, () => {
    rig.watch(writer, { writable: true }, (_, self) => {
      self.close()
      states.push(self.state)
      self.close()
    })
  })
  t.deepEqual(states, ['closed'])
})

// creytiv/re#266
each('fault-05 the number of a closed descriptor hears nothing of its predecessor', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  const first = rig.pipe()
  const called: string[] = []
  await rig.turns(3, () => {
    io.write(writer.fd, byte)
    io.write(first.writer.fd, byte)
    const sources = [reader, first.reader]
    const registrations = sources.map((source) =>
      rig.watch(source, { readable: true }, (_, self) => {
        called.push('old')
        self.close()
        if (called.length > 1) return
        const other = registrations.find((one) => one !== self)
        const old = sources.find(({ fd }) => fd === other?.fd)
        if (other === undefined || old === undefined) return
        other.close()
        old.close()
        const heir = rig.own(openAs(old.fd, openLoop))
        rig.watch(heir, { readable: true }, () => called.push('heir'))
      }),
    )
  })
  t.deepEqual(called, ['old'])
})

// Martiusweb/asynctest#3
each(
  'fault-16 an heir registered without closing the old registration is the only one called',
  {},
  async (t, rig) => {
    const { reader } = rig.pipe()
    const old = rig.watch(reader, { readable: true }, () => t.fail('the old one was called'))
    const seen: number[] = []
    await rig.turns(2, () => {
      reader.close()
      const heir = rig.own(openAs(reader.fd, openLoop))
      // A scan holds numbers: for it the old registration is still the number's.
      if (rig.backend !== NATIVE) old.close()
      rig.watch(heir, { readable: true, oneshot: true }, (readiness) => seen.push(readiness))
      io.write(heir.fd, byte)
    })
    t.deepEqual(seen, [Ready.READABLE])
    t.is(old.state, 'closed')
  },
)

for (const [title, isPaused, where] of [
  // jiixyj/epoll-shim#7
  [
    'fault-13 an armed registration whose number went to another file makes way, and is closed',
    false,
    isNative,
  ],
  [
    'fault-13 a paused registration whose number went to another file makes way, and is closed',
    true,
    isLevel,
  ],
] as const) {
  each(title, { where }, (t, rig) => {
    const { reader } = rig.pipe()
    const old = rig.watch(reader, { readable: true }, () => {})
    if (isPaused) old.pause()
    reader.close()
    const heir = rig.own(openAs(reader.fd, openLoop))
    rig.watch(heir, { readable: true }, () => {})
    t.is(old.state, 'closed')
    t.false(old.hasRef)
    t.is(rig.reactor.size, 1)
  })
}

// tokio-rs/mio#184, wasmerio/wasmer#6608
each('fault-04 a readable and writable descriptor is called once a turn with both', {}, async (t, rig) => {
  const both = rig.own(openLoop())
  io.write(both.fd, byte)
  const seen: number[] = []
  await rig.turns(1, () => {
    rig.watch(both, { readable: true, writable: true }, (readiness) => seen.push(readiness))
  })
  t.deepEqual(seen, [Ready.READABLE | Ready.WRITABLE])
})

each('readiness that is not asked for is not told', {}, async (t, rig) => {
  const both = rig.own(openLoop())
  io.write(both.fd, byte)
  const seen: number[] = []
  await rig.turns(1, () => {
    rig.watch(both, { writable: true }, (readiness) => seen.push(readiness))
  })
  t.deepEqual(seen, [Ready.WRITABLE])
})

each('close reports nothing when there is nothing to report', { where: isLevel }, (t, rig) => {
  const { reader } = rig.pipe()
  const registration = rig.watch(reader, { readable: true }, () => {})
  t.is(registration.closeError, undefined)
  registration.close()
  t.is(registration.closeError, undefined)
  t.is(registration.fd, reader.fd)
})

each('every verb of a closed registration throws ERR_FDREACTOR_CLOSED', { where: isLevel }, (t, rig) => {
  const { reader } = rig.pipe()
  const registration = rig.watch(reader, { readable: true }, () => {})
  registration.close()
  const verbs: readonly (() => unknown)[] = [
    () => registration.modify({ readable: true }),
    () => registration.pause(),
    () => registration.resume(),
    () => registration.rearm(),
  ]
  for (const verb of verbs) {
    t.throws(verb, {
      code: 'ERR_FDREACTOR_CLOSED',
      message: `The registration of fd ${reader.fd} is closed`,
    })
  }
  t.is(registration.ref(), registration)
  t.is(registration.unref(), registration)
  t.false(registration.hasRef)
})

each('fault-01 closing the reactor closes its registrations and calls none of them', {}, async (t, rig) => {
  const pipes = [rig.pipe(), rig.pipe()]
  const reactor = rig.own(new Reactor({ backend: rig.backend, driver: rig.driver }))
  let calls = 0
  const registrations = pipes.map(({ writer }) =>
    reactor.register(writer, { writable: true, trigger: rig.trigger }, () => {
      calls += 1
      reactor.close()
    }),
  )
  if (rig.driver === 'manual') reactor.poll()
  else await rig.until(() => calls > 0)
  await rig.turns(2)
  t.is(calls, 1)
  t.deepEqual(
    registrations.map(({ state }) => state),
    ['closed', 'closed'],
  )
})

each('a using declaration closes a registration', { where: isLevel }, (t, rig) => {
  const { reader } = rig.pipe()
  {
    using registration = rig.watch(reader, { readable: true }, () => {})
    t.is(registration.state, 'armed')
    t.is(rig.reactor.size, 1)
  }
  t.is(rig.reactor.size, 0)
})

each('verbs return the registration, and ref and unref are remembered', { where: isLevel }, (t, rig) => {
  const { reader } = rig.pipe()
  const registration = rig.watch(reader, { readable: true }, () => {})
  t.true(registration.hasRef)
  t.false(registration.unref().hasRef)
  t.false(registration.unref().hasRef)
  t.true(registration.ref().hasRef)
  t.is(registration.pause().resume().rearm().modify({ readable: true }), registration)
  registration.close()
  t.false(registration.hasRef)
  t.false(rig.watch(reader, { readable: true, ref: false }, () => {}).hasRef)
})

test('the callback is given the registration that register returned', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  const seen: Registration[] = []
  const registration = reactor.register(loop, { writable: true }, (_, self) => seen.push(self))
  reactor.poll()
  t.deepEqual(seen.length, 1)
  t.is(seen[0], registration)
  loop.close()
})

each('a signal that throws leaves nothing registered', { where: isLevel }, async (t, rig) => {
  const { writer } = rig.pipe()
  const { signal } = new AbortController()
  signal.addEventListener = () => {
    throw new Error('from the signal')
  }
  const register = (): unknown => rig.watch(writer, { writable: true, signal }, () => t.fail())
  t.throws(register, { message: 'from the signal' })
  t.is(rig.reactor.size, 0)
  let calls = 0
  await rig.turns(2, () => {
    // The number is free again, and nobody hears of it but who asked.
    rig.watch(writer, { writable: true, oneshot: true }, () => {
      calls += 1
    })
  })
  t.is(calls, 1)
})
