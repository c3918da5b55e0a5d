// The report of a comparison for a terminal, and the figures as they are written.
import { stripVTControlCharacters } from 'node:util'
import { type Result, terminalReport } from '../../dist/benches/report.js'
import { estimate, exampleResult } from '../helpers/benches/result.js'
import test from '../helpers/test.js'

const example = exampleResult()
const report = (result: Result, columns = 80, colour = false): string =>
  terminalReport(result, { columns, colour })

/** The rows of the table under a title, each as its cells. */
function table(text: string, title: string): string[][] {
  const lines = text.slice(text.indexOf(title)).split('\n')
  const end = lines.findIndex((line) => line.startsWith('└'))
  return lines
    .slice(0, end)
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('│')
        .map((part) => part.trim()),
    )
}

test('a row for each number of watched descriptors, a column for each variant', (t) => {
  t.deepEqual(table(report(example, 100), 'Cost of one turn, one of them ready: public API'), [
    ['watched', 'select', 'poll', 'epoll level', 'epoll edge'],
    ['10', '1.85 µs ±2 %', '2.32 µs ±2 %', '1.42 µs ±2 %', '1.31 µs ±2 %'],
    ['100', '7.34 µs ±2 %', '12.9 µs ±2 %', '1.42 µs ±2 %', '1.31 µs ±2 %'],
    ['1,000', '62.2 µs ±2 %', '119 µs ±2 %', '1.43 µs ±2 %', '1.32 µs ±2 %'],
    ['10,000', 'refused', '1.18 ms ±2 %', '1.53 µs ±2 %', '1.40 µs ±2 %'],
    ['', '(ERR_FDREACTOR_', '', '', ''],
    ['', 'FD_LIMIT)', '', '', ''],
  ])
})

test('the cost of an event is that of the turn shared among all of its events', (t) => {
  const rows = table(report(example), 'Cost of one event, all of them ready: native')
  // (820 + 118 x 100 + 190 x 100) ns among 100 events.
  t.deepEqual(rows[2], ['100', '280 ns ±2 %', '316 ns ±2 %', '251 ns ±2 %', '180 ns ±2 %'])
})

test("the boundary's share is the difference of the sides, as uncertain as both", (t) => {
  const turn = { variant: 'poll', watched: 100, active: 100 }
  const turns = [
    { ...turn, side: 'api', wall: estimate(1), cpu: { ...estimate(50_000), low: 48_000, high: 51_000 } },
    { ...turn, side: 'native', wall: estimate(1), cpu: { ...estimate(40_000), low: 39_000, high: 42_000 } },
  ] as const
  // 100 ns, from (48 - 42) / 100 to (51 - 39) / 100.
  const rows = table(report({ ...example, turns, refusals: [] }), 'What the boundary costs')
  t.deepEqual(rows, [
    ['watched', 'poll'],
    ['100', '100 ns ±40 %'],
  ])
})

test('what is not known is a dash, what was refused is said, and nothing is blank', (t) => {
  const turns = example.turns.filter(({ variant, watched }) => variant !== 'poll' || watched !== 1000)
  const rows = table(report({ ...example, turns }, 100), 'Cost of one turn, one of them ready: public API')
  t.is(rows[3]?.[2], '–')
  const load = table(report(example, 120), 'The echo server at a fixed arrival rate')
  t.deepEqual(
    load.filter(([variant]) => variant === 'poll').map((row) => row.at(-1)),
    ['–', '–', '–'],
  )
})

test('columns that say the same in each row are said once', (t) => {
  const text = report(example, 120)
  const [head] = table(text, 'The echo server at a fixed arrival rate')
  t.deepEqual(head, ['variant', 'idle', 'p50', 'p99', 'p99.9', 'CPU per', 'memory', 'highest per'])
  t.true(text.replaceAll(/\s+/g, ' ').includes('active: 50. messages per s: 20,000. bytes: 64.'))
})

test('an interval as wide as its figure is given by its ends', (t) => {
  t.true(report(example).includes('0.00900 ns [-0.00400, 0.00918]'))
})

