// One backend, trigger and driver of scripts/soak.mjs, in a process of its own: rounds of the same work, and after each what
// the process holds. Its argument is a plan; the last line it writes is the samples.
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setImmediate as nextRound } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { root } from './run.mjs'

/**
 * @typedef {import('../index.js').Reactor} Reactor
 * @typedef {import('../index.js').Source} Source
 *
 * @typedef {object} Plan
 * @property {import('../index.js').Backend} backend
 * @property {import('../index.js').Trigger} trigger
 * @property {import('../index.js').Driver} driver
 * @property {string} library the package's entry
 * @property {number} rounds at least so many
 * @property {number} lastMs for how long there are more
 * @property {number} seed of what is left to chance
 * @property {number} registrations in each round
 * @property {number} events in each round
 * @property {number} reactors made and dropped in each round
 * @property {number} waits of promises in each round, most of them given up
 * @property {number} errors thrown by callbacks in each round
 * @property {number} workers started and ended in each round; fractions are carried on
 *
 * @typedef {object} Sample
 * @property {number} rss bytes
 * @property {number} allocated bytes that malloc has given out; 0 where the C library cannot say
 * @property {number} heap bytes of it that JavaScript uses
 * @property {number} descriptors
 * @property {number} threads
 *
 * @typedef {object} Report
 * @property {Sample[]} samples one a round
 * @property {number} registrations
 * @property {number} events
 * @property {number} reactors
 * @property {number} waits
 * @property {number} errors
 * @property {number} workers
 */

/** @type {Plan} */
const plan = JSON.parse(process.argv[2] ?? '{}')
const { backend, trigger, driver } = plan

/** @type {typeof import('../index.js')} */
const { Reactor, TcpListener, TcpStream, Waker, io } = await import(pathToFileURL(plan.library).href)
/** @type {{ dup(fd: number): number, close(fd: number): number, pipe(): [number, number], allocated?(): number }} */
const kit = createRequire(import.meta.url)(join(root, 'build/kit.node'))
const { gc } = globalThis
if (gc === undefined) throw new Error('run it with --expose-gc')

const options = { backend, driver }
/** How many descriptors are ready at any time: a batch. */
const ready = 400
/** How many registrations are made between two turns of the host's loop. */
const portion = 500

const [reader, writer] = kit.pipe()
/** Something that is ready in the main reactor without end: level repeats, and an edge is armed anew. */
const main = new Reactor({ ...options, batchSize: ready })
const handle = main.waker().handle
const listener = TcpListener.bind({ port: 0 })
const { port } = listener.localAddress
const { signal } = new AbortController()

let told = 0
let goal = Number.POSITIVE_INFINITY
let reached = () => {}
/** @type {import('../index.js').ReadyCallback} */
const hear = (_, self) => {
  told += 1
  if (trigger === 'edge') self.rearm()
  if (told >= goal) reached()
}
for (let count = 0; count < ready; count += 1)
  main.register(kit.dup(writer), { writable: true, trigger }, hear)
/** @type {number[]} to be registered and closed again */
const churned = Array.from({ length: 64 }, () => kit.dup(reader))

const never = () => {
  throw new Error('nobody should hear of it')
}

let state = plan.seed >>> 0 || 1
/** True once in so many times. @param {number} times */
function chance(times) {
  // Marsaglia's xorshift.
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % times === 0
}

const mishap = new Error('thrown by a callback')
let mishaps = 0
/** @param {unknown} error */
function take(error) {
  if (error !== mishap) throw error
  mishaps += 1
}
process.on('uncaughtException', take)

/** Lets `count` events happen. @param {number} count */
async function events(count) {
  const end = told + count
  if (driver === 'manual') {
    for (let more = count; more > 0; more = end - told) {
      try {
        main.poll()
      } catch (error) {
        take(error)
      }
    }
    return
  }
  await new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    reached = resolve
    goal = end
  })
  goal = Number.POSITIVE_INFINITY
}

/** Takes turns until what was closed behind the reactor's back is told, or the set is rebuilt. */
const turns = () => events(3 * ready)

/** A registration's whole life. @param {number} fd */
function live(fd) {
  const registration = main.register(
    fd,
    {
      readable: true,
      trigger,
      oneshot: chance(3),
      ref: !chance(5),
      ...(chance(7) && { signal }),
    },
    never,
  )
  if (chance(2)) registration.modify({ readable: true, writable: false })
  if (chance(4)) registration.pause().resume()
  if (chance(6)) registration.rearm()
  if (chance(11)) registration.unref().ref()
  registration.close()
}

/** A number that is closed while it is watched: a stranger's on a scan, out of reach on epoll. */
function closeBehind() {
  const fd = kit.dup(writer)
  const registration = main.register(fd, { writable: true, trigger }, () => {})
  kit.close(fd)
  if (backend !== 'poll' && backend !== 'select') registration.close()
}

/** @param {Source} source @param {import('../index.js').InterestOptions} interest */
function awaitReady(source, interest) {
  const reactor = new Reactor({ driver: 'manual' })
  reactor.register(source, interest, () => {})
  if (reactor.poll(20_000) !== 1) throw new Error('nothing came')
  reactor.close()
}

const byte = Buffer.from('x')

