import type { Crossover, Fit } from './result.js'

/** Scans and event-callback variants, by name. */
export const isScan = (variant: string): boolean => variant === 'select' || variant === 'poll'

/** Where the line of an event-callback variant falls below that of a scan, through the public API, with one active. */
export function crossovers(fits: readonly Fit[], sizes: readonly number[]): Crossover[] {
  const smallest = sizes[0] ?? 1
  const api = fits.filter(({ side }) => side === 'api')
  return api
    .filter(({ variant }) => isScan(variant))
    .flatMap((scan) =>
      api
        .filter(({ variant }) => !isScan(variant))
        .map((callback) => {
          const gain = scan.b.median - callback.b.median
          const from = (callback.a.median - scan.a.median) / gain
          const watched = gain <= 0 ? null : from <= smallest ? 0 : Math.ceil(from)
          return { scan: scan.variant, callback: callback.variant, active: 1, watched }
        }),
    )
}
