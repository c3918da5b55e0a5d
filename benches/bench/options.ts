import { UsageError, choices, parsed, whole, writable } from '../shared/options.js'
import { namesOf } from './peers.js'
import { KINDS } from './result.js'
import type { Kind } from './result.js'

/** What is sent over how many connections. */
export interface Case {
  readonly bytes: number
  readonly connections: number
}

export interface Plan {
  readonly kind: Kind
  readonly quick: boolean
  readonly peers: readonly string[] | undefined
  /** Of echo, accept and memory; of dispatch `connections` is the number of descriptors. */
  readonly cases: readonly Case[]
  readonly rounds: number
  readonly seconds: number
  /** 0: as many as the seconds allow. */
  readonly messages: number
  /** Messages a second; 0: each waits for the echo of the last one. */
  readonly open: number
  readonly seed: number
  readonly json: string | undefined
}

export type Request = { readonly does: 'help' } | ({ readonly does: 'measure' } & Plan)

export const USAGE = `Usage: fdreactor bench echo|accept|memory|dispatch [options]

Measures this package beside others on this machine, each in a process of its own, in turns.

  echo       messages sent back: processor time of the server, messages a second, latencies
  accept     connections that come and go
  memory     what an idle connection takes
  dispatch   callbacks a second for descriptors that are always ready

  --quick              about half a minute
  --peers NAME,...     only these (all that are here)
  --sizes N,...        bytes of a message (echo: 1,64,1024,16384,262144; accept: 0,64)
  --connections N,...  at the same time (echo: 1,50,1000,10000; accept: 50; memory: 10000); dispatch: descriptors (1,64)
                       Given sizes and connections are all combined; without, echo measures each size at 50
                       connections, and 64 bytes at each number of connections.
  --rounds N           how often each is measured (5)
  --seconds N          how long each time (1)
  --messages N         exactly so many each time instead (not for dispatch)
  --open RATE          echo: messages a second, whether echoes come or not, timed from when they were due
  --seed N             of the order of the measurements (1)
  --json FILE          write all figures
  --help, -h           this text
`

const options = {
  quick: { type: 'boolean', default: false },
  peers: { type: 'string' },
  sizes: { type: 'string' },
  connections: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  messages: { type: 'string', default: '0' },
  open: { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** The message and the number of connections that everything is compared at. */
const COMMON = { bytes: 64, connections: 50 }

interface Lists {
  readonly sizes: readonly number[]
  readonly connections: readonly number[]
}

const FULL: Readonly<Record<Kind, Lists>> = {
  echo: { sizes: [1, 64, 1024, 16_384, 262_144], connections: [1, 50, 1000, 10_000] },
  accept: { sizes: [0, 64], connections: [50] },
  memory: { sizes: [64], connections: [10_000] },
  dispatch: { sizes: [0], connections: [1, 64] },
}

const QUICK: Readonly<Record<Kind, Lists>> = {
  echo: { sizes: [64, 16_384], connections: [1, 50] },
  accept: { sizes: [0], connections: [50] },
  memory: { sizes: [64], connections: [2000] },
  dispatch: { sizes: [0], connections: [1, 64] },
}

const EFFORT = {
  quick: { rounds: 2, seconds: 0.3 },
  whole: { rounds: 5, seconds: 1 },
} as const

/** Each of `sizes` at 50 connections and 64 bytes at each of `connections`; of given lists every pair. */
export function casesOf({ sizes, connections }: Lists, isGiven: boolean): Case[] {
  const all = sizes.flatMap((bytes) => connections.map((count) => ({ bytes, connections: count })))
  if (isGiven) return all
  return all.filter(
    ({ bytes, connections: count }) =>
      count === COMMON.connections || bytes === COMMON.bytes || sizes.length === 1,
  )
}

function list(name: string, text: string | undefined, min: number, max: number): number[] | undefined {
  if (text === undefined) return undefined
  return [...new Set(text.split(',').map((each) => whole(name, each, min, max)))]
}

function seconds(text: string): number {
  const value = /^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0
  if (value >= 0.01 && value <= 600) return value
  throw new UsageError(`--seconds must be a number from 0.01 to 600, not '${text}'`)
}

/** Reads the command line. @throws UsageError */
export function parseOptions(args: readonly string[]): Request {
  const { values, positionals } = parsed({ args: [...args], options, allowPositionals: true })
  if (values.help) return { does: 'help' }
  const [word, ...more] = positionals
  if (word === undefined) throw new UsageError(`say what to measure: ${KINDS.join(', ')}`)
  if (more.length > 0) throw new UsageError(`'${more[0]}' is not understood`)
  const [kind = 'echo'] = choices('bench', word, KINDS)
  const open = whole('--open', values.open, 0, 10_000_000)
  if (open > 0 && kind !== 'echo') throw new UsageError('--open is for echo')
  const messages = whole('--messages', values.messages, 0, 1_000_000_000)
  if (messages > 0 && kind === 'dispatch') throw new UsageError('--messages is not for dispatch')
  const sizes = list('--sizes', values.sizes, kind === 'accept' ? 0 : 1, 16 * 1024 * 1024)
  const connections = list('--connections', values.connections, 1, 1_000_000)
  if (sizes && kind === 'dispatch') throw new UsageError('--sizes is not for dispatch')
  const known = values.quick ? QUICK[kind] : FULL[kind]
  const isGiven = sizes !== undefined || connections !== undefined
  const missing = (name: 'sizes' | 'connections', common: number): readonly number[] =>
    isGiven && kind === 'echo' ? [common] : known[name]
  const effort = values.quick ? EFFORT.quick : EFFORT.whole
  return {
    does: 'measure',
    kind,
    quick: values.quick,
    peers: values.peers === undefined ? undefined : choices('--peers', values.peers, namesOf(kind)),
    cases: casesOf(
      {
        sizes: sizes ?? missing('sizes', COMMON.bytes),
        connections: connections ?? missing('connections', COMMON.connections),
      },
      isGiven,
    ),
    rounds: values.rounds === undefined ? effort.rounds : whole('--rounds', values.rounds, 1, 1000),
    seconds: values.seconds === undefined ? effort.seconds : seconds(values.seconds),
    messages,
    open,
    seed: whole('--seed', values.seed, 0, 2 ** 31 - 1),
    json: writable('--json', values.json),
  }
}
