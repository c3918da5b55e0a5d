/** Servers whose connections are streams, for tests of every case. */
import { toDuplex } from '../../dist/index.js'
import type { ConnectionDuplex, DuplexOptions, ListenOptions, Server } from '../../dist/index.js'
import type { Rig } from './matrix.js'
import { peer, serve } from './servers.js'
import type { Link } from './servers.js'
import type { Socket } from 'node:net'

export type Stream = ConnectionDuplex<unknown>

interface StreamOptions extends Partial<ListenOptions<unknown>> {
  readonly duplex?: DuplexOptions
}

/** A server of a rig that hands each connection over as a stream, when it opens. */
export function serveStreams(
  rig: Rig,
  each: (stream: Stream, link: Link) => void,
  { duplex, ...options }: StreamOptions = {},
): Server<unknown> {
  return serve(rig, { open: (link) => each(toDuplex(link, duplex), link) }, options)
}

export interface Meeting {
  readonly stream: Stream
  readonly link: Link
  readonly server: Server<unknown>
  /** Node's own end of it. */
  readonly socket: Socket
  /** What the stream has emitted of `end`, `finish`, `error` (with its code), `timeout` and `close`. */
  readonly log: string[]
}

/** One connection: a stream, and a peer of Node's own that may stay half-open. */
export async function meet(rig: Rig, options: StreamOptions = {}): Promise<Meeting> {
  const met: { stream?: Stream; link?: Link } = {}
  const log: string[] = []
  const server = serveStreams(
    rig,
    (stream, link) => {
      Object.assign(met, { stream, link })
      watch(stream, log)
    },
    options,
  )
  const socket = await peer(rig, server, { allowHalfOpen: true })
  await rig.until(() => met.stream !== undefined)
  return { stream: met.stream!, link: met.link!, server, socket, log }
}

/** Writes down what a stream emits, but for its data. */
export function watch(stream: Stream, log: string[]): void {
  for (const event of ['end', 'finish', 'close']) stream.on(event, () => log.push(event))
  stream.on('error', (error: NodeJS.ErrnoException) => log.push(`error ${error.code ?? error.message}`))
}
