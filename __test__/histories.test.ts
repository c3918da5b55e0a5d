/**
 * Random histories: whatever is done in whatever order, a reactor does what a model of it does, and the kernel's poll(2) is
 * the model's witness of what is ready. A history that goes wrong is made as short as it can be and then shown.
 *
 * The seeds are always the same here; scripts/histories.mjs draws others. `FDREACTOR_HISTORIES_SEED` says which one comes
 * first, `FDREACTOR_HISTORIES_STEPS` how many steps are taken in each case.
 */
import fc from 'fast-check'
import { Reactor } from '../dist/index.js'
import type { InterestOptions, ReadyCallback, Registration } from '../dist/index.js'
import { CASES } from './helpers/matrix.js'
import { histories, print, shorter } from './helpers/histories/ops.js'
import type { History } from './helpers/histories/ops.js'
import { act, canThrow } from './helpers/histories/run.js'
import type { Place } from './helpers/histories/run.js'
import { Tally } from './helpers/histories/tally.js'
import test from './helpers/test.js'
import type { ExecutionContext } from './helpers/test.js'

/** Histories in a row of one seed. */
const ROW = 50
/** Steps in each case. */
const STEPS = 10_000
/** Steps in all cases. */
const LEAST = 80_000

const { FDREACTOR_HISTORIES_SEED: seedGiven, FDREACTOR_HISTORIES_STEPS: stepsGiven } = process.env

interface Fault {
  readonly seed: number
  readonly message: string
}

/** Runs a row of histories. Returns what was done, or the shortest history that goes wrong. */
async function row(place: Place, seed: number): Promise<Tally | Fault> {
  const isManual = place.driver === 'manual'
  const limits = isManual
    ? fc.oneof(
        { weight: 2, arbitrary: fc.constant(1024) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
      )
    : fc.constant(1024)
  const setting = { trigger: place.trigger, isManual, canThrow: canThrow(place) }
  const tally = new Tally()
  const property = fc.asyncProperty(limits, histories(setting), (limit, history) =>
    act(place, limit, history, tally),
  )
  const { counterexample, errorInstance } = await fc.check(property, { seed, numRuns: ROW })
  if (counterexample === null) return tally
  const [limit, found] = counterexample
  const { history, why } = await shortest(place, limit, found, messageOf(errorInstance))
  const lines = history.map((op) => `  ${print(op)}`)
  return { seed, message: [`${limit} events a turn, after`, ...lines, why].join('\n') }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What goes wrong in a history, if anything does. */
async function faultOf(place: Place, limit: number, history: History): Promise<string | undefined> {
  try {
    await act(place, limit, history, new Tally())
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** Takes away what can be taken away such that it still goes wrong, after fast-check has done its part. */
async function shortest(
  place: Place,
  limit: number,
  found: History,
  first: string,
): Promise<{ history: History; why: string }> {
  let history = found
  let why = (await faultOf(place, limit, history)) ?? `${first}; but not each time`
  for (let next: History | undefined = history; next !== undefined;) {
    history = next
    next = undefined
    for (const candidate of shorter(history)) {
      const fault = await faultOf(place, limit, candidate)
      if (fault === undefined) continue
      next = candidate
      why = fault
      break
    }
  }
  return { history, why }
}

const places = process.platform === 'linux' ? CASES : []
const all = new Tally()

for (const [index, place] of places.entries()) {
  const title = `histories::${place.backend}::${place.trigger}::${place.driver}`
  test.serial(title, async (t) => {
    t.timeout(10 * 60_000)
    // Cases that differ in the backend alone are not to draw the same histories.
    const first = seedGiven === undefined ? 1000 * index : Number(seedGiven)
    const wanted = stepsGiven === undefined ? STEPS : Number(stepsGiven)
    const tally = new Tally()
    let seed = first
    while (tally.steps < wanted) {
      const outcome = await row(place, seed)
      if (!(outcome instanceof Tally)) {
        const replay = `FDREACTOR_HISTORIES_SEED=${seed} FDREACTOR_HISTORIES_STEPS=1 npx ava __test__/histories.test.ts --match '${title}'`
        return t.fail(`${outcome.message}\nreplay: ${replay}`)
      }
      tally.add(outcome)
      seed += 1
    }
    all.add(tally)
    t.log(
      `${place.backend} ${place.trigger} ${place.driver}: ${tally.steps} steps, seeds ${first} to ${seed - 1}`,
    )
    t.true(tally.steps >= wanted)
  })
}

const FILE_OPS = ['open', 'dup', 'move', 'close', 'write', 'read', 'drain', 'fill', 'end writing', 'end both']
const VERBS = ['register', 'modify', 'pause', 'resume', 'rearm', 'unwatch']
/** What can be done, and where; and what can come of it. */
const EVERYTHING = [
  [...FILE_OPS, ...VERBS, 'wake'].flatMap((what) => [`${what}, outside`, `${what}, inside`]),
  ['turn, outside', 'poll, inside', 'throw, inside', 'close the reactor, inside'],
  ['READABLE', 'WRITABLE', 'READ_CLOSED', 'HANGUP', 'ERROR', 'INVALID'].map((name) => `told ${name}`),
  VERBS.filter((verb) => verb !== 'unwatch').map((verb) => `${verb} ERR_FDREACTOR_CLOSED`),
  ['register', 'modify', 'pause', 'resume', 'rearm'].map((verb) => `${verb} EBADF`),
  ['modify', 'pause', 'resume', 'rearm'].map((verb) => `${verb} ENOENT`),
  ['EEXIST', 'ERR_FDREACTOR_TRIGGER_UNSUPPORTED', 'ERR_FDREACTOR_INTEREST_UNSUPPORTED'].map(
    (code) => `register ${code}`,
  ),
].flat()

if (places.length > 0 && stepsGiven === undefined) {
  test.serial('histories are many, and of everything', (t) => {
    t.log(`${all.steps} steps`)
    t.true(all.steps >= LEAST)
    t.deepEqual(
      EVERYTHING.filter((what) => all.count(what) === 0),
      [],
      String(all),
    )
  })
}

type Register = (source: number, interest: InterestOptions, callback: ReadyCallback) => Registration

/** A reactor that says nothing of what happens after a pause. */
const openForgetful: Place['open'] = (options) => {
  const reactor = new Reactor(options)
  const original: Register = reactor.register.bind(reactor)
  const register: Register = (source, interest, callback) => {
    let isPast = false
    const registration = original(source, interest, (readiness, self) => {
      if (!isPast) callback(readiness, self)
    })
    const resume = registration.resume.bind(registration)
    registration.resume = () => {
      isPast ||= registration.state === 'paused'
      return resume()
    }
    return registration
  }
  return Object.assign(reactor, { register })
}

/** What must be found. */
async function forgets(t: ExecutionContext): Promise<void> {
  t.timeout(10 * 60_000)
  const place: Place = { backend: 'poll', trigger: 'level', driver: 'manual', open: openForgetful }
  let outcome: Tally | Fault = new Tally()
  for (let seed = 1; outcome instanceof Tally && seed < 50; seed += 1) outcome = await row(place, seed)
  if (outcome instanceof Tally) return t.fail('nothing was found')
  const lines = outcome.message.split('\n')
  t.log(outcome.message)
  t.regex(outcome.message, /^ {2}register \d for [^]*\bpause (\d)[^]*\bresume \1/m)
  t.true(lines.length <= 12, outcome.message)
}

if (places.length > 0)
  test.serial('a reactor that loses events is found out, by a history of a few steps', forgets)
