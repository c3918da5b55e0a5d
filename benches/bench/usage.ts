import { readFileSync, readdirSync } from 'node:fs'

/** Processor time of a process since it began, in microseconds. */
export interface Spent {
  readonly user: number
  readonly system: number
  readonly all: number
}

/** Of `/proc/PID/stat`: hundredths of a second. */
const TICK_US = 10_000

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** User and system time of all threads, also of those that have ended, in ticks. */
export function ticksOf(stat: string): { user: number; system: number } {
  // The name of the program, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { user: Number(fields[11]), system: Number(fields[12]) }
}

/** Nanoseconds on a processor of each thread that there is. */
function scheduled(pid: number): number | undefined {
  try {
    let sum = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [time] = (read(`/proc/${pid}/task/${thread}/schedstat`) ?? '').split(' ')
      if (time === undefined || time === '') return undefined
      sum += Number(time)
    }
    return sum
  } catch {
    return undefined
  }
}

/** What a process has spent; nothing off Linux, or when it is gone. */
export function spent(pid: number): Spent | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  const { user, system } = ticksOf(stat)
  const ticks = (user + system) * TICK_US
  const exact = (scheduled(pid) ?? 0) / 1000
  // Ticks are coarse; what threads had that have ended is in them alone.
  return { user, system, all: Math.max(exact, ticks - TICK_US) }
}

/** The difference, with user and system time in the proportion that the ticks show. */
export function between(before: Spent, after: Spent): Spent {
  const all = Math.max(0, after.all - before.all)
  const user = after.user - before.user
  const system = after.system - before.system
  const part = user + system === 0 ? 0 : user / (user + system)
  return { all, user: all * part, system: all * (1 - part) }
}

/** Bytes of memory that a process holds for itself, its share of what it shares included. */
export function memoryOf(pid: number): number | undefined {
  const [, pss] = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '') ?? []
  return pss === undefined ? undefined : Number(pss) * 1024
}
