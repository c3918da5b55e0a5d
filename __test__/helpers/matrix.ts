import { setImmediate } from 'node:timers/promises'
import { Reactor } from '../../dist/index.js'
import type {
  Backend,
  Driver,
  InterestOptions,
  ReactorOptions,
  ReadyCallback,
  Registration,
  Source,
  Trigger,
} from '../../dist/index.js'
import { PATIENCE_MS, openPair, openPipe } from './descriptors.js'
import type { Pair, Pipe } from './descriptors.js'
import { runtime } from './runtime.js'
import test from './test.js'
import type { ExecutionContext } from './test.js'

/** The backend that has edges and a descriptor of its own. */
export const NATIVE: Backend = process.platform === 'linux' ? 'epoll' : 'kqueue'

/** One way of running a reactor. */
export interface Case {
  readonly backend: Backend
  readonly trigger: Trigger
  readonly driver: Driver
}

function casesOf(
  backend: Backend,
  triggers: readonly Trigger[],
  drivers: readonly Driver[],
): readonly Case[] {
  return triggers.flatMap((trigger) => drivers.map((driver) => ({ backend, trigger, driver })))
}

/** Of Node.js alone: Bun and Deno have no loop of libuv's to join. */
export const hasLoop = runtime === 'node'

/** All that exist. */
export const CASES: readonly Case[] = [
  ...casesOf(NATIVE, ['level', 'edge'], hasLoop ? ['loop', 'thread', 'manual'] : ['thread', 'manual']),
  ...casesOf('poll', ['level'], ['thread', 'manual']),
  ...casesOf('select', ['level'], ['thread', 'manual']),
]

/** For `where`: what does not depend on the trigger is run once for each backend and driver. */
export const isLevel = ({ trigger }: Case): boolean => trigger === 'level'
export const isNative = ({ backend }: Case): boolean => backend === NATIVE
export const isEdge = ({ trigger }: Case): boolean => trigger === 'edge'
export const isManual = ({ driver, trigger }: Case): boolean => driver === 'manual' && trigger === 'level'
export const isScan = ({ backend }: Case): boolean => backend !== NATIVE
/** Whether a half-close is told as such. */
export const tellsHangUp = ({ backend }: Case): boolean => backend !== 'select'

interface Closable {
  close(): void
}

/** A reactor of one case, with what a test needs around it. All of it is closed when the test ends. */
export class Rig {
  readonly backend: Backend
  readonly trigger: Trigger
  readonly driver: Driver
  readonly reactor: Reactor
  readonly #owned: Closable[] = []

  constructor(which: Case, options: ReactorOptions = {}) {
    this.backend = which.backend
    this.trigger = which.trigger
    this.driver = which.driver
    this.reactor = this.own(new Reactor({ backend: which.backend, driver: which.driver, ...options }))
  }

  /** Has something closed when the test ends. */
  own<T extends Closable>(thing: T): T {
    this.#owned.push(thing)
    return thing
  }

  pipe(): Pipe {
    const pipe = openPipe()
    this.own(pipe.reader)
    this.own(pipe.writer)
    return pipe
  }

  pair(): Pair {
    const pair = openPair()
    this.own(pair.client)
    this.own(pair.server)
    return pair
  }

  /** `register` with the case's trigger. */
  watch(source: number | Source, interest: InterestOptions, callback: ReadyCallback): Registration {
    return this.reactor.register(source, { trigger: this.trigger, ...interest }, callback)
  }

  /**
   * Runs `count` turns. `prepare` runs in a callback before the first, when no thread waits: whatever it makes ready is found
   * by that turn, all of it at once, on every driver. What it registers, modifies or arms is not called before.
   *
   * What is ready on a reactor is found by the next turn, so two turns without a call prove that none will come.
   */
  async turns(count: number, prepare: () => void = () => {}): Promise<void> {
    const { reactor } = this
    const { writer, reader } = openPipe()
    let left = count
    try {
      await this.#drive((done) => {
        const gate = reactor.register(writer, { writable: true }, () => {
          gate.close()
          const tick = reactor.register(writer, { writable: true }, () => {
            left -= 1
            if (left > 0) return
            tick.close()
            done()
          })
          prepare()
        })
      })
    } finally {
      writer.close()
      reader.close()
    }
  }

  /** Lets the reactor work until `isDone`: for what another process does in its own time. */
  async until(isDone: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!isDone()) {
      if (performance.now() > deadline) throw new Error(`it did not come to pass: ${String(isDone)}`)
      await this.turns(1)
      await setImmediate()
    }
  }

  /** Takes turns until `start` has its `done` called. */
  async #drive(start: (done: () => void) => void): Promise<void> {
    const state = { isDone: false }
    let late: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        late = setTimeout(() => reject(new Error('the reactor is silent')), PATIENCE_MS)
        start(() => {
          state.isDone = true
          resolve()
        })
        while (this.driver === 'manual' && !state.isDone) {
          if (this.reactor.poll(PATIENCE_MS) === 0) throw new Error('the reactor is silent')
        }
      })
    } finally {
      clearTimeout(late)
    }
  }

  close(): void {
    for (const thing of this.#owned.toReversed()) thing.close()
  }
}

export interface EachOptions extends ReactorOptions {
  /** Which cases apply. Default: all. */
  readonly where?: (which: Case) => boolean
}

/** Runs a test for each case, one after another: descriptors' numbers and exact counts are at stake. */
export function each(
  title: string,
  { where = () => true, ...options }: EachOptions,
  body: (t: ExecutionContext, rig: Rig) => void | Promise<void>,
): void {
  for (const which of CASES.filter((one) => where(one))) {
    test.serial(`${title}::${which.backend}::${which.trigger}::${which.driver}`, async (t) => {
      const rig = new Rig(which, options)
      try {
        await body(t, rig)
      } finally {
        rig.close()
      }
    })
  }
}
