/** Values that nobody should pass, and a stage on which it would show if one of them did harm. */
import { Reactor, io } from '../../dist/index.js'
import type { Registration, TcpStream, Waker } from '../../dist/index.js'
import { PATIENCE_MS, countOpen, openPair, openPipe } from './descriptors.js'
import type { Descriptor } from './descriptors.js'
import type { ExecutionContext } from './test.js'

function fail(): never {
  throw new Error('this must not be called')
}

const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** By what a message may call them. */
export const VALUES: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  NaN: Number.NaN,
  '-0': -0,
  '-1': -1,
  '1.5': 1.5,
  '2^16': 2 ** 16,
  '2^31': 2 ** 31,
  '2^32': 2 ** 32,
  '2^53': 2 ** 53,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '1n': 1n,
  true: true,
  "''": '',
  "'1'": '1',
  "'text'": 'text',
  'a symbol': Symbol('text'),
  'an array': [],
  'an array of a number': [1],
  'an object': {},
  'an object without a prototype': Object.create(null) as object,
  'a number as an object': Object(1) as object,
  'an object that is no primitive': { valueOf: fail, toString: fail, [Symbol.toPrimitive]: fail },
  'a function': fail,
  'a class': Reactor,
  'a date': new Date(0),
  'a promise': Promise.resolve(1),
  'a proxy': new Proxy({}, {}),
  'a proxy of an array': new Proxy([], {}),
  'a revoked proxy': revoked({}),
  'a revoked proxy of an array': revoked([]),
  'a revoked proxy of a function': revoked(fail),
  'what inherits from a signal': Object.create(AbortSignal.prototype) as object,
  'a proxy of a Buffer': new Proxy(Buffer.alloc(8), {}),
  'an ArrayBuffer': new ArrayBuffer(8),
  'a SharedArrayBuffer': new SharedArrayBuffer(8),
}

/** The code that a value is refused with; `undefined` if it is not refused. */
export type Rule = (value: unknown) => string | undefined

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const RANGE = 'ERR_OUT_OF_RANGE'

const isRevoked = (value: unknown): boolean =>
  [VALUES['a revoked proxy'], VALUES['a revoked proxy of an array']].includes(value)

/** What a parameter takes. */
export const takes = {
  whole:
    (min: number, max: number): Rule =>
    (value) =>
      typeof value !== 'number'
        ? TYPE
        : Number.isInteger(value) && value >= min && value <= max
          ? undefined
          : RANGE,
  milliseconds:
    (max?: number): Rule =>
    (value) =>
      typeof value === 'number' ? (value >= 0 && !(value > (max ?? value)) ? undefined : RANGE) : TYPE,
  boolean: (value: unknown): string | undefined => (typeof value === 'boolean' ? undefined : TYPE),
  word: (): string => VALUE,
  address: (value: unknown): string => (typeof value === 'string' ? VALUE : TYPE),
  callback: (value: unknown): string | undefined => (typeof value === 'function' ? undefined : TYPE),
  /** One whose keys are all optional. */
  options: (value: unknown): string | undefined =>
    typeof value !== 'object' || value === null || Array.isArray(isRevoked(value) ? [] : value)
      ? TYPE
      : value === VALUES['a proxy of a Buffer']
        ? VALUE
        : value === VALUES['an object that is no primitive']
          ? VALUE
          : undefined,
  nothing: (): string => TYPE,
} as const satisfies Record<string, Rule | ((...args: never[]) => Rule)>

export interface Stage {
  readonly reactor: Reactor
  readonly registration: Registration
  readonly reader: Descriptor
  readonly writer: Descriptor
  readonly client: TcpStream
  readonly server: TcpStream
  readonly waker: Waker
  /** Says whether all is as it was: nothing registered, closed, read or left open, and the reactor serves. */
  readonly check: (t: ExecutionContext, after: string) => void
}

/** What there is to do harm to. It is taken down when the test ends. */
export function openStage(t: ExecutionContext): Stage {
  const reactor = new Reactor({ driver: 'manual' })
  const { reader, writer } = openPipe()
  const { client, server } = openPair()
  const seen: number[] = []
  const registration = reactor.register(reader, { readable: true }, (readiness) => seen.push(readiness))
  t.teardown(() => {
    for (const each of [reactor, reader, writer, client, server]) each.close()
  })
  const open = countOpen()
  const byte = Buffer.from('x')
  return {
    reactor,
    registration,
    reader,
    writer,
    client,
    server,
    waker: reactor.waker(),
    check(context, after) {
      const { size, closed } = reactor
      context.deepEqual(
        { size, closed, state: registration.state, hasRef: registration.hasRef, open: countOpen() },
        { size: 1, closed: false, state: 'armed', hasRef: true, open },
        after,
      )
      seen.length = 0
      context.is(reactor.poll(0), 0, after)
      context.is(io.write(writer.fd, byte), 1, after)
      context.is(reactor.poll(PATIENCE_MS), 1, after)
      context.deepEqual(seen, [1], after)
      context.is(io.read(reader.fd, Buffer.alloc(2)), 1, after)
      context.is(server.read(byte), -1, after)
      context.is(client.read(byte), -1, after)
    },
  }
}
