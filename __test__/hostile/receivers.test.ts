// Methods on something else than their object, classes called in ways that are not theirs, and their subclasses.
import { OwnedSource, Reactor, TcpListener, TcpStream, Waker, io } from '../../dist/index.js'
import { openStage } from '../helpers/hostile.js'
import test from '../helpers/test.js'

const CLASSES = { Reactor, OwnedSource, TcpListener, TcpStream, Waker }

const revocable = Proxy.revocable({}, {})
revocable.revoke()
const OTHERS: readonly unknown[] = [
  undefined,
  null,
  0,
  'text',
  Symbol('text'),
  {},
  [],
  () => {},
  revocable.proxy,
]

type Method = (...args: unknown[]) => unknown

/** The methods and accessors of a prototype, each as a function. */
function methodsOf(prototype: object): (readonly [name: string, method: Method])[] {
  return Reflect.ownKeys(prototype).flatMap((key) => {
    const property = Object.getOwnPropertyDescriptor(prototype, key) as { value?: unknown; get?: Method }
    const method = property.get ?? property.value
    return key === 'constructor' || typeof method !== 'function'
      ? []
      : [[String(key), method as Method] as const]
  })
}

/** What a method needs before it looks at its object. */
const ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  register: [0, {}, () => {}],
  ready: [0, { readable: true }],
  modify: [{}],
  read: [Buffer.alloc(1)],
  write: [Buffer.alloc(1)],
  shutdown: ['both'],
}

/** Every one of a prototype's, on each of these. */
async function tryAll(prototype: object, receivers: readonly unknown[]): Promise<readonly string[]> {
  const outcomes: string[] = []
  for (const [name, method] of methodsOf(prototype)) {
    for (const receiver of receivers) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after another
        await Reflect.apply(method, receiver, ARGUMENTS[name] ?? [])
        outcomes.push(`${name} of ${typeof receiver} is fine`)
      } catch (error) {
        // The engine's own, or a wrong argument: what a waker is made of is a public number.
        const { code } = error as { code?: string }
        if (!(error instanceof TypeError)) outcomes.push(`${name}: ${String(error)}`)
        if (code !== undefined && code !== 'ERR_INVALID_ARG_TYPE') outcomes.push(`${name}: ${code}`)
      }
    }
  }
  return outcomes
}

for (const [name, { prototype }] of Object.entries(CLASSES)) {
  test.serial(`methods of ${name} on anything else are a TypeError, and do nothing`, async (t) => {
    const stage = openStage(t)
    t.true(methodsOf(prototype).length > 0)
    // What inherits from it is not one yet, nor is a proxy of one.
    const heir: unknown = Object.create(prototype)
    const object = { Reactor: stage.reactor, TcpStream: stage.client }[name] ?? {}
    const proxy = new Proxy(object, {})
    t.deepEqual(await tryAll(prototype, [...OTHERS, heir, proxy]), [])
    stage.check(t, name)
  })
}

test.serial('methods of a registration on anything else are a TypeError, and do nothing', async (t) => {
  const stage = openStage(t)
  const plain = Object.getPrototypeOf(stage.registration) as object
  const listened = stage.reactor.register(stage.writer, { writable: true })
  const iterable = Object.getPrototypeOf(listened) as object
  for (const prototype of [plain, iterable]) {
    const receivers = [...OTHERS, Object.create(prototype), new Proxy(stage.registration, {})]
    const outcomes = await tryAll(prototype, receivers)
    // Nothing is asked of it before the first step.
    const others = outcomes.filter((outcome) => !outcome.startsWith('Symbol(Symbol.asyncIterator)'))
    t.deepEqual(others, [])
  }
  const iterator: AsyncIterator<unknown> = Reflect.apply(listened[Symbol.asyncIterator], {}, [])
  t.throws(() => iterator.next(), { instanceOf: TypeError })
  listened.close()
  stage.check(t, 'registration')
})

test.serial('methods of one kind of socket on the other are a TypeError', async (t) => {
  const stage = openStage(t)
  using listener = TcpListener.bind({ port: 0 })
  t.deepEqual(await tryAll(TcpListener.prototype, [stage.client]), [])
  t.deepEqual(await tryAll(TcpStream.prototype, [listener]), [])
  t.is(listener.accept(), null)
})

test('functions that need no object work on any', (t) => {
  const stage = openStage(t)
  const { bind } = TcpListener as unknown as { bind(this: void, options: object): TcpListener }
  const { connect } = TcpStream as unknown as { connect(this: void, options: object): TcpStream }
  const { from } = Waker as unknown as { from(this: void, handle: number): Waker }
  const { read } = io
  using listener = bind({ port: 0 })
  using client = connect({ port: listener.localAddress.port })
  t.true(client instanceof TcpStream)
  t.is(from(0).handle, 0)
  t.is(read(stage.reader.fd, Buffer.alloc(1)), -1)
})

test('classes are called with new', (t) => {
  for (const each of Object.values(CLASSES)) {
    t.throws(() => Reflect.apply(each as unknown as Method, undefined, []), { instanceOf: TypeError })
  }
})

test.serial('what has no constructor of its own says how it is made', (t) => {
  const stage = openStage(t)
  const handles = [
    undefined,
    null,
    1,
    'x',
    {},
    { descriptor: () => stage.reader.fd, close() {} },
    stage.client,
  ]
  for (const Socket of [OwnedSource, TcpListener, TcpStream]) {
    class Heir extends (Socket as unknown as new (handle: unknown) => object) {}
    for (const handle of handles) {
      for (const make of [Socket as unknown as typeof Heir, Heir]) {
        t.throws(() => Reflect.construct(make, [handle]) as unknown, {
          instanceOf: TypeError,
          code: 'ERR_INVALID_ARG_TYPE',
          message:
            /^"handle" must be a socket of the addon: use TcpStream\.connect\(\), TcpListener\.bind\(\) or accept\(\)\. Received /,
        })
      }
    }
  }
  for (const handle of [undefined, null, 'x', {}, 1n]) {
    t.throws(() => Reflect.construct(Waker, [handle]) as unknown, { code: 'ERR_INVALID_ARG_TYPE' })
  }
  for (const handle of [-1, 1.5, 2 ** 32, Number.NaN]) {
    t.throws(() => Reflect.construct(Waker, [handle]) as unknown, { code: 'ERR_OUT_OF_RANGE' })
  }
  stage.check(t, 'constructors')
})

test('a waker whose handle was overwritten wakes nobody, and says so', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const waker = reactor.waker()
  for (const [handle, code] of [
    ['x', 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [-1, 'ERR_OUT_OF_RANGE'],
    [2 ** 32, 'ERR_OUT_OF_RANGE'],
  ]) {
    Object.assign(waker, { handle })
    t.throws(() => waker.wake(), { code: String(code) })
  }
  t.true(reactor.waker().wake())
})

test('subclasses are what they extend', (t) => {
  class Mine extends Reactor {
    readonly mine = 1
    override get size(): number {
      return super.size + 100
    }
  }
  using reactor = new Mine({ driver: 'manual' })
  const stage = openStage(t)
  let calls = 0
  const registration = reactor.register(stage.writer, { writable: true }, () => {
    calls += 1
  })
  t.deepEqual([reactor.mine, reactor.size, reactor.poll(0), calls], [1, 101, 1, 1])
  registration.close()
  t.is(reactor.poll(0), 0)
})
