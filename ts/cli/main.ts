#!/usr/bin/env node
/** scripts/bundle-library.mjs puts it in: to ask the library would be to load it. */
declare const FDREACTOR_VERSION: string

const USAGE = `Usage: fdreactor COMMAND [options]

  echo      a TCP echo server ('fdreactor echo --help')
  demo      what level, edge and the rest mean, in short scenes ('fdreactor demo' lists them)
  doctor    what there is here, and whether it works ('fdreactor doctor --help')
  compare   what watching many descriptors costs here, scanned and called back ('fdreactor compare --help')
  bench     this package beside node:net, Bun, Deno, Go, Python and Rust ('fdreactor bench --help')

  --version, -v
  --help, -h
`

/** The benches are bundled apart: the library does without them. */
async function runBench(name: 'compare' | 'bench', args: readonly string[]): Promise<void> {
  const file = new URL(`../benches/${name}.js`, import.meta.url)
  const benches = (await import(file.href)) as Record<string, (args: readonly string[]) => Promise<void>>
  await benches[name]?.(args)
}

const [command, ...args] = process.argv.slice(2)
// Whoever read the output has gone, as `head` does: nothing is left to do. The echo server serves on without a log.
if (command !== 'echo') process.stdout.on('error', () => process.exit())
switch (command) {
  case 'echo': {
    const { echo } = await import('../echo/index.js')
    await echo(args)
    break
  }
  case 'demo': {
    const { demo } = await import('../demo/main.js')
    demo(args)
    break
  }
  case 'doctor': {
    const { doctor } = await import('./doctor/main.js')
    await doctor(args)
    break
  }
  case 'compare':
  case 'bench': {
    await runBench(command, args)
    break
  }
  case '-v':
  case '--version': {
    process.stdout.write(`${FDREACTOR_VERSION}\n`)
    break
  }
  case undefined:
  case 'help':
  case '-h':
  case '--help': {
    process.stdout.write(USAGE)
    break
  }
  default: {
    process.stderr.write(`fdreactor: unknown command '${command}' ('fdreactor --help' lists them)\n`)
    process.exitCode = 2
  }
}
