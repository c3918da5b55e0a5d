import type { Estimate, Result, Verdict } from '../result.js'
import { count } from '../../shared/report/format.js'
import { crossoverSentence } from './sheets.js'
import { facts } from './words.js'

/** Whether the second run differs beyond what both are sure of. */
export type Change = 'same' | 'faster' | 'slower'

/** A figure that both runs have. */
export interface Pair {
  /** `turn, poll, api, 1 of 1,000`: what is compared. */
  readonly name: string
  readonly a: Estimate
  readonly b: Estimate
  /** b / a, with the widest interval that the two allow; `null` where one of them reaches to 0. */
  readonly ratio: { readonly median: number; readonly low: number; readonly high: number } | null
  readonly change: Change
}

export interface Section {
  readonly id: 'turns' | 'changes' | 'fits' | 'load' | 'rates' | 'strategies'
  readonly title: string
  /** What the figures are. */
  readonly unit: 'ns' | 'us' | 'a second'
  readonly pairs: readonly Pair[]
  /** The names of what only one of them has. */
  readonly onlyA: readonly string[]
  readonly onlyB: readonly string[]
}

/** What is told of each run, where they do not say the same. */
export interface Facts {
  readonly name: string
  readonly a: string
  readonly b: string
}

export interface Difference {
  readonly facts: readonly Facts[]
  readonly sections: readonly Section[]
  readonly crossovers: readonly { readonly a: string | null; readonly b: string | null }[]
  /** Those that came out otherwise, or that one of them has not. */
  readonly verdicts: readonly {
    readonly claim: string
    readonly a: Verdict | null
    readonly b: Verdict | null
  }[]
}

/** `isRate`: more is faster. */
interface Figure {
  readonly name: string
  readonly estimate: Estimate
  readonly isRate?: boolean
}

function pairOf(name: string, a: Estimate, b: Estimate, isRate: boolean): Pair {
  const ratio =
    a.low > 0 && b.low > 0 ? { median: b.median / a.median, low: b.low / a.high, high: b.high / a.low } : null
  // As ratios would: apart if the intervals are.
  const change = b.low > a.high ? 'slower' : b.high < a.low ? 'faster' : 'same'
  const turned = { same: 'same', slower: 'faster', faster: 'slower' } as const
  return { name, a, b, ratio, change: isRate ? turned[change] : change }
}

function section(
  head: Pick<Section, 'id' | 'title' | 'unit'>,
  a: readonly Figure[],
  b: readonly Figure[],
): Section {
  const others = new Map(b.map((figure) => [figure.name, figure]))
  const mine = new Set(a.map(({ name }) => name))
  return {
    ...head,
    pairs: a.flatMap(({ name, estimate, isRate = false }) => {
      const other = others.get(name)
      return other === undefined ? [] : [pairOf(name, estimate, other.estimate, isRate)]
    }),
    onlyA: a.map(({ name }) => name).filter((name) => !others.has(name)),
    onlyB: b.map(({ name }) => name).filter((name) => !mine.has(name)),
  }
}

const turnFigures = ({ turns }: Result): Figure[] =>
  turns.map(({ variant, side, watched, active, cpu }) => ({
    name: `${variant}, ${side}, ${count(active)} of ${count(watched)} ready`,
    estimate: cpu,
  }))

const changeFigures = ({ changes }: Result): Figure[] =>
  changes.flatMap(({ variant, side, watched, register, modify, remove }) =>
    Object.entries({ register, modify, remove }).map(([verb, estimate]) => ({
      name: `${variant}, ${side}, ${verb} with ${count(watched)}`,
      estimate,
    })),
  )

const fitFigures = ({ fits }: Result): Figure[] =>
  fits.flatMap(({ variant, side, a, b }) => [
    { name: `${variant}, ${side}, a`, estimate: a },
    { name: `${variant}, ${side}, b`, estimate: b },
  ])

const loadFigures = ({ load }: Result): Figure[] =>
  load.flatMap(({ variant, idle, active, rate, bytes, p50, p99, p999, cpu }) => {
    const where = `${variant}, ${count(idle)} idle, ${count(active)} active, ${count(rate)} a second of ${count(bytes)} B`
    return Object.entries({ p50, p99, 'p99.9': p999, CPU: cpu }).map(([what, estimate]) => ({
      name: `${where}, ${what}`,
      estimate,
    }))
  })

const rateFigures = ({ load }: Result): Figure[] =>
  load.flatMap(({ variant, idle, active, bytes, sustained }) =>
    sustained === null
      ? []
      : [
          {
            name: `${variant}, ${count(idle)} idle, ${count(active)} active, of ${count(bytes)} B`,
            estimate: sustained,
            isRate: true,
          },
        ],
  )

const strategyFigures = ({ strategies }: Result): Figure[] =>
  strategies.map(({ strategy, bytes, connections, cpu }) => ({
    name: `${strategy}, ${count(bytes)} B, ${count(connections)} connections`,
    estimate: cpu,
  }))

/** What two lists say under the same key, where it is not the same. */
function changed<T>(a: readonly T[], b: readonly T[], key: (it: T) => string, says: (it: T) => string) {
  const keys = [...new Set([...a, ...b].map((it) => key(it)))]
  return keys.flatMap((each) => {
    const [one, other] = [a.find((it) => key(it) === each) ?? null, b.find((it) => key(it) === each) ?? null]
    const isSame = one !== null && other !== null && says(one) === says(other)
    return isSame ? [] : [{ a: one, b: other }]
  })
}

/** What two runs, or the runs of two machines, do not have in common. */
export function compareResults(a: Result, b: Result): Difference {
  const theirs = new Map(facts(b))
  return {
    facts: facts(a)
      .map(([name, text]) => ({ name, a: text, b: theirs.get(name) ?? '' }))
      .filter((it) => it.a !== it.b),
    sections: [
      section({ id: 'turns', title: 'Turns', unit: 'ns' }, turnFigures(a), turnFigures(b)),
      section(
        { id: 'fits', title: 'Lines: cost = a + b × watched', unit: 'ns' },
        fitFigures(a),
        fitFigures(b),
      ),
      section({ id: 'changes', title: 'Changes', unit: 'ns' }, changeFigures(a), changeFigures(b)),
      section({ id: 'load', title: 'Under load', unit: 'us' }, loadFigures(a), loadFigures(b)),
      section(
        { id: 'rates', title: 'Highest rate sustained', unit: 'a second' },
        rateFigures(a),
        rateFigures(b),
      ),
      section({ id: 'strategies', title: 'Strategies', unit: 'us' }, strategyFigures(a), strategyFigures(b)),
    ],
    crossovers: changed(
      a.crossovers,
      b.crossovers,
      ({ scan, callback, active }) => JSON.stringify([scan, callback, active]),
      ({ watched }) => String(watched),
    ).map((it) => ({
      a: it.a && crossoverSentence(it.a),
      b: it.b && crossoverSentence(it.b),
    })),
    verdicts: changed(
      a.verdicts,
      b.verdicts,
      ({ id }) => id,
      ({ holds }) => String(holds),
    ).map((it) => ({ claim: (it.a ?? it.b)?.claim ?? '', a: it.a, b: it.b })),
  }
}
