import { Ready, io } from '../dist/index.js'
import type { RegistrationState } from '../dist/index.js'
import { awaitReady } from './helpers/descriptors.js'
import { each, isEdge, isLevel, tellsHangUp } from './helpers/matrix.js'

const byte = Buffer.from('x')

each('level is told in every turn while it lasts', { where: isLevel }, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  io.write(writer.fd, byte)
  let calls = 0
  const registration = rig.watch(reader, {}, () => {
    calls += 1
  })
  await rig.turns(4, () => {
    registration.modify({ readable: true })
  })
  t.is(calls, 4)
  await rig.turns(2, () => {
    registration.rearm()
    io.read(reader.fd, Buffer.alloc(8))
    calls = 0
  })
  t.is(calls, 0)
})

each('an edge is told once, and again after a change', { where: isEdge }, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  let calls = 0
  await rig.turns(3, () => {
    io.write(writer.fd, byte)
    rig.watch(reader, { readable: true }, () => {
      calls += 1
    })
  })
  t.is(calls, 1)
  await rig.turns(3, () => io.write(writer.fd, byte))
  t.is(calls, 2)
})

each('an edge is told once more at modify and at rearm', { where: isEdge }, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  io.write(writer.fd, byte)
  let calls = 0
  const registration = rig.watch(reader, { readable: true }, () => {
    calls += 1
  })
  await rig.turns(2)
  t.is(calls, 1)
  await rig.turns(2, () => registration.rearm())
  t.is(calls, 2)
  await rig.turns(2, () => registration.modify({ readable: true }))
  t.is(calls, 3)
  await rig.turns(2, () => registration.modify({ readable: true, writable: false }).rearm())
  t.is(calls, 4)
})

// smol-rs/polling#11
each('fault-46 a oneshot is called once for each arming', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(writer, { writable: true, oneshot: true }, (_, self) => {
    calls += 1
    t.is(self.state, 'disarmed')
  })
  t.is(registration.state, 'armed')
  await rig.turns(3)
  t.is(calls, 1)
  t.is(registration.rearm().state, 'armed')
  await rig.turns(3)
  t.is(calls, 2)
  await rig.turns(3, () => registration.modify({ writable: true }))
  t.is(calls, 3)
  t.is(registration.resume().state, 'disarmed')
  await rig.turns(2)
  t.is(calls, 3)
})

each('a oneshot that arms itself anew is called in every turn', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  await rig.turns(3, () => {
    rig.watch(writer, { writable: true, oneshot: true }, (_, self) => {
      calls += 1
      self.rearm()
    })
  })
  t.is(calls, 3)
})

each('modify keeps oneshot unless it is named', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(writer, { oneshot: true }, () => {
    calls += 1
  })
  await rig.turns(3, () => registration.modify({ writable: true }))
  t.is(calls, 1)
  await rig.turns(3, () => registration.modify({ writable: true, oneshot: false }))
  t.is(calls, rig.trigger === 'edge' ? 2 : 4)
})

each('modify keeps the trigger unless it is named', { where: isEdge }, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(writer, {}, () => {
    calls += 1
  })
  await rig.turns(3, () => registration.modify({ writable: true }))
  t.is(calls, 1)
  await rig.turns(3, () => registration.modify({ writable: true, trigger: 'level' }))
  t.is(calls, 4)
  await rig.turns(3, () => {
    registration.modify({ writable: true })
    calls = 0
  })
  t.is(calls, 3)
  await rig.turns(3, () => {
    registration.modify({ writable: true, trigger: 'edge' })
    calls = 0
  })
  t.is(calls, 1)
})

each('modify replaces the conditions', {}, async (t, rig) => {
  const { client, server } = rig.pair()
  server.write(byte)
  awaitReady(client, { readable: true })
  const seen: number[] = []
  const registration = rig.watch(client, { readable: true }, (readiness) => seen.push(readiness))
  await rig.turns(1, () => {
    registration.modify({ writable: true })
    seen.length = 0
  })
  t.deepEqual(seen, [Ready.WRITABLE])
})

