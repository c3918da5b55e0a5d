// The rows of the installation tests: which package manager, which runtime, and what is done. They stand in the order in which
// they run: what is installed is used, and then uninstalled.

/**
 * @typedef {object} Row
 * @property {string} manager a key of `managers`
 * @property {string} runtime a key of `runtimes`
 * @property {string} what a key of `cases`
 * @property {boolean} inPart whether `--part` runs it
 */

const nodes = ['node20', 'node22', 'node24', 'node26']
const managers = ['npm11', 'npm10', 'npm12', 'pnpm12', 'pnpm10', 'yarn1', 'yarn4', 'yarn4pnp', 'bun', 'deno']

/** They run TypeScript as it is. */
const typed = new Set(['node24', 'node26', 'bun', 'deno'])

/** They have flags for what is not to be installed, or not to be run. */
const canLeaveOut = new Set(['npm11', 'npm10', 'npm12', 'pnpm12', 'pnpm10', 'yarn1', 'bun'])

/** What stands for the others where time is short: an npm, another layout of node_modules, and none. */
const partManagers = new Set(['npm11', 'pnpm12', 'yarn4pnp'])

/** npm 12 runs on nothing older. */
const mainFor = (/** @type {string} */ manager, /** @type {string} */ main) =>
  manager === 'npm12' && main === 'node20' ? 'node22' : main

/**
 * @param {string} own the Node.js that runs the package managers, and what is not about a runtime
 * @returns {Row[]}
 */
export function plan(own) {
  return managers.flatMap((manager) => {
    const main = mainFor(manager, own)
    const isFirst = manager === 'npm11'
    // Neither Bun nor Deno reads yarn's table of packages.
    const runtimes = manager === 'yarn4pnp' ? nodes : [...nodes, 'bun', 'deno']
    /**
     * @param {string} what
     * @param {string} [runtime]
     * @param {boolean} [inPart]
     */
    const row = (what, runtime = main, inPart = isFirst) => ({ manager, runtime, what, inPart })
    const used = runtimes.flatMap((runtime) => {
      const isMain = runtime === main && partManagers.has(manager)
      const asItIs = row('TypeScript as it is', runtime, isFirst && runtime === main)
      return [
        row('ESM', runtime, isMain || (isFirst && !runtime.startsWith('node'))),
        row('CommonJS', runtime, isMain),
        // Under yarn's table Node.js takes such a file for CommonJS.
      ].concat(typed.has(runtime) && manager !== 'yarn4pnp' ? asItIs : [])
    })
    // TypeScript itself knows node_modules only.
    const types = manager === 'yarn4pnp' ? [] : [row('types, nodenext'), row('types, bundler', main, false)]
    const apart = canLeaveOut.has(manager) ? [row('no optional packages'), row('no install scripts')] : []
    return [row('install', main, partManagers.has(manager))].concat(
      used,
      types,
      [row('esbuild'), row('doctor'), row('echo'), row('compare')],
      row('uninstall', main, partManagers.has(manager)),
      apart,
      // epoll is Linux's, and Deno has no such line.
      process.platform === 'linux' && manager !== 'deno' ? row('epoll override') : [],
      manager.startsWith('npm') ? row('lock file of another system', main, manager === 'npm10') : [],
    )
  })
}
