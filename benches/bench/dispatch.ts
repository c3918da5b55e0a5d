import { Program, beside } from '../shared/processes.js'
import { cpu, of, ratios } from './figures.js'
import type { DispatchOutcome, DispatchRequest } from './dispatcher.js'
import type { Peer } from './peers.js'
import type { DispatchCell } from './result.js'
import type { Scene } from './scene.js'
import type { Spent } from './usage.js'

const rateOf = ({ callbacks, seconds }: DispatchOutcome): number => callbacks / seconds
const spentOf = ({ user, system }: DispatchOutcome): Spent => ({ user, system, all: user + system })

/** A process for each time, with all processors: the package epoll waits in a thread of its own. */
async function once(scene: Scene, { args }: Peer, descriptors: number): Promise<DispatchOutcome> {
  const programs: Program[] = []
  const end = (): void => void Promise.all(programs.map((program) => program.end()))
  scene.signal.addEventListener('abort', end)
  try {
    const program = await Program.start(beside(import.meta.url, './dispatcher'), { into: programs })
    const request: DispatchRequest = { file: args[0] ?? '', descriptors, seconds: scene.plan.seconds }
    return await program.ask<DispatchOutcome>(request)
  } finally {
    scene.signal.removeEventListener('abort', end)
    await Promise.all(programs.map((program) => program.end()))
  }
}

/** Callbacks a second for descriptors that are always ready. */
export async function measureDispatch(scene: Scene): Promise<DispatchCell[]> {
  const { cases, rounds } = scene.plan
  const total = cases.length * rounds * scene.peers.length
  const cells: DispatchCell[] = []
  for (const { connections: descriptors } of cases) {
    const what = `${descriptors} ${descriptors === 1 ? 'descriptor' : 'descriptors'}`
    const found = await scene.rounds(what, total, (peer) => once(scene, peer, descriptors))
    for (const [peer, samples] of found) {
      const spent = cpu(samples, spentOf, ({ callbacks }) => callbacks)
      if (spent === null) continue
      cells.push({
        peer,
        descriptors,
        callbacks: samples.reduce((sum, { callbacks }) => sum + callbacks, 0),
        rate: of(samples, rateOf),
        cpu: spent,
        ratios: ratios(peer, found, rateOf),
      })
    }
  }
  return cells
}
