import { TcpListener } from '../index.js'
import type { SocketAddress } from '../index.js'
import { sum } from './counts.js'
import type { Entry } from './entries.js'
import { Member } from './member.js'
import type { EchoOptions } from './options.js'

/**
 * Servers in Workers that share an address with `SO_REUSEPORT`. One that dies takes its connections with it, so the others are
 * stopped as by a signal: whoever runs the process knows best whether to start it again.
 */
export class Crew {
  readonly address: SocketAddress
  readonly backend: string
  /** Resolves when all have ended. */
  readonly ended: Promise<void>
  readonly #members: readonly Member[]
  #isStopping = false

  private constructor(
    members: readonly Member[],
    address: SocketAddress,
    backend: string,
    onDeath: (text: string) => void,
  ) {
    this.#members = members
    this.address = address
    this.backend = backend
    const ends = members.map(async (member, index) => {
      const reason = await member.ended
      if (reason === undefined) return
      onDeath(`worker ${index + 1} of ${members.length} has died: ${reason}`)
      if (!this.#isStopping) this.stop()
    })
    this.ended = Promise.all(ends).then(() => undefined)
  }

  /**
   * Starts them. The first one settles the port, so that 0 is one port for all. `onDeath` is called with a line for each that ends
   * without having been told to, or by a failure.
   *
   * @throws What the first failure says.
   */
  static async start(options: EchoOptions, host: string, onDeath: (text: string) => void): Promise<Crew> {
    // Who has the address already might share it as well, and take a part of the connections: that is found out here.
    TcpListener.bind({ host, port: options.port, backlog: options.backlog }).close()
    const first = new Member({ options, host })
    const members = [first]
    try {
      const { address, backend } = await first.listening
      const sharing = { ...options, port: address.port }
      while (members.length < options.workers) members.push(new Member({ options: sharing, host }))
      await Promise.all(members.map((member) => member.listening))
      return new Crew(members, address, backend, onDeath)
    } catch (error) {
      await Promise.all(members.map((member) => member.terminate()))
      throw error
    }
  }

  /** Stops all; called twice, at once. */
  stop(): void {
    this.#isStopping = true
    for (const member of this.#members) member.stop()
  }

  /** The sums over those that have not ended, and how many connections each has taken. */
  async status(): Promise<Entry> {
    const found = await Promise.all(this.#members.map((member) => member.counts()))
    const all = found.filter((counts) => counts !== undefined)
    return { event: 'status', ...sum(all), acceptedByWorker: all.map(({ accepted }) => accepted) }
  }
}
