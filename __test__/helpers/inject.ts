import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from './test.js'

export interface Injection {
  /** For the command line, before node. The traced program is the child itself, and strace watches from the side. */
  readonly wrapper: readonly string[]
  /** The calls so far, each as strace writes it. */
  readonly calls: () => string[]
}

/**
 * Has the first `times` calls of `syscall` fail with an error, for what a machine cannot be brought to or must not be. The
 * kernel does not see those calls.
 */
export function inject(t: ExecutionContext, syscall: string, error: string, times: number): Injection {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-inject-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const trace = join(folder, 'trace')
  const expression = `inject=${syscall}:error=${error}:when=1..${times}`
  const options = ['-D', '-f', '-qq', '-e', `trace=${syscall}`, '-e', 'signal=none', '-e', expression]
  return {
    wrapper: ['strace', ...options, '-o', trace],
    calls: () => readFileSync(trace, 'utf8').match(new RegExp(`\\b${syscall}\\(.*`, 'g')) ?? [],
  }
}
