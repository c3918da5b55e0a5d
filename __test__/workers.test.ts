import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Waker } from '../dist/index.js'
import { PATIENCE_MS, countOpen } from './helpers/descriptors.js'
import { CASES, Rig, isLevel } from './helpers/matrix.js'
import type { Case } from './helpers/matrix.js'
import test from './helpers/test.js'
import type { ExecutionContext } from './helpers/test.js'

const library = new URL('../dist/index.js', import.meta.url).href

/** What every worker has: a reactor of the case, and a connection whose client is writable. */
const PREAMBLE = `
const { parentPort, workerData } = require('node:worker_threads')
const say = (text) => parentPort.postMessage(text)
import(${JSON.stringify(library)}).then(({ Reactor, TcpListener, TcpStream, io }) => {
  const { backend, driver, trigger } = workerData
  const reactor = new Reactor({ backend, driver })
  const listener = TcpListener.bind({ port: 0 })
  const client = TcpStream.connect({ port: listener.localAddress.port })
`

function start(script: string, which: Case): Worker {
  return new Worker(`${PREAMBLE}${script}\n})`, { eval: true, workerData: which })
}

function exitCode(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = globalThis.setTimeout(() => reject(new Error('the worker does not end')), PATIENCE_MS)
    worker.once('exit', (code) => {
      clearTimeout(late)
      resolve(code)
    })
  })
}

const isManual = (which: Case): boolean => isLevel(which) && which.driver === 'manual'

function each(
  title: string,
  where: (which: Case) => boolean,
  body: (which: Case, t: ExecutionContext) => Promise<void>,
): void {
  for (const which of CASES.filter((one) => where(one))) {
    test.serial(`${title}::${which.backend}::${which.trigger}::${which.driver}`, (t) => body(which, t))
  }
}

/** An echo of one message, told when it has come back. */
const ECHO = `
  reactor.register(listener, { readable: true, trigger }, () => {
    const server = listener.accept()
    if (server === null) return
    reactor.register(server, { readable: true, trigger }, () => {
      const buffer = Buffer.alloc(16)
      const count = server.read(buffer)
      if (count > 0) server.write(buffer, 0, count)
    })
  })
  const writing = reactor.register(client, { writable: true, trigger }, () => {
    client.write(Buffer.from('hello'))
    writing.close()
    reactor.register(client, { readable: true, trigger }, () => {
      const buffer = Buffer.alloc(16)
      const count = client.read(buffer)
      if (count <= 0) return
      reactor.close()
      say(buffer.toString('latin1', 0, count))
    })
  })
  while (driver === 'manual' && !reactor.closed) reactor.poll()
`

// fivdi/onoff#184, sebi2k1/node-can#97
each(
  'fault-84 reactors work in several workers and in the main thread at once',
  isLevel,
  async (which, t) => {
    const rig = new Rig(which)
    const workers = [1, 2, 3].map(() => start(ECHO, which))
    const messages = workers.map(async (worker) => {
      const [message] = (await once(worker, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [
        unknown,
      ]
      return message
    })
    const codes = Promise.all(workers.map((worker) => exitCode(worker)))
    const { client, server } = rig.pair()
    let heard = 0
    rig.watch(server, { readable: true }, () => {
      heard += Math.max(server.read(Buffer.alloc(8)), 0)
    })
    client.write(Buffer.from('ab'))
    await rig.until(() => heard === 2)
    t.deepEqual(await Promise.all(messages), ['hello', 'hello', 'hello'])
    t.deepEqual(await codes, [0, 0, 0])
    rig.close()
  },
)

each('a worker with nothing registered ends by itself', isLevel, async (which, t) => {
  t.is(await exitCode(start('listener.close()', which)), 0)
})

// nodejs/node#34567
each('fault-86 a worker that is terminated while something is armed ends', isLevel, async (which, t) => {
  const worker = start(
    `reactor.register(listener, { readable: true, trigger, oneshot: true }, () => {})
    reactor.register(client, { readable: true, trigger }, () => {})
    setInterval(() => {}, 1000)
    say('armed')`,
    which,
  )
  await once(worker, 'message')
  t.is(await worker.terminate(), 1)
})

each('fault-86 a worker that blocks in poll can be terminated', isManual, async (which, t) => {
  const worker = start(
    `reactor.register(client, { readable: true, trigger }, () => {})
    say('blocking')
    for (;;) reactor.poll()`,
    which,
  )
  await once(worker, 'message')
  t.is(await worker.terminate(), 1)
})

each('fault-86 a worker can be terminated in a callback', isLevel, async (which, t) => {
  const worker = start(
    `reactor.register(client, { writable: true, trigger }, () => { say('inside'); for (;;); })
    if (driver === 'manual') reactor.poll()`,
    which,
  )
  await once(worker, 'message')
  t.is(await worker.terminate(), 1)
})

each('process.exit() in a callback ends the worker with its code', isLevel, async (which, t) => {
  const worker = start(
    `reactor.register(client, { writable: true, trigger }, () => process.exit(7))
    if (driver === 'manual') reactor.poll()`,
    which,
  )
  t.is(await exitCode(worker), 7)
})

each('an error in a callback is the error of the worker', isLevel, async (which, t) => {
  const worker = start(
    `reactor.register(client, { writable: true, trigger }, () => { throw new RangeError('boom') })
    if (driver === 'manual') setTimeout(() => reactor.poll(), 1)`,
    which,
  )
  const ended = exitCode(worker)
  const [error] = (await once(worker, 'error')) as [unknown]
  t.like(error, { name: 'RangeError', message: 'boom' })
  t.is(await ended, 1)
})

const MODES = [
  `reactor.register(listener, { readable: true, trigger }, () => {}); say(0)`,
  `reactor.register(client, { writable: true, trigger }, () => process.exit(7)); if (driver === 'manual') reactor.poll()`,
  `reactor.register(client, { writable: true, trigger, ref: false }, () => {}); reactor.waker()`,
] as const

test.serial('a hundred workers in a row leave no descriptor behind', async (t) => {
  const cases = CASES.filter((which) => isLevel(which))
  const run = (index: number): Promise<number> => {
    const mode = index % MODES.length
    const which = cases[index % cases.length]
    if (which === undefined) throw new Error('no case')
    const worker = start(MODES[mode] ?? '', which)
    worker.once('message', () => void worker.terminate())
    return exitCode(worker)
  }
  for (let index = 0; index < cases.length * MODES.length; index += 1) await run(index)
  const before = countOpen()
  const codes = new Map<string, number>()
  for (let index = 0; index < 100; index += 1) {
    const key = `${index % MODES.length} ${await run(index)}`
    codes.set(key, (codes.get(key) ?? 0) + 1)
  }
  t.is(countOpen(), before)
  t.is(codes.get('1 7'), 33)
  t.is(codes.get('2 0'), 33)
  // Terminated, or, where nothing keeps it (manual), over before.
  t.is((codes.get('0 1') ?? 0) + (codes.get('0 0') ?? 0), 34)
})

test.serial('a reactor of a worker that is gone cannot be woken', async (t) => {
  const which: Case = { backend: 'poll', trigger: 'level', driver: 'thread' }
  const worker = start('say(reactor.waker().handle); setInterval(() => {}, 1000)', which)
  const [handle] = (await once(worker, 'message')) as [number]
  t.true(Waker.from(handle).wake())
  await worker.terminate()
  // Some runtimes clean up after a worker that they have already called ended.
  const late = AbortSignal.timeout(PATIENCE_MS)
  while (Waker.from(handle).wake() && !late.aborted) await setTimeout(1)
  t.false(Waker.from(handle).wake())
})
