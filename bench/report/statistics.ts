/** Figures of several runs. Rule: pure; nothing is averaged: a mean of five runs says more of the worst than of all. */

/** What several runs of one figure have in common. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which the share `q` (0..1) of the values lies, between neighbours in proportion; NaN for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** The value in the middle, of an even number the mean of the two; NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Undefined where there is no value. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { count: values.length, median: median(values), min: quantile(values, 0), max: quantile(values, 1) };
}
