// Writes what the docs say of a run of the comparison: `node scripts/comparison.mjs` from docs/comparison.json, with
// `--measure` after a new run of the command. The picture needs chromium.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { factsText, rewrite, sheetText, table } from './page.mjs'
import { root, run, stopAllOnSignals, which } from './run.mjs'

const page = join(root, 'docs/comparison.md')
const figures = join(root, 'docs/comparison.json')
const picture = join(root, 'docs/comparison.png')

/**
 * The part of the page that tells a result.
 *
 * @param {string} text of the result's file
 */
export async function told(text) {
  const { crossoverSentence, facts, markOf, parseResult, sheetsOf } =
    await import('../dist/benches/report.js')
  const result = parseResult(text, 'docs/comparison.json')
  const sheets = sheetsOf(result)
  return [
    '## A run',
    factsText(facts(result)),
    ...(result.disturbances.length > 0 ? [`What disturbed it: ${result.disturbances.join(' ')}`] : []),
    '### What the tutorial claims',
    table(
      [{ text: 'claim' }, { text: 'holds' }, { text: 'found' }],
      result.verdicts.map((/** @type {import('../benches/compare/result.js').Verdict} */ verdict) => [
        verdict.claim,
        markOf(verdict).words,
        verdict.finding,
      ]),
    ),
    result.crossovers
      .map(
        (/** @type {import('../benches/compare/result.js').Crossover} */ each) =>
          `- ${crossoverSentence(each)}`,
      )
      .join('\n'),
    ...sheets.map((/** @type {import('./page.mjs').Sheet} */ sheet) => sheetText(sheet)),
  ].join('\n\n')
}

/**
 * The whole page, with the part that tells a result made anew.
 *
 * @param {string} before
 * @param {string} text of the result's file
 */
export const rewritten = async (before, text) =>
  rewrite(page, before, 'scripts/comparison.mjs', await told(text))

/** The first plot of the page that `--html` writes. */
async function draw() {
  const chromium = which('chromium')
  if (!chromium) throw new Error('chromium is not here, and draws the picture')
  const { default: puppeteer } = await import('puppeteer-core')
  const html = join(tmpdir(), `fdreactor-comparison-${process.pid}.html`)
  await command(['--from', figures, '--html', html])
  const browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  try {
    const tab = await browser.newPage()
    await tab.setViewport({ width: 900, height: 900, deviceScaleFactor: 2 })
    await tab.goto(pathToFileURL(html).href)
    const plot = await tab.waitForSelector('#plot-turn')
    await plot?.screenshot({ path: picture })
  } finally {
    await browser.close()
  }
}

/** @param {readonly string[]} args */
async function command(args) {
  const outcome = await run(process.execPath, ['dist/cli/main.js', 'compare', ...args], {
    onOutput: (text) => process.stdout.write(text),
  })
  if (outcome.code !== 0) throw new Error('the comparison failed')
}

async function main() {
  const { values } = parseArgs({ options: { measure: { type: 'boolean' } } })
  if (values.measure || !existsSync(figures)) await command(['--json', 'docs/comparison.json'])
  writeFileSync(page, await rewritten(readFileSync(page, 'utf8'), readFileSync(figures, 'utf8')))
  await draw()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  stopAllOnSignals()
  await main()
}
