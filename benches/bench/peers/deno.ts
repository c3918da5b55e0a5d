/** The echo server of the benches on Deno.listen. */
import { collectV8, control, isClosing } from './control.js'

interface Connection {
  read(buffer: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  setNoDelay(isOn: boolean): void
  close(): void
}

declare const Deno: {
  listen(options: { hostname: string; port: number }): AsyncIterable<Connection> & {
    readonly addr: { readonly port: number }
  }
}

const BUFFER = 64 * 1024

async function echo(connection: Connection): Promise<void> {
  const buffer = new Uint8Array(BUFFER)
  for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
    for (let at = 0; at < count;) at += await connection.write(buffer.subarray(at, count))
  }
}

async function talk(connection: Connection): Promise<void> {
  try {
    if (isClosing) return
    connection.setNoDelay(true)
    await echo(connection)
  } catch {
    // Whoever resets a connection ends it.
  } finally {
    connection.close()
  }
}

function serve(connection: Connection): void {
  void talk(connection)
}

const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
control(listener.addr.port, collectV8)
for await (const connection of listener) serve(connection)
