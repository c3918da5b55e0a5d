// What a message costs, counted in system calls.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../helpers/echo-connection.js'
import { each, startColumn } from '../helpers/echo-columns.js'

const MESSAGES = 500

each(
  'an echoed message costs three system calls of ours: a wait, a read and a write',
  async (t, column) => {
    const folder = mkdtempSync(join(tmpdir(), 'fdreactor-cost-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const trace = join(folder, 'trace')
    const wrapper = ['strace', '-D', '-f', '-qq', '-e', 'signal=none', '-o', trace]
    const server = await startColumn(t, column, ['--quiet'], { wrapper })
    const client = await Client.open(server)
    const message = Buffer.alloc(64, 'x')
    // The first ones compile code and grow tables.
    for (let i = 0; i < 50; i += 1) await client.roundTrip(message)
    const before = readFileSync(trace, 'utf8').length
    for (let i = 0; i < MESSAGES; i += 1) await client.roundTrip(message)
    // Those of the loop's own thread, and not how often Node waits: once or twice a message, as the client is quick or slow. A
    // read of Node's own slips in now and then.
    const calls = readFileSync(trace, 'utf8')
      .slice(before)
      .split('\n')
      .filter((line) => line.startsWith(`${server.pid} `) && /^\d+ +(epoll_wait|read|write)\(/.test(line))
    t.true(
      calls.length >= MESSAGES * 2 && calls.length <= MESSAGES * 3.1,
      `${calls.length} calls for ${MESSAGES} messages`,
    )
    client.close()
  },
  // What it costs on `listen` is counted in __test__/server.
  { linux: true, tools: ['strace'], on: [{ backend: 'epoll', trigger: 'level' }] },
)
