// Whether the core can be published as a crate: what `cargo package` would pack is its sources and what belongs to them, all of that
// and nothing else, and what it needs comes from crates.io. `--verify` also builds it from the packed file, with cargo's own check.
// Exit status: 0 fine, 1 not.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, run, stopAllOnSignals } from './run.mjs'

const name = 'fdreactor'
const home = `crates/${name}`

/** What cargo adds. */
const added = ['.cargo_vcs_info.json', 'Cargo.lock', 'Cargo.toml', 'Cargo.toml.orig']

/** What crates.io shows, or asks for. */
const fields = /** @type {const} */ (['description', 'license', 'repository', 'readme', 'rust_version'])

const { values: options } = parseArgs({ options: { verify: { type: 'boolean' } } })

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
async function lines(command, args) {
  const { code, output } = await run(command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${code}:\n${output}`)
  return output.split('\n').filter((line) => line !== '')
}

/** The lines of the first example in a text, without the marks of a comment in Rust, and without those that are hidden. */
const exampleOf = (/** @type {string} */ text) =>
  /^```(?:rust)?\n([\s\S]*?)^```$/m
    .exec(text.replaceAll(/^\/\/! ?/gm, ''))?.[1]
    ?.split('\n')
    .filter((line) => !line.startsWith('# '))
    .join('\n')

/** @returns {Promise<string[]>} what is wrong */
async function check() {
  const packed = await lines('cargo', ['package', '--quiet', '--list', '--allow-dirty', `--package=${name}`])
  // What is not committed yet counts as well.
  const sources = await lines('git', [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    `${home}/src/*.rs`,
  ])
  const wanted = [
    ...added,
    'LICENSE',
    'README.md',
    ...sources
      .map((file) => file.slice(home.length + 1))
      .filter((file) => existsSync(join(root, home, file))),
  ]
  const [text = ''] = await lines('cargo', ['metadata', '--format-version=1', '--no-deps', '--locked'])
  /** @typedef {{ name: string, path?: string, kind: string | null }} Dependency */
  /** @type {{ packages: ({ name: string, publish: unknown, dependencies: Dependency[] } & Record<string, unknown>)[] }} */
  const { packages } = JSON.parse(text)
  const crate = packages.find((each) => each.name === name)
  if (!crate) return [`the workspace has no crate ${name}`]

  for (const file of packed) console.log(file)
  return [
    ...wanted.filter((file) => !packed.includes(file)).map((file) => `${file} would not be packed`),
    ...packed.filter((file) => !wanted.includes(file)).map((file) => `${file} should not be packed`),
    ...crate.dependencies
      .filter(({ path, kind }) => path !== undefined && kind !== 'dev')
      .map((each) => `${each.name} is a path: crates.io does not know it`),
    ...fields.filter((field) => !crate[field]).map((field) => `Cargo.toml says no ${field}`),
    ...(crate.publish === null ? [] : ['Cargo.toml forbids to publish it']),
    // The one in lib.rs is compiled and run.
    ...(exampleOf(readFileSync(join(root, home, 'README.md'), 'utf8')) ===
    exampleOf(readFileSync(join(root, home, 'src/lib.rs'), 'utf8'))
      ? []
      : [`the example of ${home}/README.md is not that of src/lib.rs`]),
  ]
}

async function verify() {
  const args = ['package', '--allow-dirty', '--locked', `--package=${name}`]
  const { code } = await run('cargo', args, { onOutput: (text) => process.stdout.write(text) })
  return code === 0 ? [] : ['it does not build from the packed file']
}

async function main() {
  const faults = await check()
  if (options.verify && faults.length === 0) faults.push(...(await verify()))
  for (const fault of faults) console.log(fault)
  process.exitCode = faults.length > 0 ? 1 : 0
}

stopAllOnSignals()
await main()
