// Go's conformance test for connections (golang.org/x/net/nettest), through the relay of examples/relay on every backend. It
// needs Go, and the network once. The last line is `N passed, N failed`. Exit status: 0 fine, 1 not, 77 if there is no Go, or
// not what it is to download.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { leftOut } from './cross-check.mjs'
import { root, run, stopAllOnSignals, which } from './run.mjs'

const cwd = join(root, 'scripts/nettest')
const env = { GOTOOLCHAIN: 'local' }
const backends = process.platform === 'linux' ? ['epoll', 'poll', 'select'] : ['kqueue', 'poll', 'select']

/** An address that nothing listens on, for the test to listen on. */
async function freeAddress() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it has no port')
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${address.port}`
}

/** @param {string} backend */
async function testOn(backend) {
  const target = await freeAddress()
  const args = ['examples/relay/main.mjs', '--port', '0', '--to', target, '--backend', backend]
  const relay = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = await once(createInterface(relay.stdout), 'line')
    const [, address = ''] = /^relaying (\S+)/.exec(line) ?? []
    return await run('go', ['test', '-count=1', '-v', '.'], {
      cwd,
      env: { ...env, TARGET: target, RELAY: address },
    })
  } finally {
    relay.kill()
  }
}

async function main() {
  if (!which('go')) {
    console.log('no Go here (Debian: golang-go)')
    process.exitCode = leftOut
    return
  }
  const download = await run('go', ['mod', 'download'], { cwd, env, limitMs: 2 * 60_000 })
  if (download.code !== 0) {
    console.log(`Go cannot download golang.org/x/net: ${download.output.trim().split('\n').at(-1)}`)
    process.exitCode = leftOut
    return
  }
  let passed = 0
  let failed = 0
  for (const backend of backends) {
    const { code, output } = await testOn(backend)
    const ok = [...output.matchAll(/^ {4}--- PASS: /gm)].length
    const bad = [...output.matchAll(/^ {4}--- FAIL: /gm)].length
    passed += ok
    failed += code === 0 && ok > 0 ? bad : Math.max(bad, 1)
    console.log(`${backend}: ${ok} passed${code === 0 ? '' : `\n${output}`}`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

stopAllOnSignals()
await main()
