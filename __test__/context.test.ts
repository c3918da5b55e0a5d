import { AsyncLocalStorage } from 'node:async_hooks'
import { Reactor } from '../dist/index.js'
import { openLoop } from './helpers/descriptors.js'
import { fine, run } from './helpers/child.js'
import { CASES, NATIVE, each, isManual } from './helpers/matrix.js'
import type { Case } from './helpers/matrix.js'
import test from './helpers/test.js'

const drivesItself = ({ driver }: Case): boolean => driver !== 'manual'

// napi-rs/napi-rs#2456
each('fault-93 a callback sees the storage in which it was registered', {}, async (t, rig) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  await rig.turns(1, () => {
    for (const name of ['first', 'second']) {
      storage.run(name, () => {
        rig.watch(rig.pipe().writer, { writable: true }, () => seen.push(storage.getStore()))
      })
    }
    rig.watch(rig.pipe().writer, { writable: true }, () => seen.push(storage.getStore()))
  })
  t.is(storage.getStore(), undefined)
  t.deepEqual(new Set(seen), new Set(['first', 'second', undefined]))
})

each('fault-93 modify and rearm in another context do not change the storage', {}, async (t, rig) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  const registration = storage.run('register', () =>
    rig.watch(rig.pipe().writer, {}, () => seen.push(storage.getStore())),
  )
  await rig.turns(1, () => storage.run('modify', () => registration.modify({ writable: true }).rearm()))
  t.deepEqual(seen, ['register'])
})

each('fault-93 a promise made in a callback keeps its storage', { where: drivesItself }, async (t, rig) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  await rig.turns(2, () => {
    storage.run('register', () => {
      rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => {
        void Promise.resolve().then(() => seen.push(storage.getStore()))
      })
    })
  })
  t.deepEqual(seen, ['register'])
})

// nodejs/node#14425, nodejs/node#5691, nodejs/node#15604, nodejs/help#2586
each(
  'fault-91 ticks and promises of callbacks run before the loop goes on',
  { where: drivesItself },
  async (t, rig) => {
    const log: string[] = []
    await new Promise<void>((resolve) => {
      rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => {
        setImmediate(() => {
          log.push('immediate')
          resolve()
        })
        setTimeout(() => log.push('timer'), 0)
        process.nextTick(() => {
          log.push('tick')
          process.nextTick(() => log.push('tick of the tick'))
        })
        void Promise.resolve()
          .then(() => log.push('promise'))
          .then(() => log.push('promise of the promise'))
        queueMicrotask(() => log.push('microtask'))
        log.push('callback')
      })
    })
    const behind = ['tick', 'tick of the tick', 'promise', 'microtask', 'promise of the promise']
    // The loop goes on with a timer or an immediate, by its clock.
    t.deepEqual(log.slice(0, 6), ['callback', ...behind])
  },
)

each(
  'fault-91 ticks and promises run once a batch, behind its last callback',
  { where: drivesItself },
  async (t, rig) => {
    const log: string[] = []
    await rig.turns(2, () => {
      for (const { writer } of [rig.pipe(), rig.pipe()]) {
        rig.watch(writer, { writable: true, oneshot: true }, () => {
          process.nextTick(() => log.push('tick'))
          void Promise.resolve().then(() => log.push('promise'))
          log.push('callback')
        })
      }
    })
    t.deepEqual(log, ['callback', 'callback', 'tick', 'tick', 'promise', 'promise'])
  },
)

each(
  'fault-91 callbacks of poll run in its caller: ticks and promises come behind it',
  { where: isManual },
  async (t, rig) => {
    const log: string[] = []
    rig.watch(rig.pipe().writer, { writable: true }, () => {
      process.nextTick(() => log.push('tick'))
      void Promise.resolve().then(() => log.push('promise'))
    })
    rig.reactor.poll()
    t.deepEqual(log, [])
    await new Promise(setImmediate)
    t.deepEqual(log.toSorted(), ['promise', 'tick'])
  },
)

test('the storage of poll is its own again behind the callbacks', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const storage = new AsyncLocalStorage<string>()
  const loop = openLoop()
  storage.run('inside', () => reactor.register(loop, { writable: true }, () => {}))
  storage.run('outside', () => {
    reactor.poll()
    t.is(storage.getStore(), 'outside')
  })
  loop.close()
})

/** Three that throw and one that does not, all in one batch. */
const THROWING = `
const reactor = new Reactor(options)
const seen = []
process.on('uncaughtException', (error, origin) => seen.push(error.message + ' ' + origin + ' ' + error.stack.includes('thrower')))
const gate = reactor.register(client, { writable: true }, () => {
  gate.close()
  const clients = [0, 1, 2, 3].map(() => TcpStream.connect({ port: listener.localAddress.port }))
  let calls = 0
  for (const [index, client] of clients.entries()) {
    reactor.register(client, { writable: true, trigger }, function thrower(_, self) {
      calls += 1
      self.close()
      if (calls === 4) setTimeout(() => {
        console.log(calls, seen.sort().join(', '))
        reactor.close()
      }, 1)
      if (index !== 3) throw new Error('fault ' + index)
    })
  }
})
`

for (const { backend, trigger, driver } of CASES.filter((which) => drivesItself(which))) {
  const suffix = `::${backend}::${trigger}::${driver}`
  const args = [backend, driver, trigger]

  // napi-rs/napi-rs#2174, nodejs/abi-stable-node#279
  test(`fault-90 each error becomes an uncaughtException, and the others of the batch are called${suffix}`, async (t) => {
    const fault = (index: number): string => `fault ${index} uncaughtException true`
    t.deepEqual(await run(THROWING, { args }), {
      code: 0,
      signal: null,
      stdout: `4 ${[0, 1, 2].map((index) => fault(index)).join(', ')}\n`,
      stderr: '',
    })
  })

  test(`fault-90 without a handler an error ends the process as any other does${suffix}`, async (t) => {
    const { code, signal, stderr } = await run(
      `new Reactor(options).register(client, { writable: true, trigger }, function thrower() { throw new RangeError('boom') })`,
      { args },
    )
    t.deepEqual({ code, signal }, { code: 1, signal: null })
    t.regex(stderr, /RangeError: boom\n[^]*\s+at .*thrower/)
  })
}

for (const { driver } of CASES.filter(
  (which) => which.backend === NATIVE && which.trigger === 'edge' && which.driver !== 'manual',
)) {
  test(`fault-90 a tick that throws loses nothing of a batch that the budget cut short::${NATIVE}::edge::${driver}`, async (t) => {
    const outcome = await run(
      `
      const reactor = new Reactor({ ...options, turnBudgetMs: 0 })
      const connect = () => TcpStream.connect({ port: listener.localAddress.port })
      process.on('uncaughtException', (error) => console.log(error.message))
      const called = []
      const watch = (name, then = () => {}) => {
        const stream = connect()
        reactor.register(stream, { writable: true, trigger }, (_, registration) => {
          called.push(name)
          registration.close()
          then()
          // The last of all that come: nobody keeps the process alive any more.
          if (reactor.size === 0) console.log(called.toSorted().join(' '))
        })
      }
      // A new edge for the turn that would overwrite what is left.
      const throwing = () => process.nextTick(() => { watch('late'); throw new Error('tick') })
      for (const name of ['a', 'b', 'c', 'd', 'e']) watch(name, () => called.length === 1 && throwing())
      `,
      { args: [NATIVE, driver, 'edge'] },
    )
    t.deepEqual(outcome, fine('tick\na b c d e late\n'))
  })
}
