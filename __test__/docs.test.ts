// What the documents say of the tests is so.
import { existsSync, readFileSync } from 'node:fs'
import { listTitles } from './helpers/conformance/titles.js'
import test from './helpers/test.js'

const root = new URL('../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** What stands before a case's own words: rows of the table, numbers of faults. */
const NUMBERS = /\b(?:fault-\d+|[A-Z]\d\d) /g

const plain = (title: string): string => title.replaceAll(NUMBERS, '').replace(/::.*/, '')

test('every test that docs/promises.md names is there, and each promise has some', async (t) => {
  const titles = new Set((await listTitles()).map((title) => plain(title)))
  const promises = read('docs/promises.md').split(/^## /m).slice(1)
  t.is(promises.length, 12)
  for (const promise of promises) {
    const named = [...promise.matchAll(/^- `(\S+) › (.+)`$/gm)]
    t.true(named.length > 0, promise)
    for (const [, file = '', title = ''] of named) {
      t.true(titles.has(plain(title)), `${file} › ${title}`)
      t.true(existsSync(new URL(`__test__/${file}.test.ts`, root)), file)
    }
  }
})

test('every exception of a runtime stands in docs/runtimes.md, and names a test', async (t) => {
  const text = read('docs/runtimes.md')
  const exceptions = JSON.parse(read('__test__/runtimes.json')) as {
    file: string
    title: string
    reason: string
  }[]
  // As they are: the script compares their beginnings.
  const titles = await listTitles()
  t.true(exceptions.length > 0)
  for (const { file, title, reason } of exceptions) {
    t.true(existsSync(new URL(file, root)), file)
    t.true(text.includes(title) && text.includes(reason), title)
    t.true(
      titles.some((one) => one.startsWith(title)),
      title,
    )
  }
})

test('every code of the library has a line in docs/errors.md', (t) => {
  const codes = [...read('index.d.ts').matchAll(/ {2}\| 'ERR_FDREACTOR_(\w+)'/g)].map(([, code]) => code)
  t.true(codes.length > 5)
  for (const code of codes) t.regex(read('docs/errors.md'), new RegExp(`^\\| \`${code}\` \\|`, 'm'))
})
