import { Ready } from '../../index.js'
import type { Readiness } from '../../index.js'
import { arrival } from '../arrival.js'
import type { Program, Scene } from '../scene.js'

const told: Program = {
  title: 'what is reported of the ways in which a connection ends',
  kind: 'shown',
  play(stage) {
    const first = stage.pair()
    stage.watch(first.here)
    stage.turn('the peer closes', () => arrival(first.here, () => first.peer.close()))
    stage.turn('this side shuts down its writing side', () => first.here.shutdown('write'))
    first.here.close()
    const second = stage.pair()
    stage.watch(second.here)
    stage.turn('another peer resets its connection', () => arrival(second.here, () => second.peer.reset()))
    stage.turn('the error is taken (SO_ERROR)', () => stage.say(second.here.takeError()?.code ?? 'no error'))
  },
}

function server(title: string, kind: Program['kind'], isForRead: (readiness: Readiness) => boolean): Program {
  return {
    title,
    kind,
    play(stage) {
      const pair = stage.pair()
      const table = new Set([pair.here])
      stage.watch(pair.here, (readiness) => {
        if (!isForRead(readiness)) return
        if (stage.read(pair.here) > 0) return
        pair.here.close()
        table.delete(pair.here)
      })
      stage.turn('5 bytes arrive', () => stage.send(pair, 5))
      stage.turn('the peer resets the connection', () => arrival(pair.here, () => pair.peer.reset()))
      stage.turn('a turn later')
      stage.turn('another turn later')
      stage.inspect('connections left in the table', () => stage.say(String(table.size)))
    },
  }
}

export const hangUp: Scene = {
  name: 'hang-up',
  title: 'Readiness is a set of bits',
  programs: [
    told,
    server('events == EPOLLIN', 'fault', (readiness) => readiness === Ready.READABLE),
    server(
      'any bit but WRITABLE leads to a read',
      'right',
      (readiness) => (readiness & ~Ready.WRITABLE) !== 0,
    ),
  ],
  why:
    'A hang-up or an error comes together with READABLE, so a comparison for equality never sees it: with level the program is called ' +
    'in every turn for nothing, with edge never again, and the descriptor leaks (select has only READABLE, so the fault stays hidden there).',
}
