// The rows of the table are all there, and each has its tests.
import { suitableDriver } from '../../dist/internal.js'
import type { Backend } from '../../dist/index.js'
import { ABSENCES, absence } from '../helpers/conformance/absent.js'
import { COMBOS, columnOf, suffixOf } from '../helpers/conformance/combos.js'
import type { Combo } from '../helpers/conformance/combos.js'
import { accepted, matches, rows } from '../helpers/conformance/table.js'
import { listTitles } from '../helpers/conformance/titles.js'
import { NATIVE, hasLoop } from '../helpers/matrix.js'
import test from '../helpers/test.js'

/** Row ids stand first in a title, with numbers of faults or without. */
const IDS = /^(?:(?:[A-Z]\d\d|fault-\d+)\b ?)+/

/**
 * `ROW::backend::mode::driver` of all tests that name a row. Where it runs stands last in a title, without a driver if that
 * is the backend's usual one.
 */
async function covered(): Promise<Set<string>> {
  const found = (await listTitles()).flatMap((title) => {
    const names = IDS.exec(title)?.[0].trim().split(' ') ?? []
    const ids = names.filter((name) => !name.startsWith('fault'))
    const [backend = '', mode = '', driver = suitableDriver(backend as Backend)] = title.split('::').slice(1)
    // The echo server on `listen` has no registrations of its own.
    return driver === 'server' ? [] : ids.map((id) => `${id}::${backend}::${mode}::${driver}`)
  })
  return new Set(found)
}

test('every row is run on every combination, or a reason says why not', async (t) => {
  const ids = rows.map(({ id }) => id)
  t.is(new Set(ids).size, 151)
  const here = await covered()
  const expected = new Set<string>()
  const excused = new Set<string>()
  for (const id of ids) {
    for (const combo of COMBOS.filter((one) => accepted(id, columnOf(one)) !== undefined)) {
      const isAbsent = absence(id, combo) !== undefined
      const place = isAbsent ? excused : expected
      place.add(`${id}::${suffixOf(combo)}`)
    }
  }
  const without = (some: Set<string>, others: Set<string>): string[] =>
    [...some].filter((one) => !others.has(one))
  t.deepEqual(without(expected, here), [], 'rows without a test')
  t.deepEqual(
    without(here, expected),
    [],
    'tests of no row, of a place that does not exist, or of one that is excused',
  )
  // Both sides are what they are because there is something to compare.
  t.true(
    expected.size > (hasLoop ? 2500 : 2300) && excused.size > 50,
    `${expected.size} expected, ${excused.size} excused`,
  )
})

test('every reason is for a row of the table, and applies somewhere', (t) => {
  // Some are about the loop, wherever this runs.
  const elsewhere = COMBOS.filter(({ backend }) => backend === NATIVE && !hasLoop)
  const all = [...COMBOS, ...elsewhere.map(({ backend, mode }): Combo => ({ backend, mode, driver: 'loop' }))]
  for (const { ids, where, why } of ABSENCES) {
    for (const id of ids) {
      const combos = all.filter((combo) => where(combo) && accepted(id, columnOf(combo)) !== undefined)
      t.true(combos.length > 0, `${id}: ${why}`)
    }
  }
})

test('nothing matches but what is expected', (t) => {
  for (const [pattern, items, expected] of [
    ['I;-', 'I;-', true],
    ['EINVAL|ELOOP;ELOOP', 'ELOOP;ELOOP', true],
    ['I;-', 'ID;-', false],
    ['ID;-', 'I;-', false],
    ['I;-', 'I', false],
    ['I', 'I;-', false],
    ['-', '', false],
    ['a:I b:O', 'a:I', false],
  ] as const) {
    t.is(matches(pattern, items), expected, `${pattern} against ${items}`)
  }
})
