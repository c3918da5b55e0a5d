import { VARIANTS } from '../../benches/compare/plan.js'
import { TURNS, timesTold } from '../../benches/compare/repeated.js'
import { nameOf } from '../../benches/compare/result.js'
import { activeOf, measureTurns } from '../../benches/compare/turns/measure.js'
import { KINDS, makeSet, makeWork, stimulus } from '../../benches/compare/turns/work.js'
import test from '../helpers/test.js'

const linux = process.platform === 'linux'

const kinds = KINDS.filter((kind) => kind !== 'eventfd' || linux)

const plan = {
  variants: VARIANTS,
  kind: 'pipe',
  rounds: 2,
  sampleMs: 0.1,
  seed: 1,
  unboundedSelect: false,
} as const

test('one, a hundredth, a tenth and all are active, each once', (t) => {
  t.deepEqual(activeOf(1), [1])
  t.deepEqual(activeOf(10), [1, 10])
  t.deepEqual(activeOf(100), [1, 10, 100])
  t.deepEqual(activeOf(10_000), [1, 100, 1000, 10_000])
})

for (const kind of kinds) {
  for (const variant of VARIANTS) {
    for (const side of ['api', 'native'] as const) {
      test(`every stimulus is heard once: ${kind}, ${nameOf(variant)}, ${side}`, (t) => {
        const set = makeSet(kind, 40)
        const work = makeWork(set, variant, side, 40, false)
        try {
          work.register()
          // They throw if one more or one less is heard.
          for (const active of [1, 7, 40]) {
            set.calm()
            work.turns(active, 3)
          }
          work.modify()
          set.calm()
          work.turns(5, 2)
          work.remove()
          t.throws(() => work.turns(1, 1), { message: /nothing was heard|1 stimuli, 0 events/ })
        } finally {
          work.close()
          set.close()
        }
      })
    }
  }
}

test('the stimulus alone is heard by nobody and leaves the descriptors ready', (t) => {
  const set = makeSet('pipe', 3)
  stimulus(set, 'api').turns(3, 2)
  stimulus(set, 'native').turns(3, 2)
  t.is(set.descriptors().length, 3)
  set.close()
  t.deepEqual(set.descriptors(), [])
})

test('every variant, side, number of watched and of active ones is measured', async (t) => {
  const said: string[] = []
  const found = await measureTurns({ ...plan, sizes: [3, 20] }, (done, total, what) => {
    said.push(`${done}/${total} ${what}`)
  })
  const keys = found.turns.map(({ variant, side, watched, active }) =>
    [variant, side, watched, active].join(' '),
  )
  const expected = [3, 20].flatMap((watched) =>
    VARIANTS.flatMap((variant) =>
      (['api', 'native'] as const).flatMap((side) =>
        activeOf(watched).map((active) => [nameOf(variant), side, watched, active].join(' ')),
      ),
    ),
  )
  t.deepEqual(keys.toSorted(), expected.toSorted())
  t.is(found.changes.length, 2 * VARIANTS.length * 2)
  t.deepEqual(found.refusals, [])
  t.is(found.fits.length, VARIANTS.length * 2)
  t.true(found.turns.every(({ cpu, wall }) => cpu.rounds === 2 && wall.rounds === 2 && cpu.median >= 0))
  t.is(said.at(-1), '6/6 20 descriptors, round 2 of 2')
})

test('what select refuses is told, for both sides, and nothing else is', async (t) => {
  const found = await measureTurns({ ...plan, sizes: [1100] }, () => undefined)
  t.deepEqual(
    found.refusals,
    (['api', 'native'] as const).map((side) => ({
      variant: 'select',
      side,
      watched: 1100,
      code: 'ERR_FDREACTOR_FD_LIMIT',
    })),
  )
  t.false(found.turns.some(({ variant }) => variant === 'select'))
  t.true(found.turns.some(({ variant }) => variant === 'poll'))
})

if (linux) {
  test('select goes on beyond its limit when told to', async (t) => {
    const variants = VARIANTS.filter(({ backend }) => backend === 'select')
    const unbounded = { ...plan, variants, sizes: [1100], unboundedSelect: true }
    const found = await measureTurns(unbounded, () => undefined)
    t.deepEqual(found.refusals, [])
    t.is(found.turns.length, 2 * activeOf(1100).length)
  })
}

test('a level is told in every turn, an edge once', (t) => {
  t.is(timesTold('level'), TURNS)
  t.is(timesTold('edge'), 1)
})
