import { closeSync, openSync, readSync } from 'node:fs'

/** What a Linux process has for its C library. A binary for the other one does not load, or worse, does. */
export type Libc = 'glibc' | 'musl'

interface ReportHeader {
  readonly glibcVersionRuntime?: string
}

function reportHeader(): ReportHeader | undefined {
  try {
    // Deno's is made up.
    if (process.versions['deno'] !== undefined) return undefined
    const report = process.report.getReport() as { readonly header?: ReportHeader }
    return report.header
  } catch {
    return undefined
  }
}

/** glibc's version; it takes milliseconds to find out. */
export function glibcVersion(): string | undefined {
  return reportHeader()?.glibcVersionRuntime
}

/** The first bytes of the program that runs, where its dynamic linker is named. */
function head(): string {
  const file = openSync('/proc/self/exe', 'r')
  try {
    const bytes = Buffer.alloc(4096)
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(file)
  }
}

/**
 * The C library of this very process, from the dynamic linker that it asks for: the files of the system say nothing about a
 * musl Node on a glibc system. `undefined`: it cannot be told.
 */
export function processLibc(): Libc | undefined {
  try {
    const [, name] = /\/ld-(musl|linux)[\w.-]*\0/.exec(head()) ?? []
    if (name !== undefined) return name === 'musl' ? 'musl' : 'glibc'
  } catch {
    // No /proc here.
  }
  const header = reportHeader()
  if (header === undefined) return undefined
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}
