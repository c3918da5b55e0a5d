// Random histories for as long as one likes: `node scripts/histories.mjs --minutes N [--seed S]`. `npm test` runs a part of
// them, always the same; this goes on with other seeds, of the core, of the TypeScript API and of servers in turn, until the
// time is over or a history goes wrong, which is then shown as short as it can be, with the command that repeats it.
import { parseArgs } from 'node:util'
import { root, run, stopAllOnSignals } from './run.mjs'
import { setupOrExit } from './setup.mjs'

/** Steps in each case in one round, which takes about a minute. */
const STEPS = 50_000
/** Histories of connections in each case in one round. */
const CONVERSATIONS = 2000
/** A row of histories has one seed; a round takes fewer. */
const SEEDS = 1_000_000
const END = 2 ** 31
/** Where a part that hangs ends. */
const LIMIT_MS = 30 * 60_000

const parts = {
  core: 'cargo test -p fdreactor --test histories -- --nocapture',
  typescript: 'ava --no-color __test__/histories.test.ts',
  servers: 'ava --no-color __test__/server/histories.test.ts',
}

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } })
const minutes = Number(values.minutes ?? 5)
const first = Number(values.seed ?? Math.trunc(Math.random() * END))
if (!(minutes > 0) || !Number.isSafeInteger(first) || first < 0 || first >= END) {
  console.error(`usage: node scripts/histories.mjs --minutes N [--seed S], S below ${END}`)
  process.exit(2)
}

const taken = { core: 0, typescript: 0, servers: 0 }

/**
 * @param {keyof typeof parts} part
 * @param {number} seed
 */
async function isFine(part, seed) {
  const env = {
    FDREACTOR_HISTORIES_SEED: String(seed),
    FDREACTOR_HISTORIES_STEPS: String(STEPS),
    FDREACTOR_CONVERSATIONS_SEED: String(seed),
    FDREACTOR_CONVERSATIONS: String(CONVERSATIONS),
  }
  const [program = '', ...args] = parts[part].split(' ')
  const { code, output, timedOut } = await run(program, args, { env, limitMs: LIMIT_MS, cwd: root })
  for (const [, line = '', steps] of output.matchAll(/(\w[\w ]*: (\d+) steps, seeds .*)$/gm)) {
    taken[part] += Number(steps)
    console.log(`  ${part}: ${line}`)
  }
  if (code === 0) return true
  console.log(output)
  console.log(timedOut ? `${part}: hangs` : `${part}: ended with status ${code}`)
  return false
}

stopAllOnSignals()
await setupOrExit({ forTests: true })
console.log(`seed ${first}`)
const end = Date.now() + minutes * 60_000
let isWhole = true
for (let seed = first; isWhole && Date.now() < end; seed = (seed + SEEDS) % END) {
  isWhole =
    (await isFine('core', seed)) && (await isFine('typescript', seed)) && (await isFine('servers', seed))
  if (!isWhole) console.log(`repeat: node scripts/histories.mjs --minutes 0.01 --seed ${seed}`)
}
const { core, typescript, servers } = taken
console.log(
  `${core + typescript + servers} steps: ${core} core, ${typescript} typescript, ${servers} servers`,
)
process.exitCode = isWhole ? 0 : 1
