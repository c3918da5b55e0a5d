/** What was done in histories, counted. Only what found something to do counts, such as a write to a number that is open. */
export class Tally {
  /** Operations that were carried out, turns included. */
  steps = 0
  readonly #counts = new Map<string, number>()

  /** An operation was carried out: `where` says whether in a callback. */
  step(what: string, where: 'outside' | 'inside'): void {
    this.steps += 1
    this.note(`${what}, ${where}`)
  }

  /** Something came of it. */
  note(what: string): void {
    this.#counts.set(what, this.count(what) + 1)
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  add(other: Tally): void {
    this.steps += other.steps
    for (const [what, count] of other.#counts) this.#counts.set(what, this.count(what) + count)
  }

  /** All of it, one a line. */
  toString(): string {
    return [...this.#counts]
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([what, count]) => `${what}: ${count}`)
      .join('\n')
  }
}
