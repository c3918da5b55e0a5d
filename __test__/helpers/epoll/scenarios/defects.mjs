// Where the package `epoll` is known to go wrong; outcomes.json says what, and how ours differs.
import { Worker } from 'node:worker_threads'

const [IN, OUT] = /** @type {const} */ ([1, 4])

/** Runs code in a Worker, where `Epoll` is required anew. @param {string} code */
function inWorker(code) {
  const worker = new Worker(
    `const { Epoll } = require(${JSON.stringify(process.argv[2])})
    const { writeSync } = require('node:fs')
    const { pipe, dupOnto, close } = require(process.argv[2])
    const say = (...words) => writeSync(1, words.join(' ') + '\\n')
    ${code}`,
    { eval: true, argv: [new URL('../../../../build/kit.node', import.meta.url).pathname] },
  )
  return worker
}

const WATCH = `
  const [reader, writer] = pipe()
  writeSync(writer, 'x')
  const epoll = new Epoll((error, fd, events) => {
    say('told', fd === reader, events)
    epoll.remove(fd).close()
  }).add(reader, Epoll.EPOLLIN)`

/** @satisfies {Record<string, import('../world.mjs').Scenario>} */
export const defects = {
  'whether 64 that are ready are told in one round of the loop': async (w) => {
    const pipes = Array.from({ length: 64 }, () => w.pipe())
    let told = 0
    const epoll = new w.Epoll(() => {
      told += 1
    })
    for (const [reader] of pipes) epoll.add(reader, IN)
    for (const [, writer] of pipes) w.write(writer)
    /** @type {number[]} */
    const rounds = []
    await w.until(() => {
      rounds.push(told)
      told = 0
      return rounds.length === 10
    })
    w.say(Math.max(...rounds) === 64 ? 'all' : 'not all')
    epoll.close()
  },
  'what was fetched before modify': async (w) => {
    const watcher = w.watcher()
    const [one, other] = w.pair()
    watcher.epoll.add(one, IN)
    w.write(other)
    await w.until(() => watcher.seen.length > 2)
    // Long enough for a thread that fetches what is next.
    w.block()
    watcher.epoll.modify(one, OUT)
    watcher.seen.length = 0
    await w.turns()
    w.tell(watcher)
    watcher.epoll.close()
  },
  'what was fetched before remove and add': async (w) => {
    const watcher = w.watcher()
    const [one, other] = w.pair()
    watcher.epoll.add(one, IN)
    w.write(other)
    await w.until(() => watcher.seen.length > 2)
    w.block()
    watcher.epoll.remove(one).add(one, OUT)
    watcher.seen.length = 0
    await w.turns()
    w.tell(watcher)
    watcher.epoll.close()
  },
  'in a Worker': () => {
    inWorker(WATCH)
  },
  'in a Worker, after the main thread': async (w) => {
    const [reader, writer] = w.pipe()
    const watcher = w.watcher((fd) => watcher.epoll.remove(fd).close())
    watcher.epoll.add(reader, IN)
    w.write(writer)
    await w.until(() => watcher.seen.length > 0)
    inWorker(WATCH)
  },
  'a number that was closed without being removed, and is added by another instance': async (w) => {
    const old = w.watcher()
    const young = w.watcher()
    const [reader] = w.pipe()
    const [spare, writer] = w.pipe()
    old.epoll.add(reader, IN)
    w.call('dupOnto', spare, reader)
    young.epoll.add(reader, IN)
    w.write(writer)
    await w.until(() => old.seen.length + young.seen.length > 0)
    w.say(old.seen.length > 0 ? 'the old one is told' : 'the new one is told')
    process.exit()
  },
  'close, when a descriptor was closed before': async (w) => {
    const { epoll } = w.watcher()
    const [one] = w.pipe()
    const [other] = w.pipe()
    epoll.add(one, IN).add(other, IN)
    w.close(one)
    w.attempt(() => epoll.close())
    w.say(epoll.closed)
    const again = w.watcher().epoll
    w.attempt(() => again.add(other, IN))
    process.exit()
  },
  'remove of what was closed before, and the end of the process': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.add(reader, IN)
    w.close(reader)
    w.attempt(() => epoll.remove(reader))
    setTimeout(() => {
      w.say('alive')
      process.exit()
    }, 100).unref()
  },
  'a descriptor that was closed while a duplicate lives': async (w) => {
    const watcher = w.watcher()
    const [reader, writer] = w.pipe()
    w.call('dupFrom', reader, 0)
    watcher.epoll.add(reader, IN)
    w.write(writer)
    await w.tellRepeated(watcher)
    w.close(reader)
    w.attempt(() => watcher.epoll.remove(reader))
    watcher.seen.length = 0
    await w.turns()
    w.say(watcher.seen.length > 0 ? 'told on' : 'silent')
    process.exit()
  },
  'remove by an instance that did not add': async (w) => {
    const one = w.watcher()
    const other = w.watcher()
    const [reader, writer] = w.pipe()
    one.epoll.add(reader, IN)
    w.attempt(() => other.epoll.remove(reader))
    w.write(writer)
    await w.tellAll(one)
    w.attempt(() => one.epoll.remove(reader))
    w.attempt(() => one.epoll.close())
  },
  'a call without new': (w) => {
    const call = /** @type {(callback: () => void) => unknown} */ (/** @type {unknown} */ (w.Epoll))
    w.attempt(() => call(() => {}))
  },
}
