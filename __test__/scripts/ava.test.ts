import test from '../helpers/test.js'
import { fileOf, readReport } from '../../scripts/ava.mjs'

// What ava 7 writes, with each way in which a file can end.
const report = `
  ✔ io › reads
  ✔ echo › bulk › takes all › and more
  ✘ [fail]: net › options › of what › refuses
  - [skip] waker › needs two cores

  Uncaught exception in __test__/spin.test.ts

  Error: oops

  ✘ __test__/spin.test.ts exited with a non-zero exit code: 1
  ✘ __test__/poll.test.ts exited due to SIGKILL
  ✘ Exiting due to process.exit() when running __test__/errors.test.ts
  ✘ No tests found in __test__/types.test.ts, make sure to import "ava" at the top of your test file

  Failed to exit when running __test__/ready.test.ts

  ─

  net › options › of what › refuses

  1 test failed
`

test('each way to fail counts once, and names its file', (t) => {
  const { passed, failed, skipped, bad, faults, isCut } = readReport(report)
  t.deepEqual(
    { passed, failed, skipped, isCut },
    {
      passed: 2,
      failed: 6,
      skipped: ['waker › needs two cores'],
      isCut: false,
    },
  )
  t.deepEqual(
    bad.map((line) => fileOf(line)),
    ['net/options', 'spin', 'poll', 'errors', 'types', 'ready'].map((name) => `__test__/${name}.test.ts`),
  )
  t.is(faults[0], '[fail]: net › options › of what › refuses')
})

test('a passed test names its file too, whatever arrows its title has', (t) => {
  t.is(fileOf('  ✔ echo › bulk › takes all › and more'), '__test__/echo/bulk.test.ts')
  t.is(fileOf('  ✔ no such file › a title'), undefined)
})

test('of the lines of some files only the others count', (t) => {
  const { passed, failed } = readReport(report, (line) => fileOf(line) !== '__test__/net/options.test.ts')
  t.deepEqual({ passed, failed }, { passed: 2, failed: 5 })
})

test('a test that hangs cuts the report short, and counts', (t) => {
  const cut = `${report}\n  ✘ Timed out while running tests\n\n  2 tests remained pending after a timeout\n`
  const { failed, isCut } = readReport(cut)
  t.deepEqual({ failed, isCut }, { failed: 8, isCut: true })
})
