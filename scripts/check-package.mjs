// What npm would publish: exactly the files that it should be, usable when installed, of a known size, and as its users'
// tools want it. Prints what is wrong, or the figures.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import ts from 'typescript'
import { generated } from './build.mjs'
import { entries, pool, programs, threads } from './bundle-library.mjs'
import { emptyModule, importTimes, loadedFiles } from './import-cost.mjs'
import { packageOf } from './platforms.mjs'
import { root, run } from './run.mjs'

/** JavaScript in bytes, unpacked; the benches, which hold libraries, are not counted, and the library of the pool has its own. */
const mostBytes = 150_000
const mostOfPool = 28_000
/** What an import of the package may load: the entry, what all entries share, what requires the binary, and the binary. */
const mostFiles = 4
const mostImported = 80_000
const mostChunks = 3

/** @type {string[]} */
const faults = []
/** @type {string[]} */
const figures = []

/** @param {string} file from the root */
const read = (file) => readFileSync(join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json'))
/** @type {[name: string, target: Record<string, string>][]} */
const exported = Object.entries(manifest.exports).map(([name, target]) => [
  name.replace(/^\./, manifest.name),
  typeof target === 'string' ? { default: target } : target,
])

/** Every file that belongs into the package, but for the chunks, whose names are digests. */
function expectedFiles() {
  const declarations = exported.flatMap(([, target]) => target['types']?.slice(2) ?? [])
  const library = [...entries, ...programs, ...threads].filter((entry) =>
    existsSync(join(root, `ts/${entry}.ts`)),
  )
  return [
    'package.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'SECURITY.md',
    ...declarations,
    ...library.map((entry) => `dist/${entry}.js`),
    'dist/loader/binaries.js',
    ...pool.files.map((name) => `${pool.folder}/${name}`),
    ...['compare', 'server', 'clients', 'bench', 'loader', 'dispatcher'].map(
      (name) => `dist/benches/${name}.js`,
    ),
    ...['listen', 'readiness', 'node', 'bun', 'deno', 'rust'].map((name) => `dist/benches/peers/${name}.js`),
    ...['LICENSES.txt', 'peers/echo.py', 'peers/echo.go'].map((name) => `dist/benches/${name}`),
  ]
}

/** @param {readonly string[]} names */
function checkFiles(names) {
  const expected = expectedFiles()
  const chunks = names.filter((name) => /^dist\/chunks\/chunk-[A-Z0-9]{8}\.js$/.test(name))
  for (const name of expected) if (!names.includes(name)) faults.push(`${name} is not in the package`)
  for (const name of names) {
    if (!expected.includes(name) && !chunks.includes(name))
      faults.push(`${name} should not be in the package`)
  }
  if (chunks.length === 0 || chunks.length > mostChunks)
    faults.push(`${chunks.length} chunks; there should be one to ${mostChunks}`)
}

/** Nothing is needed beside the binary, for which a release is given its packages. */
function checkDependencies() {
  for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundleDependencies']) {
    const names = Object.keys(manifest[field] ?? {})
    if (names.length > 0) faults.push(`${field} in package.json: ${names.join(', ')}; it should need nothing`)
  }
}

/**
 * @param {string} file
 * @param {string} text
 */
function comments(file, text) {
  /** @type {string[]} */
  const found = []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  /** @param {ts.Node} node */
  const visit = (node) => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [])
      found.push(text.slice(pos, end))
    node.forEachChild(visit)
  }
  visit(source)
  visit(source.endOfFileToken)
  return [...new Set(found)]
}

/**
 * What is built says what has made it, and nothing else beside the code.
 *
 * @param {string} folder
 * @param {readonly string[]} names
 */
