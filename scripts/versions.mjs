// There is one version: the workspace's in Cargo.toml, the package's, that of the packages in npm/, and of the newest release
// in CHANGELOG.md. Without arguments it checks that, and that npm/ is what scripts/packages.mjs writes; with `--set VERSION`
// it makes it so (the heading in CHANGELOG.md is for whoever writes the release). Exit status: 0 fine, 1 not.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packages, present, workspaceField } from './packages.mjs'
import { root, run } from './run.mjs'

/** @param {string} file */
const read = (file) => readFileSync(join(root, file), 'utf8')

/** The crates of the workspace, as Cargo.lock names them. */
const ours = /^name = "(fdreactor(?:-\w+)?)"\nversion = "(.*)"$/gm

/** The line that puts the stand-in in the place of `epoll`, and where it is told. */
const standIn = /("epoll": "npm:@fdreactor\/epoll@)([^"]*)/g
const standsIn = ['README.md', 'docs/epoll.md', 'npm/epoll/README.md']

/**
 * Every place that says a version, with what it says.
 *
 * @returns {[place: string, version: unknown][]}
 */
function versions() {
  const lock = JSON.parse(read('package-lock.json'))
  const [released] = [...read('CHANGELOG.md').matchAll(/^## \[?(\d[^\]\s]*)/gm)].map(([, version]) => version)
  return [
    ['package.json', JSON.parse(read('package.json')).version],
    ['package-lock.json', lock.version],
    ['package-lock.json, packages', lock.packages[''].version],
    ['Cargo.toml, workspace.package', workspaceField(read('Cargo.toml'), 'version')],
    ...[...read('Cargo.lock').matchAll(ours)].map(
      ([, name, version]) => /** @type {const} */ ([`Cargo.lock, ${name}`, version]),
    ),
    ...present()
      .filter((file) => file.endsWith('/package.json'))
      .map((file) => /** @type {const} */ ([file, JSON.parse(read(file)).version])),
    ['npm/epoll/package.json', JSON.parse(read('npm/epoll/package.json')).version],
    [
      'npm/epoll/package.json, dependencies',
      JSON.parse(read('npm/epoll/package.json')).dependencies.fdreactor,
    ],
    ...standsIn.flatMap((file) =>
      [...read(file).matchAll(standIn)].map(([, , version]) => /** @type {const} */ ([file, version])),
    ),
    // None is there before the first release.
    ...(released === undefined
      ? []
      : [/** @type {const} */ (['CHANGELOG.md, the newest release', released])]),
  ].map(([place, version]) => [String(place), version])
}

function check() {
  const [[, wanted] = [], ...others] = versions()
  const faults = others
    .filter(([, version]) => version !== wanted)
    .map(([place, version]) => `${place}: ${version}, and package.json has ${wanted}`)
  const files = packages()
  const here = present()
  for (const [file, text] of files) {
    if (!here.includes(file)) faults.push(`${file} is not there`)
    else if (read(file) !== text) faults.push(`${file} is not what scripts/packages.mjs writes`)
  }
  for (const file of here) if (!files.has(file)) faults.push(`${file} should not be there`)

  for (const fault of faults) console.log(fault)
  if (faults.length > 0) console.log('to mend it: node scripts/versions.mjs --set VERSION')
  else console.log(`${wanted} in ${others.length + 1} places`)
  process.exitCode = faults.length > 0 ? 1 : 0
}

/**
 * @param {string} file
 * @param {(text: string) => string} change
 */
const edit = (file, change) => writeFileSync(join(root, file), change(read(file)))

/** @param {string} version */
async function set(version) {
  edit('package.json', (text) => text.replace(/^( {2}"version": ").*"/m, `$1${version}"`))
  // Its own version stands there twice, and first both times.
  edit('package-lock.json', (text) =>
    text
      .replace(/^( {2}"version": ").*"/m, `$1${version}"`)
      .replace(/^( {4}"": \{\n(?: {6}.*\n)*? {6}"version": ").*"/m, `$1${version}"`),
  )
  edit('Cargo.toml', (text) => text.replace(/^(\[workspace\.package\]\nversion = ").*"/m, `$1${version}"`))
  edit('Cargo.lock', (text) => text.replaceAll(ours, `name = "$1"\nversion = "${version}"`))
  edit('npm/epoll/package.json', (text) =>
    text.replaceAll(/^( +"(?:version|fdreactor)": ").*"/gm, `$1${version}"`),
  )
  for (const file of standsIn) edit(file, (text) => text.replaceAll(standIn, `$1${version}`))
  const { code, output } = await run(process.execPath, ['scripts/packages.mjs'])
  process.stdout.write(output)
  if (code === 0) check()
  else process.exitCode = code
}

const { values } = parseArgs({ options: { set: { type: 'string' } } })
if (values.set === undefined) check()
else if (/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(values.set)) await set(values.set)
else {
  console.error(`--set takes a version such as 1.2.3, not ${values.set}`)
  process.exitCode = 2
}
