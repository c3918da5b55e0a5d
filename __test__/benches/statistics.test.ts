import { estimate, fitLine, line, random, shuffled } from '../../benches/shared/statistics.js'
import test from '../helpers/test.js'

test('random numbers are the same for the same seed, others for another, and spread from 0 to 1', (t) => {
  const take = (seed: number): number[] => {
    const next = random(seed)
    return Array.from({ length: 1000 }, () => next())
  }
  t.deepEqual(take(1), take(1))
  t.notDeepEqual(take(1), take(2))
  const numbers = take(3)
  t.true(numbers.every((each) => each >= 0 && each < 1))
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const inside = numbers.filter((each) => Math.floor(each * 10) === tenth).length
    t.true(inside > 60 && inside < 140, `${inside} of 1000 in tenth ${tenth}`)
  }
})

test('a shuffle keeps every item once, and comes in every order', (t) => {
  const next = random(1)
  const orders = new Set<string>()
  for (let run = 0; run < 200; run += 1) {
    const order = shuffled(['a', 'b', 'c'], next)
    t.deepEqual(order.toSorted(), ['a', 'b', 'c'])
    orders.add(order.join(''))
  }
  t.is(orders.size, 6)
})

test('an estimate has the median, its interval, the spread and the rounds', (t) => {
  const found = estimate([10, 12, 11, 13, 9])
  t.is(found.median, 11)
  t.is(found.rounds, 5)
  t.is(found.spread, 2 / 11)
  t.true(found.low >= 9 && found.low < 11)
  t.true(found.high > 11 && found.high <= 13)
  t.deepEqual(estimate([7]), { median: 7, low: 7, high: 7, spread: 0, rounds: 1 })
  t.deepEqual(estimate([0, 0, 0]), { median: 0, low: 0, high: 0, spread: 0, rounds: 3 })
})

test('one round that was disturbed moves no estimate', (t) => {
  t.is(estimate([10, 10, 10, 10, 10, 10, 5000]).median, 10)
})

test('a line is found again', (t) => {
  const { a, b } = line([10, 100, 1000, 10_000].map((x) => ({ x, y: 500 + 80 * x })))
  t.true(Math.abs(a - 500) < 1e-6, String(a))
  t.true(Math.abs(b - 80) < 1e-9, String(b))
})

test('a flat line has no slope, and the interval of a noisy one holds the truth', (t) => {
  const sizes = [10, 100, 1000, 10_000]
  const flat = fitLine(sizes.map((x) => ({ x, ys: [900, 900, 900] })))
  t.is(flat.b.median, 0)
  t.is(flat.b.high, 0)
  const next = random(5)
  const noisy = fitLine(
    sizes.map((x) => ({ x, ys: Array.from({ length: 15 }, () => (500 + 80 * x) * (0.95 + next() / 10)) })),
  )
  t.true(noisy.b.low <= 80 && noisy.b.high >= 80, JSON.stringify(noisy.b))
  t.true(noisy.b.high - noisy.b.low < 8)
  t.is(noisy.b.rounds, 15)
})
