// Every kind of descriptor that can be watched, and what is said of those that cannot.
import { spawn } from 'node:child_process'
import { constants, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ready, WOULD_BLOCK, io } from '../../dist/index.js'
import type { Source } from '../../dist/index.js'
import { run } from '../helpers/child.js'
import { awaitReady, openLoop } from '../helpers/descriptors.js'
import type { Descriptor } from '../helpers/descriptors.js'
import {
  kit,
  makeEventfd,
  makeInotify,
  makePair,
  makePidfd,
  makePipe,
  makePty,
  makeTimerfd,
  openFile,
} from '../helpers/kit.js'
import { CASES, each, isEdge, isLevel, isNative, isScan } from '../helpers/matrix.js'
import type { Rig } from '../helpers/matrix.js'
import { surplus } from '../helpers/observe.js'
import test from '../helpers/test.js'

const byte = Buffer.from('x')
const nothing = (): void => {}
const isLinux = process.platform === 'linux'
const onLinux = (): boolean => isLinux

// nodejs/node#9285
each('fault-71 a pseudo terminal from /dev/ptmx is watched on both sides', {}, async (t, rig) => {
  const [master, other] = makePty()
  rig.own(master)
  rig.own(other)
  const seen: string[] = []
  rig.watch(master, { readable: true }, (readiness) => seen.push(`master ${readiness}`))
  rig.watch(other, { readable: true }, (readiness) => seen.push(`other ${readiness}`))
  t.is(await surplus(rig, 2), 0)
  io.write(other.fd, byte)
  awaitReady(master, { readable: true })
  await rig.turns(1)
  t.deepEqual(new Set(seen.splice(0)), new Set([`master ${Ready.READABLE}`]))
  t.is(io.read(master.fd, Buffer.alloc(4)), 1)
  t.is(await surplus(rig, 2), 0)
})

/** Devices that some machines have and some users may open. */
const DEVICES = [
  '/dev/ptmx',
  '/dev/net/tun',
  '/dev/fuse',
  ...(() => {
    try {
      return readdirSync('/dev/input').map((name) => `/dev/input/${name}`)
    } catch {
      return []
    }
  })().filter((path) => path.includes('event')),
]

function open(path: string): Descriptor | undefined {
  try {
    return openFile(path, constants.O_RDWR)
  } catch {
    return undefined
  }
}

for (const path of DEVICES) {
  // Not counted among the tests of a machine that lacks it.
  const probe = open(path)
  if (probe === undefined) continue
  probe.close()
  each(`fault-71 ${path} is told as poll(2) tells it, and is silent when paused`, {}, async (t, rig) => {
    const device = rig.own(open(path) ?? openLoop())
    const mask = kit.pollOne(device.fd, 1)
    const [IN, ERR, HUP] = [1, 8, 16]
    t.is(mask & ~(IN | ERR | HUP), 0)
    const seen: number[] = []
    const registration = rig.watch(device, { readable: true }, (readiness) => seen.push(readiness))
    await rig.turns(2)
    const bits =
      ((mask & IN) === 0 ? 0 : Ready.READABLE) |
      ((mask & ERR) === 0 ? 0 : Ready.ERROR) |
      ((mask & HUP) === 0 ? 0 : Ready.HANGUP)
    const told = rig.backend === 'select' ? Ready.READABLE : bits
    t.deepEqual(new Set(seen), new Set(mask === 0 ? [] : [told]))
    registration.pause()
    t.is(await surplus(rig, 2), 0)
  })
}

/** Eight bytes, as an eventfd takes them. */
function count(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(
    0,
    value,
    new Uint8Array(new Uint32Array([1]).buffer)[0] === 1,
  )
  return bytes
}

