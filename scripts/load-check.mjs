// Holds the benches' load generator against redis-benchmark: both send 64 bytes over 50 connections to the same server,
// each message when the last one of its connection has come back, in turns, with the server on one processor and the
// generator on another. On node:net, where the server is the limit, they must find the same throughput within the margin,
// and it must spend as much processor time a message. On mio the generator is the limit, and the figures show which one
// takes more. Needs Linux, cargo, redis-benchmark and taskset, and a machine that does nothing else.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { root, run, stopAllOnSignals, which } from './run.mjs'

/** By how much the medians may differ. */
const MARGIN = 0.15

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

/** @type {Readonly<Record<string, (port: string) => Promise<Found>>>} */
const generators = {
  async 'redis-benchmark'(port) {
    const args = ['-p', port, '-c', '50', '-P', '1', '-n', String(messages), '--csv', 'PING', WORD]
    const lines = (await measured('redis-benchmark', args)).trim().split('\n')
    const [, rate, , , p50] = (lines.at(-1) ?? '')
      .split('","')
      .map((field) => Number(field.replaceAll('"', '')))
    return { rate: rate ?? Number.NaN, p50: (p50 ?? Number.NaN) * 1000 }
  },
  async ours(port) {
    const args = ['echo', '--port', port, '--bytes', '64', '--messages', String(messages), '--warm-up', '0']
    const { messages: count, seconds, p50 } = JSON.parse(await measured(load, args))
    return { rate: count / seconds, p50 }
  },
}

/** @param {readonly number[]} all */
const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN

/** Nanoseconds on a processor. @param {number | undefined} pid of a program with one thread that does the work */
const spent = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0])

/**
 * The ratios of our throughput to theirs, and of the server's processor time a message.
 *
 * @param {string} peer
 */
async function compare(peer) {
  const server = spawn('taskset', ['-c', '0', process.execPath, `dist/benches/peers/${peer}.js`, 'echo'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const [port] = await once(createInterface({ input: server.stdout }), 'line')
    /** @type {Record<string, (Found & { cpu: number })[]>} */
    const found = { 'redis-benchmark': [], ours: [] }
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, generate] of Object.entries(generators)) {
        const before = spent(server.pid)
        const figures = await generate(String(port))
        const cpu = (spent(server.pid) - before) / 1000 / messages
        found[name]?.push({ ...figures, cpu })
      }
    }
    const [theirs, ours] = Object.entries(found).map(([name, all]) => {
      const [rate, p50, cpu] = /** @type {const} */ (['rate', 'p50', 'cpu']).map((key) =>
        median(all.map((one) => one[key])),
      )
      console.log(
        `${peer}: ${name}: ${rate?.toFixed(0)} messages/s, p50 ${p50?.toFixed(0)} µs, server ${cpu?.toFixed(2)} µs a message`,
      )
      return { rate: rate ?? Number.NaN, cpu: cpu ?? Number.NaN }
    })
    const ratios = [(ours?.rate ?? 0) / (theirs?.rate ?? 0), (ours?.cpu ?? 0) / (theirs?.cpu ?? 0)]
    console.log(
      `${peer}: ours by theirs: throughput ${ratios[0]?.toFixed(3)}, processor time ${ratios[1]?.toFixed(3)}`,
    )
    return ratios
  } finally {
    server.stdin.end()
  }
}

stopAllOnSignals()
for (const tool of ['redis-benchmark', 'taskset', 'cargo'])
  if (!which(tool)) throw new Error(`${tool} is not on PATH`)
const built = await run('cargo', ['build', '--release', '--package', 'fdreactor-bench'])
if (built.code !== 0) throw new Error(built.output)
await compare('rust')
const ratios = await compare('node')
if (ratios.some((ratio) => !(Math.abs(ratio - 1) <= MARGIN))) {
  console.log(`they differ by more than ${MARGIN * 100} %`)
  process.exitCode = 1
}
