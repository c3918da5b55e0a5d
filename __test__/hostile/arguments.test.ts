// Every parameter and every option of the public API, with every value that it does not take.
import { Reactor, TcpListener, TcpStream, Waker, io } from '../../dist/index.js'
import { VALUES, openStage, takes } from '../helpers/hostile.js'
import type { Rule, Stage } from '../helpers/hostile.js'
import { isOfServers, listPlaces } from '../helpers/places.js'
import test from '../helpers/test.js'

type Call = (stage: Stage, value: unknown) => unknown

interface Place {
  /** By itself: `Reactor.poll(timeoutMs)`, or `Interest.readable` of an option. */
  readonly name: string
  readonly rule: Rule
  /** Whether it may be left out. */
  readonly optional?: boolean
  /** Every way to pass it. */
  readonly calls: readonly Call[]
}

/** Anything may be passed to anything. */
const call = (object: unknown, method: string, ...args: unknown[]): unknown =>
  (object as Record<string, (...args: unknown[]) => unknown>)[method]?.(...args)

const nothing = (): void => {}
const whole = takes.whole(0, 2 ** 31 - 1)
const buffer = Buffer.alloc(4)
const MOST_IDLE_MS = 32_767_000

const place = (name: string, rule: Rule, ...calls: readonly Call[]): Place => ({ name, rule, calls })
const optional = (name: string, rule: Rule, ...calls: readonly Call[]): Place => ({
  name,
  rule,
  calls,
  optional: true,
})

const make: Call = (_, options) => new Reactor(options as never)
const option = (key: string, rule: Rule): Place =>
  optional(`ReactorOptions.${key}`, rule, (_, value) => make(_, { [key]: value }))

const interests: readonly Call[] = [
  ({ reactor, writer }, interest) => call(reactor, 'register', writer, interest, nothing),
  ({ reactor, writer }, interest) => call(reactor, 'register', writer, interest),
  ({ reactor, writer }, interest) => call(reactor, 'ready', writer, interest),
  ({ registration }, interest) => call(registration, 'modify', interest),
]
const interest = (key: string, rule: Rule): Place =>
  optional(
    `Interest.${key}`,
    rule,
    ...interests.map<Call>((each) => (stage, value) => each(stage, { readable: true, [key]: value })),
  )

const bind: Call = (_, options) => call(TcpListener, 'bind', options)
const connect: Call = (_, options) => call(TcpStream, 'connect', options)
const listening = (key: string, rule: Rule): Place =>
  optional(`TcpListenerOptions.${key}`, rule, (_, value) => bind(_, { port: 0, [key]: value }))

/** `read` and `write` of a descriptor and of a socket: `offset` and `length` within four bytes. */
const moving = ['read', 'write'].flatMap((method) => [
  place(`io.${method}(fd)`, whole, (_, fd) => call(io, method, fd, buffer)),
  place(`io.${method}(buffer)`, takes.nothing, ({ reader }, view) => call(io, method, reader.fd, view)),
  optional(`io.${method}(offset)`, takes.whole(0, 4), ({ reader }, offset) =>
    call(io, method, reader.fd, buffer, offset),
  ),
  optional(`io.${method}(length)`, takes.whole(0, 4), ({ reader }, length) =>
    call(io, method, reader.fd, buffer, 0, length),
  ),
  place(`TcpStream.${method}(buffer)`, takes.nothing, ({ client }, view) => call(client, method, view)),
  optional(`TcpStream.${method}(offset)`, takes.whole(0, 4), ({ client }, offset) =>
    call(client, method, buffer, offset),
  ),
  optional(`TcpStream.${method}(length)`, takes.whole(0, 4), ({ client }, length) =>
    call(client, method, buffer, 0, length),
  ),
])

/** An array of nothing is one of no buffers. */
const views: Rule = (value) =>
  value === VALUES['an array'] || value === VALUES['a proxy of an array'] ? undefined : 'ERR_INVALID_ARG_TYPE'

