import type { Program, Scene } from '../scene.js'

const armings: Program = {
  title: 'one event for each arming',
  kind: 'shown',
  play(stage) {
    const pair = stage.pair()
    const registration = stage.watch(pair.here, () => {}, { oneshot: true })
    const state = (step: string): void => stage.inspect(step, () => stage.say(registration.state))
    stage.turn('2 bytes arrive', () => stage.send(pair, 2))
    state('the registration is now')
    stage.turn('none of them is read')
    stage.turn('1 byte more arrives', () => stage.send(pair, 1))
    stage.turn('armed again, still nothing read', () => stage.rearm(registration))
    stage.turn('all are read, then armed again', () => {
      stage.drain(pair.here)
      stage.rearm(registration)
    })
    state('the registration is now')
    stage.turn('1 byte more arrives', () => stage.send(pair, 1))
  },
}

/** A handler that answers later: the work begins in the callback and ends in another turn. */
function slow(title: string, kind: Program['kind'], oneshot: boolean): Program {
  return {
    title,
    kind,
    play(stage) {
      const pair = stage.pair()
      let begun = 0
      const registration = stage.watch(
        pair.here,
        () => {
          begun += 1
        },
        { oneshot },
      )
      stage.turn('a request of 2 bytes arrives', () => stage.send(pair, 2))
      stage.turn('the work of it goes on')
      stage.turn('its second part arrives, 2 bytes', () => stage.send(pair, 2))
      stage.inspect('works begun for one request', () => stage.say(String(begun)))
      stage.turn('the work ends: read, armed again', () => {
        stage.drain(pair.here)
        stage.rearm(registration)
      })
    },
  }
}

export const oneshot: Scene = {
  name: 'oneshot',
  title: 'Oneshot tells once, until it is armed again',
  programs: [
    armings,
    slow('work that takes several turns, without oneshot', 'fault', false),
    slow('work that takes several turns, with oneshot', 'right', true),
  ],
  why:
    'A oneshot registration is silent from its event until it is armed again, whatever arrives meanwhile, and arming tells what has ' +
    'come, so that a handler that finishes later never runs twice for one descriptor and misses nothing.',
}
