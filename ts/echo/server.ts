import { Reactor, TcpListener } from '../index.js'
import type { Registration, SocketAddress, TcpStream } from '../index.js'
import { listenToCommands } from './commands.js'
import { Connection } from './connection.js'
import type { Surroundings } from './connection.js'
import { Episode, describe, textLog } from './log.js'
import type { Log } from './log.js'
import type { EchoOptions } from './options.js'

/** How long an accept that found no room waits for another try, unless a connection ends before. */
const RETRY_MS = 200
/** How long a stopping server waits for a peer that takes nothing of what is kept for it. */
const GRACE_MS = 2000

const HELP = 'commands: status (counts), quit or exit (stop), help'

export function format({ address, port }: SocketAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** The echo server: the listener, standard input and every connection are registrations of one reactor. */
export class EchoServer {
  readonly reactor: Reactor
  readonly #options: EchoOptions
  readonly #log: Log
  readonly #listener: TcpListener
  readonly #listening: Registration
  readonly #connections = new Set<Connection>()
  readonly #around: Surroundings
  readonly #noRoom: Episode
  readonly #refused: Episode
  #accepted = 0
  #retry: NodeJS.Timeout | undefined
  #stopping: NodeJS.Timeout | undefined

  /** Listens, and says so in its first line. @throws What the reactor and the listener throw. */
  constructor(options: EchoOptions, host: string, log: Log) {
    const { backend, driver, trigger, port, backlog } = options
    this.#options = options
    this.#log = log
    this.#noRoom = new Episode(log, 'cannot accept')
    this.#refused = new Episode(log, 'refused')
    this.reactor = new Reactor({ backend, driver })
    const { reactor } = this
    const gone = (connection: Connection): void => this.#gone(connection)
    this.#around = { reactor, trigger, log, totals: { received: 0, sent: 0 }, gone }
    try {
      this.#listener = TcpListener.bind({ host, port, backlog })
      this.#listening = reactor.register(this.#listener, { readable: true, trigger }, () => this.#accept())
    } catch (error) {
      reactor.close()
      throw error
    }
    log.say(`listening on ${format(this.#listener.localAddress)} (${reactor.backend}, ${trigger})`)
    // Whoever started the server may send a command as soon as it has read that line.
    listenToCommands(reactor, (line) => this.#command(line))
  }

  /** Ends: no new connections, what is kept is sent, at most for a while. Called twice, it ends at once. */
  stop(): void {
    if (this.#stopping !== undefined) {
      this.#end()
      return
    }
    this.#stopping = this.#grant(this.#around.totals.sent)
    clearTimeout(this.#retry)
    this.#listener.close()
    for (const connection of this.#connections) connection.finish()
    if (this.#connections.size === 0) this.#end()
  }

  /** Ends when nothing has been sent for a while. */
  #grant(sent: number): NodeJS.Timeout {
    return setTimeout(() => {
      const now = this.#around.totals.sent
      if (now === sent) this.#end()
      else this.#stopping = this.#grant(now)
    }, GRACE_MS)
  }

  #end(): void {
    clearTimeout(this.#stopping)
    for (const connection of this.#connections) connection.close('server stopped')
    if (!this.reactor.closed) {
      this.reactor.close()
      this.#log.say('stopped')
      this.#log.end()
    }
  }

  /** Until none waits: an edge is told once for all of them. */
  #accept(): void {
    try {
      for (let stream = this.#listener.accept(); stream !== null; stream = this.#listener.accept()) {
        this.#welcome(stream)
      }
      // Not at each connection: with a full table every one that ends makes room for just one.
      this.#noRoom.over()
    } catch (error) {
      // The connection goes on waiting, and a level listener would be told of it without end.
      this.#noRoom.add(describe(error))
      this.#listening.pause()
      this.#retry = setTimeout(() => this.#tryAgain(), RETRY_MS)
    }
  }

  #tryAgain(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#listening.resume()
    // Also if none waits any more: only an accept that finds none ends the episode.
    this.#accept()
  }

  #welcome(stream: TcpStream): void {
    const peer = format(stream.remoteAddress)
    const text = this.#options.quiet ? undefined : textLog(this.#options.logEncoding)
    try {
      stream.setNoDelay()
      this.#connections.add(new Connection(stream, peer, this.#around, text))
    } catch (error) {
      stream.close()
      this.#refused.add(`${peer}: ${describe(error)}`)
      return
    }
    this.#refused.over()
    this.#accepted += 1
    this.#log.note(`connected ${peer}`)
  }

  #gone(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#stopping !== undefined) {
      if (this.#connections.size === 0) this.#end()
    } else if (this.#retry !== undefined) {
      this.#tryAgain()
    }
  }

  #command(line: string): void {
    switch (line) {
      case '': {
        break
      }
      case 'quit':
      case 'exit': {
        this.stop()
        break
      }
      case 'status': {
        this.#log.say(this.#status())
        break
      }
      case 'help': {
        this.#log.say(HELP)
        break
      }
      default: {
        this.#log.say(`unknown command ${JSON.stringify(line.slice(0, 80))}. ${HELP}`)
      }
    }
  }

  #status(): string {
    const { received, sent } = this.#around.totals
    const { waits, events, callbacks } = this.reactor.stats()
    let kept = 0
    for (const connection of this.#connections) kept += connection.kept
    return (
      `status: ${this.#connections.size} connections, ${this.#accepted} accepted, ${received} bytes received, ` +
      `${sent} sent, ${kept} kept, ${waits} turns, ${events} events, ${callbacks} callbacks`
    )
  }
}
