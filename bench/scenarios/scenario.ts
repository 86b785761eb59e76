/** What a scenario is. Rule: it says beforehand which figures it has; `record` takes no others. */

import type { Fleet, FleetOptions } from "../generator/fleet.ts";
import type { Load } from "../generator/load.ts";
import type { DaemonSetup, RunningDaemon } from "../daemons/daemon.ts";
import type { FigureRow, ScenarioNote } from "../results.ts";
import type { Scale } from "./scale.ts";

/** What the daemon must be able to do. */
export type Wanted = Pick<DaemonSetup, "family" | "addPath" | "sessions" | "reloads" | "joinsAtOnce">;

/** What clients are that are not as usual: 16 that keep a table, 90 s of hold time. */
export type ClientWishes = Partial<Pick<FleetOptions, "exactReceivers" | "holdTimeSeconds">>;

/** A load on a daemon, and what is found out. */
export interface Scenario extends ScenarioNote {
  wants(scale: Scale): Wanted;
  /** At most this many runs of a daemon, where a run takes long; else 5 and 2. */
  readonly mostRuns?: number;
  /** A daemon that did not converge in that scenario is not put under this one. */
  readonly needs?: string;
  /** Part of `--quick` where no scenario is named. */
  readonly quick?: boolean;
  /** Its table is that of `--mrt` where one is given. */
  readonly takesDump?: boolean;
  run(context: Context): Promise<void>;
}

/** What a running scenario has at hand. */
export interface Context {
  readonly scale: Scale;
  /** An MRT RIB file instead of the synthetic internet. */
  readonly mrt: string | undefined;
  /** Starts the daemon as the scenario wants it; one that runs already is stopped. */
  start(): Promise<RunningDaemon>;
  /** Clients of the started daemon, all Established; the time limit of the cell runs from here. */
  join(load: Load, sessions: number, wishes?: ClientWishes): Promise<Fleet>;
  /** Closes the clients and stops the daemon. */
  stop(): Promise<void>;
  /** Says which figure is waited for, for the progress line and for the report of a time-out. */
  measuring(figure: string): void;
  /** Notes a figure, and the share of one core that the generator used meanwhile where that can matter. */
  record(figure: string, value: number, generatorShare?: number): void;
}

/** What the daemon has no means for: the cell ends as "not supported". */
export class NotSupported extends Error {}

/**
 * Figures that every scenario with sessions has, and what they are held to. Keepalives are held to something where the
 * hold time is short: with 90 s most cells end before one could be late.
 */
export const WATCHED: readonly FigureRow[] = [
  { id: "lateKeepaliveMs", what: "longest silence beyond the keepalive time", unit: "ms" },
  { id: "showPeersMs", what: "list of peers under load", unit: "ms", target: { never: 200 } },
  { id: "longestPauseMs", what: "longest pause of the event loop", unit: "ms", target: { never: 100 } },
];
