import type { Estimate, Verdict } from '../result.js'
import type { Change, Difference, Pair, Section } from './diff.js'
import { digits, scaled, type Shown, shownDuration, shownNumber } from '../../shared/report/format.js'
import { type Cell, cell, type Sheet } from '../../shared/report/sheet.js'
import { drawSheet, type Frame, painter, wrap } from '../../shared/report/draw.js'
import { markOf } from './words.js'

function shown(estimate: Estimate, unit: Section['unit']): Shown {
  return unit === 'a second'
    ? shownNumber(estimate)
    : shownDuration(scaled(estimate, unit === 'us' ? 1000 : 1))
}

function ratioCell({ ratio }: Pair): Cell {
  if (ratio === null) return cell('–')
  return cell(`× ${digits(ratio.median)} [${digits(ratio.low)}, ${digits(ratio.high)}]`)
}

const order: readonly Change[] = ['slower', 'faster', 'same']

function sheetOf({ id, title, unit, pairs }: Section): Sheet {
  const counts = order.map((change) => `${pairs.filter((pair) => pair.change === change).length} ${change}`)
  // The slopes are few, and what the comparison is about.
  const told = id === 'fits' ? pairs : pairs.filter(({ change }) => change !== 'same')
  return {
    id,
    title,
    note: `Of ${pairs.length} figures: ${counts.join(', ')}.`,
    head: [
      { text: 'figure' },
      { text: 'first', isNumber: true },
      { text: 'second', isNumber: true },
      { text: 'ratio', isNumber: true },
      { text: 'change' },
    ],
    rows: told.map((pair) => [
      cell(pair.name),
      shown(pair.a, unit),
      shown(pair.b, unit),
      ratioCell(pair),
      cell(pair.change),
    ]),
  }
}

function sectionText(section: Section, frame: Frame): string {
  const sheet = sheetOf(section)
  const parts = [
    ...(sheet.rows.length > 0 ? [drawSheet(sheet, frame)] : []),
    ...(sheet.rows.length === 0 && section.pairs.length > 0
      ? [wrap(`${sheet.title}. ${sheet.note}`, frame.columns)]
      : []),
    ...(['onlyA', 'onlyB'] as const).flatMap((key) => {
      const names = section[key]
      const which = key === 'onlyA' ? 'first' : 'second'
      return names.length === 0
        ? []
        : [wrap(`${section.title}, only in the ${which}: ${names.join('; ')}.`, frame.columns, '  ')]
    }),
  ]
  return parts.join('\n')
}

const said = (verdict: Verdict | null): string =>
  verdict === null ? 'not asked' : `${markOf(verdict).words} (${verdict.finding})`

/** The difference of two runs, for a terminal. */
export function terminalDiff(difference: Difference, frame: Frame): string {
  const paint = painter(frame.colour)
  const list = (title: string, lines: readonly string[]): string =>
    lines.length === 0
      ? ''
      : [
          paint('bold', wrap(title, frame.columns)),
          ...lines.map((line) => wrap(line, frame.columns, '  ')),
        ].join('\n')
  const parts = [
    list(
      'What differs before anything was measured',
      difference.facts.flatMap(({ name, a, b }) => [`${name}: ${a}`, `→ ${b}`]),
    ),
    ...difference.sections.map((section) => sectionText(section, frame)),
    list(
      'Where the lines cross now',
      difference.crossovers.flatMap(({ a, b }) => [
        a ?? 'Not in the first.',
        `→ ${b ?? 'Not in the second.'}`,
      ]),
    ),
    list(
      'Verdicts that came out otherwise',
      difference.verdicts.flatMap(({ claim, a, b }) => [`${claim}: ${said(a)}`, `→ ${said(b)}`]),
    ),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
