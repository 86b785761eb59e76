/** What became of numbered datagrams. Pure: numbers in runs. */

/** Consecutive numbers, both ends included. */
export type Run = readonly [first: number, last: number];

/** What a pair lost. */
export interface Loss {
  readonly lost: number;
  /** The longest gap: milliseconds, where a number is due in each. */
  readonly longest: number;
  /** The first number of the longest gap. */
  readonly at: number;
}

/** The numbers of `runs` that are in none of `others`; both in ascending order. */
export function without(runs: readonly Run[], others: readonly Run[]): readonly Run[] {
  return runs.flatMap((run) => {
    let left: readonly Run[] = [run];
    for (const [first, last] of others) {
      left = left.flatMap(([from, to]): readonly Run[] => {
        if (last < from || first > to) return [[from, to]];
        return [...(from < first ? [[from, first - 1] as const] : []), ...(to > last ? [[last + 1, to] as const] : [])];
      });
    }
    return left;
  });
}

/** How many numbers are in the runs. */
export function countOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + lengthOf(run), 0);
}

/** What is missing as a loss, less what was not sent; undefined where nothing is left. */
export function lossOf(missing: readonly Run[], skipped: readonly Run[]): Loss | undefined {
  const gaps = missing.map((run) => without([run], skipped)).filter((left) => left.length > 0);
  if (gaps.length === 0) return undefined;
  // Numbers that were skipped in the middle of a gap do not end it.
  const spans = gaps.map((left): Run => [left[0]![0], left.at(-1)![1]]);
  const longest = spans.reduce((worst, run) => (lengthOf(run) > lengthOf(worst) ? run : worst));
  return { lost: countOf(gaps.flat()), longest: lengthOf(longest), at: longest[0] };
}

function lengthOf([first, last]: Run): number {
  return last - first + 1;
}
