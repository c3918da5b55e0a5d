import { Reactor } from 'fdreactor'
import type { Trigger } from './result.js'
import { EVENTS } from './plan.js'
import { makeSet } from './turns/work.js'

/** How many turns look at the descriptor that nobody reads. */
export const TURNS = 3

/** In how many of {@link TURNS} turns a descriptor is told that became ready once and is never read. */
export function timesTold(trigger: Trigger): number {
  const set = makeSet('pipe', 1)
  const reactor = new Reactor({ backend: EVENTS, driver: 'manual' })
  try {
    const [fd = -1] = set.descriptors()
    let told = 0
    reactor.register(fd, { readable: true, trigger }, () => {
      told += 1
    })
    set.stimulate(1, 1)
    for (let turn = 0; turn < TURNS; turn += 1) reactor.poll(0)
    return told
  } finally {
    reactor.close()
    set.close()
  }
}
