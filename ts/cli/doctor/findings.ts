import { release } from 'node:os'
import { Reactor } from '../../index.js'
import type { Backend, Capabilities } from '../../index.js'
import { explain, libcName, runtimeName } from '../../loader/explain.js'
import { BACKENDS, VERSION, binaryFile, loaded, native } from '../../native.js'
import { DRIVERS } from '../../options.js'
import { objection } from '../../runtime.js'
import { limits } from './limits.js'
import type { Limit } from './limits.js'
import { tryOut } from './trial.js'
import type { Trial, Way } from './trial.js'

/** A backend, and what it can do here; without capabilities this system does not have it. */
export interface BackendFinding {
  readonly name: Backend
  /** Whether `'auto'` takes it. */
  readonly isDefault: boolean
  readonly capabilities: Capabilities | null
}

/** The answer of `--json`. */
export interface Findings {
  readonly fdreactor: string
  readonly runtime: string
  readonly system: {
    readonly platform: string
    readonly arch: string
    readonly release: string
    /** glibc or musl, on Linux. */
    readonly libc: string | null
  }
  /** The file that was loaded. */
  readonly binary: string | null
  /** Why none was. */
  readonly problem: string | null
  readonly backends: readonly BackendFinding[]
  readonly limits: readonly Limit[]
  readonly selfTest: readonly Trial[]
  /** Whether there is a binary and all of the self-test has passed. */
  readonly works: boolean
}

function backends(): readonly BackendFinding[] {
  const { supported } = native.contract()
  const best = BACKENDS.find((_, index) => supported[index] === true)
  return BACKENDS.map((name, index) => {
    if (supported[index] !== true) return { name, isDefault: false, capabilities: null }
    const reactor = new Reactor({ backend: name, driver: 'manual' })
    reactor.close()
    return { name, isDefault: name === best, capabilities: reactor.capabilities }
  })
}

/** All that there are here. */
function ways(found: readonly BackendFinding[]): readonly Way[] {
  return found.flatMap(({ name: backend, capabilities }) => {
    if (capabilities === null) return []
    const triggers = capabilities.edge ? (['level', 'edge'] as const) : (['level'] as const)
    const drivers = DRIVERS.filter((driver) => objection(driver, backend) === undefined)
    return drivers.flatMap((driver) => triggers.map((trigger) => ({ backend, driver, trigger })))
  })
}

/**
 * Looks at everything.
 *
 * @param limitMs how long each part of the self-test may take
 */
export async function examine(limitMs: number): Promise<Findings> {
  const { addon } = loaded
  const found = addon === undefined ? [] : backends()
  const selfTest: Trial[] = []
  for (const way of ways(found)) selfTest.push(await tryOut(way, limitMs))
  return {
    fdreactor: VERSION,
    runtime: runtimeName(),
    system: {
      platform: process.platform,
      arch: process.arch,
      release: release(),
      libc: libcName() ?? null,
    },
    binary: binaryFile() ?? null,
    problem: addon === undefined ? explain(loaded.attempts, VERSION) : null,
    backends: found,
    limits: limits(),
    selfTest,
    works: selfTest.length > 0 && selfTest.every(({ passed }) => passed),
  }
}
