// Whether a binary works where this runs: every backend with every driver serves an echo over loopback, in the main thread and
// in a Worker, and a panic becomes an exception. Uses the package as an application would. Prints one line of JSON; exit
// status 0 if all of it went well. `NAPI_RS_NATIVE_LIBRARY_PATH=FILE node scripts/prebuild/smoke.mjs`
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { isMainThread, Worker } from 'node:worker_threads'
import { Reactor, TcpListener, TcpStream, WOULD_BLOCK } from 'fdreactor'

/** More than the kernel takes at once, so that both sides must wait for room as well. */
const LENGTH = 4 << 20
/** Where one that hangs ends; under emulation one takes seconds. */
const LIMIT_MS = 60_000

const file = process.env['NAPI_RS_NATIVE_LIBRARY_PATH'] ?? ''
/**
 * @typedef {{ backend: 'epoll' | 'kqueue' | 'poll' | 'select', driver: 'loop' | 'thread' | 'manual' }} Combination
 * @typedef {{ contract(): { backends: Combination['backend'][], supported: boolean[] }, panic(message: string): void }} Addon
 */

const addon = /** @type {Addon} */ (createRequire(import.meta.url)(file))

const runtime = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node'
const { backends, supported } = addon.contract()

/** Every backend that this system has, with every driver that it and the runtime take. */
const combinations = backends
  .filter((_, index) => supported[index])
  .flatMap((backend) =>
    ['loop', 'thread', 'manual']
      .filter((driver) => driver !== 'loop' || (runtime === 'node' && /epoll|kqueue/.test(backend)))
      .map((driver) => /** @type {Combination} */ ({ backend, driver })),
  )

/**
 * Sends back what comes, as far as the peer takes it.
 *
 * @param {Reactor} reactor
 * @param {TcpStream} stream
 */
function serve(reactor, stream) {
  const buffer = Buffer.alloc(64 * 1024)
  let [from, to] = [0, 0]
  const registration = reactor.register(stream, { readable: true }, () => {
    if (from === to) {
      const count = stream.read(buffer)
      if (count === WOULD_BLOCK) return
      if (count === 0) {
        stream.close()
        return
      }
      from = 0
      to = count
    }
    const taken = stream.write(buffer, from, to - from)
    if (taken > 0) from += taken
    registration.modify(from < to ? { writable: true } : { readable: true })
  })
}

/**
 * @param {Combination} combination
 * @returns {Promise<void>} once every byte has come back
 */
async function echo({ backend, driver }) {
  const reactor = new Reactor({ backend, driver })
  const listener = TcpListener.bind({ port: 0 })
  const client = TcpStream.connect({ host: '127.0.0.1', port: listener.localAddress.port })
  const sent = Buffer.alloc(LENGTH, 'fdreactor over loopback ')
  const received = Buffer.alloc(LENGTH)
  let [out, back] = [0, 0]
  try {
    if (reactor.backend !== backend || reactor.driver !== driver)
      throw new Error(`asked for ${backend} and ${driver}, got ${reactor.backend} and ${reactor.driver}`)
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${back} of ${LENGTH} bytes came back`)), LIMIT_MS)
      reactor.register(listener, { readable: true }, () => {
        const stream = listener.accept()
        if (stream) serve(reactor, stream)
      })
      const registration = reactor.register(client, { readable: true, writable: true }, () => {
        if (out < LENGTH) out += Math.max(0, client.write(sent, out, LENGTH - out))
        if (out === LENGTH) registration.modify({ readable: true })
        if (back < LENGTH) back += Math.max(0, client.read(received, back, LENGTH - back))
        if (back < LENGTH) return
        clearTimeout(timer)
        resolve(undefined)
      })
      const end = Date.now() + LIMIT_MS
      const isOver = () => back === LENGTH || Date.now() > end
      if (driver === 'manual') while (!isOver()) reactor.poll(100)
    })
    if (!received.equals(sent)) throw new Error('other bytes came back than were sent')
  } finally {
    reactor.close()
    client.close()
    listener.close()
  }
}

/** What a panic of the addon looks like from here; the process goes on. */
function panicked() {
  try {
    addon.panic('on purpose')
    return 'nothing was thrown'
  } catch (error) {
    return error instanceof Error && error.message.includes('on purpose') ? 'ok' : String(error)
  }
}

/** @returns {Promise<string>} */
async function inWorker() {
  const worker = new Worker(new URL(import.meta.url))
  let answer = 'ok'
  worker.on('error', (error) => {
    answer = String(error)
  })
  await once(worker, 'exit')
  return answer
}

if (isMainThread) {
  /** @type {Record<string, string>} */
  const results = {}
  for (const combination of combinations) {
    results[`${combination.backend} ${combination.driver}`] = await echo(combination).then(() => 'ok', String)
  }
  results['worker'] = await inWorker()
  results['panic'] = panicked()
  if (combinations[0]) results['after the panic'] = await echo(combinations[0]).then(() => 'ok', String)
  const { platform, arch, versions } = process
  const version = versions['bun'] ?? versions['deno'] ?? versions.node
  const { glibcVersionRuntime } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    process.report.getReport()
  ).header
  const libc =
    platform === 'linux' ? { libc: glibcVersionRuntime ? `glibc ${glibcVersionRuntime}` : 'musl' } : {}
  const isFine = Object.values(results).every((result) => result === 'ok')
  console.log(JSON.stringify({ isFine, runtime, version, platform, arch, ...libc, file, results }))
  process.exitCode = isFine ? 0 : 1
} else if (combinations[0]) {
  await echo(combinations[0])
}