// nodejs/node#24048
each(
  'fault-72 an eventfd is readable while it counts, and writable while it can',
  { where: onLinux },
  async (t, rig) => {
    const event = rig.own(makeEventfd())
    const seen: number[] = []
    const registration = rig.watch(event, { readable: true }, (readiness) => seen.push(readiness))
    t.is(await surplus(rig, 2), 0)
    await rig.turns(2, () => io.write(event.fd, count(3n)))
    t.deepEqual(seen.splice(0), isEdge(rig) ? [Ready.READABLE] : [Ready.READABLE, Ready.READABLE])
    const read = Buffer.alloc(8)
    t.is(io.read(event.fd, read), 8)
    t.deepEqual(read, count(3n))
    t.is(io.read(event.fd, read), WOULD_BLOCK)
    t.is(await surplus(rig, 2), 0)
    // Full: no room, and data.
    io.write(event.fd, count(2n ** 64n - 2n))
    t.is(io.write(event.fd, count(1n)), WOULD_BLOCK)
    await rig.turns(1, () => {
      registration.modify({ readable: true, writable: true })
      seen.length = 0
    })
    t.deepEqual(seen, [Ready.READABLE])
  },
)

/** What makes a descriptor readable by itself, or by something from outside. */
const KINDS: readonly (readonly [string, (rig: Rig) => readonly [Source, () => void]])[] = [
  ['a timerfd', (rig) => [rig.own(makeTimerfd(1)), nothing]],
  [
    'an inotify',
    (rig) => {
      const folder = mkdtempSync(join(tmpdir(), 'fdreactor-kinds-'))
      rig.own({ close: () => rmSync(folder, { recursive: true }) })
      return [rig.own(makeInotify(folder)), () => writeFileSync(join(folder, 'new'), '')]
    },
  ],
  [
    'a pidfd',
    (rig) => {
      const child = spawn('sleep', ['60'], { stdio: 'ignore' })
      return [rig.own(makePidfd(child.pid ?? -1)), () => child.kill()]
    },
  ],
]

for (const [what, make] of KINDS) {
  each(`fault-72 ${what} is readable when it has something to say`, { where: onLinux }, async (t, rig) => {
    const [source, happen] = make(rig)
    const seen: number[] = []
    rig.watch(source, { readable: true }, (readiness) => seen.push(readiness))
    happen()
    await rig.until(() => seen.length > 0)
    // A process that has been waited for has hung up as well.
    t.is((seen[0] ?? 0) & ~Ready.HANGUP, Ready.READABLE)
  })
}

for (const [how, leave] of [
  ['closed', 'registration.close()'],
  ['paused and closed', 'registration.pause(); registration.close()'],
  ['closed with its reactor', 'reactor.close()'],
  ['closed in its own callback', 'registration.modify({ writable: true }); await closed'],
  ['unreferenced', 'registration.unref()'],
] as const) {
  for (const { backend, trigger, driver } of CASES.filter(
    (which) => isLevel(which) && which.driver !== 'manual',
  )) {
    // nodejs/node#15439
    test(`fault-73 a process whose watch of an idle device is ${how} ends::${backend}::${trigger}::${driver}`, async (t) => {
      const { code, signal, stdout } = await run(
        `setTimeout(() => { console.log('stayed'); process.exit(9) }, 10_000).unref()
        process.on('beforeExit', () => console.log('over'))
        const reactor = new Reactor(options)
        let close
        const closed = new Promise((resolve) => { close = resolve })
        const registration = reactor.register(kit.open('/dev/ptmx', ${constants.O_RDWR}), { readable: true }, (readiness, self) => {
          self.close()
          close()
        })
        await sleep(1)
        ${leave}`,
        { args: [backend, driver, trigger] },
      )
      t.deepEqual([code, signal, stdout], [0, null, 'over\n'])
    })
  }
}

// nodejs/node#37780
each('fault-74 a terminal is readable once a line is there, and writable', {}, async (t, rig) => {
  const [master, other] = makePty()
  rig.own(master)
  rig.own(other)
  const seen: number[] = []
  const registration = rig.watch(other, { readable: true, oneshot: true }, (readiness) =>
    seen.push(readiness),
  )
  io.write(master.fd, Buffer.from('he'))
  t.is(await surplus(rig, 2), 0)
  io.write(master.fd, Buffer.from('llo\n'))
  await rig.until(() => seen.length > 0)
  t.deepEqual(seen, [Ready.READABLE])
  const line = Buffer.alloc(16)
  t.is(line.toString('latin1', 0, io.read(other.fd, line)), 'hello\n')
  await rig.turns(1, () => registration.modify({ writable: true }))
  t.deepEqual(seen, [Ready.READABLE, Ready.WRITABLE])
})

