import { readFileSync } from 'node:fs'
import { rewritten } from '../../scripts/comparison.mjs'
import test from '../helpers/test.js'

const read = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')

test('docs/comparison.md tells the figures of docs/comparison.json', async (t) => {
  const page = read('comparison.md')
  t.is(await rewritten(page, read('comparison.json')), page)
})

test('the run in the docs was not disturbed, and was measured with the defaults', (t) => {
  const { disturbances, settings } = JSON.parse(read('comparison.json')) as {
    disturbances: string[]
    settings: { mode: string; seed: number; rounds: number }
  }
  t.is(settings.mode, 'default')
  t.is(settings.seed, 1)
  t.deepEqual(disturbances, [])
})
