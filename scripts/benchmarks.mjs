// Writes what the docs and the README say of a run of the benches: `node scripts/benchmarks.mjs` from docs/benchmarks.json,
// with `--measure` after a new run of all of them, which takes about 15 minutes on a machine that should do nothing else.
// `--quick` measures in two, to see what comes. Peers that npm brings are installed first.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { factsText, formatted, rewrite, sheetText, table } from './page.mjs'
import { root, run, stopAllOnSignals } from './run.mjs'

const NAME = 'scripts/benchmarks.mjs'
const page = join(root, 'docs/benchmarks.md')
const readme = join(root, 'README.md')
const figures = join(root, 'docs/benchmarks.json')

/** @typedef {import('../benches/bench/result.js').Result} Result */
/** @typedef {import('../benches/shared/result.js').Estimate} Estimate */
/** @typedef {{ readonly runs: readonly Result[], readonly check: readonly string[] }} Figures */

/** In the order of the page. */
const kinds = /** @type {const} */ (['echo', 'accept', 'memory', 'dispatch'])

/** @param {readonly { readonly text: string, readonly isNumber?: boolean }[]} head */
const columns = (...head) => head

/**
 * The part of docs/benchmarks.md that tells a run.
 *
 * @param {Figures} found
 */
export async function told({ runs, check }) {
  const { machineFacts, sheetsOf, wordsOf } = await import('../dist/benches/bench-report.js')
  const [first] = runs
  if (first === undefined) throw new Error('there is no run')
  const said = runs.flatMap(({ settings, disturbances }) =>
    disturbances.map((each) => `- ${settings.kind}: ${each}`),
  )
  const peers = new Map(
    runs.flatMap((result) => result.peers.map((peer) => [`${peer.name} ${peer.what}`, peer])),
  )
  const leftOut = new Set(
    runs.flatMap((result) => result.leftOut.map(({ peer, why }) => `- ${peer}, left out: ${why}`)),
  )
  return [
    '## A run',
    factsText(machineFacts(first.machine)),
    runs
      .map(({ settings, started, seconds }) => `- \`${settings.command}\`: ${started}, ${seconds} s`)
      .join('\n'),
    ...(said.length > 0
      ? [
          `What disturbed it, and what did not fit:

${said.join('\n')}`,
        ]
      : []),
    '### Who was measured',
    table(
      columns({ text: 'name' }, { text: 'what' }, { text: 'version' }),
      [...peers.values()].map(({ name, what, version }) => [name, what, version]),
    ),
    ...(leftOut.size > 0 ? [[...leftOut].join('\n')] : []),
    '### Numbers to reach',
    table(
      columns({ text: 'number' }, { text: '' }, { text: 'found' }),
      runs.flatMap((result) =>
        result.verdicts.map((verdict) => [verdict.claim, wordsOf(verdict), verdict.finding]),
      ),
    ),
    '### The generator beside redis-benchmark',
    check.map((line) => `- ${line}`).join('\n'),
    ...runs.flatMap((result) =>
      sheetsOf(result).map((/** @type {import('./page.mjs').Sheet} */ sheet) => sheetText(sheet)),
    ),
  ].join('\n\n')
}

/** @param {Estimate | undefined} estimate @param {(median: number) => string} text */
const shown = (estimate, text) => (estimate === undefined ? '–' : text(estimate.median))

/**
 * What the README says of it.
 *
 * @param {Figures} found
 */
export async function summary({ runs }) {
  const { microsecondsText, bytesText } = await import('../dist/benches/bench-report.js')
  const all = Object.fromEntries(runs.map((result) => [result.settings.kind, result]))
  const { echo, accept, memory, dispatch } = all
  const rows = (echo?.peers ?? []).map(({ name, what }) => {
    /** @param {number} bytes */
    const cpu = (bytes) =>
      echo?.echo.find((each) => each.peer === name && each.bytes === bytes && each.connections === 50)?.cpu
        ?.all
    const taken = accept?.accept.find((each) => each.peer === name && each.bytes === 0)?.cpu?.all
    const held = memory?.memory.find((each) => each.peer === name)?.memory
    return [
      what,
      shown(cpu(64), microsecondsText),
      shown(cpu(16_384), microsecondsText),
      shown(taken, microsecondsText),
      shown(held, bytesText),
    ]
  })
  const callbacks = dispatch?.dispatch.map(
    ({ peer, descriptors, rate }) =>
      `${Number(rate.median.toPrecision(2)).toLocaleString('en-US')} (${peer}, ${descriptors})`,
  )
  return [
    table(
      columns(
        { text: 'server' },
        { text: '64 B echoed', isNumber: true },
        { text: '16 KiB echoed', isNumber: true },
        { text: 'connection accepted', isNumber: true },
        { text: 'idle connection', isNumber: true },
      ),
      rows,
    ),
    `Callbacks a second for descriptors that are always ready, by their number: ${callbacks?.join(', ')}.`,
  ].join('\n\n')
}

/**
 * Both pages, by their files.
 *
 * @param {string} text of docs/benchmarks.json
 * @returns {Promise<Map<string, string>>}
 */
export async function rewritten(text) {
  const found = JSON.parse(text)
  return new Map([
    [page, await rewrite(page, readFileSync(page, 'utf8'), NAME, await told(found))],
    [readme, await rewrite(readme, readFileSync(readme, 'utf8'), NAME, await summary(found))],
  ])
}

/** @param {readonly string[]} args */
async function node(args) {
  const outcome = await run(process.execPath, args, { onOutput: (text) => process.stdout.write(text) })
  return outcome
}

/** @param {boolean} isQuick */
async function measure(isQuick) {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-benchmarks-'))
  try {
    await node(['scripts/peers.mjs'])
    const runs = []
    for (const kind of kinds) {
      const json = join(folder, `${kind}.json`)
      const args = ['bench', kind, ...(isQuick ? ['--quick'] : [])]
      const { code } = await node(['dist/cli/main.js', ...args, '--json', json])
      if (code !== 0) throw new Error(`fdreactor bench ${kind} failed`)
      const result = JSON.parse(readFileSync(json, 'utf8'))
      // The file is this script's affair.
      runs.push({ ...result, settings: { ...result.settings, command: ['fdreactor', ...args].join(' ') } })
    }
    const amount = isQuick ? ['--rounds', '1', '--messages', '20000'] : []
    const { output } = await node(['scripts/load-check.mjs', ...amount])
    const check = output.trim().split('\n')
    writeFileSync(figures, await formatted(figures, JSON.stringify({ runs, check })))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  stopAllOnSignals()
  const { values } = parseArgs({
    options: { measure: { type: 'boolean' }, quick: { type: 'boolean', default: false } },
  })
  if (values.measure || !existsSync(figures)) await measure(values.quick)
  for (const [file, text] of await rewritten(readFileSync(figures, 'utf8'))) writeFileSync(file, text)
}
