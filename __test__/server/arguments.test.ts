// Arguments that are wrong, or lie.
import { connect, listen } from '../../dist/index.js'
import type { ConnectOptions, Connection, ListenOptions } from '../../dist/index.js'
import { until } from '../helpers/servers.js'
import test from '../helpers/test.js'

/** What a value is made of, as far as that can be told. */
function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

const REVOKED = Proxy.revocable({}, {})
REVOKED.revoke()

const LISTENS: readonly (readonly [options: unknown, code: string])[] = [
  [undefined, 'ERR_INVALID_ARG_TYPE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
  [[], 'ERR_INVALID_ARG_TYPE'],
  [REVOKED.proxy, 'ERR_INVALID_ARG_TYPE'],
  [{ port: 0 }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {} }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: REVOKED.proxy, port: 0 }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: { data: 'no function' }, port: 0 }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: { onData() {} }, port: 0 }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, port: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: 65_536 }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: '80' }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {}, port: 0, hostname: '' }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, port: 0, hostname: 'a\0b' }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, port: 0, hostname: 7 }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {}, unix: '' }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, unix: 'a\0b' }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, unix: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {}, port: 0, backlog: 0 }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: 0, trigger: 'once' }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, port: 0, views: 'borrowed' }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, port: 0, reusePort: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {}, port: 0, allowHalfOpen: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {}, port: 0, reactor: {} }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {}, port: 0, onError: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ socket: {}, port: 0, limits: { connections: 0 } }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: 0, limits: { highWaterMark: 0 } }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: 0, limits: { bufferedBytes: 2 ** 32 } }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: 0, limits: { idleTimeoutMs: -1 } }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: 0, limits: { idleTimeoutMs: Number.NaN } }, 'ERR_OUT_OF_RANGE'],
  [{ socket: {}, port: 0, limits: { idelTimeoutMs: 1 } }, 'ERR_INVALID_ARG_VALUE'],
  [{ socket: {}, port: 0, prot: 1 }, 'ERR_INVALID_ARG_VALUE'],
]

test('wrong options of listen and connect are refused before anything is done', async (t) => {
  for (const [options, code] of LISTENS) {
    t.throws(() => listen(options as ListenOptions), { code }, describe(options))
    if (!/backlog|reusePort|onError|connections/.test(describe(options)))
      await t.throwsAsync(connect(options as ConnectOptions), { code })
  }
  await t.throwsAsync(connect({ port: 1, socket: {}, limits: { connections: 5 } as object }), {
    code: 'ERR_INVALID_ARG_VALUE',
  })
})

async function together(
  body: (link: Connection, received: () => string) => void | Promise<void>,
): Promise<string> {
  let text = ''
  let done: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    done = resolve
  })
  const server = listen({
    port: 0,
    socket: {
      data(_, bytes) {
        text += bytes.toString('latin1')
      },
      close: () => done(),
    },
  })
  const link = await connect({ port: server.port, socket: {} })
  try {
    await body(link, () => text)
  } finally {
    link.end()
    await ended
    server.stop(true)
  }
  return text
}

test('wrong arguments of a connection are refused, and nothing is sent', async (t) => {
  const text = await together((link) => {
    const wrong: readonly (readonly [call: () => unknown, code: string])[] = [
      [() => link.write(undefined as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.write(7 as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.write({} as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.write(new ArrayBuffer(4) as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.write(Buffer.from('abc'), 4), 'ERR_OUT_OF_RANGE'],
      [() => link.write(Buffer.from('abc'), 1, 3), 'ERR_OUT_OF_RANGE'],
      [() => link.write(Buffer.from('abc'), -1), 'ERR_OUT_OF_RANGE'],
      [() => link.write(Buffer.from('abc'), 0.5), 'ERR_OUT_OF_RANGE'],
      [() => link.write('abc', 'utf-9' as never), 'ERR_INVALID_ARG_VALUE'],
      [() => link.write('abc', 3 as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.writev('abc' as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.writev(['abc', 5 as never]), 'ERR_INVALID_ARG_TYPE'],
      [() => link.cork(5 as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.setTimeout(-1), 'ERR_OUT_OF_RANGE'],
      [() => link.setTimeout('1' as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.setNoDelay(1 as never), 'ERR_INVALID_ARG_TYPE'],
      [() => link.setKeepAlive(true, 1e9), 'ERR_OUT_OF_RANGE'],
      [() => link.destroy('text' as never), 'ERR_INVALID_ARG_TYPE'],
    ]
    for (const [call, code] of wrong) t.throws(call, { code }, String(call))
    link.write('fine')
  })
  t.is(text, 'fine')
})

test('a view that lies about its size has the size of its memory', async (t) => {
  const text = await together((link) => {
    const liar = Buffer.from('honest')
    Object.defineProperties(liar, {
      length: { value: 100 },
      byteLength: { value: 100 },
      byteOffset: { value: 4096 },
      buffer: { value: new ArrayBuffer(8192) },
    })
    link.write(liar)
    class Larger extends Uint8Array {
      override get length(): number {
        return 5000
      }
    }
    link.write(new Larger([33]))
    const gone = new Uint8Array(10)
    structuredClone(gone, { transfer: [gone.buffer] })
    t.true(link.write(gone))
    t.throws(() => link.write(gone, 0, 1), { code: 'ERR_OUT_OF_RANGE' })
  })
  t.is(text, 'honest!')
})

test('who tries to give the memory of received bytes away takes it from nobody else', async (t) => {
  const server = listen({
    port: 0,
    socket: {
      data(link, bytes) {
        try {
          // Some versions refuse, others make a copy.
          structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
        } catch (error) {
          t.is((error as Error).name, 'DataCloneError')
        }
        link.end(bytes)
      },
    },
  })
  const got = await new Promise<string>((resolve) => {
    void connect({
      port: server.port,
      socket: { open: (link) => void link.write('x'), data: (_, bytes) => resolve(bytes.toString()) },
    })
  })
  server.stop(true)
  t.is(got, 'x')
})

type Transferable = ArrayBufferLike & { transfer?(): ArrayBuffer }
/** Newer versions than the oldest that is supported. */
const canTransfer = 'transfer' in ArrayBuffer.prototype ? test : test.skip

canTransfer(
  'bytes whose memory a handler has given away end their connection with a clear error, and no other',
  async (t) => {
    const closed: unknown[] = []
    const server = listen({
      port: 0,
      socket: {
        data(link, bytes) {
          if (bytes.toString() === 'steal') (bytes.buffer as Transferable).transfer?.()
          else link.write(bytes)
        },
        close: (_, error) => closed.push((error as { code?: string } | undefined)?.code),
      },
    })
    const heard: string[] = []
    const links = await Promise.all(
      ['steal', 'one', 'two'].map((data) =>
        connect<string>({
          port: server.port,
          data,
          socket: { data: (link, bytes) => heard.push(`${link.data} ${bytes}`) },
        }),
      ),
    )
    for (const link of links) link.write(link.data)
    const isSettled = (): boolean => heard.length + closed.length === 2
    await until(() => isSettled())
    t.true(closed.every((code) => code === 'ERR_FDREACTOR_DETACHED'))
    // The next turn has other memory.
    const rest = links.filter((link) => link.data !== 'steal' && link.readyState === 'open')
    heard.length = 0
    for (const link of rest) link.write(link.data)
    const stillOpen = 2 - closed.length
    await until(() => heard.length === stillOpen)
    t.deepEqual(new Set(heard).size, stillOpen)
    server.stop(true)
  },
)
