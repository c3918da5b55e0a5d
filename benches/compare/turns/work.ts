import { Reactor } from 'fdreactor'
import type { Registration } from 'fdreactor'
import { getSystemErrorName } from 'node:util'
import { native } from '#internal'
import type { Side, Trigger, Variant } from '../result.js'

/** Descriptors that become ready at will. They are the addon's, so that making them ready costs both sides the same. */
export type DescriptorSet = InstanceType<typeof native.BenchSet>

export type Kind = 'eventfd' | 'pipe' | 'socket'

export const KINDS: readonly Kind[] = ['eventfd', 'pipe', 'socket']

/** How many descriptors one watched one takes. */
export const DESCRIPTORS: Readonly<Record<Kind, number>> = { eventfd: 1, pipe: 2, socket: 2 }

/** Ready events taken in one wait; the most that a reactor allows. */
const MOST_EVENTS = 65_536

function check(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: ${getSystemErrorName(result)}`)
  return result
}

export function makeSet(kind: Kind, size: number): DescriptorSet {
  const set = new native.BenchSet()
  check(set.fill(KINDS.indexOf(kind), size), `making ${size} descriptors of the kind ${kind}`)
  return set
}

/** The work that is timed. Every step does it for all descriptors of the set. */
export interface Work {
  register(): void
  modify(): void
  remove(): void
  /** Makes `active` ready and hears of all of them, `rounds` times. */
  turns(active: number, rounds: number): void
  close(): void
}

const nothing = (): void => undefined

/** Only makes the descriptors ready: what the turns of others have on top of it is their own cost. */
export function stimulus(set: DescriptorSet, side: Side): Work {
  return {
    register: nothing,
    modify: nothing,
    remove: nothing,
    turns(active, rounds) {
      // As often as the others cross into the addon for it.
      if (side === 'native') check(set.stimulate(active, rounds), 'stimulate')
      else for (let round = 0; round < rounds; round += 1) check(set.stimulate(active, 1), 'stimulate')
    },
    close: nothing,
  }
}

class ApiWork implements Work {
  readonly #set: DescriptorSet
  readonly #reactor: Reactor
  readonly #trigger: Trigger
  readonly #registrations: Registration[] = []
  #heard = 0

  constructor(set: DescriptorSet, { backend, trigger }: Variant, size: number, unboundedSelect: boolean) {
    this.#set = set
    this.#trigger = trigger
    const batchSize = Math.min(Math.max(size, 64), MOST_EVENTS)
    this.#reactor = new Reactor({ backend, driver: 'manual', batchSize, unboundedSelect })
  }

  register(): void {
    const interest = { readable: true, trigger: this.#trigger }
    const callback = (): void => {
      this.#heard += 1
    }
    for (const fd of this.#set.descriptors()) {
      this.#registrations.push(this.#reactor.register(fd, interest, callback))
    }
  }

  modify(): void {
    const interest = { readable: true, trigger: this.#trigger }
    for (const registration of this.#registrations) registration.modify(interest)
  }

  remove(): void {
    for (const registration of this.#registrations) registration.close()
    this.#registrations.length = 0
  }

  turns(active: number, rounds: number): void {
    for (let round = 0; round < rounds; round += 1) {
      const due = this.#heard + check(this.#set.stimulate(active, 1), 'stimulate')
      while (this.#heard < due) {
        if (this.#reactor.poll(0) === 0)
          throw new Error('a descriptor became ready and nothing was heard of it')
      }
      if (this.#heard > due) throw new Error('more was heard than became ready')
    }
  }

  close(): void {
    this.#reactor.close()
  }
}

class NativeWork implements Work {
  readonly #set: DescriptorSet
  readonly #backend: number
  readonly #edge: boolean

  constructor(set: DescriptorSet, { backend, trigger }: Variant) {
    this.#set = set
    this.#backend = native.contract().backends.indexOf(backend)
    this.#edge = trigger === 'edge'
  }

  register(): void {
    check(this.#set.register(this.#backend, this.#edge), 'register')
  }

  modify(): void {
    check(this.#set.modify(), 'modify')
  }

  remove(): void {
    check(this.#set.deregister(), 'deregister')
  }

  turns(active: number, rounds: number): void {
    const heard = check(this.#set.rounds(active, rounds), 'turns')
    if (heard !== active * rounds) throw new Error(`${active * rounds} stimuli, ${heard} events`)
  }

  close(): void {
    this.#set.deregister()
  }
}

export function makeWork(
  set: DescriptorSet,
  variant: Variant,
  side: Side,
  size: number,
  unboundedSelect: boolean,
): Work {
  return side === 'api' ? new ApiWork(set, variant, size, unboundedSelect) : new NativeWork(set, variant)
}
