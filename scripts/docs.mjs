// Writes the site of the documentation, build/site: the README, the reference of the API from the declarations that are
// published, and every page of docs/. An export without documentation, a link that leads nowhere and a name that is not there
// are errors. Exit status: 0 fine, 1 not.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { Application, LogLevel } from 'typedoc'
import { deadLinks } from './docs/links.mjs'
import { workspaceField } from './packages.mjs'
import { root } from './run.mjs'

/** Where the pages lie as they are given to TypeDoc. */
const sources = join(root, 'build', 'docs')
const site = join(root, 'build', 'site')

/** @param {string} file */
const read = (file) => readFileSync(join(root, file), 'utf8')

/**
 * @param {string} folder of docs/
 * @returns {(file: string) => boolean}
 */
const within = (folder) => (file) => file.startsWith(`docs/${folder}/`)
const isDecision = within('decisions')
const isGuide = within('guide')

/** The pages, in the order in which the site lists them, with the heading that they stand under. */
function pages() {
  const named = ['installing', 'promises', 'errors', 'runtimes', 'comparison'].map(
    (name) => `docs/${name}.md`,
  )
  const all = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .toSorted()
  const others = all.filter((file) => !named.includes(file))
  const groups = {
    // Its first page is README.md, which capital letters put first.
    Guide: others.filter((file) => isGuide(file)),
    Documentation: [
      ...named.filter((file) => all.includes(file)),
      ...others.filter((file) => !isDecision(file) && !isGuide(file)),
    ],
    Project: ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'].filter((file) =>
      existsSync(join(root, file)),
    ),
    Decisions: others.filter((file) => isDecision(file)),
  }
  return Object.entries(groups).flatMap(([group, files]) => files.map((file) => ({ file, group })))
}

/** What is in the repository and not on the site. */
const home = `${workspaceField(read('Cargo.toml'), 'repository')}`

/** @param {string} target of a link in Markdown */
const isElsewhere = (target) => /^(?:[a-z]+:|#)/.test(target)

/**
 * Gives TypeDoc a page of the repository: links to what the site does not hold lead to the repository, and pictures come along.
 *
 * @param {string} file
 * @param {ReadonlySet<string>} onSite
 * @param {string[]} faults
 */
function prepare(file, onSite, faults) {
  const text = read(file).replaceAll(
    /(!?\[[^\]]*\])\(([^)\s]+)\)/g,
    (/** @type {string} */ link, /** @type {string} */ label, /** @type {string} */ target) => {
      if (isElsewhere(target)) return link
      const [path = '', anchor] = target.split('#')
      const place = posix.join(dirname(file), path)
      if (!existsSync(join(root, place))) {
        faults.push(`${file}: nothing is at ${target}`)
        return link
      }
      if (onSite.has(place)) return link
      if (onSite.has(`${place}/README.md`)) return `${label}(${posix.join(path, 'README.md')})`
      if (label.startsWith('!')) {
        mkdirSync(dirname(join(sources, place)), { recursive: true })
        cpSync(join(root, place), join(sources, place))
        return link
      }
      const kind = statSync(join(root, place)).isDirectory() ? 'tree' : 'blob'
      return `${label}(${home}/${kind}/main/${place}${anchor === undefined ? '' : `#${anchor}`})`
    },
  )
  return text
}

/**
 * @param {string} file
 * @param {string} text
 */
function put(file, text) {
  mkdirSync(dirname(join(sources, file)), { recursive: true })
  writeFileSync(join(sources, file), text)
}

/**
 * The declarations that package.json exports, each a page of the reference, with the name that it is imported by.
 *
 * @returns {Map<string, string>}
 */
function declarations() {
  const { name, exports } = JSON.parse(read('package.json'))
  /** @type {Map<string, string>} */
  const files = new Map()
  for (const [path, entry] of Object.entries(exports)) {
    const types = entry.types ?? entry.import?.types ?? entry.default?.types
    if (types !== undefined) files.set(join(root, types), posix.join(name, path))
  }
  return files
}

async function build() {
  /** @type {string[]} */
  const faults = []
  const listed = pages()
  const onSite = new Set([...listed.map(({ file }) => file), 'README.md'])
  rmSync(sources, { recursive: true, force: true })
  rmSync(site, { recursive: true, force: true })
  put('README.md', prepare('README.md', onSite, faults))
  for (const { file, group } of listed) {
    const text = prepare(file, onSite, faults)
    // TypeDoc takes a title with code in it for none.
    const title = /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '')
    if (title === undefined) faults.push(`${file} has no title`)
    put(file, `---\ntitle: ${JSON.stringify(title)}\ngroup: ${group}\n---\n\n${text}`)
  }
  const entryPoints = [...declarations().keys()]
  put(
    'tsconfig.json',
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { noEmit: true, declaration: false, emitDeclarationOnly: false, rootDir: root },
      include: [],
      files: entryPoints,
    }),
  )

  const app = await Application.bootstrapWithPlugins({
    entryPoints,
    // It would be docs.
    out: site,
    tsconfig: join(sources, 'tsconfig.json'),
    readme: join(sources, 'README.md'),
    projectDocuments: listed.map(({ file }) => join(sources, file)),
    name: 'fdreactor',
    includeVersion: true,
    disableSources: true,
    hideGenerator: true,
    sortEntryPoints: false,
    groupOrder: [
      'Guide',
      'Documentation',
      'Classes',
      'Interfaces',
      'Type Aliases',
      'Variables',
      'Functions',
      '*',
      'Project',
      'Decisions',
    ],
    navigation: { includeGroups: true },
    navigationLinks: { GitHub: home, npm: 'https://www.npmjs.com/package/fdreactor' },
    // What a class has of Node's own is documented there.
    excludeExternals: true,
    validation: { notExported: true, invalidLink: true, notDocumented: true, rewrittenLink: true },
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,
    logLevel: LogLevel.Warn,
    highlightLanguages: [
      'bash',
      'console',
      'css',
      'html',
      'javascript',
      'json',
      'jsonc',
      'rust',
      'sh',
      'toml',
      'tsx',
      'typescript',
      'yaml',
    ],
  })
  const project = await app.convert()
  // By the names under which they are imported.
  for (const [file, name] of declarations()) {
    const module = project?.children?.find((child) => project.files.getReflectionPath(child) === file)
    if (module) module.name = name
  }
  if (project) {
    app.validate(project)
    await app.generateOutputs(project)
  }
  if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) faults.push('TypeDoc complained, above')
  else {
    // GitHub would take what begins with an underscore for something of its own.
    writeFileSync(join(site, '.nojekyll'), '')
    const { dead, pages: count, links } = deadLinks(site)
    faults.push(...dead)
    console.log(`${count} pages, ${links} links within them`)
  }
  return faults
}

async function main() {
  const faults = await build()
  for (const fault of faults) console.log(fault)
  process.exitCode = faults.length > 0 ? 1 : 0
}

await main()
