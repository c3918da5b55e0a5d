import { readFileSync, readdirSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import type { Machine } from './result.js'

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The limit of open files of this process. */
export function openFiles(): number {
  const [, linux] = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits')) ?? []
  if (linux !== undefined) return Number(linux)
  const report = process.report?.getReport() as
    { userLimits?: { open_files?: { soft?: number | string } } } | undefined
  const soft = Number(report?.userLimits?.open_files?.soft)
  // The default of macOS, where nothing says more.
  return Number.isFinite(soft) ? soft : 256
}

/** How many descriptors this process has open. */
export function openNow(): number {
  try {
    return readdirSync(platform() === 'linux' ? '/proc/self/fd' : '/dev/fd').length
  } catch {
    return 64
  }
}

function mitigations(): string[] {
  const folder = '/sys/devices/system/cpu/vulnerabilities'
  try {
    return readdirSync(folder)
      .filter((name) => read(`${folder}/${name}`).startsWith('Mitigation'))
      .toSorted()
  } catch {
    return []
  }
}

function runtime(): string {
  const { bun, deno } = process.versions
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node.js ${process.versions.node}` : `Deno ${deno}`
}

/** Whether a hypervisor says that it is there. */
function virtual(): string | null {
  if (!/^flags.*\bhypervisor\b/m.test(read('/proc/cpuinfo'))) return null
  const vendor = read('/sys/class/dmi/id/sys_vendor').trim()
  return vendor === '' ? 'a virtual machine' : vendor
}

export function machine(version: string): Machine {
  const model = cpus()[0]?.model.trim() ?? ''
  return {
    cpu: model === '' ? 'unknown' : model,
    cores: cpus().length,
    memory: totalmem(),
    platform: platform(),
    arch: arch(),
    kernel: release(),
    mitigations: mitigations(),
    runtime: runtime(),
    fdreactor: version,
    openFiles: openFiles(),
    virtual: virtual(),
  }
}

/** Jiffies of all processors, and those that the host kept to itself. Linux; elsewhere nothing. */
function jiffies(): { all: number; stolen: number } | undefined {
  const [, line] = /^cpu +(.*)$/m.exec(read('/proc/stat')) ?? []
  if (line === undefined) return undefined
  const fields = line.split(' ').map(Number)
  return { all: fields.slice(0, 8).reduce((sum, each) => sum + each, 0), stolen: fields[7] ?? 0 }
}

/** Watches what else the machine does. `say` tells at the end what disturbed. */
export function watchMachine(loadAtStart: number): { say: () => string[] } {
  const before = jiffies()
  return {
    say() {
      const said: string[] = []
      const cores = cpus().length
      if (loadAtStart > cores / 2)
        said.push(
          `Other work was under way at the start: a load of ${loadAtStart.toFixed(1)} on ${cores} processors.`,
        )
      const after = jiffies()
      if (before && after) {
        const stolen = (after.stolen - before.stolen) / Math.max(1, after.all - before.all)
        if (stolen > 0.02)
          said.push(
            `The host kept ${(stolen * 100).toFixed(0)} % of the processors' time from this virtual machine.`,
          )
      }
      return said
    },
  }
}
