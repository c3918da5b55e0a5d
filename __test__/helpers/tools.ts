import { missing, type ToolName } from '../../scripts/tools.mjs'
import test, { type TestFn } from './test.js'

/**
 * `test` for what runs these external programs; where one is missing the test is skipped, and `npm test` names it.
 * (With CI=true that run fails.)
 */
export function testWith(...names: readonly ToolName[]): TestFn | TestFn['skip'] {
  return missing.some(({ name }) => names.includes(name)) ? test.skip : test
}
