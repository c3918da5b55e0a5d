import { cpu, of, ratios } from './figures.js'
import type { Outcome } from './load.js'
import type { Case } from './options.js'
import type { Peer } from './peers.js'
import type { AcceptCell } from './result.js'
import type { Scene } from './scene.js'
import { between } from './usage.js'
import type { Spent } from './usage.js'

/** The part of a window that comes before it, and does not count. */
const WARM_UP = 0.25

interface Sample {
  readonly outcome: Outcome
  readonly spent: Spent | undefined
}

async function once(scene: Scene, peer: Peer, { bytes, connections }: Case): Promise<Sample> {
  const { load, plan } = scene
  const { seconds, messages } = plan
  const server = await scene.server(peer, bytes === 0 ? 'close' : 'echo')
  const before = { seconds: seconds * WARM_UP, messages: Math.ceil(messages * WARM_UP) }
  await load.churn(server.port, connections, bytes, before)
  const start = server.spent()
  const outcome = await load.churn(server.port, connections, bytes, { seconds, messages })
  const end = server.spent()
  return { outcome, spent: start && end && between(start, end) }
}

const rateOf = ({ outcome }: Sample): number => outcome.messages / outcome.seconds

/**
 * Connections for each second of the server's processor time: the load spends more on a connection than most servers do, so
 * that the clock shows its limits instead of theirs. The rate where processor time is not known.
 */
const capacityOf = (sample: Sample): number =>
  sample.spent === undefined
    ? rateOf(sample)
    : (sample.outcome.messages * 1e6) / Math.max(1, sample.spent.all)

function cellsOf({ bytes, connections }: Case, found: ReadonlyMap<string, readonly Sample[]>): AcceptCell[] {
  return [...found].map(([peer, samples]) => ({
    peer,
    bytes,
    connections,
    accepted: samples.reduce((sum, { outcome }) => sum + outcome.messages, 0),
    rate: of(samples, rateOf),
    cpu: cpu(
      samples,
      ({ spent }) => spent,
      ({ outcome }) => outcome.messages,
    ),
    busy: samples.some(({ spent }) => spent === undefined)
      ? null
      : of(samples, ({ spent, outcome }) => (spent?.all ?? 0) / 1e6 / outcome.seconds),
    ratios: ratios(peer, found, capacityOf),
  }))
}

/** Connections that come and go. */
export async function measureAccept(scene: Scene): Promise<AcceptCell[]> {
  const { cases, rounds } = scene.plan
  const total = cases.length * rounds * scene.peers.length
  const cells: AcceptCell[] = []
  for (const each of cases) {
    const what = each.bytes === 0 ? 'accept and close' : `accept, echo ${each.bytes} B, reset`
    cells.push(...cellsOf(each, await scene.rounds(what, total, (peer) => once(scene, peer, each))))
  }
  return cells
}
