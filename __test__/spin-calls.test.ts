// The same from outside: the waits of an idle process, by system call. A wait that is cut into many would be one of
// `stats()`, and a helper thread that is woken for nothing would be none.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './helpers/child.js'
import { CASES } from './helpers/matrix.js'
import { testWith } from './helpers/tools.js'

const ROUNDS = 20

/** Every kind of registration that has nothing to say, in one reactor; then nothing happens for a while. */
const SCRIPT = `
import { openSync, readFileSync, readlinkSync, writeSync } from 'node:fs'

const opened = readdirSync('/proc/self/fd').filter((fd) => {
  try {
    return readlinkSync('/proc/self/fd/' + fd) === 'anon_inode:[eventpoll]'
  } catch {
    return false
  }
})
function accept(from) {
  const reactor = new Reactor({ driver: 'manual' })
  reactor.register(from, { readable: true }, () => {})
  if (reactor.poll(20_000) !== 1) throw new Error('no connection')
  reactor.close()
  return from.accept()
}
const port = { port: listener.localAddress.port }
const server = accept(listener)
const other = TcpStream.connect(port)
const half = accept(listener)
half.shutdown('write')
const more = TcpListener.bind({ port: 0 })
const waiting = TcpStream.connect({ port: more.localAddress.port })

const reactor = new Reactor(options)
const never = () => { throw new Error('nobody should hear of it') }
reactor.register(client, { readable: true, trigger }, never)
reactor.register(server, { writable: true, trigger }, never).pause()
reactor.register(listener, { readable: true, trigger, ref: false }, never)
const told = [reactor.register(more, { readable: true, trigger, oneshot: true }, () => {})]
if (backend !== 'select') told.push(reactor.register(other, { disconnect: true, trigger }, () => {}))
const removed = reactor.register(waiting, { writable: true, trigger }, (_, self) => self.modify({ readable: true }))
reactor.wake()
reactor.waker().wake()
while (told.some(({ state }) => state === 'armed')) {
  if (driver === 'manual') reactor.poll(10)
  else await sleep(1)
}
for (let round = 0; round < ${ROUNDS}; round += 1) {
  if (driver === 'manual') reactor.poll(0)
  await sleep(1)
}

const threads = readdirSync('/proc/self/task').filter(
  (task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8') === 'fdreactor\\n',
)
const mark = openSync('/dev/null', 'w')
writeSync(mark, 'it begins')
for (let round = 0; round < ${ROUNDS}; round += 1) {
  if (driver === 'manual') reactor.poll(5)
  else await sleep(1)
}
writeSync(mark, 'it ends')
console.log(JSON.stringify({ main: process.pid, threads: threads.map(Number), hosts: opened.map(Number) }))
process.exit()
`

interface Wait {
  readonly thread: number
  /** Whether the call begins here; strace writes its end apart when another thread was heard of meanwhile. */
  readonly isBegin: boolean
  /** Which epoll set it waits for. */
  readonly set: number | undefined
}

/** The calls that wait for descriptors, between the marks. */
function waitsOf(trace: string): Wait[] {
  const begin = trace.indexOf('"it begins"')
  const end = trace.indexOf('"it ends"')
  if (begin === -1 || end === -1) throw new Error('the marks are not in the trace')
  const calls = /^(\d+) +(<\.\.\. )?(epoll_p?wait2?|p?poll|p?select6?)(?:\((\d*)| resumed)/gm
  return [...trace.slice(begin, end).matchAll(calls)].map(([, thread, ending, name, first]) => ({
    thread: Number(thread),
    isBegin: ending === undefined,
    set: name?.startsWith('epoll') ? Number(first) : undefined,
  }))
}

for (const { backend, trigger, driver } of CASES) {
  testWith('strace')(`spin: counted by system calls::${backend}::${trigger}::${driver}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fdreactor-spin-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'trace')
    const calls = 'write,epoll_wait,epoll_pwait,epoll_pwait2,poll,ppoll,select,pselect6'
    const outcome = await run(SCRIPT, {
      args: [backend, driver, trigger],
      wrapper: ['strace', '-f', '-qq', '-e', 'signal=none', '-e', `trace=${calls}`, '-o', file],
    })
    t.like(outcome, { code: 0, stderr: '' })
    const { main, threads, hosts } = JSON.parse(outcome.stdout) as Record<'threads' | 'hosts', number[]> & {
      main: number
    }
    const waits = waitsOf(readFileSync(file, 'utf8'))
    const byMain = waits.filter(({ thread, isBegin }) => thread === main && isBegin)
    const byHost = byMain.filter(({ set }) => set !== undefined && hosts.includes(set)).length
    const ours = byMain.length - byHost
    const byThread = waits.filter(({ thread }) => threads.includes(thread)).length
    t.is(threads.length, driver === 'thread' ? 1 : 0)
    t.is(byThread, 0)
    if (driver === 'manual') {
      // Each waits once, and looks once more when the time is over.
      t.true(ours >= ROUNDS && ours <= 2 * ROUNDS, `${ours} waits in ${ROUNDS} polls`)
      t.is(byHost, 0)
    } else {
      t.is(ours, 0)
      // One a timer, and a few for rounding.
      t.true(byHost >= ROUNDS && byHost <= 5 * ROUNDS, `${byHost} waits of the host for ${ROUNDS} timers`)
    }
  })
}
