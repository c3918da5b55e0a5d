// Bundles ts/ into dist/: one file for each entry, and chunks of what they share. Importing many small files is what
// importing a library costs most of, and what they share must be there once: the addon, and the classes. Beside them it
// writes what requires the binaries, which stays a file of its own.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { packageOf, platforms } from './platforms.mjs'
import { root } from './run.mjs'

/** What package.json names, and what is loaded when it is asked for. Each keeps its path. */
export const entries = [
  'index',
  'epoll/index',
  'internal',
  'echo/index',
  'echo/worker',
  'demo/main',
  'cli/main',
  'cli/doctor/main',
]

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

async function main() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { metafile } = await build({
    entryPoints: entries.map((entry) => `ts/${entry}.ts`).filter((file) => existsSync(join(root, file))),
    outbase: 'ts',
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    // Small, but with names and lines: whoever finds it in a stack trace shall be able to read it.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'none',
    banner: { js: '// Made from ts/ by scripts/bundle-library.mjs.' },
    define: { FDREACTOR_VERSION: JSON.stringify(version) },
    metafile: true,
    absWorkingDir: root,
    plugins: [
      {
        name: 'binaries',
        setup(bundler) {
          bundler.onResolve({ filter: /\/binaries\.js$/ }, () => ({
            path: '../loader/binaries.js',
            external: true,
          }))
        },
      },
    ],
  })

  // What imports it is a chunk, and chunks lie in one folder.
  const wrong = Object.entries(metafile.outputs).find(
    ([file, { imports }]) =>
      dirname(file) !== 'dist/chunks' && imports.some(({ path }) => path.endsWith('/binaries.js')),
  )
  if (wrong) throw new Error(`${wrong[0]} would not find dist/loader/binaries.js`)
  // A Worker is started from the file beside whatever starts it.
  const starter = Object.entries(metafile.outputs).find(
    ([, { inputs }]) => 'ts/echo/member.ts' in inputs,
  )?.[0]
  if (starter !== 'dist/echo/index.js') throw new Error(`${starter} would not find dist/echo/worker.js`)
  mkdirSync(join(root, 'dist/loader'), { recursive: true })
  writeFileSync(join(root, 'dist/loader/binaries.js'), binaries)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
