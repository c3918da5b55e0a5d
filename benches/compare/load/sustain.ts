/** A rate is sustained when all of it was sent, all came back, and 99 of 100 messages did within this. */
export const SUSTAINED_P99_MS = 10

/** Each halves the distance, as a factor: 2, 1.41, 1.19, 1.09. */
const BISECTIONS = 3
const MOST_DOUBLINGS = 12
const MOST_HALVINGS = 4

type Probe = (rate: number) => Promise<boolean>

/** The first of `start`, `start` / 2, ... that holds, or 0. */
async function halved(start: number, holds: Probe): Promise<number> {
  for (let step = 0; step <= MOST_HALVINGS; step += 1) {
    const rate = start / 2 ** step
    if (await holds(rate)) return rate
  }
  return 0
}

/** The last of `start`, `start` * 2, ... before the first that does not hold. */
async function doubled(start: number, holds: Probe): Promise<number> {
  for (let step = 1; step <= MOST_DOUBLINGS; step += 1) {
    if (!(await holds(start * 2 ** step))) return start * 2 ** (step - 1)
  }
  return start * 2 ** MOST_DOUBLINGS
}

/**
 * The highest rate that holds, within 9 %: doubled until one does not, then bisected. 0: not even a sixteenth of `start` does.
 * A rate holds if it does in one of two tries: a single hiccup of the machine does not end the search.
 */
export async function highest(start: number, probe: Probe): Promise<number> {
  const holds: Probe = async (rate) => (await probe(rate)) || (await probe(rate))
  const found = await halved(start, holds)
  if (found === 0) return 0
  let low = found < start ? found : await doubled(start, holds)
  let high = low * 2
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = Math.sqrt(low * high)
    if (await holds(middle)) low = middle
    else high = middle
  }
  return low
}
