// What the kernel tells of a process. Linux only.
import { readFileSync, readdirSync } from 'node:fs'

export const isLinux = process.platform === 'linux'

/** How many descriptors a process has open. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** The most memory a process has had, in bytes. */
export function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** The flags of an open descriptor, as `open` takes them. */
export function flags(pid: number, fd: number): number {
  const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
  return Number.parseInt(/^flags:\s+(\d+)$/m.exec(info)?.[1] ?? '', 8)
}

/** `R` running, `S` sleeping, `T` stopped, ... */
export function state(pid: number): string {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''
}

/** The children of a process. */
export function children(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return list.split(' ').filter(Boolean).map(Number)
}
