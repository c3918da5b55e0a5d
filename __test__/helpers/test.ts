/** What the tests are written with: ava, or where that does not run, the runner beside this file. */
import type { ExecutionContext, TestFn } from 'ava'

const { default: test } = (
  process.env['FDREACTOR_RUNNER'] === undefined ? await import('ava') : await import('./runner.js')
) as { default: TestFn }

export default test
export type { ExecutionContext, TestFn }
