// Waiting for things to happen, without guessing how long they take.
import { setTimeout as sleep } from 'node:timers/promises'

/** Where waiting ends that nothing ended. No test passes or fails by how fast the machine is before that. */
export const DEADLINE_MS = 60_000

/** What a client that checks its bytes found wrong with the server (any other error is a fault of the test). */
export class EchoFailure extends Error {}

/** Wakes whoever waits for a condition when something may have changed it. */
export class Change {
  readonly #waiters = new Set<() => void>()

  notify(): void {
    for (const wake of this.#waiters) wake()
    this.#waiters.clear()
  }

  /** Looks after every change until there is something. */
  async until<T>(
    look: () => T | undefined,
    what: string | (() => string),
    deadlineMs = DEADLINE_MS,
  ): Promise<T> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.notify()
    }, deadlineMs)
    try {
      for (;;) {
        const found = look()
        if (found !== undefined) return found
        if (isLate)
          throw new EchoFailure(
            `no ${typeof what === 'string' ? what : what()} within ${deadlineMs / 1000} s`,
          )
        await new Promise<void>((resolve) => {
          this.#waiters.add(resolve)
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The same for what tells nobody when it changes, such as the tables of the kernel. */
export async function eventually<T>(
  look: () => Promise<T | undefined> | T | undefined,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const end = Date.now() + deadlineMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new EchoFailure(`no ${what} within ${deadlineMs / 1000} s`)
    await sleep(5)
  }
}

/** Gives up on a promise. */
export async function within<T>(promise: Promise<T>, what: string, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new EchoFailure(`${what}: not done within ${deadlineMs / 1000} s`)),
      deadlineMs,
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
