import { interquartileRange, median, quantile, sampleWithReplacement } from 'simple-statistics'
import type { Estimate } from './result.js'

/** Resamples for an interval: enough for two digits of its ends. */
const RESAMPLES = 400

/** Numbers from 0 to 1, the same for the same seed (mulberry32), so that a run can be repeated. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A copy in random order. */
export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const copy = [...items]
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = Math.floor(next() * (index + 1))
    ;[copy[index], copy[other]] = [copy[other] as T, copy[index] as T]
  }
  return copy
}

/** The 95 % in the middle. */
function interval(values: readonly number[]): { low: number; high: number } {
  return { low: quantile([...values], 0.025), high: quantile([...values], 0.975) }
}

/** The estimate of what was measured once a round. */
export function estimate(rounds: readonly number[]): Estimate {
  const middle = median([...rounds])
  const next = random(rounds.length)
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(sampleWithReplacement([...rounds], rounds.length, next)),
  )
  const spread = rounds.length > 1 ? interquartileRange([...rounds]) / Math.abs(middle) : 0
  return { median: middle, ...interval(medians), spread: middle === 0 ? 0 : spread, rounds: rounds.length }
}

export interface Point {
  readonly x: number
  /** One figure a round. */
  readonly ys: readonly number[]
}

/** The straight line through the points' medians, each weighed by its own size: a percent counts the same everywhere. */
export function line(points: readonly { x: number; y: number }[]): { a: number; b: number } {
  let weights = 0
  let x = 0
  let y = 0
  for (const point of points) {
    const weight = 1 / point.y ** 2
    weights += weight
    x += weight * point.x
    y += weight * point.y
  }
  const [meanX, meanY] = [x / weights, y / weights]
  let covariance = 0
  let variance = 0
  for (const point of points) {
    const weight = 1 / point.y ** 2
    covariance += weight * (point.x - meanX) * (point.y - meanY)
    variance += weight * (point.x - meanX) ** 2
  }
  const b = covariance / variance
  return { a: meanY - b * meanX, b }
}

/** The line's two figures with intervals from resampling the rounds of every point. */
export function fitLine(points: readonly Point[]): { a: Estimate; b: Estimate } {
  const next = random(points.length)
  const once = (pick: (ys: readonly number[]) => number): { a: number; b: number } =>
    line(points.map(({ x, ys }) => ({ x, y: Math.max(pick(ys), 1) })))
  const middle = once((ys) => median([...ys]))
  const fits = Array.from({ length: RESAMPLES }, () =>
    once((ys) => median(sampleWithReplacement([...ys], ys.length, next))),
  )
  const rounds = points[0]?.ys.length ?? 0
  const of = (key: 'a' | 'b'): Estimate => {
    const found = fits.map((fit) => fit[key])
    const spread = middle[key] === 0 ? 0 : interquartileRange(found) / Math.abs(middle[key])
    return { median: middle[key], ...interval(found), spread, rounds }
  }
  return { a: of('a'), b: of('b') }
}
