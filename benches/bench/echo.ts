import { cpu, of, ratios } from './figures.js'
import type { Amount, Outcome } from './load.js'
import type { Case } from './options.js'
import type { Peer } from './peers.js'
import type { EchoCell } from './result.js'
import type { Scene } from './scene.js'
import { between } from './usage.js'
import type { Spent } from './usage.js'

/** Bytes that are on their way at the same time, at most: the kernel's buffers hold no more in good order. */
const MOST_BYTES = 256 * 1024 * 1024
/** Descriptors that a server and a load need for themselves. */
const OWN_FILES = 100
/** The part of a window that is sent before it, and does not count. */
const WARM_UP = 0.25
/** Latencies of the last hundredth are the generator's own if it was late with that many. */
const MOST_LATE = 0.01

interface Sample {
  readonly outcome: Outcome
  readonly spent: Spent | undefined
}

const count = (value: number): string => value.toLocaleString('en-US')

const nameOf = ({ bytes, connections }: Case): string =>
  `${count(bytes)} B, ${count(connections)} ${connections === 1 ? 'connection' : 'connections'}`

/** Why latencies are partly the generator's own. */
export function doubtOf(outcomes: readonly Outcome[]): string | null {
  const sum = (key: 'messages' | 'late' | 'unsent'): number =>
    outcomes.reduce((total, outcome) => total + outcome[key], 0)
  const planned = sum('messages') + sum('unsent')
  if (sum('unsent') === 0 && sum('late') <= planned * MOST_LATE) return null
  return (
    `The generator could not keep to the rate: of ${count(planned)} messages ${count(sum('late'))} went out late, ` +
    `and ${count(sum('unsent'))} did not.`
  )
}

/** What is sent before it counts. */
function warmUp({ seconds, messages }: Amount): Amount {
  return { seconds: seconds * WARM_UP, messages: Math.ceil(messages * WARM_UP) }
}

async function once(scene: Scene, peer: Peer, { bytes, connections }: Case): Promise<Sample> {
  const { load, plan } = scene
  const server = await scene.server(peer, 'echo')
  await load.connect(server.port, connections)
  await load.run(bytes, plan.open, warmUp(plan))
  const before = server.spent()
  const outcome = await load.run(bytes, plan.open, { seconds: plan.seconds, messages: plan.messages })
  const after = server.spent()
  await load.close()
  return { outcome, spent: before && after && between(before, after) }
}

/** Processor time a message, or the latency where that is not known. */
const costOf = ({ spent, outcome }: Sample): number =>
  spent === undefined ? outcome.p50 : spent.all / outcome.messages

function cellsOf({ bytes, connections }: Case, found: ReadonlyMap<string, readonly Sample[]>): EchoCell[] {
  return [...found].map(([peer, samples]) => {
    const outcomes = samples.map(({ outcome }) => outcome)
    const spent = cpu(
      samples,
      (sample) => sample.spent,
      ({ outcome }) => outcome.messages,
    )
    return {
      peer,
      bytes,
      connections,
      messages: outcomes.reduce((sum, { messages }) => sum + messages, 0),
      rate: of(outcomes, ({ messages, seconds }) => messages / seconds),
      p50: of(outcomes, ({ p50 }) => p50),
      p99: of(outcomes, ({ p99 }) => p99),
      p999: of(outcomes, ({ p999 }) => p999),
      cpu: spent,
      busy: spent && of(samples, (sample) => (sample.spent?.all ?? 0) / 1e6 / sample.outcome.seconds),
      ratios: ratios(peer, found, costOf),
      doubt: doubtOf(outcomes),
    }
  })
}

/** Messages sent back, of each size over each number of connections. */
export async function measureEcho(scene: Scene): Promise<EchoCell[]> {
  const most = scene.openFiles - OWN_FILES
  const fitting = scene.plan.cases.filter((each) => {
    const { bytes, connections } = each
    if (connections > most) {
      scene.notes.push(
        `Left out: ${nameOf(each)}, for a process may have ${count(scene.openFiles)} open files.`,
      )
    } else if (bytes * connections > MOST_BYTES) {
      scene.notes.push(`Left out: ${nameOf(each)}, for that is more than is sent at the same time.`)
    } else return true
    return false
  })
  const total = fitting.length * scene.plan.rounds * scene.peers.length
  const cells: EchoCell[] = []
  for (const each of fitting.toSorted((a, b) => a.connections - b.connections || a.bytes - b.bytes)) {
    const found = await scene.rounds(nameOf(each), total, (peer) => once(scene, peer, each))
    cells.push(...cellsOf(each, found))
  }
  return cells
}
