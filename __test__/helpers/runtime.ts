/** The JavaScript runtime that runs the tests, and how it is told to run a program. */

export const runtime: 'node' | 'bun' | 'deno' =
  process.versions['bun'] !== undefined ? 'bun' : process.versions['deno'] !== undefined ? 'deno' : 'node'

/** What a program can ask of it. */
export interface Wishes {
  /** `gc()`. */
  readonly collector?: boolean
  /** To understand TypeScript. */
  readonly typescript?: boolean
}

/** The command that runs a file. */
export function commandFor(file: string, { collector = false, typescript = false }: Wishes = {}): string[] {
  const all: Record<typeof runtime, string[]> = {
    node: [...(collector ? ['--expose-gc'] : []), ...(typescript ? ['--import=tsx'] : [])],
    bun: collector ? ['--expose-gc'] : [],
    // Deno looks for the file that is named, where the others know that x.js stands for x.ts.
    deno: [
      'run',
      '--allow-all',
      ...(collector ? ['--v8-flags=--expose-gc'] : []),
      ...(typescript ? ['--unstable-sloppy-imports'] : []),
    ],
  }
  return [process.execPath, ...all[runtime], file]
}
