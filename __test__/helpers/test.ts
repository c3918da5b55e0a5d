/** What the tests are written with: ava, wherever it runs. */
export { default } from 'ava'
export type { ExecutionContext, TestFn } from 'ava'
