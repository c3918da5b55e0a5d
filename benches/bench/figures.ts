/** What is made of the samples of several rounds. */
import { estimate } from '../shared/statistics.js'
import type { Cpu, Estimate, Ratios } from './result.js'
import type { Spent } from './usage.js'

/** Peers that the others are compared with. */
const YARDSTICKS = ['rust', 'node', 'bun', 'epoll']

/** An estimate of one figure of each sample. */
export function of<Sample>(samples: readonly Sample[], figure: (sample: Sample) => number): Estimate {
  return estimate(samples.map((sample) => figure(sample)))
}

/**
 * By the same figure of the yardsticks, round by round: what disturbed a round disturbed both. Rounds in which a figure is
 * missing or 0 do not count.
 */
export function ratios<Sample>(
  peer: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  figure: (sample: Sample) => number | undefined,
): Ratios {
  const mine = samples.get(peer) ?? []
  const found = YARDSTICKS.filter((yardstick) => yardstick !== peer).flatMap((yardstick) => {
    const theirs = samples.get(yardstick) ?? []
    const pairs = mine.flatMap((sample, round) => {
      const other = theirs[round]
      const [a, b] = [figure(sample), other === undefined ? undefined : figure(other)]
      return a !== undefined && b !== undefined && b > 0 ? [a / b] : []
    })
    return pairs.length === 0 ? [] : [[yardstick, estimate(pairs)] as const]
  })
  return Object.fromEntries(found)
}

/** Processor time for each of what was counted; nothing if the system does not tell it. */
export function cpu<Sample>(
  samples: readonly Sample[],
  spentOf: (sample: Sample) => Spent | undefined,
  countOf: (sample: Sample) => number,
): Cpu | null {
  if (samples.some((sample) => spentOf(sample) === undefined)) return null
  const part = (key: keyof Spent): Estimate =>
    of(samples, (sample) => (spentOf(sample)?.[key] ?? 0) / Math.max(1, countOf(sample)))
  return { all: part('all'), user: part('user'), system: part('system') }
}
