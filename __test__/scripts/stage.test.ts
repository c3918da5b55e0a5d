// scripts/stage.mjs and scripts/release.mjs, in a checkout of their own: what would be published, and when nothing is.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { binaryOf, packageOf, platforms, prebuilds } from '../../scripts/platforms.mjs'
import { checkout } from '../helpers/checkout.js'
import type { Checkout, Outcome } from '../helpers/checkout.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const NODE = process.execPath

/** Something where each binary would be: staging does not look into them. */
function fillPrebuilds({ folder }: Checkout): void {
  for (const { name } of platforms) {
    const file = join(folder, prebuilds, name, binaryOf(name))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `the binary for ${name}`)
  }
}

/** Every file below a folder, with its mode and a digest of what it says. */
function digest(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile())
    .toSorted()
    .map((file) => {
      const hash = createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex')
      return `${file} ${(statSync(join(folder, file)).mode & 0o777).toString(8)} ${hash}`
    })
}

test('what is staged is the same every time, asks for every binary, and runs nothing where it is installed', async (t) => {
  const tree = checkout(t)
  fillPrebuilds(tree)
  for (const to of ['one', 'two']) {
    const { code, output } = await tree.run([NODE, 'scripts/stage.mjs', '--to', `build/${to}`])
    t.is(code, 0, output)
  }
  const files = digest(join(tree.folder, 'build/one'))
  t.deepEqual(files, digest(join(tree.folder, 'build/two')))

  const main = JSON.parse(tree.read('build/one/fdreactor/package.json')) as Record<string, unknown>
  const { version } = JSON.parse(tree.read('package.json')) as { version: string }
  t.deepEqual(
    main['optionalDependencies'],
    Object.fromEntries(platforms.map(({ name }) => [packageOf(name), version])),
  )
  t.deepEqual(
    ['scripts', 'devDependencies', 'dependencies'].filter((field) => field in main),
    [],
  )
  const names = files.map((line) => line.split(' ', 1)[0] ?? '')
  t.true(names.includes('fdreactor/dist/index.js'))
  t.deepEqual(
    names.filter((file) => file.startsWith('fdreactor/') && file.endsWith('.node')),
    [],
  )
  for (const { name } of platforms)
    t.deepEqual(
      names.filter((file) => file.startsWith(`${name}/`)),
      ['LICENSE', 'README.md', binaryOf(name), 'package.json'].map((file) => `${name}/${file}`),
    )
})

test('nothing is staged where a binary is missing, a change is not committed, or a version is another', async (t) => {
  const tree = checkout(t)
  fillPrebuilds(tree)
  const stage = (...options: string[]): Promise<Outcome> => {
    rmSync(join(tree.folder, 'build/staged'), { recursive: true, force: true })
    return tree.run([NODE, 'scripts/stage.mjs', '--to', 'build/staged', ...options])
  }
  const refused = async (what: RegExp, ...options: string[]): Promise<void> => {
    const { code, output } = await stage(...options)
    t.is(code, 1, output)
    t.regex(output, what)
    t.throws(() => readdirSync(join(tree.folder, 'build/staged')), { code: 'ENOENT' })
  }

  rmSync(join(tree.folder, prebuilds, 'darwin-arm64'), { recursive: true })
  await refused(/these binaries are missing .*\n {2}\S*darwin-arm64\.node$/m)
  t.is((await stage('--only', 'host')).code, 0)
  fillPrebuilds(tree)
  t.is((await stage()).code, 0)

  tree.edit('README.md', (text) => `${text}\n`)
  await refused(/not committed .*\n M README\.md/)
  t.is((await stage('--dirty')).code, 0)
  tree.commit()

  tree.edit('ts/index.ts', (text) => `${text}// more\n`)
  tree.commit()
  await refused(/out of date: ts \(to mend it: node scripts\/build\.mjs ts\)/)
  tree.edit('ts/index.ts', (text) => text.replace('// more\n', ''))

  tree.edit('npm/linux-x64-gnu/package.json', (text) => text.replace('"version": "', '"version": "9.'))
  tree.commit()
  await refused(/npm\/linux-x64-gnu\/package\.json: 9\./)
})

/** A registry that has nothing, and the requests that it got. */
async function emptyRegistry(t: ExecutionContext): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer(({ method }, response) => {
    asked.push(method ?? '')
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked }
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps?: readonly { readonly run?: string }[] }>>
}

/** The steps of the release's workflow that run a script, in order; without what every check builds anyhow. */
function releaseSteps(tree: Checkout): string[] {
  const { jobs } = parse(tree.read('.github/workflows/release.yml')) as Workflow
  return Object.values(jobs)
    .flatMap(({ steps = [] }) => steps.map(({ run = '' }) => run))
    .filter((line) => line.startsWith('node scripts/') && !line.startsWith('node scripts/build.mjs'))
}

test("the steps of the release's workflow work, one after the other", async (t) => {
  const tree = checkout(t)
  fillPrebuilds(tree)
  const { version } = JSON.parse(tree.read('package.json')) as { version: string }
  const { url: registry, asked } = await emptyRegistry(t)
  const step = (line: string, tag = `v${version}`): Promise<Outcome> =>
    tree.run(['sh', '-c', line], { TAG: tag, npm_config_registry: registry })
  const steps = releaseSteps(tree)
  t.deepEqual(
    steps.map((line) => line.replaceAll(/ [^-].*/g, '')),
    steps.map(() => 'node'),
  )
  t.true(steps.length >= 4)

  const [check = ''] = steps
  const unready = await step(check)
  t.is(unready.code, 1)
  t.regex(unready.output, /CHANGELOG\.md has no section "## \[.*\] - YYYY-MM-DD"/)

  tree.edit('CHANGELOG.md', (text) => text.replace('## Unreleased', `## [${version}] - 2026-01-31`))
  tree.commit()
  const other = await step(check, 'v9.9.9')
  t.is(other.code, 1)
  t.regex(other.output, /the tag is v9\.9\.9, and the version /)

  for (const line of steps) {
    const { code, output } = await step(line.includes('--publish') ? `${line} --dry-run` : line)
    t.is(code, 0, `${line}\n${output}`)
    if (line.includes('--publish')) {
      const published = output.trim().split('\n')
      t.deepEqual(
        published.map((text) => text.replace(/@[^@]* would be published$/, '')),
        [...platforms.map(({ name }) => packageOf(name)).toSorted(), 'fdreactor', ...dependents(tree)],
      )
    }
  }
  t.deepEqual(
    asked.filter((method) => method !== 'GET'),
    [],
  )
  t.regex(tree.read('notes.md'), /^### Added\n\n- The reactor: /)
})

/** What is published after the library, because it asks for it. */
function dependents({ folder }: Checkout): string[] {
  return readdirSync(join(folder, 'npm'))
    .filter((name) => platforms.every((platform) => platform.name !== name))
    .map((name) => packageOf(name))
}
