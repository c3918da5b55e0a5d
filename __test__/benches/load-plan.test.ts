import { doubtOf, isShort } from '../../benches/compare/load/doubt.js'
import { capped } from '../../benches/compare/load/measure.js'
import type { Outcome } from '../../benches/compare/load/protocol.js'
import { highest } from '../../benches/compare/load/sustain.js'
import test from '../helpers/test.js'

/** A server that sustains up to some rate, and what was asked of it. */
function server(most: number): { probes: number[]; probe: (rate: number) => Promise<boolean> } {
  const probes: number[] = []
  return {
    probes,
    probe: (rate) => {
      probes.push(rate)
      return Promise.resolve(rate <= most)
    },
  }
}

test('doubles, then bisects', async (t) => {
  const { probes, probe } = server(5000)
  const found = await highest(1000, probe)
  t.true(found <= 5000 && found > 5000 / 1.1)
  const rounded = probes.map((rate) => Math.round(rate))
  // What does not hold is tried twice.
  t.deepEqual(rounded, [1000, 2000, 4000, 8000, 8000, 5657, 5657, 4757, 5187, 5187])
})

test('halves where the start is too high', async (t) => {
  const { probes, probe } = server(300)
  const found = await highest(1000, probe)
  t.true(found <= 300 && found > 300 / 1.1)
  t.deepEqual(probes.slice(0, 5), [1000, 1000, 500, 500, 250])
})

test('gives up on a server that sustains nothing, and on one without end', async (t) => {
  const none = server(1)
  t.is(await highest(1000, none.probe), 0)
  t.is(none.probes.length, 10)
  const endless = server(Number.POSITIVE_INFINITY)
  t.true((await highest(1000, endless.probe)) >= 1000 * 2 ** 12)
  t.is(endless.probes.length, 16)
})

test('one hiccup does not end the search', async (t) => {
  const { probe } = server(5000)
  let count = 0
  const found = await highest(1000, (rate) => {
    count += 1
    return count === 2 ? Promise.resolve(false) : probe(rate)
  })
  t.true(found > 5000 / 1.1)
})

const outcome = (over: Partial<Outcome>): Outcome => ({
  planned: 1000,
  sent: 1000,
  received: 1000,
  late: 0,
  over: 0,
  p50: 1,
  p99: 1,
  p999: 1,
  ...over,
})

test('tells a generator that could not keep up from a slow server', (t) => {
  t.false(isShort(outcome({ late: 10, over: 1000 })))
  t.true(isShort(outcome({ late: 11 })))
  t.true(isShort(outcome({ sent: 999 })))

  t.is(doubtOf([outcome({}), outcome({ over: 900 })]), undefined)
  // A round of three does not move the median.
  t.is(doubtOf([outcome({}), outcome({}), outcome({ late: 500 })]), undefined)
  t.is(
    doubtOf([outcome({}), outcome({ late: 20 }), outcome({ late: 500, sent: 900, received: 900 })]),
    'Not offered: in 2 of 3 rounds the generator could not keep to the rate (3,000 messages planned, 2,900 sent, 520 of them late), so latencies are partly its own.',
  )
  t.is(doubtOf([outcome({}), outcome({ received: 998 })]), '2 of 2,000 messages did not come back in time.')
})

test('has as many idle connections as fit, and says so', (t) => {
  const notes: string[] = []
  t.deepEqual(capped({ idle: [0, 19_890], active: 10 }, 20_000, notes), [0, 19_890])
  t.deepEqual(notes, [])
  t.deepEqual(capped({ idle: [100, 19_891, 50_000], active: 10 }, 20_000, notes), [100, 19_890])
  t.deepEqual(notes, [
    'The echo server had 19,890 idle connections instead of 19,891 and 50,000, which is what 20,000 open files a process and the ports of one address allow.',
  ])
  t.deepEqual(capped({ idle: [50_000], active: 10 }, Number.POSITIVE_INFINITY, []), [24_990])
})
