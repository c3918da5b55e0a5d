import { readFileSync } from 'node:fs'
import { rewritten as benchmarks } from '../../scripts/benchmarks.mjs'
import { rewritten } from '../../scripts/comparison.mjs'
import test from '../helpers/test.js'

const read = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')

test('docs/comparison.md tells the figures of docs/comparison.json', async (t) => {
  const page = read('comparison.md')
  t.is(await rewritten(page, read('comparison.json')), page)
})

test('the run in the docs was measured with the defaults', (t) => {
  const { settings } = JSON.parse(read('comparison.json')) as { settings: Record<string, unknown> }
  t.is(settings['command'], 'fdreactor compare --json docs/comparison.json')
  t.is(settings['mode'], 'default')
})

test('docs/benchmarks.md and the README tell the figures of docs/benchmarks.json', async (t) => {
  const pages = await benchmarks(read('benchmarks.json'))
  t.is(pages.size, 2)
  for (const [file, text] of pages) t.is(readFileSync(file, 'utf8'), text, file)
})
