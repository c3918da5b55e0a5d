import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PARTS, parseOptions } from '../../benches/compare/options.js'
import { mostWatched, turnPlan } from '../../benches/compare/plan.js'
import { UsageError } from '../../benches/shared/options.js'
import test from '../helpers/test.js'

const measurement = (...args: string[]) => {
  const asked = parseOptions(args)
  if (asked.does !== 'measure') throw new Error(`it would ${asked.does}`)
  return asked
}

test('without options everything is measured, with a seed of 1', (t) => {
  t.deepEqual(measurement(), {
    does: 'measure',
    mode: 'default',
    parts: PARTS,
    kind: undefined,
    sizes: undefined,
    rounds: undefined,
    seed: 1,
    unboundedSelect: false,
    json: undefined,
    html: undefined,
  })
})

test('options are understood', (t) => {
  const asked = measurement(
    ...'--quick --only turns,load --kind pipe --sizes 100,10,100 --rounds 3 --seed 7 --unbounded-select'.split(
      ' ',
    ),
  )
  t.is(asked.mode, 'quick')
  t.deepEqual(asked.parts, ['turns', 'load'])
  t.is(asked.kind, 'pipe')
  t.deepEqual(asked.sizes, [10, 100])
  t.is(asked.rounds, 3)
  t.is(asked.seed, 7)
  t.true(asked.unboundedSelect)
  t.is(measurement('--full').mode, 'full')
  t.deepEqual(parseOptions(['--diff', 'a.json', 'b.json']), { does: 'diff', files: ['a.json', 'b.json'] })
  t.deepEqual(parseOptions(['-h']), { does: 'help' })
  t.deepEqual(parseOptions(['--from', 'a.json']), {
    does: 'report',
    from: 'a.json',
    json: undefined,
    html: undefined,
  })
})

const wrong: [string[], RegExp][] = [
  [['--fast'], /--fast/],
  [['--quick', '--full'], /exclude each other/],
  [['--only', 'turns,moon'], /--only takes turns, load, strategies, not 'moon'/],
  [['--kind', 'timer'], /--kind takes eventfd, pipe, socket, not 'timer'/],
  [['--sizes', '10,x'], /--sizes must be a whole number from 1 to \d+, not 'x'/],
  [['--sizes', ''], /--sizes/],
  [['--sizes', '0'], /--sizes/],
  [['--rounds', '1'], /--rounds must be a whole number from 2/],
  [['--seed', '-1'], /--seed/],
  [['--seed', '1.5'], /--seed/],
  [['--diff', 'a.json'], /--diff takes two files/],
  [['--diff', 'a', 'b', 'c'], /--diff takes two files/],
  [['extra'], /'extra' is not understood/],
  [['--json', '/no/such/folder/x.json'], /--json: .* cannot be written/],
  [['--html', tmpdir()], /--html: .* is a folder/],
]
for (const [args, message] of wrong) {
  test(`a wrong command line is refused in one line: ${args.join(' ').replace(tmpdir(), 'a folder')}`, (t) => {
    const error = t.throws(() => parseOptions(args), { instanceOf: UsageError, message })
    t.false(error?.message.includes('\n'))
  })
}

test('a file that is there and can be written may be named', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-compare-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'result.json')
  t.is(measurement('--json', file).json, file)
  writeFileSync(file, 'before')
  t.is(measurement('--json', file).json, file)
})

test('sizes go up to what the process may open, and no further', (t) => {
  const most = mostWatched('pipe')
  for (const mode of [[], ['--quick'], ['--full']]) {
    const { sizes, kind } = turnPlan(measurement('--kind', 'pipe', ...mode))
    t.is(kind, 'pipe')
    t.deepEqual(
      sizes,
      [...new Set(sizes)].toSorted((a, b) => a - b),
    )
    t.is(sizes[0], 10)
    t.true((sizes.at(-1) ?? 0) <= most)
    t.true((sizes.at(-1) ?? 0) * 3.3 > Math.min(most, 100_000))
  }
  const message = /\d+ is more than the \d+ that the limit of open files allows here/
  t.throws(() => turnPlan(measurement('--kind', 'pipe', '--sizes', String(most + 1000))), {
    instanceOf: UsageError,
    message,
  })
})
