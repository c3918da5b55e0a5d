/** A run for a terminal, and the parts of it that the docs quote. */
import { drawFacts, drawSheet, painter, wrap } from '../shared/report/draw.js'
import type { Frame } from '../shared/report/draw.js'
import { duration } from '../shared/report/format.js'
import { machineFacts, markOf } from '../shared/report/words.js'
import type { Result, Verdict } from './result.js'
import { sheetsOf } from './sheets.js'

export { bytes as bytesText } from '../shared/report/format.js'
export { machineFacts } from '../shared/report/words.js'
export { sheetsOf } from './sheets.js'

/** A figure of microseconds, with its unit. */
export const microsecondsText = (value: number): string => duration(value * 1000)

/** What is said of a number to reach. */
export const wordsOf = (verdict: Verdict): string => markOf(verdict, 'reached').words

/** How it was measured. */
export function settingsFacts({ settings, started, seconds }: Result): (readonly [string, string])[] {
  const { command, rounds, messages, seed } = settings
  const each = messages > 0 ? `${messages.toLocaleString('en-US')} messages` : `${settings.seconds} s`
  return [
    ['command', command],
    ['settings', `${rounds} rounds of ${each}, seed ${seed}`],
    ['measured', `${started}, in ${seconds.toLocaleString('en-US')} s`],
  ]
}

function verdictText(verdict: Verdict, { columns, colour }: Frame): string {
  const { sign, words, style } = markOf(verdict, 'reached')
  const claim = wrap(`${sign} ${verdict.claim} (${words})`, columns, '  ')
  return `${painter(colour)(style, claim)}\n  ${wrap(verdict.finding, columns - 2, '  ')}`
}

export function terminalReport(result: Result, frame: Frame): string {
  const { columns } = frame
  const paint = painter(frame.colour)
  const list = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : [paint('bold', title), ...lines].join('\n')
  const parts = [
    result.disturbances.map((sentence) => paint('yellow', wrap(`! ${sentence}`, columns, '  '))).join('\n'),
    drawFacts([...machineFacts(result.machine), ...settingsFacts(result)], columns),
    list(
      'Measured',
      result.peers.map(({ name, what, version }) => wrap(`- ${name}: ${what} (${version})`, columns, '  ')),
    ),
    list(
      'Left out',
      result.leftOut.map(({ peer, why }) => wrap(`- ${peer}: ${why}`, columns, '  ')),
    ),
    ...sheetsOf(result).map((sheet) => drawSheet(sheet, frame)),
    list(
      'Numbers to reach',
      result.verdicts.map((it) => verdictText(it, frame)),
    ),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
