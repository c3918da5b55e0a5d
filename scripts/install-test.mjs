// Installs the package as its users do, from a registry of its own on loopback, with every package manager, and uses it under
// every runtime. What was staged is what is published; the users have homes of their own and no compiler. Prints one table, and
// `N passed, N failed`. Exit status: 0 fine, 1 not.
// Options: --part (what `npm test` runs; says what it leaves out), --only TEXT (rows whose line in the table holds it; what they
// need runs too), --list (the rows), --keep (leaves the folders, and says where).
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bring } from './cache.mjs'
import { cases } from './install/cases.mjs'
import { managers } from './install/managers.mjs'
import { plan } from './install/plan.mjs'
import { publishTo, startRegistry } from './install/registry.mjs'
import { report } from './install/report.mjs'
import { createUser } from './install/user.mjs'
import { binaryOf, prebuilds } from './platforms.mjs'
import { programs } from './programs.mjs'
import { root, stopAllOnSignals } from './run.mjs'
import { setupOrExit } from './setup.mjs'
import { hostName, stage } from './stage.mjs'

/** @typedef {import('./install/plan.mjs').Row} Row */
/** @typedef {{ name: string, version: string, folder: string }} Staged */

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`)

const ownNode = `node${process.versions.node.split('.')[0]}`

/** @type {Readonly<Record<string, { name: string, program: import('./cache.mjs').Program, command: string, args: readonly string[] }>>} */
const runtimes = {
  node20: { name: 'Node.js 20', program: programs.node20, command: 'node', args: [] },
  node22: { name: 'Node.js 22', program: programs.node22, command: 'node', args: [] },
  node24: { name: 'Node.js 24', program: programs.node24, command: 'node', args: [] },
  node26: { name: 'Node.js 26', program: programs.node26, command: 'node', args: [] },
  bun: { name: 'Bun', program: programs.bun, command: 'bun', args: ['run'] },
  deno: { name: 'Deno', program: programs.deno, command: 'deno', args: ['run', '--allow-all'] },
}

/** @param {string} key */
async function fileOfRuntime(key) {
  if (key === ownNode) return process.execPath
  const program = runtimes[key]?.program
  if (program === undefined) throw new Error(`no such runtime: ${key}`)
  return bring(program)
}

/** What tells package managers what to do for whoever runs this; none may change. */
const settings = ['.npmrc', '.yarnrc', '.yarnrc.yml', '.pnpmrc', '.bunfig.toml', '.config/pnpm/rc']

/** Where they keep packages; others may be at work there, but not with these packages. */
const stores = ['.yarn', '.bun', '.deno', '.local', '.cache/pnpm', '.cache/yarn', '.cache/bun', '.cache/deno']

/**
 * What there is in a home of these tests: the settings, and what names fdreactor or a registry on loopback in the first levels
 * of the stores.
 *
 * @param {string} home
 */
function tracesIn(home) {
  const told = settings.map((name) => {
    const file = join(home, name)
    return `${name}: ${existsSync(file) ? readFileSync(file, 'utf8') : 'none'}`
  })
  /**
   * @param {string} place
   * @param {number} depth
   * @returns {string[]}
   */
  const look = (place, depth) => {
    if (!existsSync(join(home, place))) return []
    return readdirSync(join(home, place), { withFileTypes: true }).flatMap((entry) => {
      const path = `${place}/${entry.name}`
      if (/fdreactor|127\.0\.0\.1/.test(entry.name)) return [path]
      return entry.isDirectory() && depth > 1 ? look(path, depth - 1) : []
    })
  }
  return told.concat(stores.flatMap((place) => look(place, 4)))
}

/**
 * What the installed types need, and what uses the package epoll, as they lie in node_modules.
 *
 * @returns {Staged[]}
 */
function packagesOfOthers() {
  return ['undici-types', '@types/node', 'lodash.debounce', 'onoff'].map((name) => {
    const folder = join(root, 'node_modules', name)
    return { name, version: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version, folder }
  })
}

/** @param {Row} row */
const titleOf = ({ manager, runtime, what }) =>
  `${managers[manager]?.name} | ${runtimes[runtime]?.name} | ${what}`

/**
 * The folder of this system's binary: the one that is published, or what the build has made, if there is none.
 *
 * @param {string} folder for a copy
 */
function hostBinary(folder) {
  const made = join(root, prebuilds)
  const name = hostName()
  if (existsSync(join(made, name, binaryOf(name)))) return made
  console.log('no prebuilt binary: with the one of the build')
  mkdirSync(join(folder, 'prebuilds', name), { recursive: true })
  copyFileSync(join(root, 'dist/native', binaryOf(name)), join(folder, 'prebuilds', name, binaryOf(name)))
  return join(folder, 'prebuilds')
}

/** @typedef {{ row: Row, fault?: string, seconds: number }} Result */

/**
 * @param {readonly Row[]} rows
 * @param {string} folder
 * @returns {Promise<Result[]>}
 */
async function runRows(rows, folder) {
  const staged = await stage({
    to: join(folder, 'staged'),
    only: 'host',
    dirty: true,
    prebuilds: hostBinary(folder),
  })
  const registry = await startRegistry(join(folder, 'registry'))
  /** @type {Result[]} */
  const results = []
  try {
    await publishTo(registry.url, join(folder, 'publisher'), packagesOfOthers(), join(folder, 'staged'))
    const user = createUser(join(folder, 'user'), registry.url)
    const version = staged.find(({ name }) => name === 'fdreactor')?.version ?? ''
    for (const row of rows) {
      const manager = managers[row.manager]
      const runtime = runtimes[row.runtime]
      const act = cases[row.what]
      if (!manager || !runtime || !act)
        throw new Error(`the plan has a row that nothing runs: ${titleOf(row)}`)
      const commands = await Promise.all(
        manager.commands.map(async ({ command, program, byNode }) => ({
          command,
          file: await bring(program),
          byNode,
        })),
      )
      const { command } = runtime
      const own = user.commandsIn(`runtime-${row.runtime}`, [
        { command, file: await fileOfRuntime(row.runtime), byNode: false },
      ])
      const forManager = user.commandsIn(`runtime-${ownNode}`, [
        { command: 'node', file: process.execPath, byNode: false },
      ])
      const path = [own, user.commandsIn(`manager-${row.manager}`, commands), forManager]
      const project = user.project(row.manager, {})
      const start = Date.now()
      /** @type {string | undefined} */
      let fault
      try {
        if (row.what === 'install') user.project(row.manager, manager.files)
        await act({
          user,
          manager,
          runtime: { command, args: runtime.args, path: own },
          key: row.manager,
          project,
          path,
          version,
        })
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error)
      }
      const seconds = (Date.now() - start) / 1000
      say(`${fault === undefined ? 'ok    ' : 'FAILED'} ${titleOf(row)} (${seconds.toFixed(1)} s)`)
      results.push({ row, seconds, ...(fault === undefined ? {} : { fault }) })
    }
  } finally {
    await registry.stop()
  }
  return results
}

/**
 * @param {readonly Row[]} rows
 * @param {string} only
 */
function withWhatTheyNeed(rows, only) {
  const wanted = new Set(rows.filter((row) => titleOf(row).includes(only)))
  const managersWanted = new Set([...wanted].map(({ manager }) => manager))
  return rows.filter((row) => wanted.has(row) || (row.what === 'install' && managersWanted.has(row.manager)))
}

/**
 * A line for each manager; `--list` has all of them.
 *
 * @param {readonly Row[]} rows
 */
function sayLeftOut(rows) {
  for (const key of new Set(rows.map(({ manager }) => manager))) {
    const here = rows.filter(({ manager }) => manager === key)
    const names = (/** @type {'runtime' | 'what'} */ field) => [...new Set(here.map((row) => row[field]))]
    const on = names('runtime').map((runtime) => runtimes[runtime]?.name)
    say(
      `left out: install, ${managers[key]?.name}: ${here.length} rows (${names('what').join(', ')}; ${on.join(', ')})`,
    )
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      part: { type: 'boolean' },
      only: { type: 'string' },
      list: { type: 'boolean' },
      keep: { type: 'boolean' },
    },
  })
  const all = plan(ownNode)
  const inPart = values.part ? all.filter((row) => row.inPart) : all
  const rows = values.only === undefined ? inPart : withWhatTheyNeed(inPart, values.only)
  if (values.list) {
    for (const row of rows) say(titleOf(row))
    return
  }
  if (rows.length === 0) {
    console.error(`no row of the table holds '${values.only}'`)
    process.exitCode = 2
    return
  }

  await setupOrExit()
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-install-'))
  const before = new Set(tracesIn(homedir()))
  /** @type {Result[]} */
  let results
  try {
    results = await runRows(rows, folder)
  } finally {
    if (values.keep) say(`what was installed is in ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  }
  const changed = tracesIn(homedir()).filter((trace) => !before.has(trace))

  say('')
  report(
    results.map(({ row, fault, seconds }) => ({
      manager: managers[row.manager]?.name ?? '',
      runtime: runtimes[row.runtime]?.name ?? '',
      what: row.what,
      seconds,
      fault,
    })),
    { isWhole: !values.part && values.only === undefined },
  )
  for (const trace of changed) say(`\nfailed: the home of the user who ran this has changed: ${trace}`)
  if (values.part && values.only === undefined) sayLeftOut(all.filter((row) => !row.inPart))
  const failed = results.filter(({ fault }) => fault !== undefined).length + changed.length
  say(`${results.length + changed.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

stopAllOnSignals()
await main()