function checkText(folder, names) {
  const machine = new RegExp(
    [root, homedir() === '/' ? root : homedir(), tmpdir()]
      .map((path) => path.replace(/\/$/, '').replaceAll(/[.+?^$()|[\]\\]/g, String.raw`\$&`))
      .map((path) => `${path}/`)
      .join('|'),
  )
  for (const name of names.filter((each) => each.startsWith('dist/') && each.endsWith('.js'))) {
    const text = readFileSync(join(folder, name), 'utf8')
    if (!/^(?:#!.*\n)?\/\/ Made (?:from|by) /.test(text)) faults.push(`${name} does not say what has made it`)
    if (text.includes('sourceMappingURL')) faults.push(`${name} names a source map`)
    const path = machine.exec(text)?.[0]
    if (path !== undefined) faults.push(`${name} holds a path of this machine: ${path}`)
    if (name.startsWith('dist/benches/')) continue
    const others = comments(name, text).filter((each) => !each.startsWith('// Made '))
    for (const each of others) faults.push(`${name} holds a comment: ${each.slice(0, 80)}`)
  }
  const pages = read('CONTRIBUTING.md')
  for (const file of generated) {
    const head = read(file).slice(0, 200)
    if (!/generated|rolled up/.test(head)) faults.push(`${file} does not say what has made it`)
    if (!pages.includes(`\`${file}\``))
      faults.push(`CONTRIBUTING.md does not name ${file}, which is generated`)
  }
}

/**
 * @param {string} folder
 * @param {readonly string[]} names
 */
function checkSize(folder, names) {
  const scripts = names.filter((name) => name.endsWith('.js') && !name.startsWith('dist/benches/'))
  for (const [of, files, most] of /** @type {const} */ ([
    ['JavaScript', scripts.filter((name) => !name.startsWith(pool.folder)), mostBytes],
    ['the library of the pool', scripts.filter((name) => name.startsWith(pool.folder)), mostOfPool],
  ])) {
    const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    if (bytes > most) faults.push(`${bytes} bytes of ${of}; at most ${most}`)
    figures.push(`${bytes} bytes of ${of} in ${files.length} files, of ${most}`)
  }
}

/**
 * The package beside the binary of this system, as an installation has it.
 *
 * @param {string} project
 */
function addBinary(project) {
  const [file = ''] = readdirSync(join(root, 'dist/native'))
  const name = packageOf(file.split('.')[1] ?? '')
  const folder = join(project, 'node_modules', name)
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(root, 'dist/native', file), join(folder, file))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: manifest.version, main: file }))
}

/**
 * @param {string} project
 * @param {string} script
 * @param {string} [name] of its file, which says how it is understood
 */
function execute(project, script, name = 'script.mjs') {
  writeFileSync(join(project, name), script)
  const { status, stdout, stderr } = spawnSync(process.execPath, [name], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: '' },
  })
  return { isFine: status === 0, output: stdout.trim(), said: (stdout + stderr).trim() }
}

/**
 * Everything that package.json names works, from both kinds of module, and nothing else can be reached.
 *
 * @param {string} project
 * @param {readonly string[]} names
 */
