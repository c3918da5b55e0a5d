/** How a program of ours and the one that started it talk. */

export interface Asked {
  readonly id: number
  readonly request: unknown
}

/** `id` 0 says that the program is there. */
export type Answered = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string })

function say(answer: Answered): void {
  // When nobody listens any more, the program is about to end.
  if (process.connected) process.send?.(answer, undefined, undefined, () => {})
}

/**
 * Answers requests of the process that started this one, and ends with it: when it is gone, however it went, the channel
 * closes.
 */
export function serve(answer: (request: unknown) => unknown): void {
  const respond = async ({ id, request }: Asked): Promise<void> => {
    try {
      say({ id, value: (await answer(request)) ?? null })
    } catch (error) {
      say({ id, error: error instanceof Error ? error.message : String(error) })
    }
  }
  process.on('disconnect', () => process.exit())
  process.on('message', (asked: Asked) => {
    void respond(asked)
  })
  say({ id: 0, value: null })
}
