// What the host does to an addon: several at once, an end at any moment, other runtimes, signals.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { Reactor, Ready, WOULD_BLOCK, io } from '../../dist/index.js'
import { BACKENDS, failureToError, native } from '../../dist/internal.js'
import { fine, run } from '../helpers/child.js'
import { awaitReady, openLoop, openPipe } from '../helpers/descriptors.js'
import { CASES, NATIVE, each, isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const byte = Buffer.from('x')
const nothing = (): void => {}
const dist = new URL('../../dist/', import.meta.url)

/** A test with a process of its own for each case. */
function eachProcess(title: string, where: (which: Case) => boolean, script: string, stdout: string): void {
  for (const { backend, trigger, driver } of CASES.filter((which) => where(which))) {
    test.serial(`${title}::${backend}::${trigger}::${driver}`, async (t) => {
      t.deepEqual(await run(script, { args: [backend, driver, trigger] }), fine(stdout))
    })
  }
}

const drivesItself = ({ driver }: Case): boolean => driver !== 'manual'

/** A module whose `hear(library, ...)` tells once that something is writable; as a worker it does so by itself. */
const HEAR = `
import { parentPort, workerData } from 'node:worker_threads'
export const hear = ({ Reactor }, { options, trigger }, name, fd) =>
  new Promise((resolve) => {
    const reactor = new Reactor(options)
    reactor.register(fd, { writable: true, trigger }, (readiness) => {
      reactor.close()
      resolve(name + ' ' + readiness)
    })
    if (options.driver === 'manual') reactor.poll()
  })
if (parentPort !== null) {
  const { copy, name, fd, how } = workerData
  parentPort.postMessage(await hear(await import(copy), how, name, fd))
}
`

for (const { backend, trigger, driver } of CASES.filter((which) => isLevel(which))) {
  const args = [backend, driver, trigger]

  // fivdi/epoll#42: what Electron asks of an addon
  test.serial(
    `fault-85 two copies of the package work side by side, in workers too::${backend}::${trigger}::${driver}`,
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'fdreactor-copy-'))
      t.teardown(() => rmSync(folder, { recursive: true }))
      cpSync(fileURLToPath(dist), join(folder, 'dist'), { recursive: true })
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
      writeFileSync(join(folder, 'hear.js'), HEAR)
      const [hear, copied] = ['hear.js', 'dist/index.js'].map(
        (name) => pathToFileURL(join(folder, name)).href,
      )
      const script = `
      import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      import { hear } from '${hear}'
      const copies = ['${new URL('index.js', dist).href}', '${copied}']
      const [one, other] = await Promise.all(copies.map((copy) => import(copy)))
      console.log(one.Reactor !== other.Reactor)
      const how = { options, trigger }
      const there = async (copy, name) => {
        const worker = new Worker(new URL('${hear}'), { execArgv: [], workerData: { copy, name, fd: client.fd, how } })
        const [text] = await once(worker, 'message')
        return text
      }
      const heard = [
        hear(one, how, 'one', client.fd), hear(other, how, 'other', client.fd),
        there(copies[0], 'one there'), there(copies[1], 'other there'),
      ]
      console.log((await Promise.all(heard)).join())
      // A socket of one copy is a source for the other, by its number.
      const stream = other.TcpStream.connect({ port: listener.localAddress.port })
      console.log(await hear(one, how, 'foreign', stream.fd))
      listener.close()`
      const expected = 'true\none 2,other 2,one there 2,other there 2\nforeign 2\n'
      t.deepEqual(await run(script, { args }), fine(expected))
    },
  )
}

