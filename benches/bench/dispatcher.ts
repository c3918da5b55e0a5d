/** The program that has callbacks called for descriptors that are always ready, by this package or by the package epoll. */
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'
import { Reactor } from 'fdreactor'
import { native } from '#internal'
import { serve } from '../shared/channel.js'

export interface DispatchRequest {
  /** The file of the package epoll; empty for this package. */
  readonly file: string
  readonly descriptors: number
  readonly seconds: number
}

export interface DispatchOutcome {
  readonly callbacks: number
  readonly seconds: number
  /** Microseconds. */
  readonly user: number
  readonly system: number
}

interface Poller {
  add(fd: number, events: number): Poller
  remove(fd: number): Poller
  close(): void
}

interface EpollPackage {
  readonly Epoll: (new (callback: () => void) => Poller) & { readonly EPOLLIN: number }
}

const PIPE = 1
let heard = 0
const hear = (): void => {
  heard += 1
}

/** Watches all of `fds` and returns what ends that. */
function watch(file: string, fds: readonly number[]): () => void {
  if (file === '') {
    const reactor = new Reactor()
    for (const fd of fds) reactor.register(fd, { readable: true }, hear)
    return () => reactor.close()
  }
  const { Epoll } = createRequire(import.meta.url)(file) as EpollPackage
  const poller = new Epoll(hear)
  for (const fd of fds) poller.add(fd, Epoll.EPOLLIN)
  return () => {
    for (const fd of fds) poller.remove(fd)
    poller.close()
  }
}

async function measure({ file, descriptors, seconds }: DispatchRequest): Promise<DispatchOutcome> {
  const set = new native.BenchSet()
  const made = set.fill(PIPE, descriptors)
  if (made < 0) throw new Error(`making ${descriptors} pipes: ${getSystemErrorName(made)}`)
  // Nobody reads what is in them.
  set.stimulate(descriptors, 1)
  const end = watch(file, set.descriptors())
  // Until it runs as fast as it will.
  await sleep(seconds * 250)
  const [callbacks, start, cpu] = [heard, performance.now(), process.cpuUsage()]
  await sleep(seconds * 1000)
  const { user, system } = process.cpuUsage(cpu)
  const outcome = { callbacks: heard - callbacks, seconds: (performance.now() - start) / 1000, user, system }
  end()
  set.close()
  return outcome
}

serve((asked) => measure(asked as DispatchRequest))
