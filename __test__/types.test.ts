import { Reactor, Ready, TcpListener, TcpStream, WOULD_BLOCK } from '../dist/index.js'
import type {
  Backend,
  Driver,
  FdreactorErrorCode,
  Readiness,
  ReactorOptions,
  ReadyCallback,
  Registration,
  RegistrationState,
  Source,
  Trigger,
} from '../dist/index.js'
import test from './helpers/test.js'

/** The same type: assignable in both directions. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** Each line compiles only while it is true. */
const facts: readonly true[] = [
  true satisfies Same<Backend, 'epoll' | 'kqueue' | 'poll' | 'select'>,
  true satisfies Same<Driver, 'loop' | 'thread' | 'manual'>,
  true satisfies Same<Trigger, 'level' | 'edge'>,
  true satisfies Same<RegistrationState, 'armed' | 'paused' | 'disarmed' | 'parked' | 'closed'>,
  true satisfies Same<Readiness, number>,
  true satisfies Same<Reactor['fd'], number | undefined>,
  true satisfies Same<ReturnType<TcpListener['accept']>, TcpStream | null>,
  true satisfies Same<Parameters<ReadyCallback>, [readiness: number, registration: Registration]>,
  true satisfies Same<typeof WOULD_BLOCK, -1>,
  true satisfies Same<typeof Ready.INVALID, 128>,
  true satisfies Same<Extract<FdreactorErrorCode, `ERR_FDREACTOR_${string}`>, FdreactorErrorCode>,
]

test('the public types are what they say', (t) => {
  t.deepEqual(new Set(facts), new Set([true]))
})

test('wrong calls do not compile', (t) => {
  using reactor = new Reactor({ driver: 'manual' })
  const calls: readonly (() => unknown)[] = [
    // @ts-expect-error a misspelt option
    () => new Reactor({ backand: 'epoll' } satisfies ReactorOptions),
    // @ts-expect-error no such backend
    () => new Reactor({ backend: 'uring' }),
    // @ts-expect-error a source is a number or has an fd
    () => reactor.register('0', {}, () => {}),
    // @ts-expect-error no such condition
    () => reactor.register(0, { readible: true }, () => {}),
    // @ts-expect-error the port is required
    () => TcpListener.bind({}),
    // @ts-expect-error a stream is made by connect or accept
    () => new TcpStream(),
  ]
  for (const call of calls.slice(0, 5)) t.throws(call, { instanceOf: TypeError })
  t.is(calls.length, 6)
  const source: Source = { fd: 0 }
  t.is(source.fd, 0)
})
