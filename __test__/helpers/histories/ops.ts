/**
 * What can happen in a history: plain data, so that it can be drawn, shortened and read.
 *
 * All of it names one of a few places, each a number of a descriptor that may be open or not. Verbs go to the newest
 * registration of the place, be it closed or not.
 */
import fc from 'fast-check'
import type { Interest, Trigger } from '../../../dist/index.js'

/** How many places there are: few, so that things meet. */
export const PLACES = 6

export type Kind = 'pair' | 'pipe' | 'eventfd'

/** What is done to descriptors; the reactor is not told. */
export type FileOp =
  /** Two ends (of an eventfd one), on whatever these numbers were. */
  | { readonly do: 'open'; readonly kind: Kind; readonly at: number; readonly other: number }
  /** dup2(2); `move` closes the first number: the file lives on under another one. */
  | { readonly do: 'dup' | 'move'; readonly at: number; readonly other: number }
  /** `read` takes a byte, or what is there of an eventfd; `drain` all there is; `fill` writes all that goes in. */
  | {
      readonly do: 'close' | 'write' | 'read' | 'drain' | 'fill' | 'end writing' | 'end both'
      readonly at: number
    }

/** What is done to registrations. */
export type Verb =
  | { readonly do: 'register' | 'modify'; readonly at: number; readonly ask: Interest }
  | { readonly do: 'pause' | 'resume' | 'rearm' | 'unwatch'; readonly at: number }

/** What can be done at any time, in callbacks too. */
export type Act =
  | FileOp
  | Verb
  | { readonly do: 'wake' | 'poll' | 'close the reactor' }
  /** In a callback only. */
  | { readonly do: 'throw' }

export type Op =
  | Act
  /** What the callbacks do, in the order in which they run. */
  | { readonly do: 'turn'; readonly inside: readonly (readonly Act[])[] }
  | { readonly do: 'eight turns' }
  /** Lets the host's loop go round: what follows happens while the driver waits, or has found something already. */
  | { readonly do: 'hop' }

export type History = readonly Op[]

/** How a history is run. */
export interface Setting {
  /** Which trigger is asked for as a rule. */
  readonly trigger: Trigger
  readonly isManual: boolean
  /** Whether exceptions of callbacks can be watched. */
  readonly canThrow: boolean
}

/** Two places are favourites: what takes several steps on one of them comes to pass. */
const place = fc.oneof({ weight: 2, arbitrary: fc.nat(PLACES - 1) }, { weight: 1, arbitrary: fc.nat(1) })

const conditions = fc.oneof(
  ...(
    [
      [4, { readable: true }],
      [2, { writable: true }],
      [3, { readable: true, writable: true }],
      [2, { disconnect: true }],
      [1, { priority: true }],
      [1, { writable: true, disconnect: true, priority: true }],
      [1, {}],
    ] as const
  ).map(([weight, value]) => ({ weight, arbitrary: fc.constant<Interest>(value) })),
)

/** `true` with a chance of one in `n`; `undefined` is not named at all. */
const seldom = (n: number): fc.Arbitrary<boolean | undefined> =>
  fc.nat(n - 1).map((value) => (value === 1 ? true : value === 2 ? false : undefined))

function asking({ trigger }: Setting): fc.Arbitrary<Interest> {
  // Both meet in one set, or the other is refused: once in a while is enough.
  const edge = trigger === 'edge' ? fc.constantFrom(true, true, true, false, undefined) : seldom(20)
  return fc.tuple(conditions, edge, seldom(4), seldom(20)).map((parts) => interestOf(...parts))
}

function interestOf(
  interest: Interest,
  isEdge: boolean | undefined,
  oneshot: boolean | undefined,
  exclusive: boolean | undefined,
): Interest {
  return {
    ...interest,
    ...(isEdge !== undefined && { trigger: isEdge ? 'edge' : 'level' }),
    ...(oneshot !== undefined && { oneshot }),
    ...(exclusive !== undefined && { exclusive }),
  }
}

