// Builds the binaries that are published, one for each platform of scripts/platforms.mjs, and looks at each: how large it is, what
// it exports and needs, whether it is stripped, signed and free of this machine's folders. docs/prebuilds.md says what it needs.
// Options: --only NAME[,NAME...], --out FOLDER (build/prebuilds), --list, --run (then runs what can be run here, on every
// backend and driver), --no-build (looks at and runs what --out holds already). The last line is `N passed, N failed`.
// Exit status: 0 fine, 1 not, 2 wrong arguments, 77 if what it needs is not here.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { leftOut } from './cross-check.mjs'
import { binaryOf, platforms, prebuilds } from './platforms.mjs'
import { build, machineFolders, target } from './prebuild/build.mjs'
import { inspect } from './prebuild/inspect.mjs'
import { Missing, toolchain } from './prebuild/toolchain.mjs'
import { runOn } from './prebuild/run.mjs'
import { root, stopAllOnSignals } from './run.mjs'

/** @typedef {import('./platforms.mjs').Platform} Platform */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string} built how long it took
 * @property {string} size
 * @property {string} exports
 * @property {string} needs
 * @property {readonly string[]} runs where it ran
 * @property {readonly string[]} faults
 */

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    out: { type: 'string', default: join(root, prebuilds) },
    list: { type: 'boolean' },
    run: { type: 'boolean' },
    build: { type: 'boolean', default: true },
  },
  allowNegative: true,
})

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`)

/**
 * @param {Platform} platform
 * @param {import('./prebuild/toolchain.mjs').Toolchain | undefined} tools nothing is built without them
 * @returns {Promise<Row>}
 */
async function make(platform, tools) {
  const { name } = platform
  const out = resolve(options.out)
  /** @type {Row} */
  const row = { name, built: '-', size: '-', exports: '-', needs: '-', runs: [], faults: [] }
  /** @type {string | undefined} */
  let file = join(out, name, binaryOf(name))
  if (tools) {
    const start = Date.now()
    const built = await build(platform, tools, out)
    row.built = `${Math.round((Date.now() - start) / 1000)} s`
    if (built.file === undefined) return { ...row, faults: [`it cannot be built:\n${built.output}`] }
    file = built.file
  } else if (!existsSync(file)) return { ...row, faults: [`there is no ${file}`] }

  const { size, exports, needs, faults } = inspect(
    readFileSync(file),
    platform,
    tools ? machineFolders(tools) : [root],
  )
  const ran = options.run ? await runOn(platform, file) : { runs: [], faults: [] }
  return {
    ...row,
    size: size.toLocaleString('en'),
    exports: String(exports.length),
    needs,
    runs: ran.runs,
    faults: [...faults, ...ran.faults],
  }
}

/** @param {readonly Row[]} rows */
function show(rows) {
  const head = ['platform', 'built in', 'bytes', 'exports', 'needs', 'ran on', 'result']
  const table = new Table({ head, style: { head: [], border: [] }, colAligns: ['left', 'right', 'right'] })
  for (const { name, built, size, exports, needs, runs, faults } of rows) {
    const ran = runs.length > 0 ? runs.join('\n') : 'inspected only'
    table.push([name, built, size, exports, needs, ran, faults.length > 0 ? 'FAILED' : 'ok'])
  }
  say(table.toString())
}

/** @param {readonly Platform[]} wanted */
async function main(wanted) {
  const tools = options.build ? await toolchain(wanted, target) : undefined
  if (tools) say(`with ${tools.rust.version} (${tools.rust.name})`)
  /** @type {Row[]} */
  const rows = []
  for (const platform of wanted) {
    const row = await make(platform, tools)
    say(`${row.name}: ${row.faults.length > 0 ? 'FAILED' : 'ok'}`)
    for (const fault of row.faults) say(`  ${fault}`)
    rows.push(row)
  }
  show(rows)
  const failed = rows.filter(({ faults }) => faults.length > 0).length
  say(`${rows.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

stopAllOnSignals()
const only = options.only?.flatMap((names) => names.split(','))
const unknown = only?.filter((name) => !platforms.some((each) => each.name === name)) ?? []
if (options.list) {
  say(platforms.map(({ name }) => name).join('\n'))
} else if (unknown.length > 0) {
  const names = platforms.map(({ name }) => name).join(', ')
  console.error(`no such platform: ${unknown.join(', ')} (there are: ${names})`)
  process.exitCode = 2
} else {
  try {
    await main(platforms.filter(({ name }) => !only || only.includes(name)))
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    console.error(error.message)
    process.exitCode = leftOut
  }
}
