// What programs in TypeScript that were written for the package `epoll` say of it.
import { readFileSync } from 'node:fs'
import epoll, { Epoll } from 'fdreactor/epoll'
import type { EpollCallback } from 'fdreactor/epoll'
import type * as Stand from '../../npm/epoll/epoll.js'
import test from '../helpers/test.js'

/** The same type: assignable in both directions. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** Each line compiles only while it is true. */
const facts: readonly true[] = [
  true satisfies Same<ConstructorParameters<typeof Epoll>, [callback: EpollCallback]>,
  true satisfies Same<Parameters<EpollCallback>, [error: Error | null, fd: number, events: number]>,
  true satisfies Same<Epoll['closed'], boolean>,
  true satisfies Same<ReturnType<Epoll['close']>, null>,
  true satisfies Same<Parameters<Epoll['add']>, [fd: number, events: number]>,
  true satisfies Same<Parameters<Epoll['modify']>, [fd: number, events: number]>,
  true satisfies Same<Parameters<Epoll['remove']>, [fd: number]>,
  true satisfies Same<typeof Epoll.EPOLLIN, number>,
  true satisfies Same<typeof epoll.Epoll, typeof Epoll>,
  true satisfies Same<keyof typeof Stand.Epoll, keyof typeof Epoll>,
]

test('the types are what they say', (t) => {
  t.deepEqual(new Set(facts), new Set([true]))
  t.is(epoll.Epoll, Epoll)
})

test('callbacks may be declared as programs do', (t) => {
  const callbacks: readonly EpollCallback[] = [
    () => {},
    (error: Error | null, fd: number, events: number) => void [error, fd, events],
    (error: Error) => void error,
    (error: NodeJS.ErrnoException | null, fd: number) => void [error, fd],
    (error: unknown) => error,
    async () => {},
  ]
  for (const callback of callbacks) new Epoll(callback).close()
  let mask = Epoll.EPOLLIN
  mask |= Epoll.EPOLLPRI
  t.is(mask, 3)
  class Derived extends Epoll {}
  const chained = (derived: Derived): Derived => derived.add(0, 1).modify(0, 2).remove(0)
  t.is(typeof chained, 'function')
})

test('wrong calls do not compile', (t) => {
  const instance = new Epoll(() => {})
  const calls: readonly (() => unknown)[] = [
    // @ts-expect-error a callback is needed
    () => new Epoll(),
    // @ts-expect-error it is called with three things
    () => new Epoll('callback'),
    // @ts-expect-error a descriptor is a number
    () => instance.add('0', Epoll.EPOLLIN),
    // @ts-expect-error events are needed
    () => instance.add(0),
    // @ts-expect-error so they are here
    () => instance.modify(0),
    // @ts-expect-error a constant stays
    () => void (Epoll.EPOLLIN = 2),
  ]
  for (const call of calls) t.throws(call, { instanceOf: Error })
  instance.close()
})

test('the package that stands in for epoll has the version of this one, and asks for it', (t) => {
  const manifest = (path: string): { version: string; dependencies?: unknown } =>
    JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')) as { version: string }
  const { version } = manifest('package.json')
  const stand = manifest('npm/epoll/package.json')
  t.is(stand.version, version)
  t.deepEqual(stand.dependencies, { fdreactor: version })
  const readme = readFileSync(new URL('../../npm/epoll/README.md', import.meta.url), 'utf8')
  t.true(readme.includes(`"overrides": { "epoll": "npm:@fdreactor/epoll@${version}" }`))
})
