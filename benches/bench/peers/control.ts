import process from 'node:process'

/** How long a collector may go on beside the program. */
const SETTLE_MS = 50

/** What the benches ask of a server: `close` closes each connection at once, `echo` sends back what comes. */
export const isClosing = process.argv[2] === 'close'

/** Says where it listens, collects garbage whenever it is asked, and ends when standard input does: with the benches. */
export function control(port: number, collect: () => void): void {
  const twice = (): void => {
    collect()
    process.stdout.write('done\n')
  }
  process.stdin.on('data', () => {
    collect()
    setTimeout(twice, SETTLE_MS)
  })
  process.stdin.on('end', () => process.exit())
  process.stdout.write(`${port}\n`)
}

/** Of a runtime on V8 that was started with `--expose-gc`. */
export function collectV8(): void {
  ;(globalThis as { gc?: () => void }).gc?.()
}
