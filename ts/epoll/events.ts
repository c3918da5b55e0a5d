import { Ready } from '../index.js'
import type { Interest, Readiness } from '../index.js'

/** The constants of epoll_ctl(2) that the package `epoll` has. */
export const CONSTANTS = {
  EPOLLIN: 0x1,
  EPOLLOUT: 0x4,
  EPOLLRDHUP: 0x2000,
  EPOLLPRI: 0x2,
  EPOLLERR: 0x8,
  EPOLLHUP: 0x10,
  EPOLLET: 0x8000_0000,
  EPOLLONESHOT: 0x4000_0000,
} as const

const { EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLPRI, EPOLLERR, EPOLLHUP, EPOLLET, EPOLLONESHOT } = CONSTANTS
/** What Linux tells beside EPOLLIN and EPOLLOUT; no constant of theirs, but a mask may have them. */
const EPOLLRDNORM = 0x40
const EPOLLWRNORM = 0x100
const EPOLLEXCLUSIVE = 0x1000_0000
/** What may stand beside it. */
const EXCLUSIVE_OK = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLET | 0x2000_0000 /* EPOLLWAKEUP */

/** What is told of a readiness, where it was asked for. */
const TOLD = [
  [Ready.READABLE, EPOLLIN | EPOLLRDNORM],
  [Ready.WRITABLE, EPOLLOUT | EPOLLWRNORM],
  [Ready.PRIORITY, EPOLLPRI],
  [Ready.READ_CLOSED, EPOLLRDHUP],
  [Ready.HANGUP, EPOLLHUP],
  [Ready.ERROR, EPOLLERR],
] as const

/** epoll_ctl(2): always reported, asked for or not. */
const ALWAYS = EPOLLERR | EPOLLHUP

/** How a mask is put to a reactor. */
export interface Plan {
  readonly interest: Interest
  /** The events that may be told. */
  readonly mask: number
  /**
   * What an event that was told entails.
   * - `'unpark'`: epoll repeats a hang-up for as long as it lasts, a reactor tells it once.
   * - `'rearm'`: it was watched by edges and is to be told as a level.
   * - `'silence'`: nothing more until it is modified.
   */
  readonly after: 'nothing' | 'unpark' | 'rearm' | 'silence'
}

/** Whether a mask has EPOLLEXCLUSIVE. */
export const isExclusive = (mask: number): boolean => (mask & EPOLLEXCLUSIVE) !== 0

/** Whether a mask has EPOLLEXCLUSIVE and something that does not go with it. */
export const isTooExclusive = (mask: number): boolean =>
  isExclusive(mask) && (mask & ~(EXCLUSIVE_OK | EPOLLEXCLUSIVE)) !== 0

/**
 * The plan for a mask of epoll_ctl(2).
 *
 * A reactor takes no interest as a pause, and leaves alone what has hung up if neither readable nor writable is asked. epoll does
 * neither. So where that would show, the descriptor is watched for reading as well, by edges, and what was not asked is not told.
 */
export function planOf(events: number): Plan {
  const asked = (...bits: readonly number[]): boolean => bits.some((bit) => (events & bit) !== 0)
  const readable = asked(EPOLLIN, EPOLLRDNORM)
  const writable = asked(EPOLLOUT, EPOLLWRNORM)
  const priority = asked(EPOLLPRI)
  const disconnect = asked(EPOLLRDHUP)
  const isEdge = asked(EPOLLET)
  const oneshot = asked(EPOLLONESHOT)
  const exclusive = isExclusive(events)
  const mask = events | ALWAYS
  const movesData = readable || writable
  if (!(movesData || priority || disconnect) || (!movesData && isEdge && !oneshot)) {
    const after = oneshot ? 'silence' : isEdge ? 'nothing' : 'rearm'
    return {
      interest: { readable: true, priority, disconnect, trigger: 'edge', oneshot: false, exclusive },
      mask,
      after,
    }
  }
  return {
    interest: {
      readable,
      writable,
      priority,
      disconnect,
      trigger: isEdge ? 'edge' : 'level',
      oneshot,
      exclusive,
    },
    mask,
    after: movesData || isEdge || oneshot ? 'nothing' : 'unpark',
  }
}

/** What of a readiness is told to who asked for `mask`. */
export function eventsOf(readiness: Readiness, mask: number): number {
  let events = 0
  for (const [bit, told] of TOLD) if ((readiness & bit) !== 0) events |= told
  return events & mask
}
