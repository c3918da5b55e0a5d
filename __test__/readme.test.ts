import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { commandFor } from './helpers/runtime.js'
import test from './helpers/test.js'

const root = new URL('../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const api = readFileSync(new URL('index.d.ts', root), 'utf8')

/** The example as a user has it: a file of its own that imports the package by name. */
function writeExample(): string {
  const code = /```ts\n(import[^`]*)```/.exec(readme)?.[1] ?? ''
  const file = new URL('build/readme-example.mjs', root)
  mkdirSync(new URL('build/', root), { recursive: true })
  writeFileSync(file, code.replace('port: 7000', 'port: 0'))
  return fileURLToPath(file)
}

test("the readme's example runs as it stands, echoes, and survives a reset", async (t) => {
  const [program = '', ...rest] = commandFor(writeExample())
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const port = Number(/port: (\d+)/.exec(line)?.[1])
  // One that is reset is survived.
  const rude = connect(port, '127.0.0.1')
  rude.write('hello')
  await once(rude, 'data')
  rude.resetAndDestroy()
  const socket = connect(port, '127.0.0.1')
  socket.end('hello')
  t.is(await text(socket), 'hello')
})

test("the readme's list of errors is the list of the types", (t) => {
  const typed = [...api.matchAll(/ {2}\| 'ERR_FDREACTOR_(\w+)'/g)].map(([, name = '']) => name).toSorted()
  const told = [...readme.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name = '']) => name).toSorted()
  t.true(typed.length > 5)
  t.deepEqual(told, typed)
})
