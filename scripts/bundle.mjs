// Bundles the benches with the libraries that they use into dist/benches, so that an installed package depends on
// nothing, and writes those libraries' licences beside them.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { build } from 'esbuild'
import { licences, packagesOf } from './licences.mjs'
import { root } from './run.mjs'

const folder = join(root, 'dist/benches')

/** What runs: each becomes a file of that name. */
const entries = {
  compare: 'benches/compare/main.ts',
  report: 'benches/compare/report/index.ts',
  // Programs that the comparison starts.
  server: 'benches/compare/load/server.ts',
  clients: 'benches/compare/load/clients.ts',
  bench: 'benches/bench/main.ts',
  'bench-report': 'benches/bench/report.ts',
  // Programs that the benches start.
  loader: 'benches/bench/loader.ts',
  dispatcher: 'benches/bench/dispatcher.ts',
  ...Object.fromEntries(
    ['listen', 'readiness', 'node', 'bun', 'deno', 'rust'].map((name) => [
      `peers/${name}`,
      `benches/bench/peers/${name}.ts`,
    ]),
  ),
}

/** @type {Set<string>} */
const used = new Set()

/**
 * `import page from 'inline:./page.ts'` is the text of that file, bundled for a browser.
 *
 * @type {import('esbuild').Plugin}
 */
const inline = {
  name: 'inline',
  setup(bundler) {
    bundler.onResolve({ filter: /^inline:/ }, ({ path, resolveDir }) => ({
      // From the root: it is told in the output.
      path: relative(root, resolve(resolveDir, path.slice('inline:'.length))),
      namespace: 'inline',
    }))
    bundler.onLoad({ filter: /.*/, namespace: 'inline' }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        entryPoints: [path],
        bundle: true,
        minify: true,
        write: false,
        metafile: true,
        format: 'iife',
        target: ['chrome109', 'firefox115', 'safari16'],
        legalComments: 'none',
        absWorkingDir: root,
      })
      for (const file of Object.keys(metafile.inputs)) used.add(file)
      return {
        contents: outputFiles[0]?.text ?? '',
        loader: 'text',
        watchFiles: Object.keys(metafile.inputs).map((file) => join(root, file)),
      }
    })
  },
}

/** What the package itself is to a file in that folder. Deno looks names up in a project's package.json, not in this one. */
const ours = { fdreactor: '../index.js', '#internal': '../internal.js', '#echo': '../echo/index.js' }

/**
 * The package itself stays outside: the benches use it as anybody does.
 *
 * @type {import('esbuild').Plugin}
 */
const library = {
  name: 'library',
  setup(bundler) {
    for (const [name, path] of Object.entries(ours))
      bundler.onResolve({ filter: new RegExp(`^${name}$`) }, ({ importer }) => ({
        // They lie one folder deeper.
        path: importer.includes('/bench/peers/') ? `../${path}` : path,
        external: true,
      }))
  },
}

const { metafile } = await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(join(root, file)))),
  bundle: true,
  outdir: folder,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Libraries in CommonJS require Node's own modules.
  banner: {
    js: "// Made from benches/ by scripts/bundle.mjs, with the libraries of LICENSES.txt.\nimport { createRequire as fdreactorRequire } from 'node:module'; const require = fdreactorRequire(import.meta.url);",
  },
  metafile: true,
  legalComments: 'none',
  absWorkingDir: root,
  plugins: [inline, library],
})

// Peers in other languages.
for (const name of ['echo.py', 'echo.go'])
  copyFileSync(join(root, 'benches/bench/peers', name), join(folder, 'peers', name))

for (const file of Object.keys(metafile.inputs)) used.add(file)
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'LICENSES.txt'), licences(packagesOf(used)))

// The scripts and tests see the types of the source; the package leaves declarations out.
writeFileSync(join(folder, 'report.d.ts'), "export * from '../../benches/compare/report/index.js'\n")
writeFileSync(join(folder, 'bench-report.d.ts'), "export * from '../../benches/bench/report.js'\n")
