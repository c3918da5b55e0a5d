import type { AcceptCell, DispatchCell, EchoCell, Kind, MemoryCell } from '../../../benches/bench/result.js'
import { verdicts } from '../../../benches/bench/verdicts.js'
import { estimate } from '../../helpers/benches/result.js'
import test from '../../helpers/test.js'

const cpu = { all: estimate(5), user: estimate(1), system: estimate(4) }

function echo(
  peer: string,
  bytes: number,
  connections: number,
  p50: number,
  by: Record<string, number>,
): EchoCell {
  return {
    peer,
    bytes,
    connections,
    messages: 1000,
    rate: estimate(100),
    p50: estimate(p50),
    p99: estimate(p50 * 2),
    p999: estimate(p50 * 3),
    cpu,
    busy: estimate(1),
    ratios: Object.fromEntries(Object.entries(by).map(([name, value]) => [name, estimate(value)])),
    doubt: null,
  }
}

const accept = (node: number): AcceptCell => ({
  peer: 'fdreactor',
  bytes: 0,
  connections: 50,
  accepted: 10,
  rate: estimate(1),
  cpu,
  busy: null,
  ratios: { node: estimate(node) },
})
const memory = (bytes: number): MemoryCell => ({
  peer: 'fdreactor',
  connections: 10_000,
  memory: estimate(bytes),
  base: estimate(1e6),
  ratios: {},
})
const dispatch = (descriptors: number, epoll: number): DispatchCell => ({
  peer: 'fdreactor',
  descriptors,
  callbacks: 1,
  rate: estimate(1),
  cpu,
  ratios: { epoll: estimate(epoll) },
})

const nothing = { echo: [], accept: [], memory: [], dispatch: [] }
const held = (kind: Kind, found: Partial<Parameters<typeof verdicts>[1]>): Record<string, boolean | null> =>
  Object.fromEntries(verdicts(kind, { ...nothing, ...found }).map(({ id, holds }) => [id, holds]))

test('each number to reach is reached at its bound, and not beyond', (t) => {
  const cells = (rust: number, node: number, bun: number, p50: number): EchoCell[] => [
    echo('fdreactor', 64, 50, 1, { rust, node, bun }),
    echo('fdreactor', 16_384, 50, 1, { rust }),
    echo('fdreactor', 262_144, 50, 1, { rust }),
    echo('fdreactor', 64, 1, p50, {}),
    echo('node', 64, 1, 120, {}),
    echo('go', 64, 1, 100, {}),
    // Ours is not another.
    echo('fdreactor-ready', 64, 1, 1, {}),
  ]
  const all = (holds: boolean): Record<string, boolean> =>
    Object.fromEntries(
      ['cpu-rust', 'cpu-node', 'cpu-bun', 'cpu-rust-16k', 'cpu-rust-256k', 'latency-one'].map((id) => [
        id,
        holds,
      ]),
    )
  t.deepEqual(held('echo', { echo: cells(1.1, 0.65, 1, 115) }), all(true))
  t.deepEqual(held('echo', { echo: cells(1.11, 0.66, 1.01, 116) }), all(false))
  t.deepEqual(held('accept', { accept: [accept(4)] }), { 'accept-node': true })
  t.deepEqual(held('accept', { accept: [accept(3.9)] }), { 'accept-node': false })
  t.deepEqual(held('memory', { memory: [memory(600)] }), { 'memory-idle': true })
  t.deepEqual(held('memory', { memory: [memory(601)] }), { 'memory-idle': false })
  t.deepEqual(held('dispatch', { dispatch: [dispatch(1, 20), dispatch(64, 199)] }), {
    'dispatch-1': true,
    'dispatch-64': false,
  })
})

test('what was not measured is not decided', (t) => {
  for (const kind of ['echo', 'accept', 'memory', 'dispatch'] as const) {
    const found = verdicts(kind, nothing)
    t.true(found.length > 0)
    for (const { holds, finding } of found) t.deepEqual([holds, finding], [null, 'Not measured in this run.'])
  }
  // Without a peer to compare with, or its processor time.
  const alone = echo('fdreactor', 64, 50, 1, {})
  t.is(held('echo', { echo: [alone] })['cpu-rust'], null)
  const unknown = { ...echo('fdreactor', 64, 50, 1, { rust: 1 }), cpu: null }
  t.is(held('echo', { echo: [unknown] })['cpu-rust'], null)
  t.is(held('echo', { echo: [echo('fdreactor', 64, 1, 1, {})] })['latency-one'], null)
})

test('a finding has the figure and its interval', (t) => {
  const [first] = verdicts('echo', { ...nothing, echo: [echo('fdreactor', 64, 50, 1, { rust: 1.05 })] })
  t.is(first?.finding, 'Found: 1.05 times pure Rust [1.03, 1.07].')
  const [idle] = verdicts('memory', { ...nothing, memory: [memory(550)] })
  t.is(idle?.finding, 'Found: 550 B [539 B, 561 B].')
})
