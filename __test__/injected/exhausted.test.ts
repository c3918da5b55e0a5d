// No descriptors left, for once in truth: the process lowers its own limit.
import { fine, library, run } from '../helpers/child.js'
import { CASES, isLevel, isNative } from '../helpers/matrix.js'
import type { Case } from '../helpers/matrix.js'
import test from '../helpers/test.js'

/**
 * `within(free, body)`: runs `body` with so many descriptors left. `told(body)`: what it throws, in a few words, or what
 * came of it. The numbers of the listener and the client that every script has are given back first.
 */
const SETTING = `
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
client.close()
const within = (free, body) => {
  const before = kit.limitFiles(Math.max(...readdirSync('/proc/self/fd').map(Number)) + 10)
  const taken = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {}
  for (const fd of taken.splice(0, free)) closeSync(fd)
  try {
    return body()
  } finally {
    for (const fd of taken) closeSync(fd)
    kit.limitFiles(before)
  }
}
const told = (body) => {
  try {
    const made = body()
    made.close()
    return 'made'
  } catch ({ code, errno, syscall, address, port }) {
    const where = address === undefined ? '' : \` \${address}:\${port}\`
    return \`\${code} \${syscall}\${where}\${errno === -constants.errno[code] ? '' : \` \${errno}\`}\`
  }
}
`

function each(
  title: string,
  where: (which: Case) => boolean,
  script: string,
  expected: (which: Case) => string,
): void {
  if (process.platform !== 'linux') return
  for (const which of CASES.filter((one) => where(one))) {
    const { backend, driver, trigger } = which
    test.serial(`${title}::${backend}::${trigger}::${driver}`, async (t) => {
      const outcome = await run(SETTING + script, { args: [backend, driver, trigger] })
      t.deepEqual(outcome, fine(expected(which)))
    })
  }
}

each(
  'constructor: with too few descriptors it says which call failed, and leaks none',
  isLevel,
  `for (let free = 0; free < 5; free += 1) {
    const before = countOpen()
    console.log(free, within(free, () => told(() => new Reactor(options))), countOpen() - before)
  }
  listener.close()`,
  ({ backend }) =>
    (backend === 'epoll'
      ? ['EMFILE epoll_create1', 'EMFILE fcntl', 'EMFILE socketpair', 'EMFILE socketpair', 'made']
      : ['EMFILE socketpair', 'EMFILE socketpair', 'made', 'made', 'made']
    )
      .map((words, free) => `${free} ${words} 0\n`)
      .join(''),
)

each(
  'sockets: without a descriptor each says EMFILE of its own call, and works when there is one',
  (which) => isLevel(which) && which.driver === 'manual' && isNative(which),
  `const { port } = listener.localAddress
  const peer = TcpStream.connect({ port })
  const reactor = new Reactor(options)
  reactor.register(listener, { readable: true }, () => {})
  reactor.poll(5000)
  const connect = () => TcpStream.connect({ port })
  const bind = () => TcpListener.bind({ port: 0 })
  const accept = () => listener.accept()
  const take = () => ({ close: () => {}, fd: io.accept(listener.fd) })
  for (const act of [connect, bind, accept, take]) console.log(within(0, () => told(act)).replace(port, 'PORT'))
  console.log(reactor.poll(0))
  for (const act of [connect, bind, accept]) console.log(told(act))
  reactor.close(); peer.close(); listener.close()`,
  () =>
    'EMFILE socket 127.0.0.1:PORT\nEMFILE socket 127.0.0.1:0\nEMFILE accept\nEMFILE accept\n1\nmade\nmade\nmade\n',
)

each(
  'rebuild: without a descriptor it rests between two tries, and is over when there is one',
  (which) => isLevel(which) && isNative(which),
  `const reactor = new Reactor(options)
  const turn = () => (driver === 'manual' ? reactor.poll(1) : undefined)
  const until = async (isSo) => {
    while (!isSo()) { turn(); await sleep(1) }
  }
  const [reader, writer] = kit.pipe()
  const kept = kit.dup(reader)
  const lost = reactor.register(reader, { readable: true, trigger }, () => console.log('called'))
  kit.close(reader)
  lost.close()
  const [near, beside] = kit.pipe()
  let calls = 0
  reactor.register(near, { readable: true, trigger }, () => { calls += 1; io.read(near, Buffer.alloc(1)) })
  const taken = []
  const limit = kit.limitFiles(64)
  try { for (;;) taken.push(openSync('/dev/null', 'r')) } catch {}
  io.write(writer, Buffer.from('x'))
  await until(() => reactor.stats().stale > 1)
  const before = reactor.stats().waits
  for (let times = 1; times <= 3; times += 1) {
    io.write(beside, Buffer.from('x'))
    await until(() => calls === times)
  }
  await sleep(100)
  turn()
  console.log(reactor.stats().rebuilds, reactor.stats().waits - before <= 60)
  for (const fd of taken) closeSync(fd)
  kit.limitFiles(limit)
  await until(() => reactor.stats().rebuilds === 1)
  const { waits } = reactor.stats()
  await sleep(20)
  console.log(calls, reactor.stats().waits - waits <= 3)
  reactor.close(); listener.close()`,
  () => '0 true\n3 true\n',
)

each(
  'Worker: a reactor that cannot be made there is told there, and both threads go on',
  (which) => isLevel(which),
  `const { Worker } = await import('node:worker_threads')
  const source = \`
    import { parentPort } from 'node:worker_threads'
    import { Reactor } from '${library}'
    const options = \${JSON.stringify(options)}
    let reactor
    const hear = (fd) => {
      try {
        reactor = new Reactor(options)
      } catch ({ code, syscall }) {
        return parentPort.postMessage([code, syscall].join(' '))
      }
      reactor.register(fd, { writable: true }, (readiness, self) => {
        self.close()
        parentPort.postMessage('called')
        // Nothing is left then that keeps it alive. (Deno's port cannot be closed.)
        parentPort.off('message', hear)
      })
      if (options.driver === 'manual') reactor.poll(5000)
    }
    parentPort.on('message', hear)
    parentPort.postMessage('here')
  \`
  const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(source)))
  const next = () => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await next()
  const [reader, writer] = kit.pipe()
  const reactor = new Reactor(options)
  const limit = kit.limitFiles(64)
  const taken = []
  try { for (;;) taken.push(openSync('/dev/null', 'r')) } catch {}
  worker.postMessage(writer)
  console.log(await next())
  for (const fd of taken) closeSync(fd)
  kit.limitFiles(limit)
  worker.postMessage(writer)
  console.log(await next())
  console.log(await new Promise((resolve) => worker.once('exit', resolve)))
  reactor.close(); listener.close()`,
  ({ backend }) => `EMFILE ${backend === 'epoll' ? 'epoll_create1' : 'socketpair'}\ncalled\n0\n`,
)
