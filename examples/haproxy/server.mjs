// An echo server behind a proxy that speaks the PROXY protocol: each client is greeted by its own address, not the proxy's.
import { pathToFileURL } from 'node:url'
import { listen, parseProxyHeader } from 'fdreactor'

/** More than a proxy has to say, and little to keep for somebody who is none. */
const MOST_HEADER = 4096

/** @typedef {import('fdreactor').Connection<Buffer | undefined>} Connection */

/**
 * @param {{ readonly port?: number }} [options]
 */
export function startServer({ port = 0 } = {}) {
  /** @type {import('fdreactor').Server<Buffer | undefined>} */
  const server = listen({
    // Only the proxy may come here: whoever connects can claim to be anybody.
    hostname: '127.0.0.1',
    port,
    // What has come of the header; `undefined` once it is complete.
    data: Buffer.alloc(0),
    socket: {
      data(connection, bytes) {
        if (connection.data === undefined) echo(connection, bytes)
        else begin(connection, Buffer.concat([connection.data, bytes]))
      },
      drain(connection) {
        connection.resume()
      },
    },
  })

  /**
   * @param {Connection} connection
   * @param {Buffer} bytes
   */
  function begin(connection, bytes) {
    let header
    try {
      header = parseProxyHeader(bytes)
    } catch {
      connection.destroy()
      return
    }
    if (header === undefined) {
      if (bytes.length > MOST_HEADER) connection.destroy()
      else connection.data = bytes
      return
    }
    connection.data = undefined
    // Without a source the proxy speaks for itself: a health check, say.
    const { address, port: number } = header.source ?? { address: 'proxy', port: 0 }
    connection.write(`${server.port} greets ${address} ${number}\n`)
    if (bytes.length > header.length) echo(connection, bytes.subarray(header.length))
  }

  return server
}

/**
 * @param {Connection} connection
 * @param {Buffer} bytes
 */
function echo(connection, bytes) {
  if (!connection.write(bytes)) connection.pause()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = startServer({ port: Number(process.argv[2] ?? 0) })
  console.log(`listening on ${server.hostname}:${server.port}`)
}
