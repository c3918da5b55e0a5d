// Applications that are bundled, with esbuild, in the ways that README.md names.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { BuildOptions } from 'esbuild'
import { fine, run } from '../helpers/child.js'
import type { Outcome } from '../helpers/child.js'
import { here, install } from '../helpers/installed.js'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

const APP = `
import { Reactor, TcpListener } from 'fdreactor'
const reactor = new Reactor()
const listener = TcpListener.bind({ port: 0 })
reactor.register(listener, { readable: true }, () => {}).close()
listener.close()
reactor.close()
console.log('works')`

/** Bundles the application in a project, and runs the bundle there or somewhere else. */
async function bundled(
  t: ExecutionContext,
  options: BuildOptions,
  { isMoved = false, hasBinary = true } = {},
): Promise<Outcome> {
  const copy = install(t)
  if (hasBinary) copy.addPackage(here)
  copy.write('package.json', '{ "type": "commonjs" }')
  const { errors, warnings } = await build({
    entryPoints: [copy.write('app.mjs', APP)],
    bundle: true,
    platform: 'node',
    target: 'node20',
    outdir: join(copy.folder, 'out'),
    outExtension: { '.js': options.format === 'esm' ? '.mjs' : '.cjs' },
    logLevel: 'silent',
    ...options,
  })
  t.deepEqual([errors, warnings], [[], []])
  let folder = join(copy.folder, 'out')
  if (isMoved) {
    folder = mkdtempSync(join(tmpdir(), 'fdreactor-bundle-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    cpSync(join(copy.folder, 'out'), folder, { recursive: true })
    rmSync(join(copy.folder, 'node_modules'), { recursive: true })
  }
  const file = join(folder, options.format === 'esm' ? 'app.mjs' : 'app.cjs')
  return run(`await import('${file}')`, { isBare: true, env: { NAPI_RS_NATIVE_LIBRARY_PATH: '' } })
}

const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
const copied: BuildOptions = { loader: { '.node': 'copy' } }
const left: BuildOptions = { external: ['@fdreactor/*'] }

for (const minify of [false, true]) {
  const how = minify ? ', minified' : ''

  test(`a bundle in CommonJS takes the binary along, and runs elsewhere${how}`, async (t) => {
    t.deepEqual(await bundled(t, { format: 'cjs', minify, ...copied }, { isMoved: true }), fine('works\n'))
  })

  test(`a bundle that is an ES module takes the binary along, and runs elsewhere${how}`, async (t) => {
    const options: BuildOptions = { format: 'esm', minify, banner: { js: BANNER }, ...copied }
    t.deepEqual(await bundled(t, options, { isMoved: true }), fine('works\n'))
  })

  for (const format of ['cjs', 'esm'] as const) {
    test(`a bundle leaves the binary in node_modules: ${format}${how}`, async (t) => {
      t.deepEqual(await bundled(t, { format, minify, ...left }), fine('works\n'))
    })
  }
}

for (const format of ['cjs', 'esm'] as const) {
  test(`a bundle without the binary says that it is one: ${format}`, async (t) => {
    const { code, stderr } = await bundled(t, { format, ...copied }, { isMoved: true, hasBinary: false })
    t.is(code, 1)
    t.true(stderr.includes(`\n  @fdreactor/${here}: not there\n`), stderr)
    t.true(
      stderr.includes(
        `This is a bundle: @fdreactor/${here} must be installed where it runs, or be packed with it.`,
      ),
      stderr,
    )
  })
}
