import { drawFacts, drawSheet, painter, wrap } from '../../shared/report/draw.js'
import type { Frame } from '../../shared/report/draw.js'
import type { Result, Verdict } from '../result.js'
import { chart } from './chart.js'
import { choose } from './select.js'
import { crossoverSentence, sheetsOf } from './sheets.js'
import { facts, markOf } from './words.js'

function verdictText(verdict: Verdict, { columns, colour }: Frame): string {
  const { sign, words, style } = markOf(verdict)
  const text = wrap(`${sign} ${verdict.claim} (${words})`, columns, '  ')
  return `${painter(colour)(style, text)}\n  ${wrap(verdict.finding, columns - 2, '  ')}`
}

function chartText(result: Result, frame: Frame): string {
  const { series } = choose(result, 'api', 'one')
  const lines = series.map(({ variant, cells }) => ({
    name: variant,
    points: [...cells.values()]
      .toSorted((a, b) => a.watched - b.watched)
      .map(({ watched, cpu }) => ({ x: watched, y: cpu.median })),
  }))
  const drawn = chart(lines, frame)
  if (drawn === '') return ''
  const title = wrap(
    'Cost of one turn by watched descriptors, one of them ready (both axes logarithmic)',
    frame.columns,
  )
  return `${painter(frame.colour)('bold', title)}\n${drawn}`
}

/** All of a run, for a terminal. */
export function terminalReport(result: Result, frame: Frame): string {
  const paint = painter(frame.colour)
  const { columns } = frame
  const parts = [
    result.disturbances.map((sentence) => paint('yellow', wrap(`! ${sentence}`, columns, '  '))).join('\n'),
    drawFacts(facts(result), columns),
    chartText(result, frame),
    ...sheetsOf(result).map((sheet) => drawSheet(sheet, frame)),
    result.crossovers.length === 0
      ? ''
      : [
          paint('bold', wrap('Where the lines cross', columns)),
          ...result.crossovers.map((it) => wrap(crossoverSentence(it), columns)),
        ].join('\n'),
    result.verdicts.length === 0
      ? ''
      : [
          paint('bold', wrap('What the tutorial claims', columns)),
          ...result.verdicts.map((it) => verdictText(it, frame)),
        ].join('\n'),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
