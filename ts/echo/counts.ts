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
}

export function statusLine(counts: Counts): string {
  const { connections, accepted, received, sent, kept, turns, events, callbacks } = counts
  return (
    `status: ${connections} connections, ${accepted} accepted, ${received} bytes received, ${sent} sent, ${kept} kept, ` +
    `${turns} turns, ${events} events, ${callbacks} callbacks`
  )
}

/** Of several servers together. */
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
  }
}
