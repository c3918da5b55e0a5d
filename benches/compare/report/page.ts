/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** What the page does on top of what stands in it: the plots, and what one chooses for them. */
import type { Estimate, Result } from '../result.js'
import { count, duration } from '../../shared/report/format.js'
import { colourOf, dashes, draw, type Line, type Plotted, type Point } from './plot.js'
import { ascending, choose, type Clock, clocks, inOrder, type Share, shares, sides } from './select.js'

const result = JSON.parse(document.querySelector('#result')?.textContent ?? '') as Result

type Choices = Readonly<Record<string, string>>

interface Control {
  readonly id: string
  readonly label: string
  readonly options: readonly { readonly id: string; readonly name: string }[]
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  of: { readonly className?: string; readonly text?: string } = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  if (of.className !== undefined) made.className = of.className
  if (of.text !== undefined) made.textContent = of.text
  made.append(...children)
  return made
}

/** A short piece of a line as it is drawn. */
function swatch(look: number): SVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  svg.setAttribute('width', '34')
  svg.setAttribute('height', '10')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(space, 'path')
  path.setAttribute('d', 'M0 5H34')
  path.setAttribute('stroke', colourOf(look))
  path.setAttribute('stroke-dasharray', (dashes[look % dashes.length] ?? []).join(' '))
  svg.append(path)
  return svg
}

const pointOf = ({ median, low, high }: Estimate, by: number): Point => ({
  value: median * by,
  low: low * by,
  high: high * by,
})

/** The same look for a variant in each plot. */
const variants = inOrder([...result.turns, ...result.refusals, ...result.load].map(({ variant }) => variant))

function turns(per: 'turn' | 'event') {
  return ({ side = 'api', share = 'all', clock = 'cpu' }: Choices): Plotted => {
    const chosen = choose(result, side as 'api', share as Share)
    const lines = chosen.series.map(({ variant, cells, refused }): Line => {
      const points = chosen.sizes.map((size) => {
        const cell = cells.get(size)
        if (cell === undefined) return null
        const point = pointOf(cell[clock as Clock], per === 'event' ? 1 / cell.active : 1)
        // What a logarithmic axis has no place for.
        return point.value > 0 ? point : null
      })
      const missing = chosen.sizes.map((size) => {
        const code = refused.get(size)
        return code === undefined ? 'not measured' : `refused (${code})`
      })
      return { name: variant, look: variants.indexOf(variant), points, missing }
    })
    return {
      xs: chosen.sizes,
      isOrdinal: false,
      lines,
      xTitle: 'watched descriptors',
      yTitle: per === 'turn' ? 'time of a turn' : 'time of an event',
      formatX: count,
    }
  }
}

function latencies({ percentile = 'p99' }: Choices): Plotted {
  const idles = ascending(result.load.map(({ idle }) => idle))
  const lines = inOrder(result.load.map(({ variant }) => variant)).map((variant) => ({
    name: variant,
    look: variants.indexOf(variant),
    points: idles.map((idle) => {
      const cell = result.load.find((it) => it.variant === variant && it.idle === idle)
      return cell === undefined ? null : pointOf(cell[percentile as 'p99'], 1000)
    }),
  }))
  return {
    // Evenly apart: 0 has no place on a logarithmic axis.
    xs: idles.map((_, index) => index),
    isOrdinal: true,
    lines,
    xTitle: 'idle connections',
    yTitle: 'latency',
    formatX: (index) => count(idles[index] ?? 0),
  }
}

/** Each end with a unit of its own: it stands alone in its column. */
const range = ({ low, high }: Point): string => `[${duration(low)}, ${duration(high)}]`

