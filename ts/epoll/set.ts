// The set that all instances of a thread share, as they share one in the package `epoll`: a descriptor is in it once.
import { statfsSync } from 'node:fs'
import { Reactor } from '../index.js'
import type { Registration } from '../index.js'
import { eventsOf, isExclusive, isTooExclusive, planOf } from './events.js'
import type { Plan } from './events.js'
import { asRefusal, refusal } from './refusal.js'

/** Whom a descriptor's events go to. */
export interface Owner {
  /** Called with what epoll_wait(2) would report. */
  tell(fd: number, events: number): void
  /** The descriptor is no longer in the set. */
  lose(fd: number): void
}

interface Watch {
  readonly owner: Owner
  readonly reactor: Reactor
  readonly registration: Registration
  plan: Plan
  isSilent: boolean
}

/** Made when needed, and kept: what has nothing registered keeps no process alive. */
const reactors: { loop?: Reactor; thread?: Reactor } = {}
const watches = new Map<number, Watch>()

/** File systems with files that forget an event when anybody asks for it: linux/magic.h. */
const FORGETFUL = new Set([
  0x9f_a0, // proc: mounts, sys/kernel/hostname, pressure
  0x27_e0_eb, // cgroup
  0x63_67_72_70, // cgroup2: memory.pressure
])

/**
 * Whether only one may ask this file. The host's loop watches the set of a reactor on it, so both ask, the loop first: a helper
 * thread asks alone.
 */
function isForgetful(fd: number): boolean {
  try {
    return FORGETFUL.has(statfsSync(`/proc/self/fd/${fd}`).type)
  } catch {
    // It is not open, which the reactor will say, or there is no /proc.
    return false
  }
}

/** Makes what every instance needs. @throws as `new Reactor`, where there is no epoll */
export function open(): Reactor {
  return (reactors.loop ??= new Reactor({ backend: 'epoll' }))
}

function reactorFor(fd: number): Reactor {
  return isForgetful(fd) ? (reactors.thread ??= new Reactor({ backend: 'epoll', driver: 'thread' })) : open()
}

/** @throws what epoll_ctl(2) would say of a descriptor that is not in the set */
function refuseAbsent(fd: number): never {
  if (fd < 0) throw refusal('EBADF', fd)
  let error: unknown
  try {
    reactorFor(fd)
      .register(fd, { writable: true, oneshot: true, ref: false }, () => {})
      .close()
    error = refusal('ENOENT', fd)
  } catch (reason) {
    error = asRefusal(reason, fd)
  }
  throw error
}

function forget(fd: number, watch: Watch): void {
  watches.delete(fd)
  watch.owner.lose(fd)
}

/** What an event that is about to be told entails. It comes first: the callback may change everything. */
function settle(fd: number, watch: Watch): void {
  const { plan, registration } = watch
  if (plan.after === 'silence') watch.isSilent = true
  if (plan.after === 'rearm' || (plan.after === 'unpark' && registration.state === 'parked')) {
    try {
      registration.rearm()
    } catch {
      // It was closed meanwhile, and this was its last event.
      forget(fd, watch)
    }
  }
}

/** EPOLL_CTL_ADD. */
export function add(owner: Owner, fd: number, events: number): void {
  if (fd < 0) throw refusal('EBADF', fd)
  const plan = planOf(events)
  const reactor = reactorFor(fd)
  if (isTooExclusive(events)) throw refusal('EINVAL', fd)
  const before = watches.get(fd)
  // A file stays of its kind: the number has another one by now.
  if (before !== undefined && before.reactor !== reactor) before.registration.close()
  let watch: Watch | undefined
  try {
    const registration = reactor.register(fd, plan.interest, (readiness) => {
      if (watch === undefined || watch.isSilent) return
      const told = eventsOf(readiness, watch.plan.mask)
      if (told === 0) return
      settle(fd, watch)
      watch.owner.tell(fd, told)
    })
    watch = { owner, reactor, registration, plan, isSilent: false }
  } catch (error) {
    if (before?.registration.state === 'closed') forget(fd, before)
    throw asRefusal(error, fd)
  }
  // It had been closed without being removed, and makes way.
  if (before !== undefined) forget(fd, before)
  watches.set(fd, watch)
}

/** EPOLL_CTL_MOD. */
export function modify(fd: number, events: number): void {
  const watch = watches.get(fd)
  if (watch === undefined) return refuseAbsent(fd)
  if (isExclusive(events | watch.plan.mask)) throw refusal('EINVAL', fd)
  const plan = planOf(events)
  try {
    watch.registration.modify(plan.interest)
  } catch (error) {
    if (watch.registration.state === 'closed') forget(fd, watch)
    throw asRefusal(error, fd)
  }
  watch.plan = plan
  watch.isSilent = false
}

/** EPOLL_CTL_DEL. Whatever the kernel says, it is out of the set then. */
export function remove(fd: number): void {
  const watch = watches.get(fd)
  if (watch === undefined) return refuseAbsent(fd)
  drop(fd)
  const { closeError } = watch.registration
  if (closeError !== undefined) throw asRefusal(closeError, fd)
}

/** Takes a descriptor out of the set, and lets the kernel's opinion be. */
export function drop(fd: number): void {
  const watch = watches.get(fd)
  if (watch === undefined) return
  forget(fd, watch)
  watch.registration.close()
}
