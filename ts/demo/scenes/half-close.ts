import { Ready } from '../../index.js'
import { arrival } from '../arrival.js'
import type { Pair } from '../arrival.js'
import type { Program, Scene } from '../scene.js'
import type { Stage } from '../stage.js'

const told: Program = {
  title: 'what is reported of a half-close',
  kind: 'shown',
  play(stage) {
    const pair = stage.pair()
    stage.watch(pair.here)
    stage.turn('5 bytes arrive', () => stage.send(pair, 5))
    stage.turn('the peer shuts down its writing side', () => endOf(pair))
    stage.turn('the 5 bytes are read', () => stage.read(pair.here))
    stage.turn('the end is read', () => stage.read(pair.here))
    stage.act('bytes are written back all the same', () => answer(stage, pair))
    stage.inspect('what the peer gets', () => stage.read(pair.peer))
  },
}

function endOf({ here, peer }: Pair): void {
  arrival(here, () => peer.shutdown('write'))
}

function answer(stage: Stage, { here, peer }: Pair): void {
  arrival(peer, () => stage.write(here, 5))
}

function close({ here, peer }: Pair): void {
  arrival(peer, () => here.close())
}

/** The peer sends a request of 5 bytes, ends, and waits for its answer. */
function server(title: string, kind: Program['kind'], endsAtOnce: boolean): Program {
  return {
    title,
    kind,
    play(stage) {
      const pair = stage.pair()
      stage.watch(pair.here, (readiness) => {
        const isOver = endsAtOnce && (readiness & Ready.READ_CLOSED) !== 0
        if (!isOver && stage.drain(pair.here) === 0) answer(stage, pair)
        close(pair)
      })
      stage.turn('a request of 5 bytes arrives, and the end', () => {
        stage.send(pair, 5)
        endOf(pair)
      })
      stage.inspect('what the peer gets', () => stage.drain(pair.peer))
    },
  }
}

export const halfClose: Scene = {
  name: 'half-close',
  title: 'A peer that has ended may still be listening',
  programs: [
    told,
    server('a half-close is taken for the end of the connection', 'fault', true),
    server('read to the end, answer, then close', 'right', false),
  ],
  why:
    'READ_CLOSED says that nothing more will come, not that what has come was read or that the peer stopped reading, and closing ' +
    'with bytes unread resets the connection, so that the peer loses its answer (select has no such bit, so the fault stays hidden there).',
}
