// Node's own http and tls on the reactor's connections, asked by curl and Node.
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import tls from 'node:tls'
import type { ToolName } from '../../scripts/tools.mjs'
import { connect, toDuplex } from '../../dist/index.js'
import { serveStreams } from '../helpers/duplexes.js'
import { within } from '../helpers/echo-change.js'
import { serial } from '../helpers/echo-columns.js'
import { Pattern } from '../helpers/echo-pattern.js'
import { CASES, Rig, isNative } from '../helpers/matrix.js'
import { peer, serve } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'
import type { ExecutionContext } from '../helpers/test.js'

const MIB = 1 << 20
/** How much is downloaded: 1,024 to try a gibibyte. */
const DOWNLOAD = Number(process.env['FDREACTOR_DOWNLOAD_MIB'] ?? 64) * MIB
const PART = 256 * 1024
/** A minute for 64 MiB, on a machine that is busy. */
const DOWNLOAD_MS = 60_000 * Math.max(1, DOWNLOAD / (64 * MIB))

/** Both triggers on the drivers that work by themselves. */
function each(
  title: string,
  tools: readonly ToolName[],
  body: (t: ExecutionContext, rig: Rig) => Promise<void>,
): void {
  for (const which of CASES.filter((it) => isNative(it) && it.driver !== 'manual'))
    serial({ tools })(`${title}::${which.backend}::${which.trigger}::${which.driver}`, async (t) => {
      const rig = new Rig(which)
      try {
        await body(t, rig)
      } finally {
        rig.close()
      }
    })
}

