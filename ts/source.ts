import { argumentType, check, failureToError } from './errors.js'
import type { FdreactorError, SystemError } from './errors.js'
import { native } from './native.js'

/** Anything with a descriptor. */
export interface Source {
  /** The descriptor's number, from 0 on. */
  readonly fd: number
}

/** Something that must be closed before the descriptor that it watches. */
export interface Watcher {
  close(): void
}

const watchers = Symbol('watchers')

/** The native half of a socket. */
export interface Handle {
  descriptor(): number
  close(): void
}

/** The error that a negative result of a socket's native half stands for: about its descriptor, if that is open. */
export function failureOf(handle: Handle, failure: number): FdreactorError | SystemError {
  const fd = handle.descriptor()
  return failureToError(failure, fd < 0 ? {} : { fd })
}

/**
 * A descriptor of our own. Closing it first closes the registrations that watch it, so that no kernel set and no table keeps
 * a number that may be given out again.
 */
export abstract class OwnedSource implements Source, Disposable {
  readonly #handle: Handle
  /** @internal */
  readonly [watchers] = new Set<Watcher>()
  #closed = false

  /** @internal */
  constructor(handle: Handle) {
    // Private constructors are so for TypeScript alone.
    if (!(handle instanceof native.NativeTcpStream) && !(handle instanceof native.NativeTcpListener))
      throw argumentType(
        'handle',
        'a socket of the addon: use TcpStream.connect(), TcpListener.bind() or accept()',
        handle,
      )
    this.#handle = handle
  }

  /** Whether it is a socket of ours, without running any code of its own. @internal */
  static owns(value: object): value is OwnedSource {
    return #handle in value
  }

  /**
   * The descriptor's number, for `register` and `io`. It stays this socket's own: do not close it by number.
   * @throws `ERR_FDREACTOR_CLOSED` after `close()`.
   */
  get fd(): number {
    return check(this.#handle.descriptor())
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closed
  }

  /** Closes the registrations that watch this socket, then the socket. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const watcher of this[watchers]) watcher.close()
    this.#handle.close()
  }

  /** Same as `close()`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/** Has `watcher` closed before `source`, if that is a socket of ours. Returns how to end that. */
export function attach(source: unknown, watcher: Watcher): () => void {
  if (typeof source !== 'object' || source === null || !OwnedSource.owns(source)) return () => {}
  const set = source[watchers]
  set.add(watcher)
  return () => set.delete(watcher)
}
