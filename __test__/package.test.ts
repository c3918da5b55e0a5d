import { existsSync, readFileSync } from 'node:fs'
import test from './helpers/test.js'

const root = new URL('../', import.meta.url)

interface Manifest {
  readonly [field: string]: unknown
  readonly types: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Manifest

for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundleDependencies']) {
  test(`an installed package has no ${field}`, (t) => {
    t.is(manifest[field], undefined)
  })
}

test('no script of the package runs when it is installed', (t) => {
  const scripts = Object.keys(manifest['scripts'] as object)
  t.deepEqual(
    scripts.filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name)),
    [],
  )
})

test('every file that package.json names is there after a build', (t) => {
  const named = [
    manifest.types,
    ...Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    ),
    ...Object.values(manifest.bin),
  ]
  t.true(named.length >= 4)
  t.deepEqual(
    named.filter((file) => !existsSync(new URL(file, root))),
    [],
  )
})

test('the command begins with a line that names its interpreter', (t) => {
  for (const file of Object.values(manifest.bin)) {
    t.regex(readFileSync(new URL(file, root), 'utf8'), /^#!\/usr\/bin\/env node\n/)
  }
})

test('types come first in every export, or they would not be found', (t) => {
  const entry = manifest.exports['.']
  t.is(typeof entry === 'object' ? Object.keys(entry)[0] : undefined, 'types')
})

test('the package can be imported by its own name', async (t) => {
  t.true(Object.keys(await import('fdreactor')).length > 0)
})