function checkExports(project, names) {
  for (const [name, target] of exported) {
    for (const file of Object.values(target)) {
      if (!names.includes(file.slice(2))) faults.push(`${name} is ${file}, which is not in the package`)
    }
    const isJson = name.endsWith('.json')
    const imported = execute(
      project,
      `import * as all from '${name}'${isJson ? " with { type: 'json' }" : ''}\nconsole.log(typeof all)`,
    )
    if (imported.output !== 'object') faults.push(`import of ${name}: ${imported.said}`)
    const required = execute(project, `console.log(typeof require('${name}'))`, 'script.cjs')
    if (!/^(?:object|function)$/.test(required.output)) faults.push(`require of ${name}: ${required.said}`)
  }
  const named = new Set(exported.map(([name]) => name))
  const ways = names
    .flatMap((name) => [name, name.replace(/\.js$/, ''), name.replace(/^dist\//, '')])
    .map((name) => `${manifest.name}/${name}`)
    .filter((name) => !named.has(name))
  const script = `
  const ways = ${JSON.stringify(ways)}
  const { createRequire } = await import('node:module')
  const require = createRequire(import.meta.url)
  for (const way of ways) {
    // Found, but not run.
    for (const find of [import.meta.resolve, require.resolve]) {
      try {
        console.log(find(way))
      } catch (error) {
        if (error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') console.log(way, error.code)
      }
    }
  }`
  const { isFine, said } = execute(project, script)
  if (!isFine || said !== '') faults.push(`not exported, and can be reached: ${said}`)
  if (ways.length < 20) faults.push(`only ${ways.length} ways past the exports were tried`)
}

/** The installed command, with all that it needs. @param {string} project */
function checkCommand(project) {
  const program = join('node_modules', manifest.name, Object.values(manifest.bin)[0])
  for (const [args, expected] of /** @type {const} */ ([
    ['--version', new RegExp(`^${manifest.version}$`)],
    ['doctor', /\nEverything works\.$/],
    ['compare --help', /^Usage: fdreactor compare /],
  ])) {
    const { output, said } = execute(
      project,
      `process.argv.splice(1, 1, '${program}', ...${JSON.stringify(args.split(' '))})\nawait import('./${program}')`,
    )
    if (!expected.test(output)) faults.push(`fdreactor ${args}: ${said}`)
  }
}

/** @param {string} project */
function checkImport(project) {
  const { files, bytes } = loadedFiles(project, manifest.name)
  const ours = files.filter((file) => file !== 'count.mjs')
  const own = bytes - statSync(join(project, 'count.mjs')).size
  if (ours.length > mostFiles)
    faults.push(`an import loads ${ours.length} files: ${ours.join(', ')}; at most ${mostFiles}`)
  if (ours.length < 3 || !ours.some((file) => file.endsWith('.node')))
    faults.push(`an import loads ${ours.join(', ')}: that cannot be all`)
  if (own > mostImported) faults.push(`an import loads ${own} bytes of JavaScript; at most ${mostImported}`)
  const [whole, empty] = importTimes(project, [manifest.name, emptyModule(project)]).map(
    ({ best, processor }) =>
      `${best.toFixed(1)} ms at best, ${processor.toFixed(1)} ms of processor time in the median`,
  )
  figures.push(
    `an import loads ${ours.length} files, ${own} bytes of JavaScript`,
    `an import takes ${whole} here just now; that of an empty module ${empty}`,
  )
}

/**
 * The opinions of others. That `require` of an ES module fails, which one of them says, was true before Node.js 20.19.
 *
 * @param {string} folder
 * @param {string} tarball
 */
async function checkTools(folder, tarball) {
  const { messages, pkg } = await publint({ pkgDir: folder, strict: true, pack: false })
  for (const message of messages) faults.push(`publint: ${formatMessage(message, pkg, { color: false })}`)
  const { code, output } = await run('attw', [
    tarball,
    '--no-definitely-typed',
    '--profile=node16',
    '--ignore-rules=cjs-resolves-to-esm',
    '--format=ascii',
    '--no-emoji',
    '--no-color',
  ])
  if (code !== 0) faults.push(`attw:\n${output.trim()}`)
}

async function main() {
  const project = mkdtempSync(join(tmpdir(), 'fdreactor-package-'))
  try {
    const { code, output } = await run('npm', [
      'pack',
      '--json',
      '--silent',
      '--ignore-scripts',
      `--pack-destination=${project}`,
    ])
    if (code !== 0) throw new Error(output)
    const [{ files, filename, size }] = JSON.parse(output)
    /** @type {string[]} */
    const names = files.map((/** @type {{ path: string }} */ { path }) => path)
    const folder = join(project, 'node_modules', manifest.name)
    mkdirSync(folder, { recursive: true })
    const tarball = join(project, filename)
    const unpacked = await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
    if (unpacked.code !== 0) throw new Error(unpacked.output)
    addBinary(project)

    checkFiles(names)
    checkDependencies()
    checkText(folder, names)
    checkSize(folder, names)
    checkExports(project, names)
    checkCommand(project)
    checkImport(project)
    await checkTools(folder, tarball)
    figures.push(`${names.length} files, ${Math.round(size / 1024)} KB packed`)
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
  for (const line of [...figures, ...faults]) console.log(line)
  process.exitCode = faults.length > 0 ? 1 : 0
}

await main()
