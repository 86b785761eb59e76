/** Where a value stands on an axis, in percent. Rule: pure. */

/** An axis from 0 to 100 percent. */
export interface Scale {
  readonly logarithmic: boolean;
  at(value: number): number;
  /** Values to mark. */
  readonly ticks: readonly number[];
}

/** The largest value over the smallest from which on a scale is logarithmic: below, both are visible on a plain one. */
const WIDE = 25;

/** An axis for positive values that starts at 0, or, where they are far apart, a logarithmic one. */
export function scaleFor(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return linear(1);
  const min = Math.min(...positive);
  const max = Math.max(...positive);
  return max / min > WIDE ? logarithmic(min, max) : linear(max);
}

/** An axis from 0 to a little more than `max`. */
export function linear(max: number): Scale {
  const step = niceStep(max / 4);
  const ticks = Array.from({ length: Math.floor(max / step) + 1 }, (_, i) => i * step);
  return { logarithmic: false, ticks, at: (value) => clamp((value / max) * 100) };
}

/** A logarithmic axis from a little below `min` to `max`: the least value must still be a bar. */
export function logarithmic(min: number, max: number): Scale {
  const from = Math.log10(min / 2);
  const span = Math.log10(max) - from;
  const at = (value: number): number => (value <= 0 ? 0 : clamp(((Math.log10(value) - from) / span) * 100));
  return { logarithmic: true, at, ticks: ticksBetween(min / 2, max) };
}

/** Powers of ten; where there are fewer than three of them also 2 and 5 times each. */
function ticksBetween(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const decades = Array.from({ length: Math.ceil(Math.log10(to)) - first + 1 }, (_, i) => 10 ** (first + i));
  const within = (ticks: readonly number[]): number[] => ticks.filter((tick) => tick >= from && tick <= to);
  const whole = within(decades);
  return whole.length >= 3 ? whole : within(decades.flatMap((decade) => [decade, 2 * decade, 5 * decade]));
}

const clamp = (percent: number): number => Math.min(100, Math.max(0, percent));

/** 1, 2 or 5 times a power of ten, not less than `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((digit) => digit * power).find((nice) => nice >= step * 0.999)!;
}
