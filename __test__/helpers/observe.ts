// What a reactor does beyond calling back.
import { readFileSync } from 'node:fs'
import type { Reactor } from '../../dist/index.js'
import { NATIVE } from './matrix.js'
import type { Case, Rig } from './matrix.js'

/** For `where`: epoll alone. */
export const isEpoll = ({ backend }: Case): boolean => backend === 'epoll'
/** For `where`: urgent data can be told. */
export const tellsPriority = ({ backend }: Case): boolean => backend !== 'kqueue'

/**
 * How many events the kernel had for a reactor in so many turns, stale ones too, besides the one a turn by which turns are
 * counted. 0 is silence: a reactor that spins has at least one a turn.
 */
export async function surplus(rig: Rig, turns: number, prepare: () => void = () => {}): Promise<number> {
  const heard = (): number => {
    const { events, stale } = rig.reactor.stats()
    return events + stale
  }
  let before = 0
  await rig.turns(turns, () => {
    prepare()
    before = heard()
  })
  return heard() - before - turns
}

/** What an epoll set holds, as the kernel tells it: a descriptor stays in there until it is taken out. */
export function watchedBy({ fd }: Reactor): readonly number[] {
  if (fd === undefined || NATIVE !== 'epoll') throw new Error('only epoll tells what it watches')
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  return [...info.matchAll(/^tfd: *(\d+)/gm)].map(([, number]) => Number(number))
}
