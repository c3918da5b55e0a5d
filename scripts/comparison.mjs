// Writes what the docs say of a run of the comparison: `node scripts/comparison.mjs` from docs/comparison.json, with
// `--measure` after a new run of the command. The picture needs chromium.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { root, run, stopAllOnSignals, which } from './run.mjs'

const page = join(root, 'docs/comparison.md')
const figures = join(root, 'docs/comparison.json')
const picture = join(root, 'docs/comparison.png')

const [begin, end] = ['<!-- figures: scripts/comparison.mjs -->', '<!-- end of figures -->']

/** @typedef {import('../benches/shared/report/sheet.js').Sheet} Sheet */

/** @param {string} text */
const escaped = (text) => text.replaceAll('|', String.raw`\|`)

/** @param {readonly string[]} cells */
const line = (cells) => `| ${cells.map((each) => escaped(each)).join(' | ')} |`

/** @param {Sheet} sheet */
function table({ title, note, head, rows }) {
  return [
    `### ${title}`,
    ...(note === undefined ? [] : [note]),
    [
      line(head.map(({ text }) => text)),
      line(head.map(({ isNumber }) => (isNumber ? '--:' : ':--'))),
      ...rows.map((cells) => line(cells.map(({ text }) => text))),
    ].join('\n'),
  ].join('\n\n')
}

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
    facts(result)
      .map((/** @type {readonly [string, string]} */ [name, value]) => `- ${name}: ${value}`)
      .join('\n'),
    ...(result.disturbances.length > 0 ? [`What disturbed it: ${result.disturbances.join(' ')}`] : []),
    '### What the tutorial claims',
    ['| claim | holds | found |', '|:--|:--|:--|']
      .concat(
        result.verdicts.map(
          (/** @type {import('../benches/compare/result.js').Verdict} */ verdict) =>
            `| ${escaped(verdict.claim)} | ${markOf(verdict).words} | ${escaped(verdict.finding)} |`,
        ),
      )
      .join('\n'),
    result.crossovers
      .map(
        (/** @type {import('../benches/compare/result.js').Crossover} */ each) =>
          `- ${crossoverSentence(each)}`,
      )
      .join('\n'),
    ...sheets.map((/** @type {Sheet} */ sheet) => table(sheet)),
  ].join('\n\n')
}

/**
 * The whole page, with the part that tells a result made anew.
 *
 * @param {string} before
 * @param {string} text of the result's file
 */
export async function rewritten(before, text) {
  const [head, rest] = before.split(begin)
  const tail = rest?.split(end)[1]
  if (head === undefined || tail === undefined) throw new Error(`docs/comparison.md lacks ${begin} or ${end}`)
  const whole = `${head}${begin}\n\n${await told(text)}\n\n${end}${tail}`
  return format(whole, { ...(await resolveConfig(page)), filepath: page })
}

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
