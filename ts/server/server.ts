import { lstatSync, unlinkSync } from 'node:fs'
import { failureToError } from '../errors.js'
import type { Subject } from '../errors.js'
import { boolean } from '../validate.js'
import { endAddress } from './address.js'
import type { EndAddress } from './connection.js'
import type { Hall } from './hall.js'
import { parseHandlers } from './handlers.js'
import type { SocketHandlers } from './handlers.js'
import type { Role } from './role.js'

/** A server that listens. Made by `listen`. */
export interface Server<T = undefined> extends Disposable {
  /** Where it listens, also after `stop`. */
  readonly address: EndAddress
  /** The IP address it listens on, or the path. */
  readonly hostname: string
  /** The port it listens on; 0 for a UNIX socket. */
  readonly port: number
  /** How many connections are open. */
  readonly connections: number
  /** Whether `stop` was called, or its reactor closed. */
  readonly stopped: boolean
  /** Resolves when it has stopped and its last connection is closed. */
  readonly closed: Promise<void>
  /**
   * Takes no more connections; those that are open stay, unless `force` destroys them. Who waits to be accepted is refused. The file of
   * a UNIX socket is removed, if it is still its own. Calling it again does nothing but, with `force`, destroy.
   */
  stop(force?: boolean): void
  /** Has other handlers called from now on, for connections that are open too. */
  reload(handlers: SocketHandlers<T>): void
  /** Lets it keep the process alive while it listens, which is the default. Connections do so on their own. */
  ref(): this
  /** Lets it not keep the process alive. */
  unref(): this
}

interface Identity {
  readonly dev: number
  readonly ino: number
}

function identityOf(path: string): Identity | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : { dev: stat.dev, ino: stat.ino }
}

export class ListeningServer implements Server<unknown> {
  readonly address: EndAddress
  readonly closed: Promise<void>
  readonly #hall: Hall
  readonly #role: Role
  readonly #id: number
  readonly #file: { readonly path: string; readonly identity: Identity } | undefined
  readonly #stop = (): void => this.stop(true)
  #resolve: () => void = () => {}
  #connections = 0
  #isStopped = false
  #ref = true

  constructor(hall: Hall, role: Role, id: number, subject: Subject) {
    this.#hall = hall
    this.#role = role
    this.#id = id
    const address = role.exchange.native.localAddress(id)
    if (typeof address === 'number') throw failureToError(address, subject)
    this.address = endAddress(address)
    const path =
      this.address.family === 'unix' && !this.address.address.startsWith('\0') ? this.address.address : ''
    const identity = path === '' ? undefined : identityOf(path)
    this.#file = identity === undefined ? undefined : { path, identity }
    this.closed = new Promise((resolve) => {
      this.#resolve = resolve
    })
    hall.owner.count(1)
    hall.owner.populate(1)
    hall.delivery.closers.add(this.#stop)
  }

  get hostname(): string {
    return this.address.address
  }

  get port(): number {
    return this.address.port
  }

  get connections(): number {
    return this.#connections
  }

  get stopped(): boolean {
    return this.#isStopped
  }

  stop(force: boolean = false): void {
    boolean(force, 'force')
    if (!this.#isStopped) this.#close()
    if (force) for (const link of this.#hall.delivery.of(this.#role)) link.destroy()
  }

  [Symbol.dispose](): void {
    this.stop(true)
  }

  reload(handlers: unknown): void {
    this.#role.handlers = parseHandlers(handlers, 'handlers')
  }

  ref(): this {
    return this.#setRef(true)
  }

  unref(): this {
    return this.#setRef(false)
  }

  /** A connection has come or gone. */
  changed(step: 1 | -1): void {
    this.#connections += step
    this.#settle()
  }

  #close(): void {
    this.#isStopped = true
    const { delivery, owner } = this.#hall
    delivery.closers.delete(this.#stop)
    delivery.end(this.#id)
    this.#role.exchange.native.unlisten(this.#id)
    if (this.#file !== undefined) this.#unlink(this.#file)
    if (this.#ref) owner.count(-1)
    owner.populate(-1)
    this.#settle()
  }

  /** Only what it made itself: the path may be another server's by now. */
  #unlink({ path, identity }: { readonly path: string; readonly identity: Identity }): void {
    try {
      const now = identityOf(path)
      if (now?.dev === identity.dev && now.ino === identity.ino) unlinkSync(path)
    } catch {
      // It is gone, or may not be removed: nothing that stopping could fail for.
    }
  }

  #settle(): void {
    if (!this.#isStopped || this.#connections > 0) return
    this.#resolve()
  }

  #setRef(ref: boolean): this {
    if (this.#ref !== ref) {
      this.#ref = ref
      if (!this.#isStopped) this.#hall.owner.count(ref ? 1 : -1)
    }
    return this
  }
}
