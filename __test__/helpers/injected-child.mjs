/**
 * What a script of `injected.ts` is made of: strace attaches itself to this very process while JavaScript stands still, so
 * the first call of a kind that it sees is the first one of what is tried, on every machine and with every version of node.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {{ allowTracing(): number, pipe(): [number, number], close(fd: number): number }} Kit */

/** The calls of `kit.ts`, bare. */
const kit = /** @type {Kit} */ (createRequire(import.meta.url)('../../build/kit.node'))
kit.allowTracing()

/**
 * What glibc calls on one processor and not on another.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const ALIASES = {
  accept: ['accept', 'accept4'],
  clone: ['clone', 'clone3'],
  epoll_wait: ['epoll_wait', 'epoll_pwait', 'epoll_pwait2'],
  fstat: ['fstat', 'newfstatat'],
  poll: ['poll', 'ppoll'],
  recv: ['recvfrom'],
  select: ['select', 'pselect6'],
  send: ['sendto'],
}

/** @param {string} call */
const names = (call) => (ALIASES[call] ?? [call]).map((name) => `?${name}`).join(',')

/**
 * @typedef {object} Fault
 * @property {string} call by its manual page
 * @property {string} [exactly] the one name of those that it has in the kernel
 * @property {string} error such as `ENOMEM`
 * @property {number} [result] what the calls return instead of an error, without doing anything
 * @property {string} [when] which calls of the thread fail, in strace's words: `1` (the first), `2+` (all from the second on)
 * @property {number} [thread] whose calls. Default: this one's.
 * @property {number} [on] a descriptor: only calls about its file count. Whatever node does meanwhile is then out of the
 *   way, so that `act` may wait for something.
 */

/**
 * @typedef {object} Attempt
 * @property {unknown} [value] what came of it
 * @property {unknown} [error] what it threw
 * @property {readonly string[]} trace the calls that were seen
 * @property {readonly string[]} injected those of them that strace made fail
 */

const nap = new Int32Array(new SharedArrayBuffer(4))

/**
 * Runs `act` while strace watches.
 *
 * @param {readonly string[]} args
 * @param {number} thread
 * @param {() => unknown} act
 * @returns {Promise<Attempt>}
 */
async function watched(args, thread, act) {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-inject-'))
  const trace = join(folder, 'trace')
  const said = join(folder, 'said')
  const go = join(folder, 'go')
  const output = openSync(said, 'w')
  // It waits for a word, or it would see what starting it closes.
  const script = 'until [ -e "$0" ]; do :; done; exec strace "$@"'
  const strace = spawn(
    'sh',
    ['-c', script, go, ...args, '-e', 'signal=none', '-o', trace, '-p', String(thread)],
    { stdio: ['ignore', 'ignore', output] },
  )
  closeSync(output)
  const ended = once(strace, 'close')
  mkdirSync(go)
  // It says so once it is attached. Asked without a call that anybody injects.
  while (statSync(said).size === 0) Atomics.wait(nap, 0, 0, 1)
  /** @type {{ value?: unknown, error?: unknown }} */
  const outcome = {}
  try {
    outcome.value = await act()
  } catch (error) {
    outcome.error = error
  }
  strace.kill('SIGINT')
  await ended
  const words = readFileSync(said, 'utf8')
  if (!words.includes(' attached')) throw new Error(`strace does not attach itself: ${words}`)
  const lines = readFileSync(trace, 'utf8').split('\n')
  rmSync(folder, { recursive: true, force: true })
  return { ...outcome, trace: lines, injected: lines.filter((line) => line.includes('(INJECTED)')) }
}

/**
 * Runs `act` while calls fail.
 *
 * @param {Fault} fault
 * @param {() => unknown} act
 */
export function inject({ call, exactly, error, result, when = '1', thread = thisThread(), on }, act) {
  const set = exactly ?? names(call)
  const outcome = result === undefined ? `error=${error}` : `retval=${result}`
  const about = on === undefined ? [] : ['-P', readlinkSync(`/proc/self/fd/${on}`)]
  const how = ['-e', `trace=${set}`, '-e', `inject=${set}:${outcome}:when=${when}`]
  return watched([...about, ...how], thread, act)
}

/** @param {string} name */
export function threadsNamed(name) {
  return readdirSync('/proc/self/task')
    .filter((thread) => readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim() === name)
    .map(Number)
}

/** The number of the thread that this runs in. */
export const thisThread = () => Number(basename(readlinkSync('/proc/thread-self')))

/** What a spin is made of. */
const SPIN = ['epoll_wait', 'poll', 'select', 'epoll_ctl', 'recv', 'epoll_create1', 'accept', 'read', 'fcntl']

/**
 * Whether the process keeps quiet in a while in which it has nothing to do. A handful of calls is node's own, and a reactor
 * that rests between two tries may try a few times; one that spins makes some hundreds.
 */
export async function isCalm() {
  const set = SPIN.map((call) => names(call)).join(',')
  const { trace } = await watched(['-f', '-e', `trace=${set}`], process.pid, () => sleep(15))
  const calls = trace.filter((line) => !line.includes('unfinished'))
  return calls.length <= 60 || calls
}

