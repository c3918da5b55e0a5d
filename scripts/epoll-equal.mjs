// Compares `fdreactor/epoll` with the package `epoll`, scenario by scenario, and with what is recorded of both; `--write` records
// anew. It builds that package (a compiler is needed) in build/epoll, from what npm installed for the tests. Not part of `npm test`,
// which runs the scenarios on ours and compares with the record.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { differences } from '../__test__/helpers/epoll/differences.mjs'
import { outcomeOf } from '../__test__/helpers/epoll/outcome.mjs'
import { scenarios } from '../__test__/helpers/epoll/scenarios/index.mjs'
import { root, run, stopAllOnSignals } from './run.mjs'

/** @typedef {import('../__test__/helpers/epoll/outcome.mjs').Outcome} Outcome */
/** @typedef {Record<string, { theirs: Outcome, ours?: Outcome }>} Record_ */

const limitMs = 60_000
const ours = join(root, 'dist/epoll/index.js')
const record = join(root, '__test__/helpers/epoll/outcomes.json')

/** Copies the package and what it needs, and builds its addon. Returns where it is. */
async function original() {
  const folder = join(root, 'build/epoll')
  const place = join(folder, 'node_modules/epoll')
  if (existsSync(join(place, 'build/Release/epoll.node'))) return place
  for (const name of ['epoll', 'nan', 'bindings', 'file-uri-to-path']) {
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "dependencies": { "epoll": "*" } }\n')
  // Headers that came with Node.js need not be fetched.
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {}
  const { code, output } = await run('npm', ['rebuild', '--ignore-scripts=false', '--foreground-scripts'], {
    cwd: folder,
    env: headers,
  })
  if (code !== 0) throw new Error(`the package epoll does not build:\n${output}`)
  return place
}

/** @param {Outcome} outcome */
const show = ({ end, error, said }) => [end, ...(error === undefined ? [] : [error]), ...said].join('\n    ')

/**
 * @param {string} name
 * @param {string} theirs where that package is
 * @param {Record_} recorded
 */
async function compare(name, theirs, recorded) {
  const outcome = {
    theirs: await outcomeOf(theirs, name, limitMs),
    ours: await outcomeOf(ours, name, limitMs),
  }
  const isEqual = isDeepStrictEqual(outcome.theirs, outcome.ours)
  const known = Object.hasOwn(differences, name)
  const before = recorded[name]
  const isRecorded =
    before !== undefined &&
    isDeepStrictEqual(before.theirs, outcome.theirs) &&
    isDeepStrictEqual(before.ours ?? before.theirs, outcome.ours)
  if (!isEqual) {
    console.log(`${known ? 'differs, as it should' : 'DIFFERS'}: ${name}`)
    console.log(`  theirs:\n    ${show(outcome.theirs)}\n  ours:\n    ${show(outcome.ours)}`)
  } else if (known) {
    console.log(`EQUAL, though it should differ: ${name}`)
  }
  if (!isRecorded) console.log(`not as recorded: ${name}`)
  return {
    name,
    result: isEqual ? { theirs: outcome.theirs } : outcome,
    isFine: isEqual !== known,
    isRecorded,
    isEqual,
  }
}

stopAllOnSignals()
const { values } = parseArgs({ options: { write: { type: 'boolean' }, only: { type: 'string' } } })
const theirs = await original()
const recorded = /** @type {Record_} */ (existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {})
const names = Object.keys(scenarios).filter((name) => name.includes(values.only ?? ''))
const queue = names.values()
/** @type {Awaited<ReturnType<typeof compare>>[]} */
const results = []
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (const name of queue) results.push(await compare(name, theirs, recorded))
  }),
)
if (values.write) {
  for (const { name, result } of results) recorded[name] = result
  const ordered = Object.fromEntries(
    Object.keys(scenarios).flatMap((name) => {
      const entry = recorded[name]
      return entry === undefined ? [] : [[name, entry]]
    }),
  )
  writeFileSync(
    record,
    await format(JSON.stringify(ordered), { ...(await resolveConfig(record)), filepath: record }),
  )
}
const count = (/** @type {(result: typeof results[number]) => boolean} */ which) =>
  results.filter(which).length
console.log(
  `${results.length} scenarios: ${count(({ isEqual }) => isEqual)} equal, ` +
    `${count(({ isEqual, isFine }) => !isEqual && isFine)} different as they should be, ${count(({ isFine }) => !isFine)} wrong; ` +
    `${count(({ isRecorded }) => !isRecorded)} not as recorded`,
)
if (results.some(({ isFine, isRecorded }) => !isFine || !(isRecorded || values.write))) process.exitCode = 1
