// A reactor's own descriptor is one like any other.
import { Reactor, Ready, io } from '../../dist/index.js'
import { openLoop } from '../helpers/descriptors.js'
import { kit } from '../helpers/kit.js'
import { each, isEdge, isManual, isNative } from '../helpers/matrix.js'
import { isEpoll, surplus } from '../helpers/observe.js'

const byte = Buffer.from('x')
const nothing = (): void => {}

/** A reactor that nobody turns but the test, and the number by which it is watched. */
function inside(): { readonly inner: Reactor; readonly fd: number } {
  const inner = new Reactor({ driver: 'manual' })
  const { fd } = inner
  if (fd === undefined) throw new Error('it has no descriptor')
  return { inner, fd }
}

// libuv's tests poll_nested_epoll and poll_nested_kqueue
each(
  'fault-83 a reactor is readable in another one while it has something, on every backend',
  {},
  async (t, rig) => {
    const { inner, fd } = inside()
    rig.own(inner)
    const loop = rig.own(openLoop())
    const seen: string[] = []
    inner.register(loop, { readable: true }, () => seen.push('inner'))
    rig.watch(fd, { readable: true }, (readiness) => seen.push(String(readiness)))
    t.is(await surplus(rig, 3), 0)
    await rig.turns(2, () => io.write(loop.fd, byte))
    const once = String(Ready.READABLE)
    t.deepEqual(seen.splice(0), isEdge(rig) ? [once] : [once, once])
    // In a callback, when no thread has found it ready already.
    await rig.turns(1, () => {
      t.is(inner.poll(0), 1)
      io.read(loop.fd, Buffer.alloc(4))
    })
    seen.length = 0
    t.is(await surplus(rig, 3), 0)
    t.deepEqual(seen, [])
  },
)

each('fault-83 a reactor that is polled in the callback of its descriptor goes on', {}, async (t, rig) => {
  const { inner, fd } = inside()
  rig.own(inner)
  const loop = rig.own(openLoop())
  let calls = 0
  inner.register(loop, { readable: true }, () => {
    calls += io.read(loop.fd, Buffer.alloc(1))
  })
  rig.watch(fd, { readable: true }, (_, self) => {
    t.is(inner.poll(0), 1)
    if (isEdge(rig)) self.rearm()
  })
  await rig.turns(4, () => io.write(loop.fd, Buffer.from('abc')))
  t.is(calls, 3)
  t.is(await surplus(rig, 2), 0)
})

each(
  'fault-83 a reactor whose own driver turns it can be watched beside that',
  { where: isNative },
  async (t, rig) => {
    const { fd } = rig.reactor
    using outer = new Reactor({ driver: 'manual' })
    let calls = 0
    outer.register(fd ?? -1, { readable: true }, () => {
      calls += 1
    })
    t.is(outer.poll(0), 0)
    const loop = rig.own(openLoop())
    rig.watch(loop, { readable: true, oneshot: true }, nothing)
    io.write(loop.fd, byte)
    if (rig.driver !== 'thread') {
      t.is(outer.poll(), 1)
      t.is(calls, 1)
    }
    await rig.turns(2)
    // What was ready has been dispatched.
    t.is(outer.poll(0), 0)
  },
)

each(
  'fault-83 a reactor that would watch itself, or one that watches it, is refused',
  { where: (which) => isManual(which) && isEpoll(which) },
  (t, rig) => {
    const { inner, fd } = inside()
    rig.own(inner)
    const self = rig.reactor.fd ?? -1
    t.throws(() => rig.watch(self, { readable: true }, nothing), { code: 'EINVAL' })
    rig.watch(fd, { readable: true }, nothing)
    t.throws(() => inner.register(self, { readable: true }, nothing), { code: 'ELOOP' })
    t.is(rig.reactor.size, 1)
    t.is(inner.size, 0)
    // The descriptor behind a duplicate is the same one.
    const copy = kit.dup(self)
    t.throws(() => rig.watch(copy, { readable: true }, nothing), { code: 'EINVAL' })
    kit.close(copy)
  },
)
