// What accept(2) says that no machine should be brought to for a test, or that comes by chance.
import { constants } from 'node:os'
import { fine, run } from '../helpers/child.js'
import { Client } from '../helpers/echo-connection.js'
import { each, startColumn } from '../helpers/echo-columns.js'
import { inject } from '../helpers/inject.js'
import { testWith } from '../helpers/tools.js'

const needs = { linux: true, tools: ['strace'] } as const

/** Three clients are connected; the first accept of each kind of caller finds one. */
const THREE = `
const { port } = listener.localAddress
const connected = new Reactor({ driver: 'manual' })
for (const each of [client, TcpStream.connect({ port }), TcpStream.connect({ port })]) {
  connected.register(each, { writable: true }, (_, self) => self.close())
  connected.poll()
}
const callers = { TcpListener: () => listener.accept(), io: () => io.accept(listener.fd) }
const attempt = (accept) => {
  try {
    const peer = accept()
    return peer === null || peer === WOULD_BLOCK ? 'nobody' : 'somebody'
  } catch ({ code, errno, syscall, fd }) {
    return [code, errno, syscall, fd === listener.fd].join(' ')
  }
}
`

for (const caller of ['TcpListener', 'io'] as const) {
  for (const code of ['ENFILE', 'ENOBUFS', 'ENOMEM'] as const) {
    // libevent/libevent#71: like EMFILE, told as it is at each try, and the connection goes on waiting.
    testWith('strace')(`fault-58 ${code} leaves the connection waiting::${caller}`, async (t) => {
      const { wrapper, calls } = inject(t, 'accept4', code, 3)
      const script = `${THREE}for (let tries = 0; tries < 7; tries += 1) console.log(attempt(callers.${caller}))
        process.exit(0)`
      const failed = `${code} ${-constants.errno[code]} accept true\n`
      t.deepEqual(
        await run(script, { wrapper }),
        fine(`${failed.repeat(3)}${'somebody\n'.repeat(3)}nobody\n`),
      )
      t.is(calls().length, 7)
    })
  }

  for (const code of [
    'ECONNABORTED',
    'EPROTO',
    'ENETDOWN',
    'ENOPROTOOPT',
    'EHOSTDOWN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EINTR',
  ] as const) {
    // tiny-http/tiny-http#283, tiny-http/tiny-http#284
    testWith('strace')(`fault-59 ${code} of one connection gives the next one::${caller}`, async (t) => {
      const { wrapper, calls } = inject(t, 'accept4', code, 2)
      const script = `${THREE}for (let tries = 0; tries < 4; tries += 1) console.log(attempt(callers.${caller}))
        process.exit(0)`
      t.deepEqual(await run(script, { wrapper }), fine(`${'somebody\n'.repeat(3)}nobody\n`))
      t.is(calls().length, 6)
    })
  }
}

each(
  'fault-58 the echo server says ENFILE once, tries now and then, and serves who waited',
  async (t, column) => {
    const { wrapper, calls } = inject(t, 'accept4', 'ENFILE', 3)
    const server = await startColumn(t, column, ['--log-encoding', 'none'], { wrapper })
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    t.is(calls().filter((call) => call.includes('ENFILE')).length, 3)
    await server.line(/ENFILE/)
    t.is(server.matching(/ENFILE/).length, 1)
    // One finds it and one nobody else; a scan may have seen it before it was taken, and finds nobody.
    t.true(calls().length <= 3 + 3, calls().join('\n'))
    client.close()
    t.deepEqual(await server.quit(), { code: 0, signal: null })
  },
  needs,
)

each(
  'fault-59 the echo server takes the connection behind one that was aborted, and says nothing',
  async (t, column) => {
    const { wrapper, calls } = inject(t, 'accept4', 'ECONNABORTED', 5)
    const server = await startColumn(t, column, [], { wrapper })
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    t.is(calls().filter((call) => call.includes('ECONNABORTED')).length, 5)
    t.deepEqual(server.matching(/cannot|refused|ECONNABORTED/), [])
    client.close()
    t.deepEqual(await server.quit(), { code: 0, signal: null })
    t.is(server.errors, '')
  },
  needs,
)

// A corollary of 44 and 55: the connection waits, no other one comes, and none ends.
each(
  'fault-61 the echo server tries again by itself when there was no room',
  async (t, column) => {
    const { wrapper, calls } = inject(t, 'accept4', 'EMFILE', 2)
    const server = await startColumn(t, column, ['--log-encoding', 'none'], { wrapper })
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    t.is(calls().filter((call) => call.includes('EMFILE')).length, 2)
    t.true(calls().length <= 2 + 3, calls().join('\n'))
    await server.line(/EMFILE/)
    t.is(server.matching(/EMFILE/).length, 1)
    client.close()
    t.deepEqual(await server.quit(), { code: 0, signal: null })
  },
  needs,
)
