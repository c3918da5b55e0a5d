import type * as Binding from './binding.js'
import { LIBRARY_ERRORS, SYSCALLS, libraryError } from './errors.js'
import { fileOf } from './loader/binaries.js'
import { explain } from './loader/explain.js'
import { load } from './loader/load.js'
import type { Outcome } from './loader/load.js'

export type { NativeAddress } from './binding.js'

/** The addon. Only this file takes it from the loader; everybody else takes it from here. */
export type Native = typeof Binding

export const BACKENDS = ['epoll', 'kqueue', 'poll', 'select'] as const
export const RECORD_WORDS = 3

declare const FDREACTOR_VERSION: string
/** This package's version; scripts/bundle-library.mjs puts it in. */
export const VERSION = FDREACTOR_VERSION

/** Compares what both sides must agree on: an addon of another version would be misunderstood silently. */
function objection(addon: unknown): string | undefined {
  if (typeof addon !== 'object' || addon === null || !('contract' in addon))
    return 'not a binary of fdreactor'
  const contract = (addon as Native).contract()
  if (contract.version !== VERSION) return `of fdreactor ${contract.version}, and this is ${VERSION}`
  const theirs = [contract.syscalls, contract.errors, contract.backends, [contract.recordWords]]
  const ours = [SYSCALLS, LIBRARY_ERRORS, BACKENDS, [RECORD_WORDS]]
  return JSON.stringify(theirs) === JSON.stringify(ours)
    ? undefined
    : 'built from other sources than this JavaScript'
}

/** What came of loading it. */
export const loaded: Outcome<Native> = load<Native>(objection)

/** The file that it was loaded from, or what the runtime says of it instead. */
export function binaryFile(): string | undefined {
  return loaded.addon === undefined ? undefined : (fileOf(loaded.addon) ?? loaded.place)
}

/** An addon that is not there: importing it is fine, using it says why. */
function absent(reason: () => string): Native {
  return new Proxy({} as Native, {
    get() {
      throw libraryError('ERR_FDREACTOR_UNSUPPORTED_PLATFORM', reason())
    },
  })
}

export const native: Native =
  loaded.addon ?? absent(() => explain(loaded.addon === undefined ? loaded.attempts : [], VERSION))
