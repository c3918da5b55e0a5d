import { createRequire } from 'node:module'
import type * as Binding from './binding.js'
import { LIBRARY_ERRORS, SYSCALLS, libraryError } from './errors.js'

export type { NativeAddress } from './binding.js'

/** The addon. Only this file loads it; everybody else takes it from here. */
export type Native = typeof Binding

export const BACKENDS = ['epoll', 'kqueue', 'poll', 'select'] as const
export const RECORD_WORDS = 3

/** The files that may hold the addon, best first. glibc or musl is found out by trying: only one of them loads. */
function candidates(): readonly string[] {
  const { arch, platform } = process
  const builds = platform === 'linux' ? [`linux-${arch}-gnu`, `linux-${arch}-musl`] : [`${platform}-${arch}`]
  const override = process.env['NAPI_RS_NATIVE_LIBRARY_PATH']
  const bundled = builds.map((build) => `../native/fdreactor.${build}.node`)
  return override === undefined || override === '' ? bundled : [override]
}

/** Compares what both sides must agree on: an addon of another version would be misunderstood silently. */
function agree(contract: Binding.Contract): boolean {
  const lists = [
    [contract.syscalls, SYSCALLS],
    [contract.errors, LIBRARY_ERRORS],
    [contract.backends, BACKENDS],
    [[contract.recordWords], [RECORD_WORDS]],
  ]
  return JSON.stringify(lists.map(([theirs]) => theirs)) === JSON.stringify(lists.map(([, ours]) => ours))
}

function load(): Native {
  // What this becomes a part of lies in dist/chunks.
  const require = createRequire(import.meta.url)
  const tried: string[] = []
  for (const file of candidates()) {
    try {
      const addon = require(file) as Native
      if (agree(addon.contract())) return addon
      tried.push(`${file}: of another version of fdreactor (${addon.contract().version})`)
    } catch (error) {
      tried.push(`${file}: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}`)
    }
  }
  throw libraryError(
    'ERR_FDREACTOR_UNSUPPORTED_PLATFORM',
    `No binary of fdreactor loads on ${process.platform} ${process.arch}. Tried:\n  ${tried.join('\n  ')}\n` +
      'It runs on Linux and macOS. In a checkout, "npm run build" makes the binary.',
  )
}

/** An addon that is not there: importing it is fine, using it says why. */
function absent(reason: unknown): Native {
  return new Proxy({} as Native, {
    get() {
      throw reason
    },
  })
}

function loadOrExplain(): Native {
  try {
    return load()
  } catch (error) {
    return absent(error)
  }
}

export const native: Native = loadOrExplain()
