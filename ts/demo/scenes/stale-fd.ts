import { closeSync } from 'node:fs'
import { Ready, io } from '../../index.js'
import type { Readiness, TcpListener, TcpStream } from '../../index.js'
import { arrival, connect, take } from '../arrival.js'
import type { Pair } from '../arrival.js'
import { LeftOut } from '../scene.js'
import type { Program, Scene } from '../scene.js'
import { codeOf } from '../stage.js'
import type { Stage } from '../stage.js'

/** Leaves no number below `highest` free: the kernel gives out the lowest one. */
function fillBelow(stage: Stage, listener: TcpListener, highest: number): void {
  for (let fd = 0; fd < highest;) {
    stage.connect(listener, 1)
    fd = stage.own(take(listener)).fd
  }
}

/** Two connections that belong together, as those of a proxy: when one ends, both are closed, and two that wait take their place. */
class Proxy {
  readonly pairs: readonly Pair[]
  newcomers: readonly TcpStream[] = []
  readonly #stage: Stage
  readonly #listener: TcpListener

  constructor(stage: Stage) {
    this.#stage = stage
    this.pairs = [stage.pair(), stage.pair()]
    this.#listener = stage.listen()
    fillBelow(stage, this.#listener, Math.max(...this.pairs.map(({ here }) => here.fd)))
    stage.connect(this.#listener, 2)
  }

  reset(): void {
    for (const { here, peer } of this.pairs) arrival(here, () => peer.reset())
  }

  /** Handles an event of one connection. */
  handle(stream: TcpStream, readiness: Readiness): void {
    const isOver = (readiness & (Ready.HANGUP | Ready.ERROR)) !== 0
    // select cannot tell a hang-up: a read finds out.
    if (!isOver && this.#stage.read(stream) >= -1) return
    if (this.newcomers.includes(stream)) {
      this.#stage.say('a newcomer is closed')
      stream.close()
      return
    }
    for (const { here } of this.pairs) here.close()
    this.newcomers = this.pairs.map(() => this.#stage.own(take(this.#listener)))
    this.#stage.say('both are closed, two newcomers get their numbers')
  }

  tell(): void {
    const left = this.newcomers.filter(({ closed }) => !closed).length
    this.#stage.inspect('newcomers that are still connected', () => this.#stage.say(`${left} of 2`))
  }
}

const byNumber: Program = {
  title: 'a list of numbers from the wait, each looked up in a table',
  kind: 'fault',
  play(stage) {
    const proxy = new Proxy(stage)
    const events: { readonly fd: number; readonly readiness: Readiness }[] = []
    for (const { here } of proxy.pairs)
      stage.watch(here, (readiness, { fd }) => void events.push({ fd, readiness }))
    stage.turn('the peers of both connections reset', () => proxy.reset())
    for (const which of ['first', 'second'])
      stage.act(`the ${which} event of the list`, () => {
        const event = events.shift()
        const table = [...proxy.pairs.map(({ here }) => here), ...proxy.newcomers]
        const stream = table.find((each) => !each.closed && each.fd === event?.fd)
        if (event !== undefined && stream !== undefined) proxy.handle(stream, event.readiness)
      })
    proxy.tell()
  },
}

const byRegistration: Program = {
  title: 'the callback of each registration',
  kind: 'right',
  play(stage) {
    const proxy = new Proxy(stage)
    for (const { here } of proxy.pairs) stage.watch(here, (readiness) => proxy.handle(here, readiness))
    stage.turn('the peers of both connections reset', () => proxy.reset())
    stage.inspect('events of closed registrations, dropped', () =>
      stage.say(String(stage.reactor.stats().stale)),
    )
    proxy.tell()
  },
}

/** A connection by its bare number. */
function accept(stage: Stage, listener: TcpListener): { readonly fd: number; readonly peer: TcpStream } {
  const peer = stage.own(connect(listener))
  return { fd: io.accept(listener.fd), peer }
}

/** close(2). */
function closeNumber(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    throw new LeftOut('this runtime closes no descriptor that it did not open itself')
  }
}

const behind: Program = {
  title: 'a descriptor that is closed by its number while it is registered',
  kind: 'shown',
  play(stage) {
    const listener = stage.listen()
    const { fd } = accept(stage, listener)
    const registration = stage.watch(fd)
    const state = (): void => stage.inspect('the registration is', () => stage.say(registration.state))
    stage.turn('closed before the wait', () => closeNumber(fd))
    stage.turn('the next turn')
    state()
    stage.act('what its close() says', () => {
      registration.close()
      stage.say(registration.closeError?.code ?? 'nothing')
    })
  },
}

const heir: Program = {
  title: 'a descriptor that is closed by its number, which another gets before the wait',
  kind: 'shown',
  play(stage) {
    const listener = stage.listen()
    const { fd } = accept(stage, listener)
    fillBelow(stage, listener, fd)
    const peer = stage.own(connect(listener))
    const old = stage.watch(fd)
    closeNumber(fd)
    const newcomer = stage.own(take(listener))
    if (newcomer.fd !== fd) throw new Error('another thread of this process took the number: try again')
    stage.turn('a byte for the newcomer arrives', () => stage.send({ here: newcomer, peer }, 1))
    stage.act('the newcomer is registered', () => {
      try {
        stage.watch(newcomer)
        stage.say('ok')
      } catch (error) {
        stage.say(codeOf(error))
      }
    })
    stage.turn('the old one is closed', () => old.close())
  },
}

export const staleFd: Scene = {
  name: 'stale-fd',
  title: 'A number is no identity',
  programs: [byNumber, byRegistration, behind, heir],
  why:
    'The kernel gives the number of a closed descriptor to the next one that is opened, so an event that is remembered by its number may ' +
    'meet a newcomer, while a registration that was closed is never called again, whoever has its number now.',
}