/** A shell's redirection for a child: only it changes what standard input is. */
const redirected = (from: string): readonly string[] => ['sh', '-c', `exec "$@" < '${from}'`, 'sh']

for (const { backend, trigger, driver } of CASES) {
  // circonus-labs/libmtev#682, tokio-file-unix#2
  test(`fault-75 standard input from a file is refused by name, or read to its end::${backend}::${trigger}::${driver}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fdreactor-stdin-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'input')
    writeFileSync(file, 'x'.repeat(100))
    const { code, stdout, stderr } = await run(
      `const reactor = new Reactor(options)
      let bytes = 0
      try {
        const registration = reactor.register(0, { readable: true, trigger }, (_, self) => {
          const count = io.read(0, Buffer.alloc(30))
          bytes += count
          if (count === 0) { console.log(bytes); self.close() }
        })
        while (driver === 'manual' && registration.state !== 'closed') reactor.poll()
      } catch ({ code, syscall, fd, message }) {
        console.log(code, syscall, fd, message.includes('regular files'), message.includes("'poll' and 'select'"))
      }`,
      { args: [backend, driver, trigger], wrapper: redirected(file) },
    )
    const refused = { epoll: 'EPERM epoll_ctl 0 true true\n', kqueue: 'EPERM kevent 0 true true\n' }
    const expected = backend === 'poll' || backend === 'select' ? '100\n' : refused[backend]
    t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: expected, stderr: '' })
  })
}

// libuv/libuv#2428
each(
  'fault-42 a plain file is refused up front, at its end too, also when it takes the place of another',
  { where: isNative },
  (t, rig) => {
    const file = rig.own(openFile(new URL(import.meta.url)))
    const refuse = (interest: object): void => {
      const error = t.throws(() => rig.watch(file, interest, nothing), { code: 'EPERM' })
      t.true(error.message.includes('regular files'), error.message)
    }
    refuse({ readable: true })
    while (io.read(file.fd, Buffer.alloc(65_536)) > 0);
    refuse({ readable: true })
    refuse({ readable: true, oneshot: true })
    refuse({ writable: true })
    t.is(rig.reactor.size, 0)
    // Nothing is asked of the kernel yet; then it is refused all the same, and stays as it was.
    const registration = rig.watch(file, {}, nothing)
    t.throws(() => registration.modify({ readable: true }), { code: 'EPERM' })
    t.is(registration.state, 'paused')
  },
)

each(
  'fault-42 a plain file at its end is told by a scan, which reads nothing',
  { where: isScan },
  async (t, rig) => {
    const file = rig.own(openFile('/dev/null'))
    const counts: number[] = []
    await rig.turns(2, () => {
      rig.watch(file, { readable: true }, () => counts.push(io.read(file.fd, Buffer.alloc(4))))
    })
    t.deepEqual(counts, [0, 0])
  },
)

// nodejs/node#42826
each(
  "fault-77 a user's descriptor keeps its flags, whatever is done with it",
  { where: isLevel },
  async (t, rig) => {
    const blocking = [...makePipe(), ...makePair(), ...makePty()].map((made) => rig.own(made))
    for (const { fd } of blocking) kit.setBlocking(fd, true)
    const flags = (): number[][] => blocking.map(({ fd }) => [kit.flags(fd), kit.descriptorFlags(fd)])
    const before = flags()
    t.true(blocking.every(({ fd }) => (kit.flags(fd) & constants.O_NONBLOCK) === 0))
    const registrations = blocking.map((source) =>
      rig.watch(source, { writable: true, oneshot: true }, nothing),
    )
    await rig.turns(1)
    for (const registration of registrations) registration.pause().resume().modify({ readable: true }).rearm()
    t.deepEqual(flags(), before)
    for (const { fd } of blocking.slice(1, 3)) io.write(fd, byte)
    for (const registration of registrations) registration.close()
    rig.reactor.close()
    t.deepEqual(flags(), before)
  },
)
