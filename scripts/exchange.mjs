// The exchange of __test__/server/exchange.test.ts, with more bytes: `node scripts/exchange.mjs [--gib N] [--driver D]
// [--trigger T] [--backend B] [--seed S]`. `npm test` exchanges a few MiB in each case.
import { parseArgs } from 'node:util'
import { root, run, stopAllOnSignals } from './run.mjs'
import { setupOrExit } from './setup.mjs'

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '1' },
    driver: { type: 'string', default: 'loop' },
    trigger: { type: 'string', default: 'level' },
    backend: { type: 'string', default: process.platform === 'linux' ? 'epoll' : 'kqueue' },
    seed: { type: 'string', default: '1' },
  },
})
const { driver, trigger, backend, seed } = values
const gib = Number(values.gib)
if (!(gib > 0) || !Number.isSafeInteger(Number(seed))) {
  console.error(
    'usage: node scripts/exchange.mjs [--gib N] [--driver D] [--trigger T] [--backend B] [--seed S]',
  )
  process.exit(2)
}

stopAllOnSignals()
await setupOrExit({ forTests: true })
const env = { FDREACTOR_EXCHANGE_MIB: String(gib * 1024), FDREACTOR_EXCHANGE_SEED: seed }
const args = [
  '--no-color',
  '__test__/server/exchange.test.ts',
  '--match',
  `200 *::${backend}::${trigger}::${driver}`,
]
const began = performance.now()
const { code, output } = await run('ava', args, { env, limitMs: 60 * 60_000, cwd: root })
console.log(output.trim())
console.log(`${gib} GiB each way, seed ${seed}: ${((performance.now() - began) / 1000).toFixed(0)} s`)
if (code !== 0) process.exit(1)