each('a paused registration hears nothing, and hears once it is resumed', {}, async (t, rig) => {
  const { reader, writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(reader, { readable: true }, () => {
    calls += 1
  })
  t.is(registration.pause().state, 'paused')
  io.write(writer.fd, byte)
  await rig.turns(2)
  t.is(calls, 0)
  await rig.turns(1, () => t.is(registration.resume().state, 'armed'))
  t.is(calls, 1)
})

each('an empty interest is a pause that resume cannot fill', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(writer, {}, () => {
    calls += 1
  })
  t.is(registration.state, 'paused')
  await rig.turns(2)
  t.is(registration.resume().state, 'paused')
  t.is(registration.rearm().state, 'paused')
  await rig.turns(2)
  t.is(calls, 0)
  await rig.turns(1, () => t.is(registration.modify({ writable: true }).state, 'armed'))
  t.is(calls, 1)
  t.is(registration.modify({}).state, 'paused')
})

each('pause and resume of a oneshot that is spent arms it anew', {}, async (t, rig) => {
  const { writer } = rig.pipe()
  let calls = 0
  const registration = rig.watch(writer, { writable: true, oneshot: true }, () => {
    calls += 1
  })
  await rig.turns(2)
  const states: RegistrationState[] = [registration.state, registration.pause().state]
  await rig.turns(2)
  t.is(calls, 1)
  await rig.turns(2, () => states.push(registration.resume().state))
  t.is(calls, 2)
  t.deepEqual(states, ['disarmed', 'paused', 'armed'])
})

// scylladb/seastar#1945
each('fault-27 a disconnect alone is told once, and parks', { where: tellsHangUp }, async (t, rig) => {
  const { client, server } = rig.pair()
  const seen: string[] = []
  const registration = rig.watch(client, { disconnect: true }, (readiness, self) => {
    seen.push(`${readiness} ${self.state}`)
  })
  server.write(byte)
  awaitReady(client, { readable: true })
  await rig.turns(2)
  t.deepEqual(seen, [])
  server.shutdown('write')
  awaitReady(client, { disconnect: true })
  await rig.turns(3)
  t.deepEqual(seen, [`${Ready.READ_CLOSED} parked`])
  t.is(rig.reactor.stats().parked, 1)
  await rig.turns(2, () => t.is(registration.rearm().state, 'armed'))
  t.deepEqual(seen, [`${Ready.READ_CLOSED} parked`, `${Ready.READ_CLOSED} parked`])
  t.is(registration.resume().state, 'parked')
  await rig.turns(1, () => registration.modify({ readable: true }))
  t.is(seen.length, 3)
  t.is(seen[2], `${Ready.READABLE | Ready.READ_CLOSED} armed`)
})

each(
  'a disconnect alone is nothing that select could tell',
  { where: ({ backend }) => backend === 'select' },
  async (t, rig) => {
    t.false(rig.reactor.capabilities.disconnect)
    const { client, server } = rig.pair()
    server.close()
    awaitReady(client, { readable: true })
    const registration = rig.watch(client, { disconnect: true }, () => t.fail('it was called'))
    await rig.turns(2)
    t.is(registration.state, 'armed')
  },
)

each('a half-close is readiness while readable is asked', { where: isLevel }, async (t, rig) => {
  const { client, server } = rig.pair()
  server.shutdown('write')
  awaitReady(client, { disconnect: true })
  const seen: number[] = []
  await rig.turns(2, () => {
    rig.watch(client, { readable: true }, (readiness) => seen.push(readiness))
  })
  const readiness = rig.backend === 'select' ? Ready.READABLE : Ready.READABLE | Ready.READ_CLOSED
  t.deepEqual(seen, [readiness, readiness])
  t.is(rig.reactor.stats().parked, 0)
})
