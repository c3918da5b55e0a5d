/** What a server has done so far, for the command `status`. */
export interface Counts {
  readonly connections: number
  readonly accepted: number
  readonly received: number
  readonly sent: number
  readonly kept: number
  readonly turns: number
  readonly events: number
  readonly callbacks: number
  /** Waits, changes of what is watched, accepts, reads and writes. */
  readonly systemCalls: number
  /** The longest that a turn kept the thread. */
  readonly slowestTurnMs: number
}

/** Of several servers together; of the slowest turns, the slowest. */
export function sum(all: readonly Counts[]): Counts {
  const total = (key: keyof Counts): number => all.reduce((so, counts) => so + counts[key], 0)
  return {
    connections: total('connections'),
    accepted: total('accepted'),
    received: total('received'),
    sent: total('sent'),
    kept: total('kept'),
    turns: total('turns'),
    events: total('events'),
    callbacks: total('callbacks'),
    systemCalls: total('systemCalls'),
    slowestTurnMs: Math.max(0, ...all.map((counts) => counts.slowestTurnMs)),
  }
}
