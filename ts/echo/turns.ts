import { TcpListener, TcpStream } from '../index.js'
import type { Reactor } from '../index.js'

/**
 * Calls `onTurn` in each turn of a reactor until it returns true, by means of a connection that is always writable. Where there is no
 * descriptor left for one, `onTurn` is not called. Returns whether it will be.
 */
export function eachTurn(reactor: Reactor, onTurn: () => boolean): boolean {
  const owned: { close(): void }[] = []
  const close = (): void => {
    for (const one of owned) one.close()
  }
  try {
    const listener = TcpListener.bind({ port: 0 })
    owned.push(listener)
    const stream = TcpStream.connect({ port: listener.localAddress.port })
    owned.push(stream)
    reactor.register(stream, { writable: true }, () => {
      if (onTurn()) close()
    })
    return true
  } catch {
    close()
    return false
  }
}
