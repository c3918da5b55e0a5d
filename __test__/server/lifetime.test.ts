// The lives of processes, workers and objects around servers, looked at from outside.
import { fine, library, run } from '../helpers/child.js'
import { CASES, isManual } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const START = `
const { listen, connect } = await import('${library}')
listener.close()
client.close()
const make = () => new Reactor(options)
`

/** A process for each way of turning by itself. */
function each(title: string, script: string, stdout: string, options: { collector?: boolean } = {}): void {
  const cases = CASES.filter((which) => which.driver !== 'manual')
  for (const { backend, trigger, driver } of cases) {
    test(`${title}::${backend}::${trigger}::${driver}`, async (t) => {
      t.deepEqual(await run(START + script, { args: [backend, driver, trigger], ...options }), fine(stdout))
    })
  }
}

each(
  'a process lives as long as a server listens, and ends when it stops',
  `const server = listen({ reactor: make(), trigger, port: 0, socket: {} })
  setTimeout(() => { console.log('still here'); server.stop() }, 50)
  process.on('exit', () => console.log('the end'))`,
  'still here\nthe end\n',
)

each(
  'a stopped server leaves the process to its connections',
  `const reactor = make()
  let served
  const server = listen({ reactor, trigger, port: 0, socket: {
    open(link) { served = link; server.stop() },
    close() { console.log('served', server.connections) },
  } })
  await connect({ reactor, trigger, port: server.port, socket: { close() { console.log('client') } } }).then((link) => {
    setTimeout(() => { console.log('ends'); link.end() }, 50)
  })
  process.on('exit', () => console.log(served.readyState))`,
  'ends\nserved 1\nclient\nclosed\n',
)

each(
  'nothing that is unrefd keeps a process',
  `const reactor = make()
  const server = listen({ reactor, trigger, port: 0, socket: { open: (link) => link.unref() } }).unref()
  const link = await connect({ reactor, trigger, port: server.port, socket: {} })
  console.log(server.unref().ref().unref() === server, link.unref().ref().unref() === link)`,
  'true true\n',
)

each(
  'process.exit in a handler ends the process with its code, and at once',
  `const reactor = make()
  const server = listen({ reactor, trigger, port: 0, socket: { data() { console.log('exit'); process.exit(0) } } })
  const link = await connect({ reactor, trigger, port: server.port, socket: { close() { console.log('never') } } })
  link.write('x')`,
  'exit\n',
)

each(
  'nothing is left open of servers and connections that are closed',
  `const before = countOpen()
  for (let round = 0; round < 5; round += 1) {
    const reactor = make()
    const server = listen({ reactor, trigger, port: 0, socket: { data: (link, bytes) => link.write(bytes) } })
    const links = await Promise.all(Array.from({ length: 5 }, () =>
      connect({ reactor, trigger, port: server.port, socket: { data: (link) => link.end() } })))
    for (const link of links) link.write('x')
    server.stop()
    await server.closed
    const other = listen({ reactor, trigger, port: 0, socket: {} })
    await connect({ reactor, trigger, port: other.port, socket: {} })
    reactor.close()
    await other.closed
  }
  // A reactor on the host's loop closes its descriptor in the loop's next round.
  for (let round = 0; round < 10; round += 1) await sleep(1)
  console.log(countOpen() - before)`,
  '0\n',
)

each(
  'a server whose reactor nobody holds goes on, and is collected once it has stopped',
  `let collected = 0
  const registry = new FinalizationRegistry(() => { collected += 1 })
  // A function, since the context of a module keeps what its blocks declare.
  const start = () => {
    const reactor = make()
    registry.register(reactor, 0)
    const server = listen({ reactor, trigger, port: 0, socket: { data: (link, bytes) => link.end(bytes) } })
    return { port: server.port, stop: () => server.stop() }
  }
  const state = start()
  const own = make()
  const ask = () => new Promise((resolve) => {
    let answer = ''
    connect({ reactor: own, trigger, port: state.port, socket: {
      open: (link) => link.write('hi'), data: (_, bytes) => { answer += bytes }, close: () => resolve(answer) } })
  })
  for (let round = 0; round < 3; round += 1) { gc(); await sleep(5); console.log(await ask(), collected) }
  state.stop()
  state.stop = undefined
  for (let round = 0; round < 500 && collected === 0; round += 1) { await sleep(10); gc() }
  console.log(collected)`,
  'hi 0\nhi 0\nhi 0\n1\n',
  { collector: true },
)

/** Workers that are ended while their servers work. */
const WORKERS = `
import { Worker } from 'node:worker_threads'
const source = \`
  const { parentPort } = require('node:worker_threads')
  import('${library}').then(async ({ Reactor, listen, connect }) => {
    const reactor = new Reactor({ backend: '\${backend}', driver: '\${driver}' })
    const server = listen({ reactor, trigger: '\${trigger}', port: 0, socket: { data: (link, bytes) => link.write(bytes) } })
    let told = false
    const socket = { data(link, bytes) { if (!told) { told = true; parentPort.postMessage(0) } link.write(bytes) } }
    if ('\${driver}' === 'manual') setImmediate(function turn() { reactor.poll(1); setImmediate(turn) })
    for (let count = 0; count < 4; count += 1)
      connect({ reactor, trigger: '\${trigger}', port: server.port, socket }).then((link) => link.write('ball'))
  })
\`
const count = () => readdirSync('/proc/self/fd').length
const round = async () => {
  const workers = [0, 1, 2].map(() => new Worker(source, { eval: true }))
  await Promise.all(workers.map((worker) => new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })))
  await Promise.all(workers.map((worker) => worker.terminate()))
}
await round()
const before = count()
await round()
await round()
console.log(count() - before)`

// nodejs/node#34567
for (const { backend, trigger, driver } of CASES) {
  test(`fault-86 workers that are terminated amid their traffic leave nothing open::${backend}::${trigger}::${driver}`, async (t) => {
    const script = `${START}${WORKERS.replace("import { Worker } from 'node:worker_threads'", "const { Worker } = await import('node:worker_threads')")}`
    const outcome = await run(script, { args: [backend, driver, trigger] })
    t.deepEqual(outcome, fine('0\n'))
  })
}

for (const { backend, trigger, driver } of CASES.filter((which) => isManual(which))) {
  test(`a manual reactor with a server keeps no process by itself::${backend}::${trigger}::${driver}`, async (t) => {
    const outcome = await run(
      `${START}const server = listen({ reactor: make(), trigger, port: 0, socket: {} })
      console.log(server.port > 0)`,
      { args: [backend, driver, trigger] },
    )
    t.deepEqual(outcome, fine('true\n'))
  })
}
