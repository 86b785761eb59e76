/** What passes between the benchmark and the process of one cell. Rule: plain data only. */

import type { Place } from "./place.ts";
import type { DaemonName, Outcome } from "./results.ts";
import type { Scale } from "./scenarios/scale.ts";

/** What a cell is to do: the only argument of its process, as JSON. */
export interface CellOrder {
  readonly scenario: string;
  readonly daemon: DaemonName;
  readonly place: Place;
  readonly scale: Scale;
  readonly mrt: string | undefined;
  readonly nodeOptions: readonly string[];
  /** For the daemon's files; removed by who gave it. */
  readonly folder: string;
}

/** What a cell says while it runs; figures come as they are known, so that a crash costs only the rest. */
export type CellReport =
  | { readonly say: "measuring"; readonly figure: string }
  | { readonly say: "daemon"; readonly version: string; readonly configuration: string }
  | { readonly say: "note"; readonly line: string }
  | { readonly say: "figure"; readonly figure: string; readonly value: number; readonly generatorShare?: number }
  | { readonly say: "end"; readonly outcome: Outcome; readonly reason?: string;
    readonly timedOut?: { readonly figure: string; readonly milliseconds: number } };

/** For the load, and from the start of the daemon to all sessions Established, seconds; beyond, the cell timed out. */
export const SET_UP_SECONDS = 90;
/** From the end of what is measured to the end of the process, seconds; beyond, it is killed. */
export const TEAR_DOWN_SECONDS = 30;
