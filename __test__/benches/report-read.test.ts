// A file with a result is believed only as a whole: each of its fields is checked, and an error says where.
import { parseResult } from '../../dist/benches/report.js'
import { exampleResult } from '../helpers/benches/result.js'
import test from '../helpers/test.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Path = readonly (string | number)[]

const example = (): Json => JSON.parse(JSON.stringify(exampleResult())) as Json

/** The way to each value inside, of lists only to the first. */
function paths(value: Json, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inside = Array.isArray(value) ? Object.entries(value.slice(0, 1)) : Object.entries(value)
  return [
    path,
    ...inside.flatMap(([key, part]) => paths(part, [...path, Array.isArray(value) ? Number(key) : key])),
  ]
}

/** The example with another value in one place; `undefined` takes it away. */
function changed(path: Path, to: Json | undefined): string {
  const whole = example()
  let at = whole as Record<string | number, Json>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, Json>
  const last = path.at(-1) as string
  if (to === undefined) delete at[last]
  else at[last] = to
  return JSON.stringify(whole)
}

const written = (path: Path): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')

const every = paths(example()).filter((path) => path.length > 0)

const message = (content: string): string => {
  try {
    parseResult(content, 'run.json')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('what a run wrote is read as it was', (t) => {
  t.deepEqual(parseResult(JSON.stringify(exampleResult()), 'run.json'), exampleResult())
  t.deepEqual(parseResult(`\uFEFF${JSON.stringify(exampleResult(), null, 2)}\n`, 'run.json'), exampleResult())
})

test('every field is checked: of another type, it is an error that names the place', (t) => {
  // 15 fields, and what is inside of them.
  t.true(every.length > 100, String(every.length))
  for (const path of every) {
    const text = message(changed(path, [{ odd: true }]))
    const expected = `run.json: not a result of fdreactor compare: ${written(path)}`
    // A list of objects is not refused itself, but for what is in it.
    t.true(
      text.startsWith(`${expected}: expected `) || text.startsWith(`${expected}[0]`),
      `${written(path)}: ${text}`,
    )
  }
})

test('no field may be missing', (t) => {
  for (const path of every.filter((each) => typeof each.at(-1) === 'string')) {
    t.regex(message(changed(path, undefined)), /expected .*, got nothing$/, written(path))
    t.true(message(changed(path, undefined)).includes(`: ${written(path)}: `))
  }
})

test('a field beside those is left out', (t) => {
  const content = JSON.stringify({ ...exampleResult(), more: 1 }).replace(
    '"cpu":',
    '"__proto__":{"odd":1},"cpu":',
  )
  t.deepEqual(parseResult(content, 'run.json'), exampleResult())
})

const wrongs: readonly (readonly [string, Path, Json, string])[] = [
  ['another format', ['format'], 2, 'format: expected 1, the only one that is known, got 2'],
  [
    'a negative count',
    ['turns', 0, 'watched'],
    -1,
    'turns[0].watched: expected a whole number from 1 on, got -1',
  ],
  ['a broken count', ['load', 0, 'idle'], 0.5, 'load[0].idle: expected a whole number from 0 on, got 0.5'],
  [
    'half a round',
    ['fits', 0, 'b', 'rounds'],
    1.5,
    'fits[0].b.rounds: expected a whole number from 0 on, got 1.5',
  ],
  [
    'more ready than watched',
    ['turns', 0, 'active'],
    11,
    'turns[0].active: expected at most watched (10), got 11',
  ],
  ['an unknown side', ['fits', 0, 'side'], 'both', 'fits[0].side: expected "api" or "native", got "both"'],
  ['a text for a number', ['seconds'], '94', 'seconds: expected a number from 0 on, got "94"'],
  [
    'null for a number',
    ['turns', 0, 'cpu', 'low'],
    null,
    'turns[0].cpu.low: expected a finite number, got null',
  ],
  [
    'a long text',
    ['settings', 'mode'],
    'x'.repeat(99),
    `settings.mode: expected "quick" or "default" or "full", got "${'x'.repeat(56)}...`,
  ],
]
for (const [title, path, value, expected] of wrongs) {
  test(`refused: ${title}`, (t) => {
    t.is(message(changed(path, value)), `run.json: not a result of fdreactor compare: ${expected}`)
  })
}

test('refused: an interval that is upside down', (t) => {
  const upside = { median: 2, low: 3, high: 1, spread: 0, rounds: 3 }
  t.is(
    message(changed(['changes', 1, 'modify'], upside)),
    'run.json: not a result of fdreactor compare: changes[1].modify.high: expected at least low (3), got 1',
  )
})

test('refused: a number that JSON can write but not hold', (t) => {
  const content = JSON.stringify(exampleResult()).replace('"seconds":94', '"seconds":1e999')
  t.is(
    message(content),
    'run.json: not a result of fdreactor compare: seconds: expected a number from 0 on, got Infinity',
  )
})

test('refused: what is no JSON, and what is no object', (t) => {
  t.regex(message('{"format": 1,'), /^run\.json: no JSON: /)
  t.is(message('[]'), 'run.json: not a result of fdreactor compare: expected an object, got a list')
  t.is(message('null'), 'run.json: not a result of fdreactor compare: expected an object, got null')
})
