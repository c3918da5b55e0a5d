// The steps of a release that are not the workflow's own (.github/workflows/release.yml), each by itself:
//   --check [--tag TAG]     one version everywhere, the tag is its, CHANGELOG.md has a section for it with a date
//   --notes                 prints that section: the text of the release
//   --publish FOLDER        publishes what scripts/stage.mjs laid out there (--registry URL, --no-provenance)
//   --dry-run               all of it here, as far as it goes: with --only host without the other systems' binaries
// Exit status: 0 fine, 1 not.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { platforms } from './platforms.mjs'
import { publish } from './publish.mjs'
import { root, run, stopAllOnSignals } from './run.mjs'
import { Refusal, stage } from './stage.mjs'

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`)

/** @param {string} file */
const read = (file) => readFileSync(join(root, file), 'utf8')

/**
 * A section of CHANGELOG.md.
 *
 * @param {string} name a version, or `Unreleased`
 * @returns {{ date: string | undefined, text: string } | undefined}
 */
function section(name) {
  const [, ...sections] = read('CHANGELOG.md').split(/^## /m)
  for (const one of sections) {
    const [heading = '', ...lines] = one.split('\n')
    const [, title, date] = /^\[?([^\]\s]+)\]?(?: - (\d{4}-\d\d-\d\d))?$/.exec(heading) ?? []
    if (title === name) return { date, text: lines.join('\n').trim() }
  }
  return undefined
}

const version = () => String(JSON.parse(read('package.json')).version)

/** The text of this version's release. */
function notes() {
  const found = section(version())
  if (found?.date === undefined)
    throw new Refusal(`CHANGELOG.md has no section "## [${version()}] - YYYY-MM-DD"`)
  if (!found.text.includes('- '))
    throw new Refusal(`the section of ${version()} in CHANGELOG.md says nothing`)
  return found.text
}

/** @param {string | undefined} tag */
async function check(tag) {
  const { code, output } = await run(process.execPath, ['scripts/versions.mjs'])
  if (code !== 0) throw new Refusal(output.trim())
  if (tag !== undefined && tag !== `v${version()}`)
    throw new Refusal(`the tag is ${tag}, and the version ${version()}`)
  notes()
}

/**
 * What lies in a folder that scripts/stage.mjs made, in its order: what asks for others comes after them.
 *
 * @param {string} folder
 */
function stagedIn(folder) {
  const binaries = /** @type {Set<string>} */ (new Set(platforms.map(({ name }) => name)))
  const rank = (/** @type {string} */ name) => (binaries.has(name) ? 0 : name === 'fdreactor' ? 1 : 2)
  const names = readdirSync(folder).toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  if (!names.includes('fdreactor')) throw new Refusal(`${folder} is not what scripts/stage.mjs makes`)
  return names.map((name) => {
    const manifest = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'))
    return { name: String(manifest.name), version: String(manifest.version), folder: join(folder, name) }
  })
}

/** @param {'host' | undefined} only */
async function rehearse(only) {
  try {
    await check(undefined)
    say(notes())
  } catch (error) {
    if (!(error instanceof Refusal) || section('Unreleased') === undefined) throw error
    say(`not yet: ${error.message}; what is unreleased:\n\n${section('Unreleased')?.text}\n`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-release-'))
  try {
    const to = join(folder, 'staged')
    await stage({ to, dirty: true, ...(only === undefined ? {} : { only }) })
    await publish(stagedIn(to), { dryRun: true, say })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values } = parseArgs({
  allowNegative: true,
  options: {
    check: { type: 'boolean' },
    tag: { type: 'string' },
    notes: { type: 'boolean' },
    publish: { type: 'string' },
    registry: { type: 'string' },
    provenance: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    only: { type: 'string' },
  },
})

stopAllOnSignals()
try {
  if (values.check) {
    await check(values.tag)
    say(`${version()} can be released`)
  } else if (values.notes) say(notes())
  else if (values.publish !== undefined) {
    await publish(stagedIn(resolve(values.publish)), {
      say,
      dryRun: values['dry-run'] ?? false,
      provenance: values.provenance ?? true,
      ...(values.registry === undefined ? {} : { registry: values.registry }),
    })
  } else if (values['dry-run']) await rehearse(values.only === 'host' ? 'host' : undefined)
  else {
    console.error('node scripts/release.mjs --check | --notes | --publish FOLDER | --dry-run')
    process.exitCode = 2
  }
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
