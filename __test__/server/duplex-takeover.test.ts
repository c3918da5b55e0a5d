// When a connection becomes a stream: at once, in the middle, and at its end.
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, listen, toDuplex } from '../../dist/index.js'
import { fine, run, library } from '../helpers/child.js'
import { serveStreams, watch } from '../helpers/duplexes.js'
import type { Stream } from '../helpers/duplexes.js'
import { each, isLevel } from '../helpers/matrix.js'
import { isClosed, logging, peer, receive, serve, settled } from '../helpers/servers.js'
import type { Link } from '../helpers/servers.js'
import test from '../helpers/test.js'

/** Everything a stream gives. */
function collect(stream: Stream): { text: string } {
  const got = { text: '' }
  stream.on('data', (bytes: Buffer) => {
    got.text += bytes.toString('latin1')
  })
  return got
}

each(
  'taken over in a data handler: what it had is the head, and the handlers hear no more',
  {},
  async (t, rig) => {
    const log: string[] = []
    const events: string[] = []
    let got = { text: '' }
    const server = serve(
      rig,
      logging(log, {
        data(link, bytes) {
          const stream = toDuplex(link, { head: bytes.subarray(2) })
          watch(stream, events)
          got = collect(stream)
          stream.end('bye')
        },
      }),
      { limits: { bytesPerTurn: 4096 } },
    )
    const socket = await peer(rig, server, { allowHalfOpen: true })
    const answer = receive(socket)
    const text = `x:${'0123456789'.repeat(10_000)}`
    socket.end(text)
    await rig.until(() => events.includes('close') && answer.isOver)
    t.is(got.text, text.slice(2))
    t.is(answer.text, 'bye')
    t.deepEqual(events.toSorted(), ['close', 'end', 'finish'])
    t.is(events.at(-1), 'close')
    t.deepEqual(
      log.map((line) => line.slice(0, 5)),
      ['open', 'data '],
    )
    t.is(server.connections, 0)
  },
)

each('taken over later: a pause, and what came before it, go to the stream', {}, async (t, rig) => {
  const log: string[] = []
  let link: Link | undefined
  const server = serve(
    rig,
    logging(log, {
      data(self) {
        link = self
        self.pause()
      },
    }),
    { limits: { bytesPerTurn: 10_000 } },
  )
  const socket = await peer(rig, server, { allowHalfOpen: true })
  const text = '0123456789'.repeat(3000)
  socket.end(text)
  await rig.until(() => link !== undefined)
  await rig.turns(3)
  const first = log[1]!.slice('data '.length)
  const stream = toDuplex(link!)
  const events: string[] = []
  watch(stream, events)
  await rig.turns(3)
  t.true(stream.readableLength <= text.length - first.length)
  const got = collect(stream)
  await rig.until(() => events.includes('end'))
  t.is(first + got.text, text)
  t.is(log.length, 2)
})

each('taken over by the end handler: the stream has ended, and can still write', {}, async (t, rig) => {
  const events: string[] = []
  let got = { text: '' }
  const server = serve(rig, {
    end(link) {
      const stream = toDuplex(link, { head: Buffer.from('head') })
      watch(stream, events)
      got = collect(stream)
      stream.once('end', () => stream.end('answer'))
    },
  })
  const socket = await peer(rig, server, { allowHalfOpen: true })
  const answer = receive(socket)
  socket.end('question')
  await rig.until(() => events.includes('close') && answer.isOver)
  t.is(got.text, 'head')
  t.is(answer.text, 'answer')
  t.deepEqual(events, ['end', 'finish', 'close'])
})

each('taken over after its own end, with bytes kept: they are sent, then it finishes', {}, async (t, rig) => {
  const events: string[] = []
  let stream: Stream | undefined
  const server = serve(rig, {
    open(link) {
      link.write(Buffer.alloc(16 << 20))
      link.end('end')
      stream = toDuplex(link)
      watch(stream, events)
    },
  })
  const socket = await peer(rig, server, { allowHalfOpen: true })
  await rig.until(() => stream !== undefined)
  await rig.turns(3)
  t.deepEqual([stream?.writable, events], [false, []])
  const got = receive(socket)
  await rig.until(() => got.isOver && events.includes('finish'))
  t.is(got.bytes, (16 << 20) + 3)
})

each('a closed connection becomes a destroyed stream', { where: isLevel }, async (t, rig) => {
  const log: string[] = []
  const events: string[] = []
  const streams: Stream[] = []
  const take = (link: Link): void => {
    const stream = toDuplex(link)
    streams.push(stream)
    watch(stream, events)
  }
  const server = serve(rig, logging(log, { close: take }))
  const socket = await peer(rig, server)
  socket.end()
  await rig.until(() => events.length > 0)
  t.deepEqual(events, ['close'])
  t.deepEqual([streams[0]?.destroyed, streams[0]?.write('x')], [true, false])
  t.true(isClosed(log))
  // While a destroy is under way the stream gets the close.
  events.length = 0
  const other = serve(rig, {
    open(link) {
      link.destroy()
      take(link)
    },
    close: () => t.fail(),
  })
  await peer(rig, other)
  await rig.until(() => events.length > 0)
  t.deepEqual(events, ['close'])
  await rig.until(() => other.connections === 0)
})

