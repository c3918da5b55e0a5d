// What the kernel is told, seen from outside: an option that is set cannot be read back through the API.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../helpers/child.js'
import { testWith } from '../helpers/tools.js'

testWith('strace')('socket options reach the kernel as they were given', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-options-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const trace = join(folder, 'trace')
  const { code, stderr } = await run(
    `
    client.setNoDelay().setNoDelay(false).setKeepAlive(true, 1500.5).setKeepAlive(false)
    const shared = TcpListener.bind({ host: '::1', port: 0, reusePort: true, ipv6Only: true, backlog: 7 })
    TcpListener.bind({ port: 0, reuseAddress: false }).close()
    shared.close()
    client.reset()
    listener.close()
    `,
    { wrapper: ['strace', '-f', '-qq', '-e', 'trace=setsockopt,listen', '-o', trace] },
  )
  t.is(code, 0, stderr)
  const calls = [...readFileSync(trace, 'utf8').matchAll(/(setsockopt|listen)\(\d+, (.+?)\) += 0/g)].map(
    ([, name, args]) => `${name} ${args}`,
  )
  t.deepEqual(calls, [
    // What every script begins with: a listener.
    'setsockopt SOL_SOCKET, SO_REUSEADDR, [1], 4',
    'listen 511',
    'setsockopt SOL_TCP, TCP_NODELAY, [1], 4',
    'setsockopt SOL_TCP, TCP_NODELAY, [0], 4',
    'setsockopt SOL_SOCKET, SO_KEEPALIVE, [1], 4',
    'setsockopt SOL_TCP, TCP_KEEPIDLE, [2], 4',
    'setsockopt SOL_SOCKET, SO_KEEPALIVE, [0], 4',
    'setsockopt SOL_SOCKET, SO_REUSEADDR, [1], 4',
    'setsockopt SOL_SOCKET, SO_REUSEPORT, [1], 4',
    'setsockopt SOL_IPV6, IPV6_V6ONLY, [1], 4',
    'listen 7',
    'setsockopt SOL_SOCKET, SO_REUSEADDR, [0], 4',
    'listen 511',
    'setsockopt SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8',
  ])
})