/** Two sockets, each watched, that end by a reset: what waits for its end in the kernel would be no fault of ours. */
function connection() {
  const client = TcpStream.connect({ port })
  awaitReady(listener, { readable: true })
  const server = listener.accept()
  if (server === null) throw new Error('no connection')
  awaitReady(client, { writable: true })
  main.register(client, { readable: true, trigger }, never)
  main.register(server, { disconnect: true, trigger }, never)
  io.write(server.fd, byte)
  server.reset()
  client.close()
}

/** @param {number} count */
async function churn(count) {
  for (let index = 0; index < count; index += 1) {
    live(churned[index % churned.length] ?? -1)
    if (index % portion === portion - 1) {
      for (const fd of churned.splice(0, 8)) kit.close(fd)
      while (churned.length < 64) churned.push(kit.dup(reader))
      await turns()
    }
  }
  for (let times = 0; times < 4; times += 1) {
    closeBehind()
    // A scan has the number until it has looked.
    await turns()
    connection()
    await turns()
  }
  if (main.size !== ready) throw new Error(`${main.size} registrations are left of ${ready}`)
}

/** Callbacks that throw. @param {number} count */
async function fail(count) {
  const fds = Array.from({ length: count }, () => kit.dup(writer))
  const end = mishaps + count
  for (const fd of fds) {
    main.register(fd, { writable: true, trigger }, (_, self) => {
      self.close()
      throw mishap
    })
  }
  for (let more = count; more > 0; more = end - mishaps) await turns()
  for (const fd of fds) kit.close(fd)
}

/** Whether it was given up for the reason of the signal. @param {Promise<unknown>} promise @param {AbortController} by */
const isGivenUp = (promise, by) =>
  promise.then(
    () => false,
    (error) => error === by.signal.reason,
  )

/** A step of an iteration over what never comes. @param {AbortSignal} [given] */
async function step(given) {
  const interest = { readable: true, trigger, ...(given && { signal: given }) }
  const steps = main.register(reader, interest)[Symbol.asyncIterator]()
  const next = steps.next()
  if (given === undefined) await steps.return?.()
  return next
}

/** Promises and iterations, most of which a signal ends, before them or while they wait. @param {number} count */
async function wait(count) {
  for (let index = 0; index < count; index += 1) {
    const controller = new AbortController()
    if (chance(3)) controller.abort()
    const promise = chance(2)
      ? step(controller.signal)
      : main.ready(reader, { readable: true }, { signal: controller.signal })
    const isRight = isGivenUp(promise, controller)
    if (chance(2)) await nextRound()
    controller.abort()
    if (!(await isRight)) throw new Error('it was not given up')
    if (chance(4)) await step()
  }
  const comes = main.ready(writer, { writable: true })
  await turns()
  await comes
}

/** Reactors that are closed, and some that are only let go. @param {number} count */
async function churnReactors(count) {
  for (let index = 0; index < count; index += 1) {
    const reactor = new Reactor(options)
    const registration = reactor.register(reader, { readable: true, trigger }, never)
    const waker = reactor.waker()
    if (!waker.wake() || !Waker.from(waker.handle).wake()) throw new Error('it is closed')
    if (driver === 'manual') reactor.poll(0)
    if (index % 4 === 0) registration.close()
    else reactor.close()
    if (index % 8 === 0) await nextRound()
  }
}

const workerScript = `
const { workerData: { library, options, trigger, handle }, parentPort } = require('node:worker_threads')
import(library).then(({ Reactor, TcpListener, Waker }) => {
  const reactor = new Reactor(options)
  const listener = TcpListener.bind({ port: 0 })
  reactor.register(listener, { readable: true, trigger }, () => {})
  parentPort.once('message', () => { reactor.close(); listener.close() })
  parentPort.postMessage(Waker.from(handle).wake())
})`

/** A thread of its own with a reactor of its own: it ends by itself, or is ended. @param {boolean} isEnded */
async function work(isEnded) {
  const workerData = { library: pathToFileURL(plan.library).href, options, trigger, handle }
  const worker = new Worker(workerScript, { eval: true, workerData })
  const exit = new Promise((resolve, reject) => {
    worker.once('exit', resolve).once('error', reject)
  })
  const isWoken = await new Promise((resolve) => {
    worker.once('message', resolve)
  })
  if (isWoken !== true) throw new Error('a worker found no reactor to wake')
  if (isEnded) await worker.terminate()
  else worker.postMessage('end', [])
  await exit
}

/** @returns {Promise<Sample>} */
async function sample() {
  // Finalizers run in a later turn, and what they free may hold more.
  for (let times = 0; times < 3; times += 1) {
    gc?.()
    await nextRound()
  }
  return {
    // The kernel's own number; that of `process.memoryUsage` is the same.
    allocated: kit.allocated?.() ?? 0,
    rss: Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096,
    heap: process.memoryUsage().heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
  }
}

/** @type {Report} */
const report = { samples: [], registrations: 0, events: 0, reactors: 0, waits: 0, errors: 0, workers: 0 }
let due = 0
for (let round = 0; round < plan.rounds || performance.now() < plan.lastMs; round += 1) {
  await churn(plan.registrations)
  await wait(plan.waits)
  await fail(plan.errors)
  await churnReactors(plan.reactors)
  for (due += plan.workers; due >= 1; due -= 1) {
    report.workers += 1
    await work(report.workers % 2 === 0)
  }
  await events(plan.events)
  report.samples.push(await sample())
  report.registrations += plan.registrations
  report.reactors += plan.reactors
  report.waits += plan.waits
}
report.errors = mishaps
report.events = main.stats().callbacks
main.close()
console.log(JSON.stringify(report))
