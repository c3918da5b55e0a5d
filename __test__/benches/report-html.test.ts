/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The page that a comparison writes: what stands in it, and what a browser makes of it.
import { createHash } from 'node:crypto'
import { htmlReport, type Result } from '../../dist/benches/report.js'
import { openPage, pixels } from '../helpers/benches/browser.js'
import { exampleResult } from '../helpers/benches/result.js'
import { serial } from '../helpers/echo-columns.js'
import test from '../helpers/test.js'

const example = exampleResult()
const html = htmlReport(example)

/** The colours of the first four lines. */
const light = ['#d55e00', '#b5609a', '#0072b2', '#008a63']
const dark = ['#f0803c', '#e0a0c6', '#56b4e9', '#2cc295']

/** The example with a text in place of each of its own. */
function hostile(text: string): Result {
  const keep = new Set(['api', 'native', 'default', 'eventfd'])
  return JSON.parse(
    JSON.stringify(example, (_, value: unknown) =>
      typeof value === 'string' && !keep.has(value) ? `${value}${text}` : value,
    ),
  ) as Result
}

const attack = `"'></title></script></style><script>window.hacked=1</script><img src=x onerror="window.hacked=1"><!--`

test('the policy allows what stands in the page, and nothing else', (t) => {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? ''
  const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const scripts = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text = '']) => digest(text))
  const styles = [...html.matchAll(/<style>([^]*?)<\/style>/g)].map(([, text = '']) => digest(text))
  t.deepEqual(policy.split('; '), [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    `style-src ${styles.join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ])
  t.is(scripts.length + styles.length, 2)
  t.false(
    / style="| on\w+="|https?:\/\/(?!www\.w3\.org)/.test(html.replaceAll(/<(script|style)[^]*?<\/\1>/g, '')),
  )
})

test('the data is in the page as JSON, whatever is in its texts', (t) => {
  for (const result of [example, hostile(attack)]) {
    const json =
      /<script type="application\/json" id="result">([^]*?)<\/script>/.exec(htmlReport(result))?.[1] ?? ''
    t.deepEqual(JSON.parse(json), result)
  }
})

test('texts from elsewhere are texts', (t) => {
  const page = htmlReport(hostile(attack))
  t.is(page.match(/<script/g)?.length, 2)
  t.false(page.includes('<img'))
  t.false(page.includes('<!--'))
  t.is(page.match(/<\/title>/g)?.length, 1)
  t.is(page.match(/<\/style>/g)?.length, 1)
})

test('every table has a caption, and heads with a scope', (t) => {
  const tables = html.match(/<table>[^]*?<\/table>/g) ?? []
  t.is(tables.length, 15)
  for (const table of tables) {
    t.regex(table, /^<table>\n<caption id="table-[\w-]+">/)
    t.deepEqual(
      [...table.matchAll(/<th(?= |>)(?! scope="(?:col|row)")/g)].map(([text]) => text),
      [],
    )
    t.true(table.includes('<tr><th scope="row"'))
  }
})

test('refusals, verdicts, disturbances, machine and command are in the text', (t) => {
  for (const text of [
    'refused (ERR_FDREACTOR_FD_LIMIT)',
    '<strong>Edge-triggered is faster than level-triggered</strong> <em>does not hold</em>',
    'Another process used 31 % of a processor during round 4.',
    'spectre_v2: Retpolines; meltdown: PTI',
    'fdreactor compare --seed 7 --html report.html',
    '15 rounds, seed 7',
    '<span class="interval">[7.19, 7.49]</span>',
  ]) {
    t.true(html.includes(text), text)
  }
  t.true(html.indexOf('This run was disturbed') < html.indexOf('<h2 id="claims"'))
  t.false(htmlReport({ ...example, disturbances: [] }).includes('disturbed"'))
})

/** One after the other: each has a browser. */
const inBrowser = serial({ tools: ['chromium'] })

inBrowser('three plots are drawn, without a complaint or a request', async (t) => {
  const { page, requests, complaints } = await openPage(t, html)
  const found = await pixels(page, light)
  t.is(found.length, 3)
  // Select has one point under load: all lines but that are long.
  for (const [index, counts] of found.entries()) {
    for (const [line, count] of counts.entries())
      t.true(count > (index === 2 && line === 0 ? 20 : 100), `plot ${index}, line ${line}: ${count}`)
  }
  t.deepEqual(
    requests.filter((url) => url !== 'data:,'),
    [],
  )
  t.deepEqual(complaints, [])
})

/** What stands below a plot. */
const legend = (id: string): string => `#plot-${id} .legend`

inBrowser('pointing at a position tells its figures; so do the arrow keys', async (t) => {
  const { page } = await openPage(t, html)
  const read = (): Promise<string[]> =>
    page.$$eval(`${legend('turn')} caption, ${legend('turn')} tr`, (rows) =>
      rows.map((row) =>
        [...(row.children.length > 0 ? row.children : [row])].map((it) => it.textContent).join(' | '),
      ),
    )
  t.is((await read())[0], 'watched descriptors: 10,000')
  t.is((await read())[1], 'select | refused (ERR_FDREACTOR_FD_LIMIT)')

  const over = (await page.$('#plot-turn .u-over'))!
  await over.scrollIntoView()
  const box = (await over.boundingBox())!
  // The axis goes from 10 / 1.08 to 10,000 x 1.08.
  const [from, to] = [Math.log10(10 / 1.08), Math.log10(10_000 * 1.08)]
  await page.mouse.move(box.x + (box.width * (2 - from)) / (to - from) + 3, box.y + 20)
  await page.waitForFunction(
    (path) => document.querySelector(path)?.textContent?.endsWith(': 100'),
    {},
    `${legend('turn')} caption`,
  )
  const hundred = [
    'watched descriptors: 100',
    'select | 7.34 µs | [7.19 µs, 7.49 µs]',
    'poll | 12.9 µs | [12.7 µs, 13.2 µs]',
    'epoll level | 1.42 µs | [1.39 µs, 1.45 µs]',
    'epoll edge | 1.31 µs | [1.28 µs, 1.34 µs]',
  ]
  t.deepEqual(await read(), hundred)

  await page.focus('#plot-turn .canvas')
  await page.keyboard.press('ArrowRight')
  t.deepEqual((await read()).slice(0, 2), [
    'watched descriptors: 1,000',
    'select | 62.2 µs | [61.0 µs, 63.5 µs]',
  ])
  await page.keyboard.press('ArrowLeft')
  t.deepEqual(await read(), hundred)
})

inBrowser('what is chosen is what is shown', async (t) => {
  const { page } = await openPage(t, html)
  const poll = (id: string): Promise<string | undefined> =>
    page.$$eval(
      `${legend(id)} tr`,
      (rows) => rows.find((row) => row.textContent.startsWith('poll'))?.children[1]?.textContent ?? '',
    )
  t.is(await poll('turn'), '1.18 ms')
  await page.select('#plot-turn select[name=share]', 'all')
  // 820 + 118 x 10,000 + (190 + 130) x 10,000 ns.
  t.is(await poll('turn'), '4.38 ms')
  await page.select('#plot-turn select[name=side]', 'native')
  t.is(await poll('turn'), '3.08 ms')
  await page.select('#plot-turn select[name=clock]', 'wall')
  t.is(await poll('turn'), '3.23 ms')
  t.is(await poll('load'), '3.56 ms')
  await page.select('#plot-load select[name=percentile]', 'p999')
  t.is(await poll('load'), '39.2 ms')
})

for (const scheme of ['light', 'dark'] as const) {
  inBrowser(`on a phone nothing is wider than the screen, ${scheme}`, async (t) => {
    const { page } = await openPage(t, html, { width: 360, scheme })
    await page.$eval('details', (details) => details.setAttribute('open', ''))
    t.deepEqual(
      await page.evaluate(() => [document.documentElement.scrollWidth, document.body.scrollWidth]),
      [360, 360],
    )
    // Wide tables scroll in their boxes.
    t.true(await page.$$eval('.scroll', (boxes) => boxes.some((box) => box.scrollWidth > box.clientWidth)))
  })
}

inBrowser('a page that is open follows the change to a dark scheme, plots too', async (t) => {
  const { page, complaints } = await openPage(t, html)
  const paper = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  t.is(await paper(), 'rgb(255, 255, 255)')
  t.true((await pixels(page, dark)).flat().every((count) => count === 0))
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  t.is(await paper(), 'rgb(20, 23, 27)')
  await page.waitForFunction(() => document.querySelectorAll('figure canvas').length === 3)
  const found = await pixels(page, [...dark, ...light])
  for (const counts of found) {
    t.true(
      counts.slice(0, 4).every((count) => count > 20),
      counts.join(),
    )
    t.true(
      counts.slice(4).every((count) => count === 0),
      counts.join(),
    )
  }
  t.deepEqual(complaints, [])
})

inBrowser('without a script the tables stand there, and no control that does nothing', async (t) => {
  const { page, complaints } = await openPage(t, html, { hasScript: false })
  const counts = await page.evaluate(() => [
    document.querySelectorAll('select, button, input, canvas').length,
    [...document.querySelectorAll('table')].filter(
      (table) => table.closest('details') === null && table.offsetHeight > 0,
    ).length,
    [...document.querySelectorAll<HTMLElement>('.plot')].filter((plot) => plot.offsetHeight > 0).length,
    [...document.querySelectorAll<HTMLElement>('.bars rect')].filter(
      (bar) => bar.getBoundingClientRect().width > 100,
    ).length,
  ])
  t.deepEqual(counts, [0, 9, 0, 3])
  t.deepEqual(complaints, [])
})

inBrowser('what a hostile file has in its texts is shown and not run', async (t) => {
  const { page, requests, complaints } = await openPage(t, htmlReport(hostile(attack)))
  const [hacked, images, text] = await page.evaluate(() => [
    'hacked' in window,
    document.images.length,
    document.body.textContent.includes('<img src=x onerror='),
  ])
  t.deepEqual([hacked, images, text], [false, 0, true])
  t.deepEqual(
    requests.filter((url) => url !== 'data:,'),
    [],
  )
  t.deepEqual(complaints, [])
})
