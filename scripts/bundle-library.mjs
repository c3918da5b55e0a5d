// Bundles ts/ into dist/: one file for each entry, and chunks of what they share. Importing many small files is what
// importing a library costs most of, and what they share must be there once: the addon, and the classes. Beside them it
// writes what requires the binaries, which stays a file of its own.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { licences, packagesOf } from './licences.mjs'
import { packageOf, platforms } from './platforms.mjs'
import { root } from './run.mjs'

/** What package.json names, and what is loaded when it is asked for. Each keeps its path. */
export const entries = ['index', 'epoll/index', 'internal', 'cli/main', 'cli/doctor/main']

/** What stands on the library as a user's program does, and is loaded by the command line alone. */
export const programs = ['echo/index', 'echo/worker', 'demo/main']

/** The threads of `fdreactor echo`: these share nothing with the others. */
export const threads = ['echo/work/threads', 'echo/work/task']

/** The library that `fdreactor echo --threads` uses, and its files in dist/, which nothing else loads. */
export const pool = {
  folder: 'dist/echo/work/piscina',
  files: ['index.js', 'worker.js', 'LICENSES.txt'],
}

/**
 * What requires the binaries: with a `require` of its own, or in a bundle with that of the bundler, which knows what it has
 * packed. For bundlers every package stands in a literal `require`, or they would not find it, and in a `try`, or they would
 * insist on finding them all; where theirs fails, in a bundle that is an ES module, the binary may still be installed.
 * `createRequire` is not imported: bundlers would try to see through it, and what many put on top of their bundles has its
 * name. (A file of CommonJS would be simpler, and an `import` of one takes Node.js a millisecond.) Its types:
 * ts/loader/binaries.d.ts.
 */
const binaries = `// Made by scripts/bundle-library.mjs from scripts/platforms.mjs.
const { filename, dirname, url } = import.meta
const requireFrom = process.getBuiltinModule('node:module').createRequire
const isWhole = /[\\\\/]loader[\\\\/]binaries\\.js$/.test(filename)
const own = isWhole || typeof require !== 'function' ? requireFrom(url) : undefined
export const names = ${JSON.stringify(platforms.map(({ name }) => name))}
export const folder = isWhole ? dirname : undefined
export const fromFile = (file) => (own ?? require)(file)
export function fromPackage(name) {
  if (own) return own(\`@fdreactor/\${name}\`)
  try {
    switch (name) {
${platforms.map(({ name }) => `      case '${name}': return require('${packageOf(name)}')\n`).join('')}    }
  } catch (error) {
    if (url === undefined) throw error
    return requireFrom(url)(\`@fdreactor/\${name}\`)
  }
}
export function fileOf(addon) {
  return Object.values((own ?? require).cache ?? {}).find((module) => module?.exports === addon)?.filename
}
`

/**
 * Bundles that library, so that the package depends on nothing: from its sources in TypeScript, which become much smaller than what it
 * is published as, and with short names, since nobody is to read it. It starts its own file beside it in each thread. Its
 * types: ts/echo/work/piscina/index.d.ts.
 */
async function bundlePool() {
  const source = 'node_modules/piscina'
  const { metafile } = await build({
    entryPoints: [`${source}/src/index.ts`, `${source}/src/worker.ts`],
    outdir: pool.folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    minify: true,
    lineLimit: 120,
    legalComments: 'none',
    banner: { js: '// Made from piscina by scripts/bundle-library.mjs; its licence is in LICENSES.txt.' },
    define: { __dirname: 'import.meta.dirname' },
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    metafile: true,
    absWorkingDir: root,
    plugins: [
      {
        // For priorities of threads, which nobody asks for.
        name: 'nice',
        setup(bundler) {
          bundler.onResolve({ filter: /^@napi-rs\/nice$/ }, ({ path }) => ({ path, namespace: 'nice' }))
          bundler.onLoad({ filter: /.*/, namespace: 'nice' }, () => ({ contents: '' }))
        },
      },
    ],
  })
  const packages = packagesOf(Object.keys(metafile.inputs))
  writeFileSync(join(root, pool.folder, 'LICENSES.txt'), licences(packages))
}

/**
 * What stays a file of its own, and where it lies for whoever imports it.
 *
 * @param {RegExp} filter
 * @param {string} path
 * @returns {import('esbuild').Plugin}
 */
function external(filter, path) {
  return { name: path, setup: (bundler) => bundler.onResolve({ filter }, () => ({ path, external: true })) }
}

/** @param {readonly string[]} names */
function sources(names) {
  return names.map((name) => `ts/${name}.ts`).filter((file) => existsSync(join(root, file)))
}

async function main() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  /** @satisfies {import('esbuild').BuildOptions} */
  const settings = {
    outbase: 'ts',
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    // Small, but with names and lines: whoever finds it in a stack trace shall be able to read it.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'none',
    banner: { js: '// Made from ts/ by scripts/bundle-library.mjs.' },
    absWorkingDir: root,
  }
  const split = /** @type {const} */ ({
    ...settings,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    metafile: true,
  })
  const library = await build({
    ...split,
    entryPoints: sources(entries),
    define: { FDREACTOR_VERSION: JSON.stringify(version) },
    plugins: [
      external(/\/binaries\.js$/, '../loader/binaries.js'),
      external(/^\.\.\/echo\/index\.js$/, '../echo/index.js'),
      external(/^\.\.\/demo\/main\.js$/, '../demo/main.js'),
    ],
  })
  const above = await build({
    ...split,
    entryPoints: sources(programs),
    // Few read them, and what a package may take goes to the library.
    minifyIdentifiers: true,
    plugins: [
      // From wherever in ts/echo or ts/demo: everything of them lies one folder deep.
      external(/^(\.\.\/)+index\.js$/, '../index.js'),
      external(/\/threads\.js$/, '../echo/work/threads.js'),
    ],
  })
  const outputs = { ...library.metafile.outputs, ...above.metafile.outputs }
  await build({
    ...settings,
    entryPoints: sources(threads),
    plugins: [external(/\/piscina\/index\.js$/, './piscina/index.js')],
  })
  await bundlePool()

  // What imports them is a chunk, and chunks lie in one folder.
  for (const apart of ['/binaries.js', '/threads.js']) {
    const wrong = Object.entries(outputs).find(
      ([file, { imports }]) =>
        dirname(file) !== 'dist/chunks' && imports.some(({ path }) => path.endsWith(apart)),
    )
    if (wrong) throw new Error(`${wrong[0]} would not find dist/*${apart}`)
  }
  // A Worker is started from the file beside whatever starts it.
  const starter = Object.entries(outputs).find(([, { inputs }]) => 'ts/echo/member.ts' in inputs)?.[0]
  if (starter !== 'dist/echo/index.js') throw new Error(`${starter} would not find dist/echo/worker.js`)
  mkdirSync(join(root, 'dist/loader'), { recursive: true })
  writeFileSync(join(root, 'dist/loader/binaries.js'), binaries)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
