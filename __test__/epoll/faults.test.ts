// What other libraries shipped, by number, where it concerns this API.
import { once } from 'node:events'
import { cpSync, mkdtempSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Epoll } from 'fdreactor/epoll'
import { fine, run } from '../helpers/child.js'
import { kit, makePipe } from '../helpers/kit.js'
import test from '../helpers/test.js'

const entry = new URL('../../dist/epoll/index.js', import.meta.url).href

async function rounds(count: number): Promise<void> {
  for (let times = 0; times < count; times += 1) await setImmediate()
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate()
}

// creytiv/re#266
test('fault-5 an event of a descriptor that was closed in the same round is not given to the one that gets its number', async (t) => {
  const pipes = [makePipe(), makePipe()] as const
  const [spare] = makePipe()
  const [[one], [other]] = pipes
  const young: number[] = []
  const fresh = new Epoll((_, fd) => young.push(fd))
  const old: number[] = []
  const epoll = new Epoll((_, fd) => {
    old.push(fd)
    const victim = fd === one.fd ? other.fd : one.fd
    // Another file gets its number, with its event still to come.
    kit.dupOnto(spare.fd, victim)
    fresh.add(victim, Epoll.EPOLLIN)
  })
  for (const [reader, writer] of pipes) {
    epoll.add(reader.fd, Epoll.EPOLLIN | Epoll.EPOLLET)
    writeSync(writer.fd, 'x')
  }
  await until(() => old.length > 0)
  await rounds(5)
  t.is(old.length, 1)
  t.deepEqual(young, [])
  epoll.close()
  fresh.close()
})

// Martiusweb/asynctest#3
test('fault-16 a number that was closed without being removed belongs to who adds it next', async (t) => {
  const seen: string[] = []
  const old = new Epoll(() => seen.push('old'))
  const young = new Epoll(() => seen.push('young'))
  const [reader] = makePipe()
  const [spare, writer] = makePipe()
  old.add(reader.fd, Epoll.EPOLLIN)
  kit.dupOnto(spare.fd, reader.fd)
  young.add(reader.fd, Epoll.EPOLLIN)
  writeSync(writer.fd, 'x')
  await until(() => seen.length > 2)
  t.deepEqual(new Set(seen), new Set(['young']))
  // The old one has nothing left that could be removed from under the new one.
  old.close()
  seen.length = 0
  await until(() => seen.length > 2)
  t.deepEqual(new Set(seen), new Set(['young']))
  young.close()
})

// fivdi/epoll#5
test('fault-21 an instance that nobody holds goes on while it has descriptors', async (t) => {
  const outcome = await run(
    `import { Epoll } from '${entry}'
    const [reader, writer] = kit.pipe()
    let told = 0
    ;(() => {
      new Epoll((_, fd) => {
        told += 1
        gc()
        if (told < 50) return
        console.log('told')
        kit.close(reader)
        process.exit(5)
      }).add(reader, Epoll.EPOLLIN)
    })()
    gc()
    await sleep(1)
    gc()
    kit.writeLater(writer, 1, 1)`,
    { collector: true },
  )
  t.deepEqual(outcome, { ...fine('told\n'), code: 5 })
})

// fivdi/epoll's two-shot.js
test('fault-47 modify arms a oneshot that is still ready again: exactly two', async (t) => {
  const [reader, writer] = makePipe()
  const seen: number[] = []
  const epoll = new Epoll((_, __, events) => seen.push(events))
  epoll.add(reader.fd, Epoll.EPOLLIN | Epoll.EPOLLONESHOT)
  writeSync(writer.fd, 'x')
  await until(() => seen.length > 0)
  await rounds(5)
  t.deepEqual(seen, [Epoll.EPOLLIN])
  epoll.modify(reader.fd, Epoll.EPOLLIN | Epoll.EPOLLONESHOT)
  await until(() => seen.length > 1)
  await rounds(5)
  t.deepEqual(seen, [Epoll.EPOLLIN, Epoll.EPOLLIN])
  epoll.close()
})

