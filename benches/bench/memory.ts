import { of, ratios } from './figures.js'
import type { Case } from './options.js'
import type { Peer } from './peers.js'
import type { MemoryCell } from './result.js'
import type { Scene } from './scene.js'

/** Connections that are there before, and messages that they exchange: what a server makes at first is no idle connection's. */
const FIRST = 50
const FIRST_MESSAGES = 20_000
/** Descriptors that a server and a load need for themselves. */
const OWN_FILES = 200

interface Sample {
  readonly before: number
  readonly after: number
}

async function once(scene: Scene, peer: Peer, { bytes, connections }: Case): Promise<Sample> {
  const { load } = scene
  const server = await scene.fresh(peer, 'echo')
  await load.connect(server.port, FIRST)
  await load.run(bytes, 0, { seconds: 0, messages: FIRST_MESSAGES })
  const before = await server.memory()
  await load.connect(server.port, connections)
  await load.touch(bytes, connections)
  const after = await server.memory()
  await load.close()
  await server.end()
  if (before === undefined || after === undefined) throw new Error('the system does not tell its memory')
  return { before, after }
}

const count = (value: number): string => value.toLocaleString('en-US')

/** What an idle connection takes, each of which has exchanged a message. */
export async function measureMemory(scene: Scene): Promise<MemoryCell[]> {
  const most = scene.openFiles - FIRST - OWN_FILES
  const cases = scene.plan.cases.filter(({ connections }) => connections <= most)
  if (cases.length < scene.plan.cases.length) {
    scene.notes.push(
      `More than ${count(most)} connections were left out, for a process may have ${count(scene.openFiles)} open files.`,
    )
  }
  const total = cases.length * scene.plan.rounds * scene.peers.length
  const cells: MemoryCell[] = []
  for (const each of cases) {
    const { connections } = each
    const memory = ({ before, after }: Sample): number => (after - before) / connections
    const found = await scene.rounds(`${count(connections)} idle`, total, (peer) => once(scene, peer, each))
    for (const [peer, samples] of found) {
      cells.push({
        peer,
        connections,
        memory: of(samples, memory),
        base: of(samples, ({ before }) => before),
        ratios: ratios(peer, found, memory),
      })
    }
  }
  return cells
}