test.serial('fault-85 the addon can be loaded again in one thread, and the first one goes on', async (t) => {
  const script = `
    const require = createRequire(${JSON.stringify(new URL('index.js', dist).href)})
    const override = process.env.NAPI_RS_NATIVE_LIBRARY_PATH
    const file = override || './native/' + readdirSync(new URL(${JSON.stringify(new URL('native', dist).href)})).find((name) => name.endsWith('.node'))
    const load = () => { delete require.cache[require.resolve(file)]; return require(file) }
    const loaded = [load(), load(), load()]
    console.log(new Set(loaded).size, new Set(loaded.map((addon) => JSON.stringify(addon.contract()))).size)
    const open = (addon) => {
      const records = new Uint32Array(24)
      const reactor = addon.NativeReactor.open(${BACKENDS.indexOf(NATIVE)}, 2, 8, false, records, () => {})
      console.log(reactor.register(client.fd, 2) > 0, reactor.turn(1000), records[2], reactor.close())
    }
    for (const addon of [...loaded, ...loaded]) open(addon)
    const reactor = new Reactor({ driver: 'manual' })
    reactor.register(client, { writable: true }, () => {})
    console.log(reactor.poll())
    listener.close()`
  const line = 'true 1 2 undefined\n'
  t.deepEqual(await run(script), fine(`3 1\n${line.repeat(6)}1\n`))
})

// napi-rs/napi-rs#518, napi-rs/napi-rs#612, oxc-project/oxc#18723
for (const [how, end, over] of [
  ['ends by itself', '', 'over\n'],
  ['is told to exit', 'setTimeout(() => process.exit(0), 5)', ''],
  [
    'exits in a callback',
    "reactors[3].register(client, { writable: true, trigger }, () => process.exit(0)); if (driver === 'manual') setTimeout(() => reactors[3].poll(), 1)",
    '',
  ],
] as const) {
  eachProcess(
    `fault-88 a process with many callbacks alive ${how} with status 0`,
    () => true,
    // Once: under Deno, a call that the thread has asked for is work that was left, and the end is told again after it.
    `process.once('beforeExit', () => console.log('over'))
    const reactors = Array.from({ length: 10 }, () => new Reactor(options))
    for (const [index, reactor] of reactors.entries()) {
      reactor.register(listener, { readable: true, trigger, ref: false }, () => {})
      if (index % 2 === 0) reactor.register(client, { readable: true, trigger, oneshot: true, ref: false }, () => {})
      if (index % 3 === 0) reactor.waker()
    }
    ${end}`,
    over,
  )
}

// nodejs/node#14425, nodejs/node#5691, nodejs/node#15604, nodejs/help#2586
each(
  'fault-91 what a callback awaits goes on before a timer that is due',
  { where: drivesItself },
  async (t, rig) => {
    const log: string[] = []
    const later = async (): Promise<void> => {
      log.push('begin')
      for (let step = 1; step <= 3; step += 1) {
        // oxlint-disable-next-line typescript/await-thenable
        await undefined
        log.push(`step ${step}`)
      }
    }
    await new Promise<void>((resolve) => {
      rig.watch(rig.pipe().writer, { writable: true, oneshot: true }, () => {
        const begin = performance.now()
        setTimeout(() => {
          log.push('timer')
          resolve()
        }, 1)
        void later()
        process.nextTick(() => log.push('tick'))
        while (performance.now() - begin < 5);
        log.push('end')
      })
    })
    t.deepEqual(log, ['begin', 'end', 'tick', 'step 1', 'step 2', 'step 3', 'timer'])
  },
)

// denoland/deno#36317
each(
  'fault-94 level is told again and again by the thread, each time with what is so by then',
  { where: (which) => which.driver === 'thread' && isLevel(which) },
  async (t, rig) => {
    const { client, server } = rig.pair()
    const seen: number[] = []
    rig.watch(client, { readable: true, writable: true }, (readiness) => seen.push(readiness))
    const during = async (): Promise<Set<number>> => {
      await rig.turns(1)
      seen.length = 0
      await rig.turns(4)
      t.is(seen.length >= 4, true, String(seen.length))
      return new Set(seen)
    }
    const { READABLE, READ_CLOSED, WRITABLE } = Ready
    t.deepEqual(await during(), new Set([WRITABLE]))
    server.write(byte)
    awaitReady(client, { readable: true })
    t.deepEqual(await during(), new Set([READABLE | WRITABLE]))
    client.read(Buffer.alloc(4))
    t.deepEqual(await during(), new Set([WRITABLE]))
    while (client.write(Buffer.alloc(1 << 20)) !== WOULD_BLOCK);
    server.shutdown('write')
    awaitReady(client, { disconnect: true })
    const end = rig.backend === 'select' ? READABLE : READABLE | READ_CLOSED
    t.deepEqual(new Set([...(await during())].map((readiness) => readiness & ~WRITABLE)), new Set([end]))
  },
)

