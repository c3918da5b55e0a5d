// Where the binary is looked for, and in which order.
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fine, run } from '../helpers/child.js'
import { binary, here, install, version } from '../helpers/installed.js'
import type { Installed } from '../helpers/installed.js'
import { platforms } from '../../scripts/platforms.mjs'
import test from '../helpers/test.js'

/** Tells which binary is loaded, or what is said instead. */
const tell = ({ place }: Installed): string => `
import { Reactor } from '${join(place, 'dist/index.js')}'
import { loaded } from '${join(place, 'dist/internal.js')}'
try {
  new Reactor().close()
  console.log(loaded.place)
} catch (error) {
  console.log(error.code, error.message)
}`

const packaged = `@fdreactor/${here}`

/** An addon as the loader sees it. */
const fake = (contract: object): { readonly text: string } => ({
  text: `exports.contract = () => (${JSON.stringify(contract)})`,
})

async function told(
  copy: Installed,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly first: string; readonly lines: readonly string[] }> {
  const variables = { NAPI_RS_NATIVE_LIBRARY_PATH: '', npm_config_user_agent: '', ...env }
  const { stdout } = await run(tell(copy), { isBare: true, env: variables })
  const [first = '', ...lines] = stdout.trimEnd().split('\n')
  return { first, lines }
}

const refusal =
  /^ERR_FDREACTOR_UNSUPPORTED_PLATFORM fdreactor \S+ has no binary that works here \(.*\)\. It has looked for$/

test('the package of the platform is loaded', async (t) => {
  const copy = install(t)
  copy.addPackage(here)
  t.deepEqual(await told(copy), { first: packaged, lines: [] })
})

test("a checkout's own build is loaded, whatever packages there are", async (t) => {
  const copy = install(t)
  copy.addPackage(here, { text: 'this is never read' })
  const own = join(copy.place, 'dist/native', `fdreactor.${here}.node`)
  mkdirSync(join(copy.place, 'dist/native'))
  cpSync(binary, own)
  t.deepEqual(await told(copy), { first: own, lines: [] })
})

test('a variable names the one binary to load', async (t) => {
  const copy = install(t)
  t.deepEqual(await told(copy, { NAPI_RS_NATIVE_LIBRARY_PATH: binary }), { first: binary, lines: [] })
})

test('nothing else is tried when the variable names what does not load, and that is told', async (t) => {
  const copy = install(t)
  copy.addPackage(here)
  const file = join(copy.folder, 'not-there.node')
  const { first, lines } = await told(copy, { NAPI_RS_NATIVE_LIBRARY_PATH: file })
  t.regex(first, refusal)
  t.deepEqual(lines, [
    `  ${file}: not there`,
    'NAPI_RS_NATIVE_LIBRARY_PATH is set, so nothing else was tried. Unset it, or let it name a binary of fdreactor.',
  ])
})

const ownBuild = ({ place }: Installed): string =>
  `  ${join(place, 'dist/native', `fdreactor.${here}.node`)}: not there`

const culprits = [
  'The package manager has left its package out. All do so when they are told to omit optional dependencies, and npm when',
  'the lock file was made on another system (https://github.com/npm/cli/issues/4828).',
]

const fromSource = [
  `With Rust it can be made from source: "npm run build" in a checkout of https://github.com/fdreactor/fdreactor, tag v${version}.`,
  'Then let NAPI_RS_NATIVE_LIBRARY_PATH name the file dist/native/fdreactor.*.node.',
]

const mending = {
  npm: 'To mend it, in your project: rm -r node_modules package-lock.json && npm install --include=optional',
  pnpm: 'To mend it, in your project: rm -r node_modules && pnpm install',
  yarn: 'To mend it, in your project: rm -rf node_modules && yarn install',
  bun: 'To mend it, in your project: rm -r node_modules && bun install',
  deno: 'To mend it, in your project: rm -rf node_modules && deno install --reload',
}

for (const [lock, name] of [
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['deno.lock', 'deno'],
] as const) {
  test(`without any binary, what is missing is told, and how to mend it: ${lock}`, async (t) => {
    const copy = install(t)
    copy.write(lock, '')
    const { first, lines } = await told(copy)
    t.regex(first, refusal)
    t.deepEqual(lines, [
      ownBuild(copy),
      `  ${packaged}: not there`,
      ...culprits,
      mending[name],
      ...fromSource,
    ])
  })
}

