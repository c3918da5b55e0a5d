// Out of descriptors: told once, no busy loop, and served when there is room again.
import { fine, library, limited, run } from '../helpers/child.js'
import type { Outcome } from '../helpers/child.js'
import { CASES } from '../helpers/matrix.js'
import test from '../helpers/test.js'

/** A server in a process with few descriptors, and so many clients that wait. */
const CROWD = `
import { closeSync, openSync } from 'node:fs'
const { listen, connect } = await import('${library}')
listener.close()
client.close()
void process.stdout
const reactor = new Reactor(options)
const until = async (isDone) => {
  while (!isDone()) {
    if (driver === 'manual') reactor.poll(0)
    await sleep(1)
  }
}
const errors = []
const links = []
const server = listen({
  reactor, trigger, port: 0,
  onError: (error, of) => errors.push([error.code, error.syscall, of === server].join(' ')),
  socket: { open: (link) => links.push(link), data: (link, bytes) => link.end(bytes) },
})
const files = []
const fill = () => { try { for (;;) files.push(openSync('/dev/null')) } catch (error) { if (error.code !== 'EMFILE') throw error } }
const free = (count) => { for (const file of files.splice(0, count)) closeSync(file) }
// Six that are connected and wait.
const peers = []
const join = () => peers.push(TcpStream.connect({ port: server.port }))
for (let count = 0; count < 6; count += 1) join()
const wait = async (ms) => { for (let passed = 0; passed < ms; passed += 1) { if (driver === 'manual') reactor.poll(0); await sleep(1) } }
`

function each(title: string, script: string, expected: Outcome): void {
  for (const { backend, trigger, driver } of CASES) {
    test(`${title}::${backend}::${trigger}::${driver}`, async (t) => {
      const args = [backend, driver, trigger]
      t.deepEqual(await run(CROWD + script, { args, wrapper: limited(90) }), expected)
    })
  }
}

// oven-sh/bun#32705, libevent/libevent#71, denoland/deno#10148
each(
  'fault-55 a server without descriptors says so once, tries seldom, and serves who waited when there is room',
  `fill()
  await until(() => errors.length > 0)
  const before = reactor.stats().waits
  const start = performance.now()
  await wait(500)
  // Each try is two turns: some ten a second, whatever waits and however long that takes here.
  const most = 20 + (performance.now() - start) / 50
  console.log(errors.join(), links.length, reactor.stats().waits - before < (driver === 'manual' ? 1000 : most))
  free(files.length)
  await until(() => links.length === 6)
  console.log(errors.length)
  server.stop(true)
  for (const peer of peers) peer.close()
  reactor.close()`,
  fine('EMFILE accept true 0 true\n1\n'),
)

each(
  'fault-61 the close of a connection makes room for one that waits, at once and also under edge',
  `await until(() => links.length === 6)
  // Room for one more: for the client.
  const spare = openSync('/dev/null')
  fill()
  closeSync(spare)
  join()
  await until(() => errors.length > 0)
  const waited = peers.at(-1)
  const buffer = Buffer.alloc(8)
  waited.write(Buffer.from('hello'))
  links[0].destroy()
  let count = 0
  await until(() => (count = waited.read(buffer)) !== WOULD_BLOCK)
  console.log(buffer.toString('latin1', 0, count))
  console.log(errors.length, links.length)
  free(files.length)
  // The shortage is over when nobody waits: the next one is told again.
  join()
  await until(() => links.length === 8)
  server.stop(true)
  for (const peer of peers) peer.close()
  reactor.close()`,
  fine('hello\n1 7\n'),
)

each(
  'fault-60 connect and listen say EMFILE as it is',
  `await until(() => links.length === 6)
  fill()
  try { listen({ reactor, trigger, port: 0, socket: {} }) } catch ({ code, syscall }) { console.log(code, syscall) }
  let refused
  connect({ reactor, trigger, port: server.port, socket: {} }).catch((error) => { refused = error })
  await until(() => refused !== undefined)
  console.log(refused.code, refused.syscall)
  server.stop(true)
  for (const peer of peers) peer.close()
  free(files.length)
  reactor.close()`,
  fine('EMFILE socket\nEMFILE socket\n'),
)

test('without a handler of its own a shortage is a warning of the process', async (t) => {
  const { stdout, stderr, code } = await run(
    CROWD.replace(/ {2}onError.*\n/, '') +
      `process.on('warning', (warning) => { console.log(warning.code, warning.syscall); process.exit() })
      fill()
      await until(() => false)`,
    { args: ['auto', 'auto', 'level'], wrapper: limited(90) },
  )
  t.is(stdout, 'EMFILE accept\n')
  t.regex(stderr, /EMFILE/)
  t.is(code, 0)
})