each('a reload does not reach streams', { where: isLevel }, async (t, rig) => {
  const events: string[] = []
  let got = { text: '' }
  const server = serveStreams(rig, (stream) => {
    watch(stream, events)
    got = collect(stream)
  })
  const socket = await peer(rig, server)
  await rig.until(() => server.connections === 1)
  server.reload({ data: () => t.fail(), close: () => t.fail() })
  socket.end('hello')
  await rig.until(() => events.includes('end'))
  t.is(got.text, 'hello')
})

each('a client becomes a stream, and Node asks by it', { where: isLevel }, async (t, rig) => {
  const app = createServer((request, response) => void response.end(`you asked ${request.url}`))
  app.listen(0, '127.0.0.1')
  rig.own({ close: () => app.close() })
  await rig.until(() => app.listening)
  const { port } = app.address() as AddressInfo
  const link = await settled(rig, connect<unknown>({ reactor: rig.reactor, port, socket: {} }))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agent.createConnection = () => toDuplex(link)
  const answers: string[] = []
  for (const path of ['/one', '/two'])
    get({ port, path, agent }, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => answers.push(text))
    })
  await rig.until(() => answers.length === 2)
  t.deepEqual(answers, ['you asked /one', 'you asked /two'])
  agent.destroy()
})

each('an exception in a listener is reported, and the stream goes on', { where: isLevel }, async (t, rig) => {
  if (rig.driver === 'manual') return void t.pass()
  const errors: Error[] = []
  const listeners = process.rawListeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => errors.push(error))
  try {
    let count = 0
    const server = serveStreams(rig, (stream) => {
      stream.on('data', (bytes: Buffer) => {
        count += bytes.length
        if (count === 1) throw new Error('mine')
      })
    })
    const socket = await peer(rig, server)
    socket.write('1')
    await rig.until(() => count === 1)
    socket.write('2')
    await rig.until(() => count === 2 && errors.length > 0)
    t.deepEqual(
      errors.map(({ message }) => message),
      ['mine'],
    )
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener as never)
  }
})

test('only a connection becomes a stream, once, with options that exist', async (t) => {
  for (const wrong of [undefined, null, {}, 1, Object.create(null)])
    t.throws(() => toDuplex(wrong as never), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^"connection" must be a connection made by/,
    })
  const server = listen({ port: 0, socket: {} })
  const link = await connect({ port: server.port, socket: {} })
  const wrong: readonly (readonly [options: unknown, code: string, name: string])[] = [
    [null, 'ERR_INVALID_ARG_TYPE', 'options'],
    [{ hed: 1 }, 'ERR_INVALID_ARG_VALUE', 'options.hed'],
    [{ head: 'x' }, 'ERR_INVALID_ARG_TYPE', 'options.head'],
    [{ allowHalfOpen: 1 }, 'ERR_INVALID_ARG_TYPE', 'options.allowHalfOpen'],
    [{ readableHighWaterMark: -1 }, 'ERR_OUT_OF_RANGE', 'options.readableHighWaterMark'],
    [{ writableHighWaterMark: '1' }, 'ERR_INVALID_ARG_TYPE', 'options.writableHighWaterMark'],
  ]
  for (const [options, code, name] of wrong) {
    const error = t.throws(() => toDuplex(link, options as never), { code })
    t.true(error.message.startsWith(`"${name}" must be `), error.message)
  }
  const head = new Uint8Array(8)
  structuredClone(head, { transfer: [head.buffer] })
  const stream = toDuplex(link, { head })
  t.is(stream.connection, link)
  t.is(stream.read(), null)
  t.throws(() => toDuplex(link), { code: 'ERR_INVALID_ARG_VALUE', message: /one that has no stream yet/ })
  stream.destroy()
  server.stop(true)
  await server.closed
})

test('a stream keeps the process alive until it is closed or unref is called', async (t) => {
  const script = `
import { connect } from 'node:net'
import { listen, toDuplex } from '${library}'
const server = listen({ port: 0, socket: { open(link) {
  server.unref()
  const stream = toDuplex(link)
  stream.on('data', (bytes) => {
    console.log(String(bytes))
    stream.unref()
  })
} } })
const peer = connect(server.port, '127.0.0.1', () => peer.unref().write('hello'))
`
  t.deepEqual(await run(script, { isBare: true }), fine('hello\n'))
})
