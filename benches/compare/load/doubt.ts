import type { Outcome } from './protocol.js'

/** Latencies of the last hundredth are the generator's own if it was late with that many. */
const MOST_LATE = 0.01

/** Whether the generator did not offer what was planned: then a figure says nothing against the server. */
export function isShort({ planned, sent, late }: Pick<Outcome, 'planned' | 'sent' | 'late'>): boolean {
  return sent < planned || late > planned * MOST_LATE
}

const sum = (outcomes: readonly Outcome[], key: 'planned' | 'sent' | 'received' | 'late'): number =>
  outcomes.reduce((total, outcome) => total + outcome[key], 0)

const count = (value: number): string => value.toLocaleString('en-US')

/** Why the rounds' figures do not tell of the server alone, if so. */
export function doubtOf(outcomes: readonly Outcome[]): string | undefined {
  const planned = sum(outcomes, 'planned')
  const sent = sum(outcomes, 'sent')
  const lost = sent - sum(outcomes, 'received')
  if (lost > 0) return `${count(lost)} of ${count(sent)} messages did not come back in time.`
  const short = outcomes.filter((outcome) => isShort(outcome))
  // The median of the rounds is not moved by a few.
  if (short.length * 2 <= outcomes.length) return undefined
  const late = sum(outcomes, 'late')
  return (
    `Not offered: in ${short.length} of ${outcomes.length} rounds the generator could not keep to the rate ` +
    `(${count(planned)} messages planned, ${count(sent)} sent, ${count(late)} of them late), so latencies are partly its own.`
  )
}
