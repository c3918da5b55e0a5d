/** The echo server of the benches on Bun.listen. */
import { control, isClosing } from './control.js'

interface BunSocket {
  data: Uint8Array[] | undefined
  write(bytes: Uint8Array): number
  setNoDelay(isOn: boolean): void
  pause(): void
  resume(): void
  terminate(): void
}

declare const Bun: {
  gc(force: boolean): void
  listen(options: {
    hostname: string
    port: number
    socket: {
      open(socket: BunSocket): void
      data(socket: BunSocket, bytes: Uint8Array): void
      drain(socket: BunSocket): void
      error(): void
    }
  }): { readonly port: number }
}

/** Sends, and returns what the socket did not take. */
function rest(socket: BunSocket, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(Math.max(0, socket.write(bytes)))
}

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      if (isClosing) socket.terminate()
      else socket.setNoDelay(true)
    },
    data(socket, bytes) {
      const kept = socket.data === undefined ? rest(socket, bytes) : bytes
      if (kept.length === 0) return
      // The bytes are the runtime's own as soon as this returns.
      socket.data = [...(socket.data ?? []), kept.slice()]
      socket.pause()
    },
    drain(socket) {
      for (let first = socket.data?.[0]; first !== undefined; first = socket.data?.[0]) {
        const kept = rest(socket, first)
        if (kept.length > 0) {
          socket.data?.splice(0, 1, kept)
          return
        }
        socket.data?.shift()
      }
      socket.data = undefined
      socket.resume()
    },
    error() {},
  },
})
control(server.port, () => Bun.gc(true))
