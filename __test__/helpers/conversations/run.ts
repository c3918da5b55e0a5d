/** Carries a history of connections out, on a reactor of its own. */
import { setImmediate } from 'node:timers/promises'
import type { Server, SocketHandlers } from '../../../dist/index.js'
import { PATIENCE_MS } from '../descriptors.js'
import { Rig } from '../matrix.js'
import type { Case } from '../matrix.js'
import { join, serve } from '../servers.js'
import { End } from './end.js'
import type { Link } from './end.js'
import type { Act, Op, Setting } from './ops.js'

/** Connections at the same time. */
const MOST = 4
/** A timeout that is not over in a test. */
const LONG_MS = 3_600_000

class Conversation {
  readonly #rig: Rig
  readonly #setting: Setting
  readonly #faults: string[] = []
  /** Both ends of each connection, by the client's port: either may be told first. */
  readonly #ends = new Map<number, readonly [server: End, client: End]>()
  readonly #server: Server<unknown>
  /** Which handlers are the present ones. */
  #receiver: SocketHandlers<unknown>

  constructor(rig: Rig, setting: Setting) {
    this.#rig = rig
    this.#setting = setting
    this.#receiver = this.#handlers('server')
    const { isLent, isHalfOpen, highWaterMark, bytesPerTurn } = setting
    this.#server = serve(rig, this.#receiver, {
      allowHalfOpen: isHalfOpen,
      views: isLent ? 'lent' : 'kept',
      limits: { highWaterMark, bytesPerTurn },
    })
  }

  get #all(): readonly End[] {
    return [...this.#ends.values()].flat()
  }

  #pair(port: number): readonly [End, End] {
    const known = this.#ends.get(port)
    if (known !== undefined) return known
    const index = this.#ends.size
    const [server, client] = ['server', 'client'].map(
      (side, place) => new End(`${side} ${index}`, port * 2 + place, this.#setting, this.#faults),
    ) as [End, End]
    server.peer = client
    client.peer = server
    this.#ends.set(port, [server, client])
    return [server, client]
  }

  #handlers(side: 'server' | 'client'): SocketHandlers<unknown> {
    const isPresent = (receiver: unknown, { name }: End): void => {
      if (side === 'server' && receiver !== this.#receiver)
        this.#faults.push(`${name}: a handler that was replaced`)
    }
    const open = (link: Link): void => {
      const address = side === 'server' ? link.remoteAddress : link.localAddress
      const end = this.#pair(address?.port ?? 0)[side === 'server' ? 0 : 1]
      if (end.link !== undefined) this.#faults.push(`${end.name} was opened twice`)
      end.link = link
      link.data = end
    }
    const endOf = (link: Link): End => link.data as End
    return {
      open,
      data(link, bytes) {
        isPresent(this, endOf(link))
        endOf(link).data(bytes)
      },
      drain(link) {
        isPresent(this, endOf(link))
        endOf(link).drained()
      },
      end(link) {
        isPresent(this, endOf(link))
        endOf(link).peerEnded()
      },
      error(link, error) {
        isPresent(this, endOf(link))
        endOf(link).failed(error)
      },
      close(link, error) {
        isPresent(this, endOf(link))
        endOf(link).closed(error)
      },
    }
  }

  #do(end: End, act: Act): void {
    const { link } = end
    switch (act.kind) {
      case 'write': {
        for (let time = 0; time < act.times; time += 1) end.write(act.size, act.isPieces)
        break
      }
      case 'farewell': {
        // Both come at once.
        end.write(5, false)
        end.end()
        break
      }
      case 'end': {
        end.end()
        break
      }
      case 'destroy':
      case 'reset': {
        end.destroy(act.kind === 'reset')
        break
      }
      case 'timeout': {
        link?.setTimeout(LONG_MS)
        break
      }
      case 'reload': {
        this.#receiver = this.#handlers('server')
        this.#server.reload(this.#receiver)
        break
      }
      default: {
        link?.[act.kind]()
      }
    }
  }

  async step(op: Op): Promise<void> {
    if (op.kind === 'turns') await this.#rig.turns(op.count)
    else if (op.kind === 'open') await this.#open()
    else {
      const all = this.#all
      const end = all[op.who % all.length]
      if (end === undefined) return
      const run = (): void => this.#do(end, op.act)
      if (op.when === 'now') run()
      else if (op.when === 'tick') process.nextTick(run)
      else if (op.when === 'promise') void Promise.resolve().then(run)
      else end.next = run
    }
    this.check()
  }

  async #open(): Promise<void> {
    if (this.#all.filter((end) => !end.isOver).length >= 2 * MOST) return
    const { isLent, isHalfOpen, highWaterMark, bytesPerTurn } = this.#setting
    await join(this.#rig, this.#server, this.#handlers('client'), {
      allowHalfOpen: isHalfOpen,
      views: isLent ? 'lent' : 'kept',
      limits: { highWaterMark, bytesPerTurn },
    })
  }

  /** Lets everybody come to an end, which they must. */
  async conclude(): Promise<void> {
    let before = -1
    let since = performance.now()
    while (this.#all.some((end) => !end.isOver)) {
      for (const end of this.#all) {
        end.next = undefined
        end.link?.resume()
        if (!end.hasEnded) end.end()
      }
      await this.#rig.turns(1)
      await setImmediate()
      this.check()
      const moved = this.#all.reduce((sum, { received, closes }) => sum + received + closes, 0)
      if (moved !== before) since = performance.now()
      before = moved
      if (performance.now() - since > PATIENCE_MS / 2) throw new Error(`${this.#unfinished()} stalled`)
    }
    for (const end of this.#all) end.look()
    if (this.#server.connections !== 0) this.#faults.push(`${this.#server.connections} connections are left`)
    this.check()
  }

  #unfinished(): string {
    return this.#all
      .filter((end) => !end.isOver)
      .map(
        ({ name, received, peer, link }) => `${name} (${received} of ${peer?.written}, ${link?.readyState})`,
      )
      .join(', ')
  }

  check(): void {
    if (this.#faults.length > 0) throw new Error(this.#faults.join('; '))
  }
}

/** @throws What goes wrong. */
export async function converse(which: Case, setting: Setting, ops: readonly Op[]): Promise<void> {
  const rig = new Rig(which)
  try {
    const conversation = new Conversation(rig, setting)
    // Two connections at least: one that waits must not hold up the other.
    for (let count = 0; count < 2; count += 1) await conversation.step({ kind: 'open' })
    for (const op of ops) await conversation.step(op)
    await conversation.conclude()
    await rig.turns(2)
    conversation.check()
  } finally {
    rig.close()
  }
}
