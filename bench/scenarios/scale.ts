/** How large a run is. Plain data: it is handed to the cell's process as JSON. */

/** Factors for the sizes that scenarios name, and how long a cell may take. */
export interface Scale {
  readonly sessions: number;
  readonly prefixes: number;
  /** Factor for times that a scenario keeps something up, and for repetitions. */
  readonly duration: number;
  /** From all sessions Established to the end of what is measured. */
  readonly timeoutSeconds: number;
}

/** Everything as its title names it. */
export const FULL: Scale = { sessions: 1, prefixes: 1, duration: 1, timeoutSeconds: 120 };
/** `--quick`: under two minutes for everything. */
export const QUICK: Scale = { sessions: 0.1, prefixes: 0.1, duration: 0.1, timeoutSeconds: 8 };

/** A count under a factor: at least `least`, which is never more than the count itself. */
export function scaled(count: number, factor: number, least: number = 1): number {
  return Math.max(Math.min(count, least), Math.round(count * factor));
}
