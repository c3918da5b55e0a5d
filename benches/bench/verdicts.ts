/** The numbers to reach, and whether this run reached them. */
import { bytes, digits } from '../shared/report/format.js'
import type { EchoCell, Estimate, Kind, Result, Verdict } from './result.js'

type Found = Pick<Result, 'echo' | 'accept' | 'memory' | 'dispatch'>

interface Target {
  readonly kind: Kind
  readonly id: string
  readonly claim: string
  /** The figure, and what makes it; nothing if it was not measured. */
  readonly find: (found: Found) => { figure: Estimate; words: string } | undefined
  readonly isReached: (figure: number) => boolean
}

/** Who is judged. */
const OURS = 'fdreactor'

const atMost = (most: number) => (figure: number) => figure <= most
const atLeast = (least: number) => (figure: number) => figure >= least

const times = (figure: Estimate, whom: string): string =>
  `${digits(figure.median)} times ${whom} [${digits(figure.low)}, ${digits(figure.high)}]`

function echoCell(found: Found, size: number, connections: number, peer = OURS): EchoCell | undefined {
  return found.echo.find(
    (each) => each.peer === peer && each.bytes === size && each.connections === connections,
  )
}

/** The ratio of a cell to a yardstick. */
function ratio(
  cell: { readonly ratios: Result['echo'][number]['ratios'] } | undefined,
  to: string,
  whom: string,
): ReturnType<Target['find']> {
  const figure = cell?.ratios[to]
  return figure && { figure, words: times(figure, whom) }
}

function cpuTarget(id: string, size: number, to: string, whom: string, most: number): Target {
  return {
    kind: 'echo',
    id,
    claim: `${size.toLocaleString('en-US')} B, 50 connections: processor time a message at most ${most.toFixed(2)} of ${whom}'s`,
    find(found) {
      const cell = echoCell(found, size, 50)
      return cell?.cpu ? ratio(cell, to, whom) : undefined
    },
    isReached: atMost(most),
  }
}

/** The best median latency of the others at one connection. */
function latency(found: Found): ReturnType<Target['find']> {
  const ours = echoCell(found, 64, 1)
  const others = found.echo.filter(
    ({ peer, bytes: size, connections }) => !peer.startsWith(OURS) && size === 64 && connections === 1,
  )
  const [best] = others.toSorted((a, b) => a.p50.median - b.p50.median)
  if (ours === undefined || best === undefined) return undefined
  const by = best.p50.median
  const figure = {
    ...ours.p50,
    median: ours.p50.median / by,
    low: ours.p50.low / by,
    high: ours.p50.high / by,
  }
  return { figure, words: times(figure, best.peer) }
}

function dispatchTarget(descriptors: number, least: number): Target {
  return {
    kind: 'dispatch',
    id: `dispatch-${descriptors}`,
    claim: `Callbacks with ${descriptors} ready ${descriptors === 1 ? 'descriptor' : 'descriptors'}: at least ${least} times the package epoll`,
    find({ dispatch }) {
      const ours = dispatch.filter(({ peer }) => peer === OURS)
      return ratio(
        ours.find((cell) => cell.descriptors === descriptors),
        'epoll',
        'the package epoll',
      )
    },
    isReached: atLeast(least),
  }
}

const TARGETS: readonly Target[] = [
  cpuTarget('cpu-rust', 64, 'rust', 'pure Rust', 1.1),
  cpuTarget('cpu-node', 64, 'node', 'node:net', 0.65),
  cpuTarget('cpu-bun', 64, 'bun', 'Bun.listen', 1),
  cpuTarget('cpu-rust-16k', 16_384, 'rust', 'pure Rust', 1.1),
  cpuTarget('cpu-rust-256k', 262_144, 'rust', 'pure Rust', 1.1),
  {
    kind: 'echo',
    id: 'latency-one',
    claim: '64 B, one connection: median latency at most 1.15 of the best other server',
    find: latency,
    isReached: atMost(1.15),
  },
  {
    kind: 'accept',
    id: 'accept-node',
    claim: 'Connections accepted in the same processor time: at least 4 times node:net',
    find: ({ accept }) =>
      ratio(
        accept.find(({ peer, bytes: size }) => peer === OURS && size === 0),
        'node',
        'node:net',
      ),
    isReached: atLeast(4),
  },
  {
    kind: 'memory',
    id: 'memory-idle',
    claim: 'Memory for an idle connection: at most 600 B',
    find({ memory }) {
      const figure = memory.find(({ peer }) => peer === OURS)?.memory
      return (
        figure && { figure, words: `${bytes(figure.median)} [${bytes(figure.low)}, ${bytes(figure.high)}]` }
      )
    },
    isReached: atMost(600),
  },
  dispatchTarget(1, 20),
  dispatchTarget(64, 200),
]

/** A verdict on each number to reach that this kind of bench measures. */
export function verdicts(kind: Kind, found: Found): Verdict[] {
  return TARGETS.filter((target) => target.kind === kind).map(({ id, claim, find, isReached }) => {
    const it = find(found)
    if (it === undefined) return { id, claim, holds: null, finding: 'Not measured in this run.' }
    return { id, claim, holds: isReached(it.figure.median), finding: `Found: ${it.words}.` }
  })
}
