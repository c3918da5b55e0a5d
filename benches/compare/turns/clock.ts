/** Nanoseconds that something took. */
export interface Taken {
  /** On the clock. */
  readonly wall: number
  /** Of the processor's time, user and system, of the whole process. */
  readonly cpu: number
}

export function time(work: () => void): Taken {
  const usage = process.cpuUsage()
  const start = process.hrtime.bigint()
  work()
  const wall = Number(process.hrtime.bigint() - start)
  const { user, system } = process.cpuUsage(usage)
  return { wall, cpu: (user + system) * 1000 }
}

/** How often `once` fits into `ms` milliseconds: from a first try, at least once. */
export function howOften(ms: number, once: (rounds: number) => void): number {
  for (let rounds = 1; ; rounds *= 4) {
    const { wall } = time(() => once(rounds))
    if (wall > ms * 2e5 || rounds > 1e6) return Math.max(1, Math.round((rounds * ms * 1e6) / wall))
  }
}