function weighted<T>(parts: readonly (readonly [number, fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  return fc.oneof(...parts.map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

function acting(setting: Setting): fc.Arbitrary<Act> {
  const on = <D extends string>(name: D): fc.Arbitrary<{ do: D; at: number }> =>
    place.map((at) => ({ do: name, at }))
  const two = fc.tuple(place, fc.integer({ min: 1, max: PLACES - 1 }))
  const between = <D extends string>(name: D): fc.Arbitrary<{ do: D; at: number; other: number }> =>
    two.map(([at, step]) => ({ do: name, at, other: (at + step) % PLACES }))
  const opening = fc
    .tuple(fc.constantFrom<Kind[]>('pair', 'pair', 'pipe', 'eventfd'), two)
    .map(([kind, [at, step]]): Act => ({ do: 'open', kind, at, other: (at + step) % PLACES }))
  const asked = <D extends string>(name: D): fc.Arbitrary<{ do: D; at: number; ask: Interest }> =>
    fc.tuple(place, asking(setting)).map(([at, ask]) => ({ do: name, at, ask }))
  return weighted<Act>([
    [3, opening],
    [2, between('dup')],
    [3, between('move')],
    [3, on('close')],
    [6, on('write')],
    [2, on('read')],
    [4, on('drain')],
    [1, on('fill')],
    [1, on('end writing')],
    [1, on('end both')],
    [12, asked('register')],
    [4, asked('modify')],
    [3, on('pause')],
    [3, on('resume')],
    [3, on('rearm')],
    [3, on('unwatch')],
    [1, fc.constant({ do: 'wake' })],
  ])
}

function turning(setting: Setting): fc.Arbitrary<Op> {
  const act = acting(setting)
  const inside = weighted<Act>([
    [40, act],
    [2, fc.constant({ do: 'poll' })],
    [setting.canThrow ? 3 : 0, fc.constant({ do: 'throw' })],
    [1, fc.constant({ do: 'close the reactor' })],
  ])
  const acts = fc.array(inside, { maxLength: 4, size: 'max' })
  return fc.array(acts, { maxLength: 3, size: 'max' }).map((scripts) => ({ do: 'turn', inside: scripts }))
}

/** Histories of some length. */
export function histories(setting: Setting): fc.Arbitrary<History> {
  const op = weighted<Op>([
    [50, acting(setting)],
    [8, fc.constant({ do: 'turn', inside: [] })],
    [8, turning(setting)],
    [1, fc.constant({ do: 'eight turns' })],
    [setting.isManual ? 0 : 3, fc.constant({ do: 'hop' })],
  ])
  return fc.array(op, { minLength: 1, maxLength: 100, size: 'max' })
}

/** Every history that has one step less, or one act of a callback less. */
export function* shorter(history: History): Generator<History> {
  for (const [index, op] of history.entries()) {
    const before = history.slice(0, index)
    const after = history.slice(index + 1)
    yield [...before, ...after]
    if (op.do !== 'turn') continue
    for (const [callback, acts] of op.inside.entries()) {
      for (const gone of acts.keys()) {
        const inside = op.inside.with(
          callback,
          acts.filter((_, at) => at !== gone),
        )
        yield [...before, { do: 'turn', inside }, ...after]
      }
    }
  }
}

function words(ask: Interest): string {
  const { trigger, ...flags } = ask
  const named = Object.entries(flags).map(([key, value]) => (value ? key : `not ${key}`))
  return [...named, ...(trigger === undefined ? [] : [trigger])].join(', ') || 'nothing'
}

/** One line a step, and one more for each callback that does something. */
export function print(op: Op): string {
  if (op.do === 'turn') {
    const scripts = op.inside.map(
      (acts, index) => `\n    callback ${index + 1}: ${acts.map(print).join('; ')}`,
    )
    return `turn${scripts.filter((_, index) => (op.inside[index] ?? []).length > 0).join('')}`
  }
  const at = 'at' in op ? ` ${op.at}` : ''
  const other = 'other' in op ? ` and ${op.other}` : ''
  const kind = 'kind' in op ? ` ${op.kind}` : ''
  const ask = 'ask' in op ? ` for ${words(op.ask)}` : ''
  return `${op.do}${kind}${at}${other}${ask}`
}