/**
 * Whether a reactor that has nothing to do waits once, and not again and again.
 *
 * @param {import('../../dist/index.js').Reactor} reactor
 */
export async function rests(reactor) {
  const before = reactor.stats().waits
  await sleep(10)
  const waits = reactor.stats().waits - before
  return waits <= 3 || waits
}

/**
 * How many descriptors are open, once it is no more than `wanted`, or has not become so in a second: some runtimes open their
 * own, and close what they had for strace later.
 *
 * @param {number} wanted
 */
async function settled(wanted) {
  for (let tries = 0; tries < 200 && countOpen() > wanted; tries += 1) await sleep(5)
  return countOpen()
}

export const countOpen = () => readdirSync('/proc/self/fd').length

/** @type {Readonly<Record<string, number>>} */
const NUMBERS = constants.errno

/**
 * An error in a few words: `ENOMEM epoll_ctl fd`.
 *
 * @param {Partial<import('../../dist/index.js').SystemError> | undefined} error
 * @param {number} [fd] the descriptor that it should be about
 */
export function told(error, fd) {
  if (error === undefined) return 'nothing'
  const { code, errno, syscall } = error
  if (code === undefined || syscall === undefined) return String(code ?? error.stack)
  const words = [code, syscall]
  if (error.fd !== undefined) words.push(error.fd === fd ? 'fd' : `fd ${error.fd}`)
  if (error.address !== undefined) words.push(`${error.address}:${error.port}`)
  if (errno !== -(NUMBERS[code] ?? 0)) words.push(`errno ${errno}`)
  return words.join(' ')
}

/**
 * What `act` was told while calls failed, and how many of them did. All of them must look like `ours`: a runtime may make one
 * of its own just then. With `spare`, which takes what came of that, it is tried again.
 *
 * @param {Fault} fault
 * @param {RegExp} ours
 * @param {() => unknown} act
 * @param {(value: unknown) => void} [spare]
 * @returns {Promise<{ value?: unknown, error?: unknown, failed: number }>}
 */
export async function attempt(fault, ours, act, spare, tries = 1) {
  const { value, error, injected, trace } = await inject(fault, act)
  const strange = injected.find((line) => !ours.test(line))
  if (strange !== undefined) {
    if (spare === undefined || tries === 5)
      throw new Error(`this call is not the one that was meant: ${strange}`)
    spare(value)
    return attempt(fault, ours, act, spare, tries + 1)
  }
  if (injected.length === 0)
    throw new Error(`no ${fault.call} failed:\n${trace.join('\n')}`, { cause: error })
  return { value, error, failed: injected.length }
}

/**
 * Where a call that looks like `ours` comes first in `act`, for a fault: node makes calls of the same kind.
 *
 * @param {string} call
 * @param {RegExp} ours
 * @param {() => unknown} act
 */
export async function firstOf(call, ours, act) {
  const { trace } = await watched(['-e', `trace=${names(call)}`], thisThread(), act)
  const found = trace.find((line) => ours.test(line))
  const exactly = found?.split('(', 1)[0] ?? call
  const alike = trace.filter((line) => line.startsWith(`${exactly}(`))
  return { exactly, when: String(alike.findIndex((line) => line === found) + 1) }
}

export const pipe = () => kit.pipe()

/**
 * Whether a reactor calls back for another descriptor.
 *
 * @param {import('../../dist/index.js').Reactor} reactor
 * @param {[number, number]} other a pipe, which is closed
 */
export async function serves(reactor, other = pipe()) {
  const [reader, writer] = other
  try {
    /** @type {Promise<boolean>} */
    const called = new Promise((resolve) => {
      reactor.register(writer, { writable: true }, (_, registration) => {
        registration.close()
        resolve(true)
      })
    })
    if (reactor.driver === 'manual') reactor.poll(5000)
    return await Promise.race([called, sleep(5000, false, { ref: false })])
  } finally {
    kit.close(reader)
    kit.close(writer)
  }
}

/**
 * Takes turns until something is so.
 *
 * @param {import('../../dist/index.js').Reactor} reactor
 * @param {() => boolean} isSo
 */
export async function until(reactor, isSo) {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 2000) throw new Error(`it did not come to pass: ${isSo}`)
    if (reactor.driver === 'manual') reactor.poll(0)
    await sleep(1)
  }
}

const nothing = () => {}

/**
 * Goes through the rows of a place, and writes a line for each.
 *
 * @template Row
 * @param {readonly Row[]} rows
 * @param {(row: Row) => Promise<object>} scene
 */
export async function play(rows, scene) {
  // What a runtime opens for its first signal, child and output stays open.
  process.once('SIGUSR2', nothing).off('SIGUSR2', nothing)
  await watched([], process.pid, () => process.stdout.write(''))
  let open = countOpen()
  for (const row of rows) {
    const facts = await scene(row)
    const leaked = Math.max(0, (await settled(open)) - open)
    open = countOpen()
    process.stdout.write(`${JSON.stringify({ ...facts, leaked })}\n`)
  }
  // Whatever the rows have left behind would show by now.
  process.stdout.write(`${JSON.stringify({ calm: await isCalm() })}\n`)
}
