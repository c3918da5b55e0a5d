// Installs the peers of `fdreactor bench` that npm brings (Bun, Deno, and the package epoll, which is built) into the cache
// of scripts/cache.mjs. Python and Go come from the system.
import { bring } from './cache.mjs'
import { programs } from './programs.mjs'
import { stopAllOnSignals } from './run.mjs'

stopAllOnSignals()
for (const program of [programs.bun, programs.deno, programs.epoll]) {
  try {
    console.log(`${program.source}: ${await bring(program)}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
