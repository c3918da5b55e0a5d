import { coresOf, numbersOf, pinned } from '../../../benches/bench/cores.js'
import { doubtOf } from '../../../benches/bench/echo.js'
import { cpu, ratios } from '../../../benches/bench/figures.js'
import { between, memoryOf, spent, ticksOf } from '../../../benches/bench/usage.js'
import test from '../../helpers/test.js'

test('peers are compared round by round, so that what disturbs a round disturbs no ratio', (t) => {
  const samples = new Map([
    ['fdreactor', [2, 20, 200]],
    ['rust', [1, 10, 100]],
    ['node', [4, 40, 0]],
  ])
  const found = ratios('fdreactor', samples, (value) => value)
  t.deepEqual(Object.keys(found), ['rust', 'node'])
  t.deepEqual(found['rust'], { median: 2, low: 2, high: 2, spread: 0, rounds: 3 })
  // A round without a figure does not count.
  t.deepEqual(found['node'], { median: 0.5, low: 0.5, high: 0.5, spread: 0, rounds: 2 })
  t.deepEqual(Object.keys(ratios('rust', samples, (value) => value)), ['node'])
  t.deepEqual(
    ratios('moon', samples, (value) => value),
    {},
  )
})

test('processor time is shared among what was counted, and is unknown if one round does not know it', (t) => {
  const samples = [
    { time: { all: 30, user: 10, system: 20 }, count: 10 },
    { time: { all: 60, user: 20, system: 40 }, count: 20 },
  ]
  const found = cpu(
    samples,
    ({ time }) => time,
    ({ count }) => count,
  )
  t.deepEqual([found?.all.median, found?.user.median, found?.system.median], [3, 1, 2])
  const unknown = cpu(
    [...samples, { time: undefined, count: 1 }],
    ({ time }) => time,
    ({ count }) => count,
  )
  t.is(unknown, null)
})

test('the ticks of a process are found whatever its name is', (t) => {
  const rest = Array.from({ length: 40 }, (_, index) => index + 4).join(' ')
  for (const name of ['node', 'a b', ') R 1 (', ''])
    t.deepEqual(ticksOf(`7 (${name}) S ${rest}`), { user: 14, system: 15 })
})

test('a difference of processor time is exact in all, and in the proportion of ticks in its parts', (t) => {
  t.deepEqual(between({ all: 100, user: 1, system: 1 }, { all: 500, user: 2, system: 4 }), {
    all: 400,
    user: 100,
    system: 300,
  })
  t.deepEqual(between({ all: 100, user: 1, system: 1 }, { all: 150, user: 1, system: 1 }), {
    all: 50,
    user: 0,
    system: 50,
  })
})

if (process.platform === 'linux') {
  test('the system tells what this process spends and holds', (t) => {
    const before = spent(process.pid)
    let sum = 0
    for (const end = performance.now() + 50; performance.now() < end;) sum += Math.sqrt(sum + 1)
    const after = spent(process.pid)
    t.true(sum > 0)
    t.true((after?.all ?? 0) > (before?.all ?? Infinity))
    t.true((memoryOf(process.pid) ?? 0) > 1024 * 1024)
  })
}

test('of a process that is gone nothing is told', (t) => {
  t.is(spent(2 ** 22 + 1), undefined)
  t.is(memoryOf(2 ** 22 + 1), undefined)
})

test('server and load are kept apart where there are two processors and a way to do it', (t) => {
  const status = (list: string): string => `Name:\tnode\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`
  t.deepEqual(coresOf(status('0-3'), true), { server: 0, load: 3 })
  t.deepEqual(coresOf(status('2,5,9-10'), true), { server: 2, load: 10 })
  t.regex(coresOf(status('4'), true) as string, /only processor/)
  t.regex(coresOf(status('0-1'), false) as string, /taskset is not here/)
  t.regex(coresOf('', true) as string, /not pinned/)
  t.deepEqual(numbersOf('0-2,7\n'), [0, 1, 2, 7])
  t.deepEqual(pinned(3), ['taskset', '-c', '3'])
  t.deepEqual(pinned(undefined), [])
})

test('a generator that was late says so', (t) => {
  const outcome = { messages: 990, seconds: 1, late: 0, unsent: 0, p50: 1, p99: 1, p999: 1, max: 1 }
  t.is(doubtOf([outcome, { ...outcome, late: 19 }]), null)
  t.regex(
    doubtOf([outcome, { ...outcome, late: 21 }]) ?? '',
    /of 1,980 messages 21 went out late, and 0 did not/,
  )
  t.regex(doubtOf([{ ...outcome, unsent: 10 }]) ?? '', /of 1,000 messages 0 went out late, and 10 did not/)
})
