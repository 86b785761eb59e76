/** What the kernel benchmark asks of whoever programs a kernel. Rule: the same routes, through the same interface. */

/** What is measured: all routes are added, lead elsewhere, are removed; a full table is read and compared. */
export const STEPS = ["add", "replace", "remove", "compare"] as const;
/** One of STEPS. */
export type Step = (typeof STEPS)[number];

/** Where it runs and with what. */
export interface EntrantSetup {
  readonly namespace: string;
  /** A folder of its own, removed by the caller. */
  readonly folder: string;
  readonly routes: number;
  /** It will be asked to compare, and for nothing else than adding before. */
  readonly compares: boolean;
}

/** One program that writes routes. */
export interface Entrant {
  readonly name: string;
  /** Why it cannot run here, else undefined. */
  missing(): string | undefined;
  /** Starts it; nothing is in the kernel yet. Throws with its last words where it does not start. */
  start(setup: EntrantSetup): Promise<RunningEntrant>;
}

/** A started one. */
export interface RunningEntrant {
  readonly version: string;
  /** All its processes, now. */
  pids(): readonly number[];
  /** Tells it to do a step; absent where it cannot. What it does after the promise is kept counts, too. */
  readonly steps: Readonly<Partial<Record<Step, () => Promise<void>>>>;
  /** A step is done when its promise is kept: the kernel has answered everything. Absent: it is seen, not said. */
  readonly saysWhenDone?: true;
  /** It compares now and then without being told: the next time is what is measured. */
  readonly comparesByItself?: true;
  stop(): Promise<void>;
}