for (const runtime of ['bun', 'deno'] as const) {
  // oven-sh/bun#25220, oven-sh/bun#14830, denoland/deno#36317: their libuv is a name only
  test(`fault-94 under ${runtime} a thread waits, and the loop is refused`, async (t) => {
    const script = `
      Object.defineProperty(process, 'versions', { value: { ...process.versions, ${runtime}: '1.2.3' } })
      for (const backend of ['auto', '${NATIVE}', 'poll', 'select']) {
        const reactor = new Reactor({ backend })
        console.log(reactor.driver)
        await new Promise((resolve) => {
          reactor.register(client, { writable: true }, resolve)
        })
        reactor.close()
        try { new Reactor({ backend, driver: 'loop' }); console.log('taken') } catch ({ code }) { console.log(code) }
      }
      listener.close()`
    t.deepEqual(await run(script), fine('thread\nERR_INVALID_ARG_VALUE\n'.repeat(4)))
  })
}

// fivdi/epoll#3, smol-rs/polling#164, PEP 475
each(
  'fault-96 signals that come all the time are handled, and lose no event',
  { where: isLevel },
  async (t, rig) => {
    const { reader, writer } = rig.pipe()
    let signals = 0
    const count = (): void => {
      signals += 1
    }
    process.on('SIGUSR2', count)
    const seen: number[] = []
    rig.watch(reader, { readable: true }, (readiness) => {
      seen.push(readiness)
      io.read(reader.fd, Buffer.alloc(1))
    })
    const child = spawn('sh', ['-c', `while :; do kill -USR2 ${process.pid} || exit; sleep 0.002; done`])
    try {
      for (let rounds = 1; rounds <= 10; rounds += 1) {
        const before = signals
        await rig.until(() => signals > before)
        io.write(writer.fd, byte)
        await rig.until(() => seen.length === rounds)
      }
    } finally {
      const ended = new Promise((resolve) => {
        child.once('exit', resolve)
      })
      child.kill('SIGKILL')
      await ended
      process.off('SIGUSR2', count)
    }
    t.deepEqual(seen, Array<number>(10).fill(Ready.READABLE))
  },
)

for (const which of CASES.filter((one) => isLevel(one) && (isNative(one) || one.driver !== 'loop'))) {
  // node-bindgen/node-bindgen#309, nodejs/node#33022
  test.serial(
    `fault-97 events that find their memory detached are an error, and no crash::${which.backend}::${which.trigger}::${which.driver}`,
    async (t) => {
      const pipe = openPipe()
      const records = new Uint32Array(3 * 8)
      const told: number[] = []
      const driver = ['loop', 'thread', 'manual'].indexOf(which.driver)
      const dispatch = (count: number): void => {
        told.push(count)
        if (typeof reactor !== 'number') reactor.close()
      }
      const reactor = native.NativeReactor.open(
        BACKENDS.indexOf(which.backend),
        driver,
        8,
        false,
        records,
        dispatch,
      )
      if (typeof reactor === 'number') throw failureToError(reactor)
      reactor.keepAlive(true)
      structuredClone(records, { transfer: [records.buffer] })
      t.is(records.length, 0)
      t.true(reactor.register(pipe.writer.fd, 2) > 0)
      if (which.driver === 'manual') dispatch(reactor.turn(1000))
      while (told.length === 0) await new Promise(setImmediate)
      const error = failureToError(told[0] ?? 0)
      t.is((error as { code?: string }).code, 'ERR_FDREACTOR_INTERNAL')
      pipe.reader.close()
      pipe.writer.close()
    },
  )
}

test("fault-97 nobody gets at a reactor's event memory to detach it", (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const loop = openLoop()
  const registration = reactor.register(loop, { writable: true }, nothing)
  for (const thing of [reactor, registration]) {
    t.false(inspect(thing, { showHidden: true, depth: 10 }).includes('Uint32Array'))
  }
  loop.close()
})
