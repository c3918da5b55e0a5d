import type { TcpListener } from '../../index.js'
import type { Program, Scene } from '../scene.js'
import type { Stage } from '../stage.js'

function server(
  title: string,
  kind: Program['kind'],
  accept: (stage: Stage, listener: TcpListener) => void,
): Program {
  return {
    title,
    kind,
    play(stage) {
      const listener = stage.listen()
      stage.watch(listener, () => accept(stage, listener))
      stage.turn('3 clients connect', () => stage.connect(listener, 3))
      stage.turn('a second turn')
      stage.turn('a third turn')
      stage.turn('1 client more connects', () => stage.connect(listener, 1))
      stage.inspect('what the program never accepted', () => acceptAll(stage, listener))
    },
  }
}

function acceptAll(stage: Stage, listener: TcpListener): void {
  while (stage.accept(listener) !== null);
}

export const acceptEdge: Scene = {
  name: 'accept-edge',
  title: 'One edge may stand for many connections',
  programs: [
    server('one accept for each event', 'fault', (stage, listener) => void stage.accept(listener)),
    server('accept until EAGAIN', 'right', acceptAll),
  ],
  why:
    'Connections that arrive before a wait are one edge, so a server that accepts one for each edge leaves the others in the queue, ' +
    'and stays behind for ever, since every later edge again accepts one.',
}
