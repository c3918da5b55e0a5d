import { closeSync, openSync } from 'node:fs'
import { TcpListener } from '../../index.js'
import type { TcpStream } from '../../index.js'
import type { Program, Scene } from '../scene.js'
import { codeOf } from '../stage.js'
import type { Stage } from '../stage.js'

/** FD_SETSIZE: the first number that select(2) has no bit for. */
const LIMIT = 1024

/** A listener whose number is at least `number`: the kernel gives out the lowest that is free, so the others are used up. */
function listenAt(stage: Stage, number: number): TcpListener {
  try {
    for (;;) {
      const listener = TcpListener.bind({ port: 0 })
      if (listener.fd >= number) return stage.own(listener)
      listener.close()
      const filler = openSync('/dev/null', 'r')
      stage.own({ close: () => closeSync(filler) })
    }
  } catch (error) {
    if (codeOf(error) !== 'EMFILE') throw error
    const needed = LIMIT + 50
    throw new Error(
      `this scene opens ${needed} descriptors, and the limit of open files is lower (ulimit -n)`,
      {
        cause: error,
      },
    )
  }
}

const numbers: Program = {
  title: 'two listeners that differ in their numbers',
  kind: 'shown',
  play(stage) {
    stage.act('the highest number it takes', () => {
      const { maxFd } = stage.reactor.capabilities
      stage.say(maxFd === Infinity ? 'no limit' : maxFd.toLocaleString('en-US'))
    })
    for (const number of [LIMIT - 1, LIMIT]) {
      const listener = listenAt(stage, number)
      stage.turn(`descriptor ${number.toLocaleString('en-US')} is registered, a client connects`, () => {
        try {
          stage.watch(listener, () => void stage.accept(listener))
        } catch (error) {
          stage.say(codeOf(error))
        }
        stage.connect(listener, 1)
      })
    }
  },
}

/** A server whose low numbers are all taken: its connections get high ones. */
function server(title: string, kind: Program['kind'], checks: boolean): Program {
  return {
    title,
    kind,
    play(stage) {
      const listener = stage.listen()
      listenAt(stage, LIMIT)
      let served = 0
      const serve = (stream: TcpStream): void => {
        if (checks && stream.fd > stage.reactor.capabilities.maxFd) {
          stage.say('turned away')
          stream.close()
          return
        }
        stage.watch(stream)
        served += 1
      }
      const registration = stage.watch(listener, () => {
        const stream = stage.accept(listener)
        try {
          if (stream !== null) serve(stream)
        } catch (error) {
          stage.say(`${codeOf(error)} ends the server`)
          registration.close()
        }
      })
      stage.turn('a client connects', () => stage.connect(listener, 1))
      stage.turn('a second client connects', () => stage.connect(listener, 1))
      stage.inspect('clients that are served', () => stage.say(String(served)))
    },
  }
}

export const selectLimit: Scene = {
  name: 'select-limit',
  title: 'select is limited by the number of a descriptor, not by how many there are',
  programs: [
    numbers,
    server('every number is registered', 'fault', false),
    server('a number that the backend does not take is turned away', 'right', true),
  ],
  why:
    'The fd_set of select(2) is an array of 1,024 bits, one for each number, so even a single descriptor cannot be watched if its number ' +
    'is 1,024 or more, and only its number counts; poll(2) and epoll(7) take the numbers themselves and have no such limit.',
}
