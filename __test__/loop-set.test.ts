// What the kernel refuses a set that stands in the host's own. libuv would hear of it when the loop goes round next, and abort
// the process: so a reactor is in the loop's set before anything goes too far, and what goes too far is refused by name.
import { fine, run } from './helpers/child.js'
import { CASES } from './helpers/matrix.js'
import type { Case } from './helpers/matrix.js'
import test from './helpers/test.js'
import type { ExecutionContext } from './helpers/test.js'

/** Where it happens, and whether libuv speaks to the kernel call by call or in a ring of calls. */
const WAYS = [
  { way: '', place: 'main', ring: '0' },
  { way: ', in a ring of calls', place: 'main', ring: '1' },
  { way: ', in a worker', place: 'worker', ring: '0' },
  { way: ', in a ring of calls of a worker', place: 'worker', ring: '1' },
] as const

const PREAMBLE = `
import { readlinkSync } from 'node:fs'
import { Worker, isMainThread } from 'node:worker_threads'
const place = process.argv[5]
const codeOf = (attempt) => {
  try {
    attempt()
    return ''
  } catch ({ syscall, code, message }) {
    return (syscall ?? message) + ' ' + code
  }
}
const watch = (outer, fd) => outer.register(fd, { readable: true }, () => {})
`

/**
 * Runs `script` before the loop of its thread has gone round once, and it returns what it was refused. After that `reactor` hears
 * as ever, and the process ends by itself.
 */
function each(
  title: string,
  script: string,
  check: (t: ExecutionContext, refusal: string, which: Case) => void,
  where: (which: Case) => boolean = () => true,
): void {
  for (const which of CASES.filter(
    (one) => one.backend === 'epoll' && one.trigger === 'level' && where(one),
  )) {
    for (const { way, place, ring } of WAYS.slice(0, which.driver === 'loop' ? WAYS.length : 1)) {
      test(`${title}${way}::epoll::level::${which.driver}`, async (t) => {
        const { stdout, ...end } = await run(
          `${PREAMBLE}
          if (isMainThread && place === 'worker') new Worker(new URL(import.meta.url), { argv: process.argv.slice(2, 5) })
          else {
            let reactor = new Reactor(options)
            const refuse = () => { ${script} }
            console.log(refuse())
            const end = () => {
              console.log('heard')
              reactor.close()
            }
            reactor.register(client, { writable: true }, end)
            if (driver === 'manual') reactor.poll()
          }`,
          { args: [which.backend, which.driver, which.trigger, place], env: { UV_USE_IO_URING: ring } },
        )
        const [refusal = '', ...rest] = stdout.split('\n')
        t.deepEqual({ ...end, stdout: rest.join('\n') }, fine('heard\n'))
        check(t, refusal, which)
      })
    }
  }
}

each(
  'of the duplicates of one file the 501st is refused in the loop, and nothing aborts',
  `const [reader] = kit.pipe()
  for (let count = 0; count < 600; count += 1) {
    const code = codeOf(() => watch(reactor, kit.dup(reader)))
    if (code !== '') return count + ' ' + code
  }
  return 'none'`,
  (t, refusal, { driver }) => t.is(refusal, driver === 'loop' ? '500 epoll_ctl EINVAL' : 'none'),
)

each(
  'of reactors within each other one less is taken in the loop, and nothing aborts',
  `let outer = reactor
  for (let count = 0; ; count += 1) {
    const inner = new Reactor({ driver: 'manual' })
    const code = codeOf(() => watch(outer, inner.fd))
    if (code !== '') return count + ' ' + code
    outer = inner
  }`,
  // The kernel has two rules about it, and two errors.
  (t, refusal, { driver }) =>
    t.regex(refusal, driver === 'loop' ? /^3 epoll_ctl E(?:LOOP|INVAL)$/ : /^4 epoll_ctl E(?:LOOP|INVAL)$/),
)

each(
  'a loop that stands too deep in other sets is refused a reactor, by an error of the constructor',
  `reactor.close()
  const isSet = (fd) => {
    try {
      return readlinkSync('/proc/self/fd/' + fd) === 'anon_inode:[eventpoll]'
    } catch {
      return false
    }
  }
  // Those of node itself: its own and those of its threads.
  const sets = readdirSync('/proc/self/fd').map(Number).filter(isSet)
  let outer = new Reactor({ driver: 'manual' })
  for (const fd of sets) watch(outer, fd)
  for (let code = ''; code === ''; ) {
    const inner = outer
    outer = new Reactor({ driver: 'manual' })
    code = codeOf(() => watch(outer, inner.fd))
  }
  reactor = new Reactor({ driver: 'thread' })
  return codeOf(() => new Reactor({ driver: 'loop' }))`,
  (t, refusal) => t.regex(refusal, /^epoll_ctl E(?:LOOP|INVAL)$/),
  ({ driver }) => driver === 'loop',
)
