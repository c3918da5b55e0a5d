import type { Estimate } from '../result.js'

/** Of every figure that is shown. */
const DIGITS = 3

/** A number to three digits, never as a power of ten. */
export function digits(value: number): string {
  const rounded = Number(value.toPrecision(DIGITS))
  if (Math.abs(rounded) >= 10 ** (DIGITS - 1)) return rounded.toLocaleString('en-US')
  // What rounds to nothing in the unit of a larger number beside it needs no row of zeros.
  if (Math.abs(rounded) < 1e-4) return '0'
  return rounded.toPrecision(DIGITS)
}

export const count = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 })

interface Unit {
  readonly name: string
  readonly size: number
}

const times: readonly Unit[] = [
  { name: 's', size: 1e9 },
  { name: 'ms', size: 1e6 },
  { name: 'µs', size: 1e3 },
  { name: 'ns', size: 1 },
]

const sizes: readonly Unit[] = [
  { name: 'GB', size: 1e9 },
  { name: 'MB', size: 1e6 },
  { name: 'kB', size: 1e3 },
  { name: 'B', size: 1 },
]

/** The largest unit in which the number, rounded as it will be shown, is at least 1. */
function unitOf(value: number, units: readonly Unit[]): Unit {
  const rounded = Math.abs(Number(value.toPrecision(DIGITS)))
  return units.find(({ size }) => rounded >= size) ?? (units.at(-1) as Unit)
}

function inUnit(value: number, units: readonly Unit[]): string {
  const { name, size } = unitOf(value, units)
  return `${digits(value / size)} ${name}`
}

/** `1.34 ms` of nanoseconds. */
export const duration = (nanoseconds: number): string => inUnit(nanoseconds, times)

/** For an axis: `1 ms`, not `1.00 ms`. */
export const tick = (nanoseconds: number): string =>
  duration(nanoseconds)
    .replace(/(\.\d*?)0+(?= )/, '$1')
    .replace('. ', ' ')

/** `534 B`. */
export const bytes = (value: number): string => inUnit(value, sizes)

/** A figure as it is shown: by itself, with the half width of its interval, with its interval's ends. */
export interface Shown {
  readonly text: string
  /** `±3 %`; the ends where that would be all of the figure or more. */
  readonly plusMinus: string
  /** `[1.30, 1.40]`, in the unit of the text. */
  readonly interval: string
}

function shown({ median, low, high }: Estimate, units: readonly Unit[]): Shown {
  const { name, size } = unitOf(median, units)
  const half = Math.max(high - median, median - low) / Math.abs(median)
  const percent = half * 100
  const interval = `[${digits(low / size)}, ${digits(high / size)}]`
  return {
    text: `${digits(median / size)}${name === '' ? '' : ` ${name}`}`,
    // Near to nothing a percentage says little.
    plusMinus: !(percent < 99.5) ? interval : percent < 0.5 ? '±<1 %' : `±${Math.round(percent)} %`,
    interval,
  }
}

export const shownDuration = (estimate: Estimate): Shown => shown(estimate, times)
export const shownNumber = (estimate: Estimate): Shown => shown(estimate, [{ name: '', size: 1 }])

/** The same estimate in another unit, or of a part. */
export function scaled(estimate: Estimate, by: number): Estimate {
  return { ...estimate, median: estimate.median * by, low: estimate.low * by, high: estimate.high * by }
}

/** Without what moves a terminal's cursor or turns the direction of writing: a file may come from elsewhere. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, ' ')
}
