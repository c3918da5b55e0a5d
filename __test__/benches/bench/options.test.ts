import { tmpdir } from 'node:os'
import { casesOf, parseOptions, USAGE } from '../../../benches/bench/options.js'
import { KINDS } from '../../../benches/bench/result.js'
import { UsageError } from '../../../benches/shared/options.js'
import test from '../../helpers/test.js'

const plan = (...args: string[]) => {
  const asked = parseOptions(args)
  if (asked.does !== 'measure') throw new Error(`it would ${asked.does}`)
  return asked
}

const pairs = (...args: string[]): string[] =>
  plan(...args).cases.map(({ bytes, connections }) => `${bytes}x${connections}`)

test('without options, each size is measured at 50 connections, and 64 bytes at each number of them', (t) => {
  t.deepEqual(pairs('echo'), [
    '1x50',
    '64x1',
    '64x50',
    '64x1000',
    '64x10000',
    '1024x50',
    '16384x50',
    '262144x50',
  ])
  const { rounds, seconds, messages, open, seed, peers, json, quick } = plan('echo')
  t.deepEqual(
    { rounds, seconds, messages, open, seed, peers, json, quick },
    { rounds: 5, seconds: 1, messages: 0, open: 0, seed: 1, peers: undefined, json: undefined, quick: false },
  )
})

test('quick measures less', (t) => {
  t.deepEqual(pairs('echo', '--quick'), ['64x1', '64x50', '16384x50'])
  t.is(plan('echo', '--quick').rounds, 2)
  t.is(plan('echo', '--quick', '--rounds', '7').rounds, 7)
  t.is(plan('memory', '--quick').cases[0]?.connections, 2000)
})

test('given sizes and connections are all combined, once each', (t) => {
  t.deepEqual(pairs('echo', '--sizes', '1,64,1', '--connections', '2,3'), ['1x2', '1x3', '64x2', '64x3'])
  t.deepEqual(pairs('echo', '--sizes', '7'), ['7x50'])
  t.deepEqual(pairs('echo', '--connections', '9'), ['64x9'])
  t.deepEqual(pairs('accept'), ['0x50', '64x50'])
  t.deepEqual(pairs('accept', '--connections', '3'), ['0x3', '64x3'])
  t.deepEqual(pairs('memory', '--connections', '100'), ['64x100'])
  t.deepEqual(pairs('dispatch'), ['0x1', '0x64'])
  t.deepEqual(casesOf({ sizes: [1, 2], connections: [3] }, true).length, 2)
})

test('peers are named', (t) => {
  t.deepEqual(plan('echo', '--peers', 'rust,node').peers, ['rust', 'node'])
  t.deepEqual(plan('dispatch', '--peers', 'epoll').peers, ['epoll'])
})

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /^say what to measure: echo, accept, memory, dispatch$/],
  [['moon'], /'moon'/],
  [['echo', 'accept'], /'accept'/],
  [['echo', '--peers', 'moon'], /--peers takes fdreactor, .*, not 'moon'/],
  [['dispatch', '--peers', 'node'], /--peers takes fdreactor, epoll, not 'node'/],
  [['echo', '--sizes', '0'], /--sizes must be a whole number from 1 /],
  [['echo', '--sizes', ''], /--sizes/],
  [['echo', '--connections', '1,x'], /--connections .*'x'/],
  [['echo', '--rounds', '0'], /--rounds/],
  [['echo', '--seconds', '0'], /--seconds must be a number from 0.01 to 600, not '0'/],
  [['echo', '--seconds', '1e9'], /--seconds/],
  [['echo', '--seconds', '-1'], /--seconds/],
  [['accept', '--open', '5'], /--open is for echo/],
  [['dispatch', '--messages', '5'], /--messages is not for dispatch/],
  [['dispatch', '--sizes', '5'], /--sizes is not for dispatch/],
  [['echo', '--json', tmpdir()], /--json: .* is a folder/],
  [['echo', '--speed', '9'], /--speed/],
]

for (const [args, message] of wrong) {
  test(`refused: ${args.join(' ').replaceAll(tmpdir(), 'FOLDER')}`, (t) => {
    t.throws(() => parseOptions(args), { instanceOf: UsageError, message })
  })
}

test('help is for whoever asks, and names every option and kind', (t) => {
  t.deepEqual(parseOptions(['echo', '--help']), { does: 'help' })
  for (const word of [
    ...KINDS,
    '--quick',
    '--peers',
    '--sizes',
    '--connections',
    '--rounds',
    '--seconds',
    '--messages',
    '--open',
    '--seed',
    '--json',
  ])
    t.true(USAGE.includes(`  ${word} `), word)
})