/** A thread that adds a pipe's end, says each event, and ends when it has removed that. */
const THREAD = `
  const { workerData, parentPort } = require('node:worker_threads')
  const { readSync } = require('node:fs')
  const { Epoll } = require(workerData.module)
  let told = 0
  const epoll = new Epoll((error, fd, events) => {
    told += readSync(fd, Buffer.alloc(64))
    parentPort.postMessage(told)
    if (told === 100) epoll.remove(fd).close()
  }).add(workerData.fd, Epoll.EPOLLIN)
  parentPort.postMessage('ready')`

// fivdi/onoff#184, sebi2k1/node-can#97
test('fault-84 two Workers and the main thread watch at once, each its own', async (t) => {
  const totals = [0, 0, 0]
  const pipes = [makePipe(), makePipe(), makePipe()] as const
  const workers = pipes.slice(1).map(
    ([reader]) =>
      new Worker(THREAD, {
        eval: true,
        workerData: { module: new URL(entry).pathname, fd: reader.fd },
      }),
  )
  const ends = workers.map((worker) => once(worker, 'exit'))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  for (const [index, worker] of workers.entries()) {
    worker.on('message', (told: number) => {
      totals[index + 1] = told
    })
  }
  const buffer = Buffer.alloc(64)
  const epoll = new Epoll((_, fd) => {
    totals[0] = (totals[0] ?? 0) + readSync(fd, buffer)
  })
  epoll.add(pipes[0][0].fd, Epoll.EPOLLIN)
  for (let sent = 0; sent < 100; sent += 1) {
    for (const [, writer] of pipes) writeSync(writer.fd, 'x')
    await setImmediate()
  }
  t.deepEqual(await Promise.all(ends), [[0], [0]])
  await until(() => totals[0] === 100)
  t.deepEqual(totals, [100, 100, 100])
  epoll.close()
})

test('fault-84 Workers that are terminated while they watch leave the process well', async (t) => {
  const outcome = await run(
    `import { Worker } from 'node:worker_threads'
    for (let times = 0; times < 5; times += 1) {
      const [reader, writer] = kit.pipe()
      const worker = new Worker(
        'const { Epoll } = require(' + JSON.stringify('${new URL(entry).pathname}') + ');' +
        'const { parentPort, workerData } = require("node:worker_threads"); let told = 0;' +
        'new Epoll(() => { if (++told === 100) parentPort.postMessage(told) }).add(workerData, Epoll.EPOLLIN)',
        { eval: true, workerData: reader },
      )
      kit.writeLater(writer, 0, 1)
      await new Promise((resolve) => worker.once('message', resolve))
      console.log(await worker.terminate())
    }
    listener.close()
    client.close()`,
  )
  t.deepEqual(outcome, fine('1\n'.repeat(5)))
})

// fivdi/epoll#42
test('fault-85 it loads twice in one process', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-twice-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  cpSync(new URL('../../dist', import.meta.url), join(folder, 'dist'), {
    recursive: true,
    filter: (path) => !path.endsWith('/dist/benches'),
  })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const outcome = await run(
    `import { Epoll } from '${entry}'
    import { Epoll as Second } from '${join(folder, 'dist/epoll/index.js')}'
    const [reader, writer] = kit.pipe()
    const seen = []
    const watch = (Class, name) =>
      new Class(() => { seen.push(name) }).add(reader, Class.EPOLLIN | Class.EPOLLONESHOT)
    // Each has a set of its own, so both take the descriptor.
    const both = [watch(Epoll, 'first'), watch(Second, 'second')]
    kit.writeLater(writer, 0, 1)
    while (seen.length < 2) await sleep(1)
    console.log(Second !== Epoll, seen.sort().join())
    for (const epoll of both) epoll.close()
    listener.close()
    client.close()`,
  )
  t.deepEqual(outcome, fine('true first,second\n'))
})
