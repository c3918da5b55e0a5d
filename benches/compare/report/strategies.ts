import type { Result } from '../result.js'
import { digits, shownDuration, scaled } from '../../shared/report/format.js'
import { escape } from './markup.js'

/** Bars of the processor time of each strategy, drawn without a script. */
export function strategiesChart({ strategies }: Result): string {
  if (strategies.length === 0) return ''
  const most = Math.max(...strategies.map(({ cpu }) => cpu.high))
  const percent = (value: number): string => `${digits(Math.max(0, (value / most) * 100))}%`
  const isOne = new Set(strategies.map(({ bytes, connections }) => `${bytes} ${connections}`)).size === 1
  const bars = strategies.map(({ strategy, bytes, connections, cpu }) => {
    const { text } = shownDuration(scaled(cpu, 1000))
    const where = isOne ? '' : ` (${bytes} B, ${connections} connections)`
    return `<li><span>${escape(strategy + where)}</span><span class="number">${escape(text)}</span>
<svg aria-hidden="true" height="14" width="100%"><rect class="bar" width="${percent(cpu.median)}" height="14" rx="2"/>
<line class="whisker" x1="${percent(cpu.low)}" x2="${percent(cpu.high)}" y1="7" y2="7"/></svg></li>`
  })
  return `<figure class="bars"><figcaption><h3>Processor time of one echoed message</h3>
<p>Both ends of the connection together; the dark line is the 95 % interval.</p></figcaption>
<ul>${bars.join('\n')}</ul></figure>`
}
