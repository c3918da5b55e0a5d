// The package managers, and how each is told to do what the installation tests want.
import { programs } from '../programs.mjs'

/** @typedef {import('../cache.mjs').Program} Program */

/**
 * @typedef {object} Manager
 * @property {string} name as the table says it
 * @property {{ command: string, program: Program, byNode: boolean }[]} commands what it puts on PATH
 * @property {Readonly<Record<string, string>>} files what a new project holds
 * @property {(names: readonly string[]) => string[]} add
 * @property {readonly string[]} remove
 * @property {(args: readonly string[]) => string[]} exec runs the command `fdreactor` of the package that is installed
 * @property {readonly string[]} [run] what stands before a file, instead of the runtime's own command
 * @property {string} [noOptional] the flag that leaves out optional dependencies
 * @property {(name: string, by: string) => Record<string, string>} [override] the files of a project in which one package stands
 *   for another, wherever that is asked for
 * @property {boolean} [forgets] whether its lock file can lack the packages of other systems
 * @property {string} [noScripts] the flag that runs no install script, where that is not the default
 */

/** @param {object} [more] */
const manifestWith = (more = {}) =>
  `${JSON.stringify({ name: 'app', version: '1.0.0', private: true, ...more }, undefined, 2)}\n`

const manifest = manifestWith()

/** Where it stands in package.json, it has one of two names. */
const override = {
  overrides: (/** @type {string} */ name, /** @type {string} */ by) => ({
    'package.json': manifestWith({ overrides: { [name]: `npm:${by}` } }),
  }),
  resolutions: (/** @type {string} */ name, /** @type {string} */ by) => ({
    'package.json': manifestWith({ resolutions: { [name]: `npm:${by}` } }),
  }),
}

/**
 * @param {string} name
 * @param {Program} program
 * @returns {Manager}
 */
const npm = (name, program) => ({
  name,
  commands: [
    { command: 'npm', program, byNode: true },
    { command: 'npx', program: { ...program, file: 'bin/npx-cli.js' }, byNode: true },
  ],
  files: { 'package.json': manifest },
  add: (names) => ['npm', 'install', ...names],
  remove: ['npm', 'uninstall'],
  override: override.overrides,
  exec: (args) => ['npx', '--no-install', 'fdreactor', ...args],
  noOptional: '--omit=optional',
  noScripts: '--ignore-scripts',
})

/**
 * @param {string} name
 * @param {Program} program
 * @param {boolean} byNode
 * @returns {Manager}
 */
const pnpm = (name, program, byNode) => ({
  name,
  commands: [{ command: 'pnpm', program, byNode }],
  // It waits for a day with what is new, which everything here is.
  files: { 'package.json': manifest, 'pnpm-workspace.yaml': 'minimumReleaseAge: 0\n' },
  add: (names) => ['pnpm', 'add', ...names],
  remove: ['pnpm', 'remove'],
  override: (replaced, by) => ({
    'pnpm-workspace.yaml': `minimumReleaseAge: 0\noverrides:\n  ${replaced}: npm:${by}\n`,
  }),
  exec: (args) => ['pnpm', 'exec', 'fdreactor', ...args],
  noOptional: '--no-optional',
  noScripts: '--ignore-scripts',
})

/**
 * @param {string} name
 * @param {string} linker
 * @returns {Manager}
 */
const yarn4 = (name, linker) => ({
  name,
  commands: [{ command: 'yarn', program: programs.yarn4, byNode: true }],
  // An empty lock file makes the folder a project of its own.
  files: { 'package.json': manifest, '.yarnrc.yml': `nodeLinker: ${linker}\n`, 'yarn.lock': '' },
  add: (names) => ['yarn', 'add', ...names],
  remove: ['yarn', 'remove'],
  override: override.resolutions,
  exec: (args) => ['yarn', 'fdreactor', ...args],
})

/** @type {Readonly<Record<string, Manager>>} */
export const managers = {
  npm10: { ...npm('npm 10', programs.npm10), forgets: true },
  npm11: npm('npm 11', programs.npm11),
  npm12: npm('npm 12', programs.npm12),
  pnpm10: pnpm('pnpm 10', programs.pnpm10, true),
  pnpm12: pnpm('pnpm 12', programs.pnpm12, false),
  yarn1: {
    name: 'yarn 1',
    commands: [{ command: 'yarn', program: programs.yarn1, byNode: true }],
    files: { 'package.json': manifest },
    add: (names) => ['yarn', 'add', ...names],
    remove: ['yarn', 'remove'],
    override: override.resolutions,
    exec: (args) => ['yarn', '--silent', 'fdreactor', ...args],
    noOptional: '--ignore-optional',
    noScripts: '--ignore-scripts',
  },
  yarn4: yarn4('yarn 4', 'node-modules'),
  yarn4pnp: { ...yarn4('yarn 4, PnP', 'pnp'), run: ['yarn', 'node'] },
  bun: {
    name: 'bun',
    commands: [
      { command: 'bun', program: programs.bun, byNode: false },
      { command: 'bunx', program: programs.bun, byNode: false },
    ],
    files: { 'package.json': manifest },
    add: (names) => ['bun', 'add', ...names],
    remove: ['bun', 'remove'],
    override: override.overrides,
    exec: (args) => ['bunx', '--no-install', 'fdreactor', ...args],
    noOptional: '--omit=optional',
    noScripts: '--ignore-scripts',
  },
  deno: {
    name: 'deno',
    commands: [{ command: 'deno', program: programs.deno, byNode: false }],
    files: {
      'package.json': manifest,
      'deno.json': '{ "nodeModulesDir": "auto", "minimumDependencyAge": 0 }\n',
    },
    add: (names) => ['deno', 'add', ...names.map((name) => `npm:${name}`)],
    remove: ['deno', 'remove'],
    exec: (args) => ['deno', 'run', '--allow-all', 'npm:fdreactor', ...args],
  },
}
