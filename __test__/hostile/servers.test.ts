// Every parameter and every option of servers and their connections, with every value that it does not take.
import { once } from 'node:events'
import { connect, listen, parseProxyHeader, toDuplex } from '../../dist/index.js'
import type { Connection, ConnectionDuplex, Server } from '../../dist/index.js'
import { countOpen } from '../helpers/descriptors.js'
import { VALUES, takes } from '../helpers/hostile.js'
import type { Rule } from '../helpers/hostile.js'
import { isOfServers, listPlaces } from '../helpers/places.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

/** An echo server and a connection to it: what there is to do harm to. */
interface Stage {
  readonly server: Server
  readonly client: Connection
  readonly stream: ConnectionDuplex
  readonly check: (t: ExecutionContext, after: string) => Promise<void>
}

interface Place {
  readonly name: string
  readonly rule: Rule
  readonly optional: boolean
  readonly calls: readonly ((stage: Stage, value: unknown) => unknown)[]
}

async function openStage(t: ExecutionContext): Promise<Stage> {
  const server = listen({ port: 0, socket: { data: (link, bytes) => void link.write(bytes) } })
  const events = new EventTarget()
  let received = ''
  const client = await connect({
    port: server.port,
    socket: {
      data(_, bytes) {
        received += bytes.toString()
        events.dispatchEvent(new Event('data'))
      },
    },
  })
  const stream = toDuplex(await connect({ port: server.port, socket: {} }))
  t.teardown(async () => {
    client.destroy()
    stream.destroy()
    server.stop(true)
    await server.closed
  })
  const open = countOpen()
  return {
    server,
    client,
    stream,
    async check(context, after) {
      context.is(countOpen(), open, after)
      context.deepEqual([client.readyState, client.bufferedAmount], ['open', 0], after)
      const data = once(events, 'data')
      context.true(client.write('still here'), after)
      await data
      context.is(received, 'still here', after)
      context.is(server.connections, 2, after)
      context.deepEqual([stream.destroyed, stream.connection.readyState], [false, 'open'], after)
    },
  }
}

const call = (object: unknown, method: string, ...args: unknown[]): unknown =>
  (object as Record<string, (...args: unknown[]) => unknown>)[method]?.(...args)

const makeListener = (options: unknown): unknown => listen(options as never)
const makeConnection = async (options: unknown): Promise<unknown> => connect(options as never)

const nothing: Rule = () => 'ERR_INVALID_ARG_TYPE'
const anything: Rule = () => undefined
const text: Rule = (value) =>
  typeof value !== 'string' ? 'ERR_INVALID_ARG_TYPE' : value === '' ? 'ERR_INVALID_ARG_VALUE' : undefined
const view: Rule = (value) => (ArrayBuffer.isView(value) ? undefined : 'ERR_INVALID_ARG_TYPE')
const bytes: Rule = (value) => (typeof value === 'string' ? undefined : view(value))
const word: Rule = (value) => (typeof value === 'string' ? 'ERR_INVALID_ARG_VALUE' : 'ERR_INVALID_ARG_TYPE')
/** A class of the user's own may have more than handlers. */
const handlers: Rule = (value) => (value === VALUES['a proxy of a Buffer'] ? undefined : takes.options(value))
const pieces: Rule = (value) =>
  Array.isArray(value) && value.length === 0 ? undefined : 'ERR_INVALID_ARG_TYPE'
/** Revoked proxies cannot be asked whether they are arrays. */
const safe =
  (rule: Rule): Rule =>
  (value) => {
    try {
      return rule(value)
    } catch {
      return 'ERR_INVALID_ARG_TYPE'
    }
  }

/** An option of `listen`, of `connect`, or of both. */
function option(name: string, rule: Rule, isOptional = true): readonly Place[] {
  const makers = { ListenOptions: makeListener, ConnectOptions: makeConnection }
  return listPlaces()
    .filter((place) => place === `ListenOptions.${name}` || place === `ConnectOptions.${name}`)
    .map((place) => ({
      name: place,
      rule,
      optional: isOptional,
      calls: [
        (_: Stage, value: unknown) =>
          makers[place.split('.')[0] as keyof typeof makers]({
            socket: {},
            ...(name === 'unix' ? {} : { port: 0 }),
            [name]: value,
          }),
      ],
    }))
}

/** Limits of servers alone, or of connections too. */
function limits(kind: string, rules: Readonly<Record<string, Rule>>): readonly Place[] {
  const makers = kind === 'ServerLimits' ? [makeListener] : [makeListener, makeConnection]
  return Object.entries(rules).map(([key, rule]) => ({
    name: `${kind}.${key}`,
    rule,
    optional: true,
    calls: makers.map(
      (make) => (_: Stage, value: unknown) => make({ port: 0, socket: {}, limits: { [key]: value } }),
    ),
  }))
}

/** A parameter of a connection's method. */
const parameter = (name: string, rule: Rule, isOptional: boolean, ...calls: Place['calls']): Place => ({
  name,
  rule,
  optional: isOptional,
  calls,
})

const count = (max: number): Rule => takes.whole(1, max)
const WORD = 2 ** 32 - 1
const four = Buffer.alloc(4)