/** Runs curl until `look` has seen what it writes. It is killed when the test ends. */
function curl(
  t: ExecutionContext,
  args: readonly string[],
  look: (bytes: Buffer) => void = () => {},
): ChildProcess {
  const child = spawn('curl', ['--silent', '--show-error', '--noproxy', '*', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdin.on('error', () => {})
  child.stdout.on('data', look)
  return child
}

/** What curl writes, when it has ended well. */
async function fetched(t: ExecutionContext, args: readonly string[], input?: Buffer): Promise<string> {
  let text = ''
  const child = curl(t, args, (bytes) => {
    text += bytes.toString()
  })
  child.stdin?.end(input)
  const [code] = (await within(once(child, 'close'), 'curl')) as [number | null]
  t.is(code, 0)
  return text
}

/** Waits until a response takes more, or nobody wants it any more. */
function room(response: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

/** Sends so many bytes of a pattern as fast as they are taken, and notes how many were kept at most. */
async function pour(response: http.ServerResponse, link: Link, size: number): Promise<number> {
  const pattern = new Pattern(1)
  let largest = 0
  for (let at = 0; at < size && !response.destroyed; at += PART) {
    const isRoom = response.write(pattern.bytes(at, Math.min(PART, size - at)))
    largest = Math.max(largest, link.bufferedAmount)
    if (!isRoom && !response.destroyed) await room(response)
  }
  response.end()
  return largest
}

/** The connection below a request, or below its TLS. */
const links = new WeakMap<object, Link>()

/** Serves `app` on a rig. */
function serveHttp(rig: Rig, app: http.RequestListener) {
  const server = http.createServer(app)
  const listening = serveStreams(rig, (stream, link) => {
    links.set(stream, link)
    server.emit('connection', stream)
  })
  return { listening, url: `http://127.0.0.1:${listening.port}` }
}

each('requests of one client share a connection, each with its answer', ['curl'], async (t, rig) => {
  let opened = 0
  const { listening, url } = serveHttp(rig, (request, response) => {
    opened = Math.max(opened, listening.connections)
    response.end(
      `${request.method} ${request.url} from ${request.socket.remoteAddress} on ${request.socket.localPort}\n`,
    )
  })
  const text = await fetched(t, [`${url}/a`, `${url}/b`, `${url}/c`, '--write-out', '%{num_connects}\n'])
  const line = (name: string): string => `GET /${name} from 127.0.0.1 on ${listening.port}\n`
  t.is(text, `${line('a')}1\n${line('b')}0\n${line('c')}0\n`)
  t.is(opened, 1)
  await rig.until(() => listening.connections === 0)
  t.is(await fetched(t, ['--header', 'Connection: close', `${url}/d`]), line('d'))
  t.is(await fetched(t, ['--http1.0', `${url}/e`]), line('e'))
  await rig.until(() => listening.connections === 0)
})

each('a hundred requests in one write are answered in order', [], async (t, rig) => {
  const { listening } = serveHttp(rig, (request, response) => {
    const answer = (): void => void response.end(`<${request.url}>`)
    if (request.url?.endsWith('7') === true) setImmediate(answer)
    else answer()
  })
  const socket = await peer(rig, listening)
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString()
  })
  const paths = Array.from({ length: 100 }, (_, index) => `/${index}`)
  socket.write(paths.map((it) => `GET ${it} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
  await rig.until(() => text.includes('</99>'))
  t.deepEqual(
    [...text.matchAll(/<(.*?)>/g)].map(([, it]) => it),
    paths,
  )
})

each('what is no HTTP is answered with 400, and the end', [], async (t, rig) => {
  const { listening } = serveHttp(rig, () => t.fail())
  const socket = await peer(rig, listening)
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString()
  })
  socket.write('nonsense\r\n\r\n')
  await within(once(socket, 'close'), 'the end')
  t.true(text.startsWith('HTTP/1.1 400 Bad Request\r\n'))
  await rig.until(() => listening.connections === 0)
})

each('a body of 32 MiB comes in as it was sent, also where it is read slowly', ['curl'], async (t, rig) => {
  const pattern = new Pattern(2)
  let largest = 0
  const { url } = serveHttp(rig, (request, response) => {
    let position = 0
    const read = async (): Promise<void> => {
      for await (const bytes of request as AsyncIterable<Buffer>) {
        pattern.check(position, bytes)
        position += bytes.length
        largest = Math.max(
          largest,
          request.readableLength + (request.socket as { readableLength: number }).readableLength,
        )
        if (position % 5 === 0) await new Promise(setImmediate)
      }
      response.end(`${position}`)
    }
    read().catch((error: Error) => response.destroy(error))
  })
  const body = pattern.bytes(0, 32 * MIB)
  t.is(await fetched(t, ['--header', 'Expect:', '--data-binary', '@-', url], body), `${32 * MIB}`)
  // The marks of the request and of the stream, and what one turn brings.
  t.true(largest <= 512 * 1024, `${largest} bytes were held`)
})

each(
  `a download of ${DOWNLOAD / MIB} MiB comes out as it was made, and little of it is kept`,
  ['curl'],
  async (t, rig) => {
    let largest: Promise<number> | undefined
    const { url } = serveHttp(rig, (request, response) => {
      largest = pour(response, links.get(request.socket) as Link, DOWNLOAD)
    })
    const pattern = new Pattern(1)
    let position = 0
    const child = curl(t, [url], (bytes) => {
      pattern.check(position, bytes)
      position += bytes.length
    })
    const [code] = (await within(once(child, 'close'), 'curl', DOWNLOAD_MS)) as [number | null]
    t.deepEqual([code, position], [0, DOWNLOAD])
    const kept = (await largest) ?? Number.NaN
    // The mark, and one part of a write with its chunk header.
    t.true(kept < 65_536 + 2 * PART, `${kept} bytes were kept`)
  },
)

each('a client that goes in the middle ends its download, and nobody else', ['curl'], async (t, rig) => {
  const seen: string[] = []
  const { listening, url } = serveHttp(rig, (request, response) => {
    if (request.url === '/short') {
      response.end('short')
      return
    }
    response.on('close', () => seen.push(`close, ${response.writableFinished ? 'all' : 'not all'} sent`))
    void pour(response, links.get(request.socket) as Link, Number.POSITIVE_INFINITY)
  })
  let bytes = 0
  const child = curl(t, [`${url}/endless`], (part) => {
    bytes += part.length
    if (bytes > MIB) child.kill('SIGKILL')
  })
  await within(once(child, 'close'), 'the end of curl')
  await rig.until(() => seen.length > 0 && listening.connections === 0)
  t.deepEqual(seen, ['close, not all sent'])
  t.is(await fetched(t, [`${url}/short`]), 'short')
})

/** A certificate of its own, for localhost. */
function certificate(t: ExecutionContext): { key: Buffer; cert: Buffer; file: string } {
  const folder = mkdtempSync(path(tmpdir(), 'fdreactor-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [key, file] = [path(folder, 'key.pem'), path(folder, 'cert.pem')] as const
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', key, '-out', file]
  const what = [
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
  ]
  execFileSync('openssl', ['req', '-x509', '-nodes', ...made, ...what], { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(file), file }
}

each('https answers curl, which trusts its certificate', ['curl', 'openssl'], async (t, rig) => {
  const { key, cert, file } = certificate(t)
  let largest: Promise<number> | undefined
  const server = https.createServer({ key, cert }, (_request, response) => {
    largest = pour(response, connections[0] as Link, 8 * MIB)
  })
  const connections: Link[] = []
  const listening = serveStreams(rig, (stream, link) => {
    connections.push(link)
    server.emit('connection', stream)
  })
  const pattern = new Pattern(1)
  let position = 0
  const child = curl(t, ['--cacert', file, `https://localhost:${listening.port}/`, '--ipv4'], (bytes) => {
    pattern.check(position, bytes)
    position += bytes.length
  })
  const [code] = (await within(once(child, 'close'), 'curl')) as [number | null]
  t.deepEqual([code, position], [0, 8 * MIB])
  t.true(((await largest) ?? Number.NaN) < 65_536 + 2 * PART)
  await rig.until(() => listening.connections === 0)
})

each('TLS both ways, and its end, over streams on both sides', ['openssl'], async (t, rig) => {
  const { key, cert } = certificate(t)
  const server = tls.createServer(
    { key, cert, allowHalfOpen: true } as tls.TlsOptions,
    (secure) => void secure.pipe(secure),
  )
  const listening = serveStreams(rig, (stream) => server.emit('connection', stream))
  const link = await connect<unknown>({
    reactor: rig.reactor,
    trigger: rig.trigger,
    port: listening.port,
    socket: {},
  })
  const secure = tls.connect({
    socket: toDuplex(link),
    ca: cert,
    servername: 'localhost',
    allowHalfOpen: true,
  } as never)
  await within(once(secure, 'secureConnect'), 'the handshake')
  t.true(secure.authorized)
  const pattern = new Pattern(4)
  let position = 0
  secure.on('data', (bytes: Buffer) => {
    pattern.check(position, bytes)
    position += bytes.length
  })
  secure.end(pattern.bytes(0, 4 * MIB))
  await within(once(secure, 'end'), 'the end')
  t.is(position, 4 * MIB)
  await rig.until(() => listening.connections === 0)
})

for (const pipeline of [1, 16])
  each(
    `redis-benchmark gets through an echo of streams, ${pipeline} at a time`,
    ['redis-benchmark'],
    async (t, rig) => {
      // An echoed request is a valid reply: an array of strings.
      const server = serve(rig, {
        open(link) {
          const stream = toDuplex(link)
          stream.on('error', () => {}).pipe(stream)
        },
      })
      const args = `-h 127.0.0.1 -p ${server.port} --csv -t ping_mbulk,set,get -c 50 -n 10000 -P ${pipeline}`
      const benchmark = spawn('redis-benchmark', args.split(' '), { stdio: ['ignore', 'pipe', 'ignore'] })
      t.teardown(() => benchmark.kill('SIGKILL'))
      let output = ''
      benchmark.stdout.on('data', (bytes: Buffer) => {
        output += bytes.toString()
      })
      const [code] = (await within(once(benchmark, 'close'), 'redis-benchmark')) as [number | null]
      t.is(code, 0)
      const reported = [...output.matchAll(/^"(\w+)","[\d.]+"/gm)].map(([, name]) => name)
      t.deepEqual(reported, ['PING_MBULK', 'SET', 'GET'])
      await rig.until(() => server.connections === 0)
    },
  )