for (const [agent, name] of [
  ['npm/11.2.0 node/v22.0.0 linux x64 workspaces/false', 'npm'],
  ['pnpm/10.4.0 npm/? node/v22.0.0 linux x64', 'pnpm'],
  ['yarn/1.22.22 npm/? node/v22.0.0 linux x64', 'yarn'],
  ['bun/1.2.0 npm/? node/v22.0.0 linux x64', 'bun'],
] as const) {
  test(`what has started the process says more than a lock file: ${name}`, async (t) => {
    const copy = install(t)
    copy.write(name === 'npm' ? 'yarn.lock' : 'package-lock.json', '')
    const { lines } = await told(copy, { npm_config_user_agent: agent })
    t.is(lines[4], mending[name])
  })
}

for (const [what, main, said] of [
  ['damaged', undefined, ''],
  ['of another version', fake({ version: '0.0.1' }), `of fdreactor 0.0.1, and this is ${version}`],
  ['of other sources', fake({ version }), 'built from other sources than this JavaScript'],
  ['something else', { text: 'exports.hello = 1' }, 'not a binary of fdreactor'],
  ['nothing at all', { text: 'module.exports = null' }, 'not a binary of fdreactor'],
  ['one that throws', { text: 'throw new Error("first line\\nsecond line")' }, 'first line'],
] as const) {
  test(`a binary that cannot be used is told, with the reason: ${what}`, async (t) => {
    const copy = install(t)
    const file = copy.addPackage(here, main)
    if (what === 'damaged') copy.write(file.slice(copy.folder.length), 'no binary')
    copy.write('package-lock.json', '')
    const { first, lines } = await told(copy)
    t.regex(first, refusal)
    const [own, other = '', ...rest] = lines
    t.is(own, ownBuild(copy))
    if (what === 'damaged') t.regex(other, new RegExp(`^  ${packaged}: .+`))
    else t.is(other, `  ${packaged}: ${said}`)
    // It is there, so nobody has left it out.
    t.deepEqual(rest, [mending.npm, ...fromSource])
  })
}

test('a binary of another version is told by its number', async (t) => {
  const copy = install(t)
  copy.addPackage(here)
  // The binary stays, the JavaScript moves on.
  const script = `
  import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
  const folder = '${join(copy.place, 'dist/chunks')}/'
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(folder + file, 'utf8')
    writeFileSync(folder + file, text.replace('VERSION="${version}"', 'VERSION="9.9.9"'))
  }`
  t.deepEqual(await run(script, { isBare: true }), fine(''))
  const { lines } = await told(copy)
  t.is(lines[1], `  ${packaged}: of fdreactor ${version}, and this is 9.9.9`)
})

test('the sources are named where they are', async (t) => {
  const copy = install(t)
  copy.write('node_modules/fdreactor/Cargo.toml', '')
  const { lines } = await told(copy)
  t.deepEqual(lines.slice(2), ['This is a checkout: "npm run build" makes the binary. It needs Rust.'])
})

test('every platform that has a package is looked for by its name', async (t) => {
  const copy = install(t)
  for (const { name } of platforms) copy.addPackage(name, { text: `exports.is = '${name}'` })
  const script = `
  import * as binaries from '${join(copy.place, 'dist/loader/binaries.js')}'
  console.log(JSON.stringify(binaries.names.map((name) => binaries.fromPackage(name).is)))`
  const names = platforms.map(({ name }) => name)
  t.deepEqual(await run(script, { isBare: true }), fine(`${JSON.stringify(names)}\n`))
})

test('require and import give one and the same library', async (t) => {
  const copy = install(t)
  copy.addPackage(here)
  const script = `
  import { createRequire } from 'node:module'
  import * as imported from '${copy.library}'
  const required = createRequire('${copy.folder}/')('fdreactor')
  console.log(required.Reactor === imported.Reactor, Object.keys(required).length === Object.keys(imported).length)`
  t.deepEqual(await run(script, { isBare: true }), fine('true true\n'))
})
