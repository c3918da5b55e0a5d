/**
 * Cases are acted out step by step, and what passes between two steps depends on who takes the turns. So a case is a
 * generator: it says what it waits for, and is resumed with what was told meanwhile.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { PATIENCE_MS } from '../descriptors.js'
import { Broken } from './outcome.js'
import type { Told, TurnOptions, Watch } from './watch.js'

/** Turns of what is ready now, or, with `until`, of what comes within so many milliseconds. */
export interface Turn extends TurnOptions {
  readonly watch: Watch
}

/** Time in which nobody polls. */
export interface Pause {
  readonly pauseMs: number
}

/** Going on outside all callbacks, after so many milliseconds at least, when the only reactor's thread, if it has one, sleeps. */
export interface Apart {
  readonly watch: Watch
  readonly apartMs: number
}

export type Request = Turn | Pause | Apart

/** A case, or a part of one. */
export type Acting<T = string> = Generator<Request, T, readonly Told[]>

/** So many turns of what is ready now. */
export function* turns(watch: Watch, count: number): Acting<readonly Told[]> {
  return yield { watch, count, timeoutMs: 0 }
}

/** A turn that waits until something comes, or `isDone`, or the time is over. */
export function* comes(
  watch: Watch,
  timeoutMs: number,
  isDone: () => boolean = () => true,
): Acting<readonly Told[]> {
  return yield { watch, count: 1, timeoutMs, until: isDone }
}

export function* pause(pauseMs: number): Acting<void> {
  yield { pauseMs }
}

export function* apart(watch: Watch, apartMs = 0): Acting<void> {
  yield { watch, apartMs }
}

/** Acts a case out by hand. */
export async function actByHand(acting: Acting): Promise<string> {
  let told: readonly Told[] = []
  for (;;) {
    const { done, value } = acting.next(told)
    told = []
    if (done === true) return value
    if ('pauseMs' in value) await sleep(value.pauseMs)
    else if ('apartMs' in value) throw new Broken('poll() waits in this thread or not at all')
    else told = value.watch.poll(value)
  }
}

/** Acts a case out on reactors that take their turns themselves. */
export function actInTurns(acting: Acting): Promise<string> {
  return new Promise((resolve, reject) => {
    const state = { isOver: false }
    const fail = (error: Error): void => {
      state.isOver = true
      clearTimeout(late)
      reject(error)
    }
    const late = setTimeout(fail, PATIENCE_MS, new Broken('the reactor is silent'))
    /** Goes on until the next turn. No error may leave: this runs in callbacks. */
    const go = (take: () => readonly Told[]): void => {
      try {
        const outcome = advance(acting, take())
        if (typeof outcome === 'string') {
          clearTimeout(late)
          resolve(outcome)
        } else if ('apartMs' in outcome) {
          setTimeout(goApart, outcome.apartMs, outcome.watch)
        } else {
          outcome.watch.turn(outcome, go)
        }
      } catch (error) {
        fail(error as Error)
      }
    }
    const goApart = (watch: Watch): void => {
      if (state.isOver) return
      if (isAsleep(watch)) go(() => [])
      else setTimeout(goApart, 1, watch)
    }
    go(() => [])
  })
}

/** Acts out what nobody needs to be waited for. Returns what the case waits for next, or what it has come to. */
function advance(acting: Acting, told: readonly Told[]): string | Turn | Apart {
  let { done, value } = acting.next(told)
  while (done !== true && typeof value === 'object' && 'pauseMs' in value) {
    block(value.pauseMs)
    ;({ done, value } = acting.next([]))
  }
  return value as string | Turn | Apart
}

/** Keeps this thread, and with it every reactor, from taking a turn. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Whether the thread of a reactor, the only one that may have one, sleeps. A new thread has its name once it runs. */
function isAsleep({ reactor }: Watch): boolean {
  const expected = reactor.driver === 'thread' && !reactor.closed ? 1 : 0
  return countThreads('asleep') === expected && countThreads('all') === expected
}

/** How many threads reactors have in this process. */
export function countThreads(which: 'all' | 'asleep'): number {
  // Behind the name, which is in parentheses, stands a letter: S for one that sleeps.
  const wanted = which === 'all' ? '(fdreactor) ' : '(fdreactor) S'
  const stats = readdirSync('/proc/self/task').map((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/stat`, 'latin1')
    } catch {
      // It has ended meanwhile.
      return ''
    }
  })
  return stats.filter((stat) => stat.includes(wanted)).length
}
