// examples/http-and-reactor: HTTP and the reactor in one thread. Its measures are counts, never times.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { fine, run } from '../helpers/child.js'
import { within } from '../helpers/echo-change.js'
import { hasLoop } from '../helpers/matrix.js'
import { readAll } from '../helpers/relay.js'
import { commandFor } from '../helpers/runtime.js'
import test from '../helpers/test.js'

const example = new URL('../../examples/http-and-reactor.mjs', import.meta.url)

/** What every script begins with: the app, and what asks it. */
const preamble = `
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { TcpStream } from 'fdreactor'
import { startApp } from '${example.href}'
const turnBudgetMs = Number(process.argv[2])
const app = await startApp(Number.isNaN(turnBudgetMs) ? {} : { turnBudgetMs })
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
async function ask() {
  const [response] = await once(get({ port: app.httpPort, agent }), 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}
`

const options = { isBare: true, isInPackage: true }

const WATCHED = 64

/** 64 descriptors that are always ready, each with 0.2 ms of work a call: there is always more than one thread can do. */
const load = `
const streams = Array.from({ length: ${WATCHED} }, () => TcpStream.connect({ port: app.echoPort }))
let calls = 0
for (const stream of streams)
  app.reactor.register(stream, { writable: true }, () => {
    calls += 1
    for (const end = performance.now() + 0.2; performance.now() < end;);
  })
const echo = connect(app.echoPort)
await once(echo, 'connect')
const between = { http: [], echo: [] }
for (let often = 0; often < 5; often += 1) {
  let before = calls
  const status = await ask()
  between.http.push(status === 200 ? calls - before : status)
  before = calls
  echo.write(String(often))
  const [bytes] = await once(echo, 'data')
  between.echo.push(bytes.toString() === String(often) ? calls - before : bytes.toString())
}
console.log(JSON.stringify(between))
process.exit()
`

interface Between {
  readonly http: readonly number[]
  readonly echo: readonly number[]
}

/** How often the load was called between a question and its answer. */
async function measure(budgetMs: number): Promise<Between> {
  const { stdout, stderr } = await run(preamble + load, { ...options, args: [String(budgetMs)] })
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout) as Between
}

test.serial('under full load HTTP is answered within a turn, and the reactor goes on', async (t) => {
  const { http, echo } = await measure(0.1)
  t.is(http.length, 5)
  for (const calls of http) t.true(calls < WATCHED, `${calls} calls before an answer`)
  t.true(Math.max(...http) > 0)
  // The echo waits for its turn: the rest of one batch, and its place in the next.
  for (const calls of echo) t.true(calls > 0 && calls < 4 * WATCHED, `${calls} calls before an echo`)
})

// Where a thread waits, the host's loop comes in between two turns as it likes.
const onLoop = hasLoop ? test.serial : test.serial.skip
onLoop('without a turn budget HTTP waits for whole turns', async (t) => {
  const { http } = await measure(Number.POSITIVE_INFINITY)
  for (const calls of http) t.true(calls >= WATCHED, `${calls} calls before an answer`)
})

const connected = `
for (const port of [app.httpPort, app.echoPort]) await once(connect(port).unref(), 'connect')
await ask()
`

const ends: readonly (readonly [what: string, script: string])[] = [
  ['both, idle', ''],
  ['both, with connections', connected],
  ['HTTP without the reactor', 'app.reactor.close()'],
  ['the reactor without HTTP', 'app.http.close()'],
]

for (const [what, script] of ends) {
  test.serial(`they do not keep the process: ${what}`, async (t) => {
    t.deepEqual(await run(preamble + script + "\nconsole.log('started')", options), fine('started\n'))
  })
}

for (const keeper of ['http', 'reactor']) {
  test.serial(`${keeper} keeps the process when it is told to`, async (t) => {
    const script = `
app.${keeper}.ref()
setTimeout(() => {
  console.log('still here')
  app.${keeper}.unref()
}, 50).unref()`
    t.deepEqual(await run(preamble + script, options), fine('still here\n'))
  })
}

test.serial(
  'from outside: both serve while the echo is flooded, and the end of the input ends it',
  async (t) => {
    const [program = '', ...args] = commandFor(fileURLToPath(example))
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    const [line] = (await within(once(createInterface(child.stdout), 'line'), 'the first line')) as [string]
    const [, httpPort, echoPort] = /^http on port (\d+), echo on port (\d+);/.exec(line) ?? []

    const size = 4 * 1024 * 1024
    const flood = { isDone: false }
    const echoes = Promise.all(
      Array.from({ length: 4 }, async () => {
        const bytes = randomBytes(size)
        const socket = connect({ port: Number(echoPort), allowHalfOpen: true })
        socket.end(bytes)
        return (await readAll(socket)).equals(bytes)
      }),
    ).finally(() => {
      flood.isDone = true
    })
    const seen: { readonly echoed: number; readonly callbacks: number }[] = []
    const ask = async (): Promise<void> => {
      const asked = once(get({ port: Number(httpPort), agent: false }), 'response')
      const [response] = (await within(asked, 'an answer')) as [IncomingMessage]
      seen.push((await json(response)) as (typeof seen)[number])
    }
    do await ask()
    while (!flood.isDone)
    t.deepEqual(await within(echoes, 'all echoes'), [true, true, true, true])
    await ask()
    t.is(seen.at(-1)?.echoed, 4 * size)
    t.deepEqual(
      seen,
      seen.toSorted((a, b) => a.callbacks - b.callbacks),
    )

    child.stdin.end()
    t.deepEqual(await within(ended, 'the end'), [0, null])
  },
)
