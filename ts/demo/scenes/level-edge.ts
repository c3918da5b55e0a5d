import type { Program, Scene } from '../scene.js'

const told: Program = {
  title: 'what is reported of bytes that are not read',
  kind: 'shown',
  play(stage) {
    const pair = stage.pair()
    stage.watch(pair.here)
    stage.turn('5 bytes arrive', () => stage.send(pair, 5))
    stage.turn('none of them is read')
    stage.turn('3 of them are read', () => stage.read(pair.here, 3))
    stage.turn('1 byte more arrives', () => stage.send(pair, 1))
    stage.turn('all are read', () => stage.drain(pair.here))
  },
}

/** A message of 2,500 bytes, with a handler that reads in its way. */
function message(title: string, kind: Program['kind'], drains: boolean): Program {
  return {
    title,
    kind,
    play(stage) {
      const pair = stage.pair()
      stage.watch(pair.here, () => {
        if (drains) stage.drain(pair.here)
        else stage.read(pair.here, 1024)
      })
      stage.turn('a message of 2,500 bytes arrives', () => stage.send(pair, 2500))
      stage.turn('a second turn')
      stage.turn('a third turn')
      stage.inspect('what the program never read', () => stage.drain(pair.here))
    },
  }
}

export const levelEdge: Scene = {
  name: 'level-edge',
  title: 'Level tells a state, an edge tells a change',
  programs: [
    told,
    message('one read of 1,024 bytes for each event', 'fault', false),
    message('read until EAGAIN', 'right', true),
  ],
  why:
    'Level repeats itself as long as there is something to read, while an edge comes once for each arrival, so that whoever ' +
    'leaves bytes unread after an edge is not told of them again until more arrive, and a peer that waits for its answer sends no more.',
}
