import fc from 'fast-check'

/** What is done with one end of a connection. */
export type Act =
  | { readonly kind: 'write'; readonly size: number; readonly times: number; readonly isPieces: boolean }
  | { readonly kind: 'pause' | 'resume' | 'farewell' | 'end' | 'destroy' | 'reset' | 'timeout' | 'reload' }

/** When: at once, at the end of the tick, in a promise, or in the next handler that is called for that end. */
export type When = 'now' | 'tick' | 'promise' | 'handler'

export type Op =
  | { readonly kind: 'open' }
  | { readonly kind: 'turns'; readonly count: number }
  | { readonly kind: 'act'; readonly who: number; readonly when: When; readonly act: Act }

/** What a server and its clients are made with. */
export interface Setting {
  readonly isLent: boolean
  readonly isHalfOpen: boolean
  readonly highWaterMark: number
  readonly bytesPerTurn: number
}

export const settings: fc.Arbitrary<Setting> = fc.record({
  isLent: fc.boolean(),
  isHalfOpen: fc.boolean(),
  highWaterMark: fc.constantFrom(1, 20_000, 65_536, 4_000_000),
  bytesPerTurn: fc.constantFrom(3000, 30_000, 262_144),
})

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: 1, max: 70_000 }),
)
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      size: sizes,
      // Now and then more than the kernel takes.
      times: fc.oneof(
        { weight: 6, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 2, max: 100 }) },
      ),
      isPieces: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'pause' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'farewell' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'resume' as const }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        'end' as const,
        'destroy' as const,
        'reset' as const,
        'timeout' as const,
        'reload' as const,
      )
      .map((kind) => ({ kind })),
  },
)

const ops: fc.Arbitrary<Op> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'open' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('act' as const),
      who: fc.nat({ max: 15 }),
      when: fc.constantFrom<When[]>('now', 'now', 'tick', 'promise', 'handler', 'handler', 'handler'),
      act: acts,
    }),
  },
)

export const conversations: fc.Arbitrary<readonly Op[]> = fc.array(ops, { minLength: 5, maxLength: 60 })

export function print(op: Op): string {
  if (op.kind !== 'act') return op.kind === 'open' ? 'open' : `turns ${op.count}`
  const { act, who, when } = op
  const what =
    act.kind === 'write' ? `write ${act.times} x ${act.size}${act.isPieces ? ' in pieces' : ''}` : act.kind
  return `${who}: ${what}${when === 'now' ? '' : ` (${when})`}`
}