const PLACES: readonly Place[] = [
  optional('Reactor.constructor(options)', takes.options, make),
  option('backend', takes.word),
  option('driver', takes.word),
  option('batchSize', takes.whole(1, 65_536)),
  option('turnBudgetMs', takes.milliseconds()),
  option('unboundedSelect', takes.boolean),
  place(
    'Reactor.register(source)',
    (value) => whole(value),
    ({ reactor }, source) => call(reactor, 'register', source, {}, nothing),
    ({ reactor }, source) => call(reactor, 'register', source, {}),
  ),
  place('Reactor.register(interest)', takes.options, ...interests.slice(0, 2)),
  place('Reactor.register(callback)', takes.callback, ({ reactor, writer }, callback) =>
    call(reactor, 'register', writer, { readable: true }, callback),
  ),
  place(
    'Reactor.ready(source)',
    (value) => whole(value),
    ({ reactor }, source) => call(reactor, 'ready', source, { readable: true }),
  ),
  // What asks for nothing would never be told.
  place(
    'Reactor.ready(interest)',
    (value) => takes.options(value) ?? 'ERR_INVALID_ARG_VALUE',
    ...interests.slice(2, 3),
  ),
  optional('Reactor.ready(options)', takes.options, ({ reactor, writer }, options) =>
    call(reactor, 'ready', writer, { readable: true }, options),
  ),
  optional('Reactor.poll(timeoutMs)', takes.milliseconds(), ({ reactor }, timeout) =>
    call(reactor, 'poll', timeout),
  ),
  ...['readable', 'writable', 'priority', 'disconnect', 'oneshot', 'exclusive'].map((key) =>
    interest(key, takes.boolean),
  ),
  interest('trigger', takes.word),
  ...(['ref', 'signal'] as const).flatMap((key) => {
    const rule = key === 'ref' ? takes.boolean : takes.nothing
    return [
      optional(
        `InterestOptions.${key}`,
        rule,
        ...interests
          .slice(0, 2)
          .map<Call>((each) => (stage, value) => each(stage, { readable: true, [key]: value })),
      ),
      optional(`ReadyOptions.${key}`, rule, ({ reactor, writer }, value) =>
        call(reactor, 'ready', writer, { readable: true }, { [key]: value }),
      ),
    ]
  }),
  place('Registration.modify(interest)', takes.options, ...interests.slice(3)),
  place(
    'Source.fd',
    whole,
    ({ reactor }, fd) => call(reactor, 'register', { fd }, {}, nothing),
    ({ reactor }, fd) => call(reactor, 'ready', { fd }, { readable: true }),
  ),
  place('Waker.from(handle)', takes.whole(0, 2 ** 32 - 1), (_, handle) => call(Waker, 'from', handle)),
  ...moving,
  ...['readv', 'writev'].flatMap((method) => [
    place(`io.${method}(fd)`, whole, (_, fd) => call(io, method, fd, [buffer])),
    place(
      `io.${method}(buffers)`,
      views,
      ({ reader }, list) => call(io, method, reader.fd, list),
      // Each of them.
      ({ reader }, view) => call(io, method, reader.fd, [buffer, view]),
    ),
  ]),
  place('io.accept(fd)', whole, (_, fd) => call(io, 'accept', fd)),
  // The port is not optional.
  place('TcpListener.bind(options)', (value) => takes.options(value) ?? 'ERR_INVALID_ARG_TYPE', bind),
  listening('host', takes.address),
  place('TcpListenerOptions.port', takes.whole(0, 65_535), (_, port) => bind(_, { port })),
  listening('backlog', takes.whole(1, 2 ** 31 - 1)),
  ...['reuseAddress', 'reusePort', 'ipv6Only'].map((key) => listening(key, takes.boolean)),
  place('TcpStream.connect(options)', (value) => takes.options(value) ?? 'ERR_INVALID_ARG_TYPE', connect),
  optional('TcpStreamOptions.host', takes.address, (_, host) => connect(_, { port: 1, host })),
  place('TcpStreamOptions.port', takes.whole(0, 65_535), (_, port) => connect(_, { port })),
  place('TcpStream.shutdown(direction)', takes.word, ({ client }, how) => call(client, 'shutdown', how)),
  optional('TcpStream.setNoDelay(on)', takes.boolean, ({ client }, on) => call(client, 'setNoDelay', on)),
  optional('TcpStream.setKeepAlive(on)', takes.boolean, ({ client }, on) => call(client, 'setKeepAlive', on)),
  optional('TcpStream.setKeepAlive(idleMs)', takes.milliseconds(MOST_IDLE_MS), ({ client }, idle) =>
    call(client, 'setKeepAlive', true, idle),
  ),
]

for (const { name, rule, calls, optional: mayBeLeftOut = false } of PLACES) {
  test.serial(`${name} refuses whatever it does not take, and nothing has changed`, async (t) => {
    const stage = openStage(t)
    let refused = 0
    for (const [word, value] of Object.entries(VALUES)) {
      const code = value === undefined && mayBeLeftOut ? undefined : rule(value)
      if (code === undefined) continue
      for (const act of calls) {
        // A promise refuses as well.
        const attempt = async (): Promise<unknown> => act(stage, value)
        // oxlint-disable-next-line no-await-in-loop -- one after another, so that each is seen by itself
        await t.throwsAsync(
          attempt(),
          {
            code,
            instanceOf: code === 'ERR_OUT_OF_RANGE' ? RangeError : TypeError,
            message: /^"[\w.[\]]+" must be .+\. Received .+$/,
          },
          word,
        )
        refused += 1
      }
    }
    t.true(refused > 10, String(refused))
    stage.check(t, name)
  })
}

test.serial('an option that does not exist is refused wherever there are options', async (t) => {
  const stage = openStage(t)
  const wrong = { port: 0, typo: true }
  const calls = [
    make,
    bind,
    connect,
    ...interests,
    ({ reactor, writer }: Stage) => call(reactor, 'ready', writer, { readable: true }, wrong),
  ]
  for (const act of calls) {
    // oxlint-disable-next-line no-await-in-loop -- one after another
    await t.throwsAsync(async () => act(stage, wrong), {
      code: 'ERR_INVALID_ARG_VALUE',
      message:
        /^"(options|interest)\.(typo|port)" must be left out: there are only \w+(, \w+)+\. Received '(typo|port)'$/,
    })
  }
  stage.check(t, 'all')
})

test('every parameter and every option of the types is tried', (t) => {
  // Those of servers: servers.test.ts.
  const all = listPlaces().filter((name) => !isOfServers(name))
  t.true(all.length > 50, String(all.length))
  t.deepEqual(PLACES.map(({ name }) => name).toSorted(), all)
})