const PLACES: readonly Place[] = [
  ...option('socket', handlers, false),
  ...option('hostname', text),
  ...option('port', takes.whole(0, 65_535), false),
  ...option('unix', text),
  ...option('backlog', count(2 ** 31 - 1)),
  ...['reusePort', 'ipv6Only', 'allowHalfOpen'].flatMap((name) => option(name, takes.boolean)),
  ...option('trigger', takes.word),
  ...option('views', takes.word),
  ...option('limits', takes.options),
  ...option('data', anything),
  ...option('onError', takes.callback),
  ...option('reactor', nothing),
  ...limits('ServerLimits', {
    connections: count(2 ** 31 - 1),
    acceptsPerTurn: count(4096),
    firstByteTimeoutMs: takes.milliseconds(),
  }),
  ...limits('ConnectionLimits', {
    highWaterMark: count(2 ** 31 - 1),
    bufferedBytes: count(WORD),
    bufferedBytesInAll: count(Number.MAX_SAFE_INTEGER),
    bytesPerTurn: count(2 ** 31 - 1),
    timePerTurnMs: takes.milliseconds(),
    idleTimeoutMs: takes.milliseconds(),
  }),
  parameter('Connection.write(bytes)', bytes, false, ({ client }, value) => call(client, 'write', value)),
  parameter('Connection.write(text)', bytes, false, ({ client }, value) =>
    call(client, 'write', value, 'utf8'),
  ),
  parameter('Connection.write(offset)', takes.whole(0, 4), true, ({ client }, value) =>
    call(client, 'write', four, value),
  ),
  parameter('Connection.write(length)', takes.whole(0, 4), true, ({ client }, value) =>
    call(client, 'write', four, 0, value),
  ),
  parameter('Connection.write(encoding)', word, true, ({ client }, value) =>
    call(client, 'write', 'text', value),
  ),
  parameter('Connection.writev(pieces)', safe(pieces), false, ({ client }, value) =>
    call(client, 'writev', value),
  ),
  parameter('Connection.cork(fn)', takes.callback, false, ({ client }, value) => call(client, 'cork', value)),
  parameter('Connection.end(data)', bytes, true, ({ client }, value) => call(client, 'end', value)),
  parameter('Connection.destroy(error)', nothing, true, ({ client }, value) =>
    call(client, 'destroy', value),
  ),
  parameter('Connection.setNoDelay(on)', takes.boolean, true, ({ client }, value) =>
    call(client, 'setNoDelay', value),
  ),
  parameter('Connection.setKeepAlive(on)', takes.boolean, true, ({ client }, value) =>
    call(client, 'setKeepAlive', value),
  ),
  parameter('Connection.setKeepAlive(idleMs)', takes.milliseconds(32_767_000), true, ({ client }, value) =>
    call(client, 'setKeepAlive', true, value),
  ),
  parameter('Connection.setTimeout(ms)', takes.milliseconds(), false, ({ client }, value) =>
    call(client, 'setTimeout', value),
  ),
  parameter('toDuplex(connection)', nothing, false, (_, value) => toDuplex(value as Connection)),
  parameter('toDuplex(options)', takes.options, true, ({ client }, value) =>
    toDuplex(client, value as object),
  ),
  parameter('parseProxyHeader(bytes)', nothing, false, (_, value) => parseProxyHeader(value as Buffer)),
  ...Object.entries({
    head: nothing,
    allowHalfOpen: takes.boolean,
    readableHighWaterMark: takes.whole(0, 2 ** 31 - 1),
    writableHighWaterMark: takes.whole(0, 2 ** 31 - 1),
  }).map(([key, rule]) =>
    parameter(`DuplexOptions.${key}`, rule, true, ({ client }, value) => toDuplex(client, { [key]: value })),
  ),
  parameter('ConnectionDuplex.setNoDelay(on)', takes.boolean, true, ({ stream }, on) =>
    call(stream, 'setNoDelay', on),
  ),
  parameter('ConnectionDuplex.setKeepAlive(on)', takes.boolean, true, ({ stream }, on) =>
    call(stream, 'setKeepAlive', on),
  ),
  parameter(
    'ConnectionDuplex.setKeepAlive(idleMs)',
    takes.milliseconds(32_767_000),
    true,
    ({ stream }, idle) => call(stream, 'setKeepAlive', true, idle),
  ),
  parameter('ConnectionDuplex.setTimeout(ms)', takes.milliseconds(), false, ({ stream }, ms) =>
    call(stream, 'setTimeout', ms),
  ),
  parameter('ConnectionDuplex.setTimeout(listener)', takes.callback, true, ({ stream }, listener) =>
    call(stream, 'setTimeout', 0, listener),
  ),
  parameter('Server.stop(force)', takes.boolean, true, ({ server }, value) => call(server, 'stop', value)),
  parameter('Server.reload(handlers)', handlers, false, ({ server }, value) => call(server, 'reload', value)),
]

for (const { name, rule, calls, optional } of PLACES) {
  if (rule === anything) continue
  test.serial(`${name} refuses whatever it does not take, and nothing has changed`, async (t) => {
    const stage = await openStage(t)
    let refused = 0
    for (const [word_, value] of Object.entries(VALUES)) {
      const code = value === undefined && optional ? undefined : rule(value)
      if (code === undefined) continue
      for (const act of calls) {
        await t.throwsAsync(
          async () => act(stage, value),
          {
            code,
            instanceOf: code === 'ERR_OUT_OF_RANGE' ? RangeError : TypeError,
            message: /^"[\w.[\]]+" must be .+\. Received .+$/,
          },
          word_,
        )
        refused += 1
      }
    }
    t.true(refused > 10, String(refused))
    await stage.check(t, name)
  })
}

test('every parameter and every option of servers is tried', (t) => {
  const all = listPlaces().filter((name) => isOfServers(name))
  t.true(all.length > 40, String(all.length))
  // Functions are not in that list.
  const names = PLACES.map(({ name }) => name).filter((name) => name.includes('.'))
  t.deepEqual(names.toSorted(), all)
})
