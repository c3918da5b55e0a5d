import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { Reactor, TcpListener, io, parseProxyHeader } from '../dist/index.js'
import type { ArgumentError, FdreactorError, FdreactorErrorCode, SystemError } from '../dist/index.js'
import { closedNumber, openLoop } from './helpers/descriptors.js'
import test from './helpers/test.js'

const nothing = (): void => {}

/** Each of the library's own errors that can be had here, and how. The type makes the list complete. */
const OWN: Readonly<Record<FdreactorErrorCode, (() => unknown) | undefined>> = {
  ERR_FDREACTOR_CLOSED: () => {
    const reactor = new Reactor()
    reactor.close()
    reactor.wake()
  },
  ERR_FDREACTOR_REENTRANT: () => {
    using reactor = new Reactor({ driver: 'manual' })
    const loop = openLoop()
    reactor.register(loop, { writable: true }, () => reactor.poll(0))
    reactor.poll()
  },
  ERR_FDREACTOR_WRONG_DRIVER: () => {
    using reactor = new Reactor()
    reactor.poll(0)
  },
  ERR_FDREACTOR_TRIGGER_UNSUPPORTED: () => {
    using reactor = new Reactor({ backend: 'poll' })
    reactor.register(0, { trigger: 'edge' }, nothing)
  },
  ERR_FDREACTOR_INTEREST_UNSUPPORTED: () => {
    using reactor = new Reactor({ backend: 'poll' })
    reactor.register(0, { exclusive: true }, nothing)
  },
  ERR_FDREACTOR_FD_LIMIT: () => {
    using reactor = new Reactor({ backend: 'select' })
    reactor.register(1024, {}, nothing)
  },
  ERR_FDREACTOR_BACKEND_UNSUPPORTED: () =>
    new Reactor({ backend: process.platform === 'linux' ? 'kqueue' : 'epoll' }),
  ERR_FDREACTOR_PROXY_HEADER: () => parseProxyHeader(Buffer.from('GET / HTTP/1.1')),
  // Another system: it cannot be had here.
  ERR_FDREACTOR_UNSUPPORTED_PLATFORM: undefined,
  // What ends a connection is told to its handlers: server/limits.test.ts, server/arguments.test.ts.
  ERR_FDREACTOR_BUFFER_LIMIT: undefined,
  ERR_FDREACTOR_TIMEOUT: undefined,
  ERR_FDREACTOR_DETACHED: undefined,
  // A fault of the library's.
  ERR_FDREACTOR_INTERNAL: undefined,
}

/** What names a way out, in each message. */
const WAYS_OUT: Readonly<Partial<Record<FdreactorErrorCode, RegExp>>> = {
  ERR_FDREACTOR_WRONG_DRIVER: /'manual'/,
  ERR_FDREACTOR_TRIGGER_UNSUPPORTED: /Use level-triggering, or epoll or kqueue/,
  ERR_FDREACTOR_INTEREST_UNSUPPORTED: /See reactor\.capabilities/,
  ERR_FDREACTOR_FD_LIMIT: /Use epoll, kqueue or poll/,
  ERR_FDREACTOR_BACKEND_UNSUPPORTED: /'auto' takes what there is/,
  ERR_FDREACTOR_PROXY_HEADER: /Does the proxy in front send one/,
}

for (const [code, cause] of Object.entries(OWN) as [FdreactorErrorCode, (() => unknown) | undefined][]) {
  if (cause === undefined) continue
  test(`${code} is an Error with its code and nothing else`, (t) => {
    const error = t.throws<FdreactorError>(cause, { code })
    t.true(error instanceof Error)
    t.is(error instanceof RangeError, code === 'ERR_FDREACTOR_FD_LIMIT')
    t.is(error.name, error instanceof RangeError ? 'RangeError' : 'Error')
    t.deepEqual(Object.keys(error), ['code'])
    t.true(error.message.length > 0)
    t.regex(error.message, WAYS_OUT[code] ?? /./)
    t.regex(error.stack ?? '', /errors\.test/)
  })
}

test('the list of codes is the one that the sources document', (t) => {
  const types = readFileSync(new URL('../ts/errors.ts', import.meta.url), 'utf8')
  const documented = [...types.matchAll(/^ \* - `(ERR_FDREACTOR_\w+)`/gm)].map(([, code]) => code)
  t.deepEqual(documented.map(String).toSorted(), Object.keys(OWN).toSorted())
})

test("a failed system call has the shape of Node's own", (t) => {
  const fd = closedNumber()
  const error = t.throws<SystemError>(() => io.read(fd, Buffer.alloc(1)))
  t.true(error instanceof Error)
  t.is(error.message, `read EBADF: bad file descriptor, fd ${fd}`)
  t.deepEqual({ ...error }, { code: 'EBADF', errno: -constants.errno.EBADF, syscall: 'read', fd })
})

test('an error about an address has the address and the port', (t) => {
  using listener = TcpListener.bind({ host: '::1', port: 0 })
  const { port } = listener.localAddress
  const error = t.throws<SystemError>(() => TcpListener.bind({ host: '::1', port }))
  t.is(error.message, `bind EADDRINUSE: address already in use [::1]:${port}`)
  t.deepEqual(
    { ...error },
    { code: 'EADDRINUSE', errno: -constants.errno.EADDRINUSE, syscall: 'bind', address: '::1', port },
  )
})

test('EAGAIN is never thrown under another name', (t) => {
  const loop = openLoop()
  t.is(io.read(loop.fd, Buffer.alloc(1)), -1)
  loop.close()
})

test('a wrong argument says what was expected and what came, without running code of the value', (t) => {
  const hostile = new Proxy(
    {
      toString(): string {
        throw new Error('it was asked')
      },
      get [Symbol.toStringTag](): string {
        throw new Error('it was asked')
      },
    },
    {
      get() {
        throw new Error('it was asked')
      },
      getPrototypeOf() {
        throw new Error('it was asked')
      },
    },
  )
  const error = t.throws<ArgumentError>(() => io.read(hostile as unknown as number, Buffer.alloc(1)))
  t.is(error.message, '"fd" must be a number. Received an object')
  t.deepEqual({ ...error }, { code: 'ERR_INVALID_ARG_TYPE' })
  t.true(error instanceof TypeError)
})
