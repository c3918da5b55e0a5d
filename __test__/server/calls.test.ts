// The price of a message, in system calls of the server's thread: four, the wait of the host's loop, our own, a read and a send.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { library, run } from '../helpers/child.js'
import { CASES, isNative } from '../helpers/matrix.js'
import { testWith } from '../helpers/tools.js'

const MESSAGES = 300
/** Until everything is compiled and in its place. */
const WARM_UP = 100

/** An echo server whose one client, another process, sends one message after another. */
const SCRIPT = `
import { spawn } from 'node:child_process'
import { openSync, writeSync } from 'node:fs'
const { listen } = await import('${library}')
listener.close()
client.close()
const reactor = new Reactor(options)
const mark = openSync('/dev/null', 'w')
let count = 0
let began
let between
const since = (before, after) =>
  Object.fromEntries(['waits', 'reads', 'writes', 'accepts', 'changes'].map((key) => [key, after[key] - before[key]]))
const server = listen({
  reactor, trigger, port: 0,
  socket: {
    data(link, bytes) {
      count += 1
      if (count === ${WARM_UP}) {
        writeSync(mark, 'it begins')
        began = reactor.stats()
      }
      if (count === ${WARM_UP + MESSAGES}) {
        writeSync(mark, 'it ends')
        between = since(began, reactor.stats())
      }
      link.write(bytes)
    },
    close() {
      writeSync(mark, 'it is over')
      console.log(JSON.stringify({ fd: reactor.fd, stats: reactor.stats(), between }))
      process.exit()
    },
  },
})
const source = \`
  const socket = require('node:net').connect(\${server.port}, '127.0.0.1').setNoDelay(true)
  let count = 0
  const next = () => { count += 1; if (count > ${WARM_UP + MESSAGES}) socket.end(); else socket.write('a message') }
  socket.on('data', next).on('connect', next)
\`
spawn(process.execPath, ['-e', source], { stdio: 'ignore' })
`

interface Told {
  readonly fd: number
  readonly stats: Record<string, number>
  readonly between: Record<string, number>
}

for (const { backend, trigger, driver } of CASES.filter(
  (which) => isNative(which) && which.driver === 'loop',
)) {
  testWith('strace')(
    `a message costs at most four system calls::${backend}::${trigger}::${driver}`,
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'fdreactor-calls-'))
      t.teardown(() => rmSync(folder, { recursive: true, force: true }))
      const file = join(folder, 'trace')
      const outcome = await run(SCRIPT, {
        args: [backend, driver, trigger],
        // Only this thread: its helpers and its child are not followed.
        wrapper: ['strace', '-qq', '-e', 'signal=none', '-o', file],
      })
      t.like(outcome, { code: 0, stderr: '' })
      const trace = readFileSync(file, 'utf8')
      const between = trace.slice(trace.indexOf('"it begins"'), trace.indexOf('"it ends"'))
      const count = (call: RegExp): number => [...between.matchAll(call)].length
      const socket = /^sendto\((\d+),/m.exec(between)?.[1]
      const [sends, reads] = [
        count(/^sendto\(/gm),
        count(new RegExp(`^(?:read|recvfrom)\\(${socket},`, 'gm')),
      ]
      const [ours, hosts] = [count(/^epoll_wait\(/gm), count(/^epoll_pwait2?\(/gm)]
      // From the answer to the first to the reading of the last.
      t.deepEqual([sends, reads, ours], [MESSAGES, MESSAGES, MESSAGES])
      // One each where nobody else computes. On a busy machine the host looks again before anything has come, which is not ours.
      t.true(hosts >= MESSAGES && hosts < 2 * MESSAGES, `${hosts} waits of the host`)
      const others = count(
        /^(?:epoll_ctl|fcntl|ioctl|getsockopt|setsockopt|getpeername|fstat|timerfd_settime)\(/gm,
      )
      t.is(others, 0)
      // What the reactor says of itself, from one callback to another and in all.
      const told = JSON.parse(outcome.stdout) as Told
      const seen = { waits: ours, reads, writes: sends, accepts: 0, changes: 0 }
      t.deepEqual(told.between, seen)
      const whole = trace.slice(0, trace.indexOf('"it is over"'))
      const inAll = (call: RegExp): number => [...whole.matchAll(call)].length
      t.deepEqual(
        { accepts: told.stats['accepts'], writes: told.stats['writes'], changes: told.stats['changes'] },
        {
          accepts: inAll(/^accept4\(/gm),
          writes: inAll(new RegExp(`^sendto\\(${socket},`, 'gm')),
          // Its own waker's entry is there from the beginning.
          changes: inAll(new RegExp(`^epoll_ctl\\(${told.fd},`, 'gm')) - 1,
        },
      )
    },
  )
}
