// `npm start -- [arguments of fdreactor echo]`: makes the clone ready, then becomes the echo server. It runs in this
// very process, so that signals and the exit status are the server's own.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './run.mjs'
import { setupOrExit } from './setup.mjs'

/** Within this time a second signal of the same name is a copy of the first. */
const copyMs = 300

/**
 * The terminal sends Ctrl-C to npm and to this process, and npm passes on what it gets: lets only the first through.
 * (package.json says `exec`: a shell in between would keep what npm passes on when npm alone is told to stop.)
 */
function dropCopiesOfSignals() {
  const emit = process.emit.bind(process)
  /** @type {Map<unknown, number>} */
  const last = new Map()
  /** @type {any} Its type has a signature for each event. */
  const emitOnce = (/** @type {[any]} */ ...args) => {
    const [name] = args
    if (name !== 'SIGINT' && name !== 'SIGTERM') return emit(...args)
    const now = performance.now()
    if (now - (last.get(name) ?? -copyMs) < copyMs) return true
    last.set(name, now)
    if (process.listenerCount(name) > 1) return emit(...args)
    // Nobody else listens (any more): what would happen without us.
    process.off(name, stay)
    return process.kill(process.pid, name)
  }
  // Before anything listens: Node.js takes the method as it is then.
  process.emit = emitOnce
  process.on('SIGINT', stay).on('SIGTERM', stay)
}

/** Keeps a copy from killing the process when the server has listened for one signal only. */
function stay() {}

await setupOrExit()
dropCopiesOfSignals()
const cli = join(root, 'dist', 'cli', 'main.js')
process.argv = [process.execPath, cli, 'echo', ...process.argv.slice(2)]
await import(pathToFileURL(cli).href)
