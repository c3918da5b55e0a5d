import page from 'inline:./page.ts'
import style from 'inline:./page.css'
import type { Result, Verdict } from '../result.js'
import { escape, hashOf, scriptJson } from './markup.js'
import { strategiesChart } from './strategies.js'
import type { Cell, Head, Sheet } from '../../shared/report/sheet.js'
import { crossoverSentence, furtherSheets, sheetsOf } from './sheets.js'
import { facts, markOf } from './words.js'

function cellHtml({ text, interval, kind }: Cell, { isNumber }: Head, isFirst: boolean): string {
  const classes = [...(isNumber ? ['number'] : []), ...(kind === undefined ? [] : [kind])].join(' ')
  const open = isFirst ? '<th scope="row"' : '<td'
  const range = interval === undefined ? '' : ` <span class="interval">${escape(interval)}</span>`
  return `${open}${classes === '' ? '' : ` class="${classes}"`}>${escape(text)}${range}</${isFirst ? 'th' : 'td'}>`
}

function tableHtml({ id, title, note, head, rows }: Sheet): string {
  const heads = head
    .map((it) => `<th scope="col"${it.isNumber ? ' class="number"' : ''}>${escape(it.text)}</th>`)
    .join('')
  const body = rows
    .map(
      (row) =>
        `<tr>${row.map((it, column) => cellHtml(it, head[column] as Head, column === 0)).join('')}</tr>`,
    )
    .join('\n')
  // A box that scrolls has to be within reach of the keyboard, and then needs a name.
  return `<div class="scroll" tabindex="0" role="region" aria-labelledby="table-${id}">
<table>
<caption id="table-${id}"><span class="stays">${escape(title)}${note === '' ? '' : ` <span class="note">${escape(note)}</span>`}</span></caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}
</tbody>
</table>
</div>`
}

/** A plot's place: the script draws in it and shows it. */
function plotHtml(id: string, title: string, note: string): string {
  return `<figure class="plot" id="plot-${id}" hidden>
<figcaption><h3>${escape(title)}</h3><p>${escape(note)}</p></figcaption>
</figure>`
}

function verdictHtml(verdict: Verdict): string {
  const { sign, words } = markOf(verdict)
  const kind = verdict.holds === null ? 'open' : verdict.holds ? 'holds' : 'fails'
  return `<li class="${kind}"><span class="mark" aria-hidden="true">${sign}</span>
<p><strong>${escape(verdict.claim)}</strong> <em>${words}</em></p>
<p>${escape(verdict.finding)}</p></li>`
}

function disturbancesHtml({ disturbances }: Result): string {
  if (disturbances.length === 0) return ''
  return `<section class="warning" aria-labelledby="disturbed">
<h2 id="disturbed">This run was disturbed</h2>
${list(disturbances)}
</section>`
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${escape(item)}</li>`).join('')}</ul>`
}

function section(id: string, title: string, parts: readonly string[]): string {
  const inside = parts.filter((part) => part !== '')
  return inside.length === 0
    ? ''
    : `<section aria-labelledby="${id}">\n<h2 id="${id}">${title}</h2>\n${inside.join('\n')}\n</section>`
}

function mainHtml(result: Result): string {
  const tables = new Map(sheetsOf(result).map((sheet) => [sheet.id, tableHtml(sheet)]))
  const table = (id: string): string => tables.get(id) ?? ''
  const further = furtherSheets(result).map((sheet) => tableHtml(sheet))
  const hasTurns = result.turns.length > 0
  const where = facts(result)
  return [
    disturbancesHtml(result),
    section('claims', 'What the tutorial claims, and what was found here', [
      result.verdicts.length === 0
        ? ''
        : `<ul class="verdicts">${result.verdicts.map(verdictHtml).join('\n')}</ul>`,
    ]),
    section('turns', 'One turn, as descriptors grow', [
      hasTurns
        ? plotHtml(
            'turn',
            'Cost of one turn by watched descriptors',
            'One wait and the handing over of its events. Both axes are logarithmic; the bands are 95 % intervals of the median.',
          )
        : '',
      table('turn-api-one-cpu'),
      table('turn-native-one-cpu'),
      table('fits'),
      list(result.crossovers.map((it) => crossoverSentence(it))),
    ]),
    section('events', 'One event, when all are ready', [
      hasTurns
        ? plotHtml(
            'event',
            'Cost of one event by watched descriptors, all of them ready',
            'A turn’s cost shared among its events. Both axes are logarithmic; the bands are 95 % intervals.',
          )
        : '',
      table('event-api-all-cpu'),
      table('event-native-all-cpu'),
      table('boundary'),
    ]),
    section('load', 'The echo server under load', [
      result.load.length > 0
        ? plotHtml(
            'load',
            'Latency by idle connections',
            'At a fixed arrival rate, from when a message was due. The bands are 95 % intervals of the median.',
          )
        : '',
      table('load'),
    ]),
    section('strategies', 'Level and edge, message by message', [
      strategiesChart(result),
      table('strategies'),
    ]),
    section('changes', 'Register, modify, remove', [table('changes')]),
    section('further', 'More of the turns', [
      further.length === 0
        ? ''
        : `<details><summary>${further.length} more tables</summary>${further.join('\n')}</details>`,
    ]),
    section('where', 'Where and how it was measured', [
      `<dl>${where.map(([name, text]) => `<div><dt>${escape(name)}</dt><dd>${escape(text)}</dd></div>`).join('\n')}</dl>`,
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** The CPU a run was on and how it was measured, in a line below the title. */
function summary({ machine, settings, started }: Result): string {
  const parts = [
    machine.cpu,
    `kernel ${machine.kernel}`,
    machine.runtime,
    `${settings.kind} descriptors`,
    started.slice(0, 10),
  ]
  return parts.map((part) => escape(part)).join(' · ')
}

/** All of a run as one page that asks the network for nothing. */
export function htmlReport(result: Result): string {
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(page)}`,
    `style-src ${hashOf(style)}`,
    // The empty icon, which keeps a browser from asking for one.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>fdreactor compare: ${escape(result.machine.cpu)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1>fd-scan against event-callback</h1>
<p>${summary(result)}</p>
</header>
<main>
${mainHtml(result)}
</main>
<footer><p>Made by <code>${escape(result.settings.command)}</code>. The data is in this file, as JSON.</p></footer>
<script type="application/json" id="result">${scriptJson(result)}</script>
<script>${page}</script>
</body>
</html>
`
}
