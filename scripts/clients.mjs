// Programs that others wrote, as clients: those of __test__/clients on every way to run the echo server, with more bytes than in
// `npm test`'s ordinary tests, and Go's test of connections (nettest.mjs). The last line is `N passed, N failed`; what is not
// here is named. Exit status: 0 fine, 1 not.
import { readReport } from './ava.mjs'
import { leftOut } from './cross-check.mjs'
import { root, run, stopAllOnSignals } from './run.mjs'
import { setupOrExit } from './setup.mjs'

/** One that hangs. */
const limitMs = 15 * 60_000

/** @typedef {Pick<import('./ava.mjs').Report, 'passed' | 'failed' | 'skipped'>} Result */

/** @returns {Promise<Result>} */
async function columns() {
  const args = ['--no-color', '__test__/clients/columns.test.ts']
  const { code, output } = await run('ava', args, {
    env: { FDREACTOR_CLIENTS: 'all', TERM: 'xterm' },
    limitMs,
  })
  const { passed, failed, skipped } = readReport(output)
  const isFine = code === 0 && passed > 0
  if (!isFine) console.log(output)
  // A program that is not here is named once.
  const names = skipped.map((title) => title.replace(/^.*› /, '').replace(/ gets every byte.*$/, ''))
  return { passed, failed: isFine ? failed : Math.max(failed, 1), skipped: [...new Set(names)] }
}

/** @returns {Promise<Result>} */
async function nettest() {
  const { code, output } = await run(process.execPath, ['scripts/nettest.mjs'], { cwd: root, limitMs })
  if (code === leftOut) return { passed: 0, failed: 0, skipped: [`nettest: ${output.trim().split('\n')[0]}`] }
  const [, passed = '0', failed = '0'] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? []
  if (code !== 0) console.log(output)
  return { passed: Number(passed), failed: code === 0 ? 0 : Math.max(Number(failed), 1), skipped: [] }
}

async function main() {
  await setupOrExit({ forTests: true })
  let passed = 0
  let failed = 0
  // Both at once: the second waits for the most part.
  const results = await Promise.all([columns(), nettest()])
  for (const [index, result] of results.entries()) {
    console.log(`${['programs', 'nettest'][index]}: ${result.passed} passed, ${result.failed} failed`)
    for (const what of result.skipped) console.log(`left out: ${what}, as a client`)
    passed += result.passed
    failed += result.failed
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

stopAllOnSignals()
await main()
