// Two runs beside each other.
import { stripVTControlCharacters } from 'node:util'
import {
  compareResults,
  type Difference,
  type Estimate,
  type Pair,
  type Result,
  terminalDiff,
} from '../../dist/benches/report.js'
import { estimate, exampleResult } from '../helpers/benches/result.js'
import test from '../helpers/test.js'

const example = exampleResult()

const withTurn = (cpu: Estimate): Result => ({
  ...example,
  turns: [{ variant: 'poll', side: 'api', watched: 1000, active: 1, wall: estimate(1), cpu }],
})

const between = (low: number, median: number, high: number): Estimate => ({
  median,
  low,
  high,
  spread: 0.1,
  rounds: 9,
})

function section(difference: Difference, id: string): Difference['sections'][number] {
  return difference.sections.find((each) => each.id === id)!
}

const turn = (a: Estimate, b: Estimate): Pair =>
  section(compareResults(withTurn(a), withTurn(b)), 'turns').pairs[0]!

test('a run differs in nothing from itself', (t) => {
  const { facts, sections, crossovers, verdicts } = compareResults(example, exampleResult())
  t.deepEqual([facts, crossovers, verdicts], [[], [], []])
  for (const { pairs, onlyA, onlyB } of sections) {
    t.true(pairs.length > 0)
    t.true(pairs.every(({ change, ratio }) => change === 'same' && (ratio === null || ratio.median === 1)))
    t.deepEqual([onlyA, onlyB], [[], []])
  }
  t.is(section(compareResults(example, example), 'turns').pairs.length, example.turns.length)
})

test('the ratio has the widest interval that both allow', (t) => {
  const { name, ratio, change } = turn(between(80, 100, 125), between(200, 300, 500))
  t.is(name, 'poll, api, 1 of 1,000 ready')
  t.deepEqual(ratio, { median: 3, low: 200 / 125, high: 500 / 80 })
  t.is(change, 'slower')
})

const changes = [
  ['apart upwards', between(90, 100, 110), between(111, 120, 130), 'slower'],
  ['apart downwards', between(90, 100, 110), between(70, 80, 89), 'faster'],
  ['touching', between(90, 100, 110), between(110, 120, 130), 'same'],
  ['one within the other', between(50, 100, 200), between(90, 100, 110), 'same'],
  ['far apart with wide intervals', between(90, 100, 210), between(200, 400, 800), 'same'],
] as const
for (const [title, a, b, expected] of changes) {
  test(`intervals ${title}: ${expected}`, (t) => {
    const { change, ratio } = turn(a, b)
    t.is(change, expected)
    t.is(ratio!.low <= 1 && ratio!.high >= 1, expected === 'same')
  })
}

test('no ratio of what may be nothing, but a change', (t) => {
  const { ratio, change } = turn(between(-1, 0.1, 1), between(5, 6, 7))
  t.deepEqual([ratio, change], [null, 'slower'])
})

test('a higher rate is faster, a higher latency slower', (t) => {
  const load = example.load.filter(({ variant }) => variant === 'select')
  const [cell] = load
  const more = { ...cell!, sustained: estimate(2e6), p99: estimate(1e6), p50: estimate(0.5) }
  const difference = compareResults({ ...example, load }, { ...example, load: [more] })
  t.deepEqual(
    section(difference, 'rates').pairs.map(({ change }) => change),
    ['faster'],
  )
  t.deepEqual(
    section(difference, 'load').pairs.map(({ name, change }) => [name.split(', ').at(-1), change]),
    [
      ['p50', 'faster'],
      ['p99', 'slower'],
      ['p99.9', 'same'],
      ['CPU', 'same'],
    ],
  )
})

test('what only one of them has is named', (t) => {
  const turns = example.turns.filter(({ variant }) => variant !== 'epoll edge')
  const fits = example.fits.filter(({ side }) => side === 'api')
  const difference = compareResults({ ...example, turns }, { ...example, fits })
  t.deepEqual(section(difference, 'turns').onlyA, [])
  t.is(section(difference, 'turns').onlyB.length, example.turns.length - turns.length)
  t.true(section(difference, 'turns').onlyB.includes('epoll edge, native, 100 of 10,000 ready'))
  t.deepEqual(section(difference, 'fits').onlyA, [
    'select, native, a',
    'select, native, b',
    'poll, native, a',
    'poll, native, b',
    'epoll level, native, a',
    'epoll level, native, b',
    'epoll edge, native, a',
    'epoll edge, native, b',
  ])
})

/** The example as another machine would have it. */
const other: Result = {
  ...example,
  machine: { ...example.machine, kernel: '6.12.1', virtual: null },
  settings: { ...example.settings, seed: 8 },
  turns: example.turns.map((cell) =>
    cell.variant === 'poll' ? Object.assign({}, cell, { cpu: estimate(3) }) : cell,
  ),
  crossovers: [{ ...example.crossovers[0]!, watched: 9 }, example.crossovers[1]!],
  verdicts: [{ ...example.verdicts[0]!, holds: false, finding: 'It did not.' }, ...example.verdicts.slice(1)],
}

test('machine, settings, crossovers and verdicts: what is not the same', (t) => {
  const { facts, crossovers, verdicts } = compareResults(example, other)
  t.deepEqual(
    facts.map(({ name }) => name),
    ['system', 'virtual', 'settings'],
  )
  t.deepEqual(facts[1], { name: 'virtual', a: 'kvm', b: 'no' })
  t.deepEqual(crossovers, [
    {
      a: 'epoll level costs less than select from about 4 watched descriptors on (1 ready).',
      b: 'epoll level costs less than select from about 9 watched descriptors on (1 ready).',
    },
    {
      a: 'epoll edge costs less than select at no measured number of watched descriptors (1 ready).',
      b: null,
    },
  ])
  t.deepEqual(
    verdicts.map(({ claim, a, b }) => [claim, a?.holds, b?.holds]),
    [['The cost of a scan grows with every watched descriptor', true, false]],
  )
})

for (const columns of [24, 40, 80, 120]) {
  test(`the difference fits ${columns} columns, with colours or without`, (t) => {
    const difference = compareResults(example, other)
    const text = terminalDiff(difference, { columns, colour: false })
    t.deepEqual(
      text.split('\n').filter((line) => line.length > columns),
      [],
    )
    t.is(stripVTControlCharacters(terminalDiff(difference, { columns, colour: true })), text)
    const words = text.replaceAll(/[\s│]+/g, ' ')
    t.true(words.includes('poll'))
    t.true(words.includes('faster'))
    t.true(words.replaceAll(' ', '').includes('→doesnothold(Itdidnot.)'))
  })
}

test('what is the same is counted, not listed', (t) => {
  const text = terminalDiff(compareResults(example, other), { columns: 120, colour: false })
  const polls = example.turns.filter(({ variant }) => variant === 'poll').length
  t.true(
    text.includes(
      `Of ${example.turns.length} figures: 0 slower, ${polls} faster, ${example.turns.length - polls} same.`,
    ),
  )
  t.is(text.split('\n').filter((line) => /│ poll, .* ready/.test(line)).length, polls)
  t.false(text.includes('select, api, 1 of 10 ready'))
})