const figures: readonly (readonly [number, string])[] = [
  [0, '0 ns'],
  [0.0123, '0.0123 ns'],
  [1, '1.00 ns'],
  [-12.34, '-12.3 ns'],
  [999.4, '999 ns'],
  [999.6, '1.00 µs'],
  [12_345, '12.3 µs'],
  [999_600, '1.00 ms'],
  [1e9, '1.00 s'],
  [12_345e9, '12,300 s'],
]
for (const [nanoseconds, text] of figures) {
  test(`${nanoseconds} ns is written ${text}`, (t) => {
    const fits = [{ variant: 'poll', side: 'api', a: estimate(nanoseconds, 0), b: estimate(7, 0) } as const]
    const rows = table(report({ ...example, fits }), 'Lines through the turns')
    t.true(rows[1]?.[2]?.startsWith(text), rows[1]?.[2] ?? '')
  })
}

test('the chart names its lines and the powers of ten, and a line ends where a backend refuses', (t) => {
  const text = report(example)
  const lines = text
    .slice(text.indexOf('both axes'), text.indexOf('Cost of one turn, one of them'))
    .split('\n')
  for (const name of ['select', 'poll', 'epoll level', 'epoll edge']) {
    t.is(lines.filter((line) => line.trimEnd().endsWith(` ${name}`)).length, 1, name)
  }
  for (const label of [' 1 µs ', ' 10 µs ', ' 100 µs ', ' 1 ms '])
    t.is(lines.filter((line) => line.includes(label)).length, 1, label)
  const axis = lines.find((line) => line.includes('└'))
  t.is(axis?.match(/┬/g)?.length, 4)
  const select = lines.find((line) => line.includes('select')) as string
  const poll = lines.find((line) => line.includes('poll') && !line.includes('epoll')) as string
  t.true(select.indexOf('select') < poll.indexOf('poll') - 10)
})

test('verdicts are sentences with a mark, disturbances come first', (t) => {
  const text = report(example)
  t.true(text.startsWith('! Another process used 31 % of a processor during round 4.\n'))
  t.true(
    text.includes('✔ The cost of a scan grows with every watched descriptor (holds)\n  poll needs 118 ns'),
  )
  t.true(text.includes('✘ Edge-triggered is faster than level-triggered (does not hold)'))
  t.true(text.includes('? select cannot watch 10,000 descriptors (not decided)'))
})

for (const columns of [20, 40, 60, 80, 120, 200]) {
  test(`no line is wider than ${columns} columns`, (t) => {
    const text = report(example, columns)
    const wide = text.split('\n').filter((line) => line.length > columns)
    t.deepEqual(wide, [])
    t.true(text.includes('1.42 µs'))
    t.true(text.replaceAll(/[\s│]+/g, '').includes('ERR_FDREACTOR_'))
  })
}

test('colours are there if they are asked for, and change nothing else', (t) => {
  const plain = report(example)
  const coloured = report(example, 80, true)
  t.false(plain.includes('\u001B'))
  t.true(coloured.includes('\u001B[32m✔'))
  t.is(stripVTControlCharacters(coloured), plain)
})

test('nothing in a file reaches the terminal as a control character', (t) => {
  const bad = 'a\u001B]0;b\u0007c\u009B2Jd\u202Ee\rf'
  const hostile = JSON.parse(
    JSON.stringify(example, (_, value: unknown) =>
      typeof value === 'string' && value !== 'api' ? bad : value,
    ),
  ) as Result
  const text = report(hostile)
  // oxlint-disable-next-line no-control-regex
  t.false(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E]/.test(text))
  t.true(text.includes('a ]0;b c 2Jd e f'))
})

test('a run that measured nothing has its machine and no table', (t) => {
  const nothing = { turns: [], refusals: [], changes: [], fits: [], crossovers: [], load: [], strategies: [] }
  const text = report({ ...example, ...nothing, verdicts: [], disturbances: [] })
  t.true(text.startsWith('processor    Example 9000'))
  t.false(text.includes('│'))
})
