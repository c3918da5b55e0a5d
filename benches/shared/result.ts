/** What the results of all benches have in common. */

/** A figure of several rounds: the median, a 95 % interval of it by bootstrap, and the spread of the rounds. */
export interface Estimate {
  readonly median: number
  readonly low: number
  readonly high: number
  /** Interquartile range by the median: 0.1 is 10 %. */
  readonly spread: number
  readonly rounds: number
}

/** Where it was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: number
  readonly platform: string
  readonly arch: string
  readonly kernel: string
  /** Of the processor's faults, those with a mitigation that the kernel names. */
  readonly mitigations: readonly string[]
  readonly runtime: string
  readonly fdreactor: string
  readonly openFiles: number
  readonly virtual: string | null
}
