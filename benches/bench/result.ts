/** What a run of a bench finds: what `--json` writes. */
import type { Estimate, Machine } from '../shared/result.js'

export type { Estimate, Machine } from '../shared/result.js'

/** Of this file's shape. */
export const FORMAT = 1

export type Kind = 'echo' | 'accept' | 'memory' | 'dispatch'

export const KINDS: readonly Kind[] = ['echo', 'accept', 'memory', 'dispatch']

/** Who was measured. */
export interface PeerFacts {
  readonly name: string
  readonly what: string
  readonly version: string
}

/** What was not measured, and why: a peer that is not here, or that failed at something. */
export interface LeftOut {
  readonly peer: string
  readonly why: string
}

/** Processor time of the server's process, in microseconds a message (or connection, or callback). */
export interface Cpu {
  readonly all: Estimate
  readonly user: Estimate
  readonly system: Estimate
}

/** By the same figure of another peer, round by round. */
export type Ratios = Readonly<Record<string, Estimate>>

export interface EchoCell {
  readonly peer: string
  readonly bytes: number
  readonly connections: number
  /** Messages of all rounds that were sent and came back whole. */
  readonly messages: number
  /** Messages a second. */
  readonly rate: Estimate
  /** Microseconds; without a fixed rate from when a message was sent, else from when it was due. */
  readonly p50: Estimate
  readonly p99: Estimate
  readonly p999: Estimate
  readonly cpu: Cpu | null
  /** The part of the time in which the server had its processor: 1 is all. */
  readonly busy: Estimate | null
  /** Of `cpu.all`; of the latency at the median, if the processor time is not known. */
  readonly ratios: Ratios
  /** Why latencies are partly the generator's own: a sentence. */
  readonly doubt: string | null
}

export interface AcceptCell {
  readonly peer: string
  /** Of the message that each connection exchanged before its peer reset it; 0: the server closed it at once. */
  readonly bytes: number
  readonly connections: number
  /** Connections of all rounds. */
  readonly accepted: number
  /** Connections a second. */
  readonly rate: Estimate
  readonly cpu: Cpu | null
  /** The part of the time in which the server had its processor: 1 is all. */
  readonly busy: Estimate | null
  /** Of the connections for each second of processor time; of the rate, if that is not known. */
  readonly ratios: Ratios
}

export interface MemoryCell {
  readonly peer: string
  readonly connections: number
  /** Bytes of the server's memory for each idle connection. */
  readonly memory: Estimate
  /** Bytes of all of it with no connection but the first few. */
  readonly base: Estimate
  readonly ratios: Ratios
}

export interface DispatchCell {
  readonly peer: string
  readonly descriptors: number
  /** Of all rounds. */
  readonly callbacks: number
  /** Callbacks a second. */
  readonly rate: Estimate
  readonly cpu: Cpu
  /** Of the rate. */
  readonly ratios: Ratios
}

/** A number to reach, and what was found. */
export interface Verdict {
  readonly id: string
  readonly claim: string
  /** `null`: a peer is missing, or the case was not measured. */
  readonly holds: boolean | null
  readonly finding: string
}

export interface Settings {
  readonly command: string
  readonly kind: Kind
  readonly quick: boolean
  readonly rounds: number
  /** Of a measured window; 0 if messages are counted. */
  readonly seconds: number
  readonly messages: number
  /** Messages a second, if they do not wait for echoes. */
  readonly open: number | null
  readonly seed: number
}

export interface Result {
  readonly format: typeof FORMAT
  readonly started: string
  readonly seconds: number
  readonly machine: Machine
  readonly settings: Settings
  readonly peers: readonly PeerFacts[]
  readonly leftOut: readonly LeftOut[]
  readonly echo: readonly EchoCell[]
  readonly accept: readonly AcceptCell[]
  readonly memory: readonly MemoryCell[]
  readonly dispatch: readonly DispatchCell[]
  readonly verdicts: readonly Verdict[]
  /** What disturbed the run, and what else a reader should know, a sentence each. */
  readonly disturbances: readonly string[]
}
