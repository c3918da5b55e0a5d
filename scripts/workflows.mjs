// Checks .github/workflows: actionlint (from the Go module proxy), zizmor (from PyPI), and what is our own to keep: what a step
// runs is in the tree, actions are pinned by commit, and no workflow may do more than read unless a job says so. Without Go or
// Python that part is left out, and in CI that is a failure. Exit status: 0 fine, 1 not.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { cache } from './cache.mjs'
import { root, run, which } from './run.mjs'

const folder = '.github/workflows'
const versions = { actionlint: '1.7.12', zizmor: '1.32.0' }

const isCI = Boolean(process.env['CI']) && process.env['CI'] !== 'false'

/** @type {string[]} */
const faults = []

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'))

/** What a runner has, beside what is in the tree. */
const system = new Set(['apt-get', 'rustup', 'gh'])
/** Of npm, beside its scripts. */
const npmCommands = new Set(['ci'])
const cargoCommands = new Set(['test', 'build', 'doc', 'clippy', 'fmt', 'miri', 'bench', 'check'])

const { scripts } = readJson('package.json')
const crates = new Set(
  readdirSync(join(root, 'crates')).map(
    (name) => /^name = "(.*)"$/m.exec(readFileSync(join(root, 'crates', name, 'Cargo.toml'), 'utf8'))?.[1],
  ),
)

/** @param {string} file */
const isThere = (file) => (existsSync(join(root, file)) ? undefined : `there is no ${file}`)

/**
 * Why a command cannot work, if it is known that it cannot.
 *
 * @param {string} line
 */
function objection(line) {
  const [command = '', first = '', second = ''] = line.split(/\s+/)
  switch (command) {
    case 'node':
    case 'bash':
      return isThere(first)
    case 'npm': {
      if (first === 'test') return undefined
      if (first === 'run') return second in scripts ? undefined : `package.json has no script ${second}`
      return npmCommands.has(first) ? undefined : `npm ${first} is not known here`
    }
    case 'cargo': {
      const subcommand = first.startsWith('+') ? second : first
      if (!cargoCommands.has(subcommand)) return `cargo ${subcommand} is not known here`
      const unknown = [...line.matchAll(/--package (\S+)/g)].find(([, name]) => !crates.has(name))
      return unknown ? `there is no crate ${unknown[1]}` : undefined
    }
    default:
      return system.has(command) ? undefined : `${command} is nothing that a runner has`
  }
}

/** @param {string} file */
function check(file) {
  const text = readFileSync(join(root, folder, file), 'utf8')
  const { permissions, jobs } = parse(text)
  const wider = Object.entries(permissions ?? { everything: 'write' }).filter(([, may]) => may !== 'read')
  if (wider.length > 0) faults.push(`${file}: permissions of the whole workflow: ${wider.join(', ')}`)
  for (const [name, job] of Object.entries(jobs)) {
    if (job.uses === undefined && job['timeout-minutes'] === undefined)
      faults.push(`${file}: job ${name} has no timeout-minutes`)
    for (const { run: script } of job.steps ?? []) {
      for (const line of script?.trim().split(/\n|&&/) ?? []) {
        const why = objection(line.trim())
        if (why !== undefined) faults.push(`${file}: job ${name}: ${line.trim()}: ${why}`)
      }
    }
  }
  for (const [, uses = ''] of text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)) {
    const isLocal = uses.startsWith('./') && existsSync(join(root, uses))
    if (!isLocal && !/^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(uses))
      faults.push(`${file}: ${uses} is not pinned by a commit, with its version beside it`)
  }
}

/**
 * Where one of the two linters is, brought if it is not there.
 *
 * @param {keyof typeof versions} name
 * @param {string} needs what brings it
 * @param {(folder: string) => ReturnType<typeof run>} install
 */
async function bring(name, needs, install) {
  const home = join(cache, `${name}-${versions[name]}`)
  const file = join(home, 'bin', name)
  if (existsSync(file)) return file
  if (!which(needs)) {
    if (isCI) faults.push(`${name} needs ${needs}, which is not here`)
    else console.log(`left out: ${name}, which needs ${needs}`)
    return undefined
  }
  mkdirSync(cache, { recursive: true })
  const made = mkdtempSync(join(cache, `.${name}-`))
  try {
    const { code, output } = await install(made)
    if (code !== 0) {
      faults.push(`cannot install ${name}:\n${output}`)
      return undefined
    }
    try {
      renameSync(made, home)
    } catch (error) {
      // Another process was first.
      if (!existsSync(file)) throw error
    }
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  return file
}

/**
 * @param {string | undefined} program
 * @param {readonly string[]} args
 */
async function lint(program, args) {
  if (program === undefined) return
  const { code, output } = await run(program, args)
  if (code !== 0) faults.push(output.trim())
}

const files = readdirSync(join(root, folder))
for (const file of files) check(file)
await lint(
  await bring('actionlint', 'go', (made) =>
    run('go', ['install', `github.com/rhysd/actionlint/cmd/actionlint@v${versions.actionlint}`], {
      env: { GOBIN: join(made, 'bin') },
    }),
  ),
  [],
)
await lint(
  await bring('zizmor', 'python3', (made) =>
    run('python3', [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--only-binary=:all:',
      `--target=${made}`,
      `zizmor==${versions.zizmor}`,
    ]),
  ),
  ['--offline', '--no-progress', '--quiet', '--min-severity=medium', folder],
)

for (const fault of faults) console.log(fault)
if (faults.length > 0) process.exitCode = 1
else console.log(`${files.join(', ')}: nothing to object to`)
