import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { PATIENCE_MS } from '../descriptors.js'

/** The numbers of the programs that a process has started, whose command lines are like this. */
export function programsOf(parent: number, like: RegExp): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((found) => Number(found?.[2]) === parent && like.test(found?.[3] ?? ''))
    .map((found) => Number(found?.[1]))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Those that are still there when all had time to end. */
export async function left(pids: readonly number[]): Promise<number[]> {
  const end = performance.now() + PATIENCE_MS
  while (pids.some(isAlive) && performance.now() < end) await sleep(10)
  return pids.filter(isAlive)
}
