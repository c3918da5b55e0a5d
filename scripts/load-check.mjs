// Holds the benches' load generator against redis-benchmark: both send 64 bytes to the same server, each message when the
// last one of its connection has come back, in turns, with the server on one processor and the generator on another.
//
// With one connection a message is on its way at a time, so neither generator can be the limit: they must find the same median latency,
// and the server must spend as much processor time a message. With 50 they must find the same throughput, but only if the server is
// the limit under both, which its processor tells: a generator that cannot keep the server busy finds its own speed. (redis-benchmark
// is the slower one: it changes what it watches twice a message, and parses replies.) redis-benchmark cannot send at a fixed rate, so
// latencies under an open load cannot be compared. Needs Linux, cargo, redis-benchmark and taskset, and a machine that does nothing else.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { root, run, stopAllOnSignals, which } from './run.mjs'

/** By how much the medians may differ. */
const MARGIN = 0.15
/** A server that is busy for so much of the time is the limit. */
const BUSY = 0.9

/** `*2 $4 PING $43 ...` is 64 bytes; what comes back is a reply of redis' protocol too. */
const WORD = 'x'.repeat(43)

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, messages: { type: 'string', default: '100000' } },
})
const [rounds, messages] = [Number(values.rounds), Number(values.messages)]
const load = join(root, 'target/release/fdreactor-load')

/** @param {string} program @param {readonly string[]} args */
async function measured(program, args) {
  const { code, output } = await run('taskset', ['-c', '1', program, ...args])
  if (code !== 0) throw new Error(`${program}: ${output}`)
  return output
}

/** @typedef {{ rate: number, p50: number }} Found messages a second, and microseconds */
/** @typedef {Found & { cpu: number, busy: number }} Figures the server's microseconds a message, and its part of the time */

/** @type {Readonly<Record<string, (port: string, connections: number, count: number) => Promise<Found>>>} */
const generators = {
  async 'redis-benchmark'(port, connections, count) {
    const amount = ['-c', String(connections), '-P', '1', '-n', String(count)]
    const args = ['-p', port, ...amount, '--csv', 'PING', WORD]
    const lines = (await measured('redis-benchmark', args)).trim().split('\n')
    const [, rate, , , p50] = (lines.at(-1) ?? '')
      .split('","')
      .map((field) => Number(field.replaceAll('"', '')))
    return { rate: rate ?? Number.NaN, p50: (p50 ?? Number.NaN) * 1000 }
  },
  async ours(port, connections, count) {
    const amount = ['--connections', String(connections), '--messages', String(count)]
    const args = ['echo', '--port', port, '--bytes', '64', ...amount, '--warm-up', '0']
    const found = JSON.parse(await measured(load, args))
    return { rate: found.messages / found.seconds, p50: found.p50 }
  },
}

/** @param {readonly number[]} all */
const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN

/** Nanoseconds on a processor. @param {number | undefined} pid of a program with one thread that does the work */
const spent = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0])

/**
 * What both find of a server: theirs, then ours.
 *
 * @param {string} peer
 * @param {number} connections
 * @param {number} count of messages
 * @returns {Promise<readonly Figures[]>}
 */
async function measure(peer, connections, count) {
  const server = spawn('taskset', ['-c', '0', process.execPath, `dist/benches/peers/${peer}.js`, 'echo'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const [port] = await once(createInterface({ input: server.stdout }), 'line')
    /** @type {Record<string, Figures[]>} */
    const found = { 'redis-benchmark': [], ours: [] }
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, generate] of Object.entries(generators)) {
        const before = spent(server.pid)
        const figures = await generate(String(port), connections, count)
        const cpu = (spent(server.pid) - before) / 1000 / count
        found[name]?.push({ ...figures, cpu, busy: (cpu * figures.rate) / 1e6 })
      }
    }
    return Object.entries(found).map(([name, all]) => {
      const [rate = Number.NaN, p50 = Number.NaN, cpu = Number.NaN, busy = Number.NaN] =
        /** @type {const} */ (['rate', 'p50', 'cpu', 'busy']).map((key) => median(all.map((one) => one[key])))
      const work = `server ${cpu.toFixed(2)} µs a message, ${(busy * 100).toFixed(0)} % busy`
      const who = `${peer}, ${connections === 1 ? '1 connection' : `${connections} connections`}: ${name}`
      console.log(`${who}: ${rate.toFixed(0)} messages/s, p50 ${p50.toFixed(0)} µs, ${work}`)
      return { rate, p50, cpu, busy }
    })
  } finally {
    server.stdin.end()
  }
}

/**
 * Our figures by theirs. Whether those that can be compared agree.
 *
 * @param {string} peer
 * @param {number} connections
 */
async function agree(peer, connections) {
  const alone = connections === 1
  const [theirs, ours] = await measure(peer, connections, alone ? Math.ceil(messages / 5) : messages)
  if (theirs === undefined || ours === undefined) return false
  if (!alone && Math.min(theirs.busy, ours.busy) < BUSY) {
    console.log(
      `${peer}, ${connections} connections: the server is not the limit under both, so nothing is compared`,
    )
    return true
  }
  /** @type {'p50' | 'rate'} */
  const key = alone ? 'p50' : 'rate'
  const ratios = [ours[key] / theirs[key], ours.cpu / theirs.cpu]
  const [first, second] = ratios.map((ratio) => ratio.toFixed(3))
  console.log(
    `${peer}, ${alone ? '1 connection' : `${connections} connections`}: ours by theirs: ${alone ? 'p50' : 'throughput'} ${first}, processor time ${second}`,
  )
  return ratios.every((ratio) => Math.abs(ratio - 1) <= MARGIN)
}

stopAllOnSignals()
for (const tool of ['redis-benchmark', 'taskset', 'cargo'])
  if (!which(tool)) throw new Error(`${tool} is not on PATH`)
const built = await run('cargo', ['build', '--release', '--package', 'fdreactor-bench'])
if (built.code !== 0) throw new Error(built.output)
const verdicts = []
for (const peer of ['rust', 'node']) {
  for (const connections of [1, 50]) verdicts.push(await agree(peer, connections))
}
if (verdicts.includes(false)) {
  console.log(`they differ by more than ${MARGIN * 100} %`)
  process.exitCode = 1
}
