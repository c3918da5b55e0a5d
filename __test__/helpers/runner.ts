/**
 * Runs the tests of one file where ava does not run: Bun, Deno, and any Node.js. It knows of ava's words what the tests
 * here use, and writes one line of JSON for each test, read by scripts/runtimes.mjs.
 */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import type { ExecutionContext, TestFn } from 'ava'

/** What is known of one test. */
export interface Result {
  readonly title: string
  readonly outcome: 'passed' | 'failed' | 'left out'
  /** What a failed one said. */
  readonly error?: string
}

type Body = (t: ExecutionContext) => unknown
interface Expectation {
  readonly message?: string | RegExp | ((message: string) => boolean)
  readonly code?: unknown
  readonly name?: string
  readonly instanceOf?: new (...args: never[]) => unknown
  readonly is?: unknown
  readonly any?: boolean
}

const tests: { readonly title: string; readonly body: Body | undefined }[] = []

/** Whether everything that `wanted` holds is in `actual` too. */
function isLike(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted))
    return isDeepStrictEqual(actual, wanted)
  if (typeof actual !== 'object' || actual === null) return false
  return Object.entries(wanted).every(([key, value]) =>
    isLike((actual as Record<string, unknown>)[key], value),
  )
}

function check(error: unknown, wanted: Expectation = {}): unknown {
  const { message, code, name } = error as { message: string; code?: unknown; name?: string }
  if (typeof wanted.message === 'string') strictEqual(message, wanted.message)
  else if (typeof wanted.message === 'function') ok(wanted.message(message), message)
  else if (wanted.message !== undefined) ok(wanted.message.test(message), message)
  if (wanted.code !== undefined) strictEqual(code, wanted.code)
  if (wanted.name !== undefined) strictEqual(name, wanted.name)
  if (wanted.instanceOf !== undefined) ok(error instanceof wanted.instanceOf, String(error))
  if ('is' in wanted) strictEqual(error, wanted.is)
  if (wanted.any !== true) ok(error instanceof Error, `not an error: ${String(error)}`)
  return error
}

/** What a test gets: ava's assertions, as far as they are used here, and a count of them. */
class Context {
  readonly title: string
  readonly ends: (() => unknown)[] = []
  asserted = 0

  constructor(title: string) {
    this.title = title
  }

  #assert<A extends unknown[], R>(assertion: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      this.asserted += 1
      return assertion(...args)
    }
  }

  readonly is = this.#assert((actual: unknown, wanted: unknown, message?: string) =>
    strictEqual(actual, wanted, message),
  )
  readonly not = this.#assert((actual: unknown, wanted: unknown, message?: string) =>
    notStrictEqual(actual, wanted, message),
  )
  readonly true = this.#assert((actual: unknown, message?: string) => strictEqual(actual, true, message))
  readonly false = this.#assert((actual: unknown, message?: string) => strictEqual(actual, false, message))
  readonly truthy = this.#assert((actual: unknown, message?: string) => ok(actual, message))
  readonly deepEqual = this.#assert((actual: unknown, wanted: unknown, message?: string) =>
    deepStrictEqual(actual, wanted, message),
  )
  readonly like = this.#assert((actual: unknown, wanted: unknown) => {
    if (!isLike(actual, wanted)) deepStrictEqual(actual, wanted)
  })
  readonly regex = this.#assert((text: string, wanted: RegExp, message?: string) =>
    ok(wanted.test(text), message ?? `${text}\ndoes not match ${String(wanted)}`),
  )
  readonly notRegex = this.#assert((text: string, wanted: RegExp) =>
    ok(!wanted.test(text), `${text}\nmatches ${String(wanted)}`),
  )
  readonly pass = this.#assert(() => {})
  readonly fail = this.#assert((message: string = 'this was not to happen') => {
    const error = new Error(message)
    this.failure ??= error
    throw error
  })
  /** A failure that was thrown where nobody looks, in a callback. */
  failure: Error | undefined

  readonly throws = this.#assert((body: () => unknown, wanted?: Expectation) => {
    try {
      body()
    } catch (error) {
      return check(error, wanted)
    }
    throw new Error('it did not throw')
  })
  readonly throwsAsync = this.#assert(
    async (body: Promise<unknown> | (() => Promise<unknown>), wanted?: Expectation) => {
      try {
        await (typeof body === 'function' ? body() : body)
      } catch (error) {
        return check(error, wanted)
      }
      throw new Error('it did not reject')
    },
  )
  readonly notThrows = this.#assert((body: () => unknown) => void body())
  readonly notThrowsAsync = this.#assert(async (body: Promise<unknown> | (() => Promise<unknown>)) => {
    await (typeof body === 'function' ? body() : body)
  })

  log(...values: unknown[]): void {
    process.stderr.write(`${values.map(String).join(' ')}\n`)
  }

  /** One limit holds for all. */
  timeout(): void {}

  teardown(end: () => unknown): void {
    this.ends.push(end)
  }
}

function add(title: string, body: Body): void {
  tests.push({ title, body })
}
function leaveOut(title: string): void {
  tests.push({ title, body: undefined })
}

/** All run one after another. */
const test = Object.assign(add, {
  serial: Object.assign(add.bind(undefined), { skip: leaveOut }),
  skip: leaveOut,
})
export default test as unknown as TestFn

const TIMEOUT_MS = 120_000

async function runOne({ title, body }: (typeof tests)[number]): Promise<Result> {
  if (body === undefined) return { title, outcome: 'left out' }
  const context = new Context(title)
  let late: NodeJS.Timeout | undefined
  try {
    const tooLate = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error(`not done after ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS)
    })
    await Promise.race([tooLate, body(context as unknown as ExecutionContext)])
    for (const end of context.ends.toReversed()) await end()
    if (context.failure) throw context.failure
    if (context.asserted === 0) throw new Error('it asserts nothing')
    return { title, outcome: 'passed' }
  } catch (error) {
    return {
      title,
      outcome: 'failed',
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  } finally {
    clearTimeout(late)
  }
}

/** The titles of what was collected. */
export const titles = (): readonly string[] => tests.map(({ title }) => title)

/** Runs what was collected, but what begins like one of `leftOut`, and tells each result. */
export async function runAll(leftOut: readonly string[], tell: (result: Result) => void): Promise<void> {
  for (const one of tests) {
    const isLeftOut = leftOut.some((start) => one.title.startsWith(start))
    tell(await runOne(isLeftOut ? { ...one, body: undefined } : one))
  }
}