function legendRow(line: Line, index: number | null): HTMLTableRowElement {
  const name = element('th', {}, swatch(line.look), document.createTextNode(line.name))
  name.scope = 'row'
  const point = index === null ? undefined : line.points[index]
  const text = point
    ? duration(point.value)
    : ((index === null ? '' : line.missing?.[index]) ?? 'not measured')
  const value = element('td', { className: 'number value', text })
  if (!point) {
    value.colSpan = 2
    value.classList.add('missing')
    return element('tr', {}, name, value)
  }
  return element('tr', {}, name, value, element('td', { className: 'number interval', text: range(point) }))
}

/** Puts a plot into its figure: controls, canvas, and below it the figures of where the cursor is. */
function plot(id: string, controls: readonly Control[], read: (choices: Choices) => Plotted): void {
  const figure = document.querySelector<HTMLElement>(`#plot-${id}`)
  if (figure === null) return
  figure.hidden = false
  const box = element('div', { className: 'canvas' })
  const legend = element('table', { className: 'legend' })
  const selects = controls.map((control) => {
    const select = element('select')
    select.name = control.id
    for (const option of control.options) select.append(new Option(option.name, option.id))
    select.addEventListener('change', () => render())
    return select
  })
  const labelled = controls.map(({ label }, index) =>
    element('label', {}, document.createTextNode(label), selects[index] as HTMLSelectElement),
  )
  figure.append(element('div', { className: 'controls' }, ...labelled), box, legend)
  box.tabIndex = 0
  box.setAttribute('role', 'group')

  let drawn: ReturnType<typeof draw> | undefined
  let plotted: Plotted | undefined
  let at: number | null = null

  function tell(index: number | null): void {
    if (plotted === undefined) return
    // Where nothing is pointed at, the largest measured position stands.
    at = index ?? plotted.xs.length - 1
    const x = plotted.xs[at]
    const head = x === undefined ? '' : `${plotted.xTitle}: ${plotted.formatX(x)}`
    legend.replaceChildren(
      element('caption', { text: head }),
      element('tbody', {}, ...plotted.lines.map((line) => legendRow(line, at))),
    )
  }

  function render(): void {
    drawn?.destroy()
    drawn = undefined
    plotted = read(Object.fromEntries(selects.map((select) => [select.name, select.value])))
    const hasPoints = plotted.lines.some(({ points }) => points.some((point) => point !== null))
    box.hidden = !hasPoints
    box.setAttribute(
      'aria-label',
      `${figure?.querySelector('h3')?.textContent ?? ''}. Arrow keys move along.`,
    )
    if (!hasPoints) {
      legend.replaceChildren(element('caption', { text: 'Not measured.' }))
      return
    }
    drawn = draw(box, plotted, tell)
    tell(null)
  }

  box.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (step === undefined || plotted === undefined || drawn === undefined) return
    event.preventDefault()
    const next = Math.min(plotted.xs.length - 1, Math.max(0, (at ?? 0) + step))
    drawn.setCursor({ left: drawn.valToPos(plotted.xs[next] as number, 'x'), top: 0 })
    tell(next)
  })

  let width = 0
  new ResizeObserver(() => {
    if (figure.clientWidth === width) return
    width = figure.clientWidth
    render()
  }).observe(figure)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => render())
}

const measured = (id: (typeof sides)[number]['id'], share: Share): boolean =>
  choose(result, id, share).sizes.length > 0
const clock: Control = { id: 'clock', label: 'Time', options: clocks }
const side: Control = {
  id: 'side',
  label: 'Called by',
  options: sides.filter(({ id }) => shares.some((share) => measured(id, share.id))),
}
const share: Control = {
  id: 'share',
  label: 'Ready',
  options: shares.filter(({ id }) => sides.some((each) => measured(each.id, id))),
}
const percentile: Control = {
  id: 'percentile',
  label: 'Percentile',
  options: [
    { id: 'p50', name: 'p50 (half are faster)' },
    { id: 'p99', name: 'p99' },
    { id: 'p999', name: 'p99.9' },
  ],
}

plot('turn', [share, side, clock], turns('turn'))
plot('event', [side, clock], turns('event'))
plot('load', [percentile], latencies)
