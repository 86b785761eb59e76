/** What the benchmark asks of every daemon. Rule: a daemon is a passive reflector of every client, nothing else. */

import type { Place } from "../place.ts";
import type { DaemonName } from "../results.ts";

/** Address families under load. */
export type Family = "ipv4" | "ipv6";

/** What a scenario needs of the daemon. */
export interface DaemonSetup {
  readonly place: Place;
  /** Clients 0..sessions-1 may connect, each once at a time. */
  readonly sessions: number;
  readonly family: Family;
  /** ADD-PATH both ways (RFC 7911). */
  readonly addPath: boolean;
  /** A folder of this cell, removed by the caller. */
  readonly folder: string;
  /** Whether `reloadPolicy` will be called: some daemons keep what was rejected only when told so from the start. */
  readonly reloads: boolean;
  /** Whether many clients will join a full table at once: some daemons are told so. */
  readonly joinsAtOnce: boolean;
  /** Extra words for the daemon's interpreter (reflectd and floor only), e.g. --cpu-prof. */
  readonly nodeOptions: readonly string[];
}

/** A kind of daemon: one row per entry of DAEMON_NAMES. */
export interface DaemonKind {
  readonly name: DaemonName;
  /**
   * Sessions that may be on the way up at once. Some daemons let the kernel keep few connections (BIRD: 8); one more
   * is dropped and costs the seconds until TCP tries again, which measures nothing of the daemon.
   */
  readonly dialsAtOnce: number;
  /** Why it cannot run here (not installed, needs root), else undefined. */
  missing(): string | undefined;
  /** Starts it; resolves when it listens. Throws with the daemon's last words when it does not. */
  start(setup: DaemonSetup): Promise<RunningDaemon>;
}

/** A started daemon. */
export interface RunningDaemon {
  readonly version: string;
  readonly configuration: string;
  /** From process start to the first accepted connection, milliseconds. */
  readonly startMilliseconds: number;
  /** Resolves when it is gone, wanted or not. */
  readonly ended: Promise<void>;
  /** The last lines it wrote: what to quote when it ended by itself. */
  lastWords(): string;
  /** Resident memory of all its processes in MiB: now, and the highest since the start. */
  memory(): { readonly residentMiB: number; readonly highestMiB: number };
  /** CPU seconds of all its processes so far. */
  cpuSeconds(): number;
  /**
   * Puts another policy in force over all learned routes and resolves when the daemon took the command: routes with
   * REJECTED_COMMUNITY are rejected from now on, or accepted again. Absent where it cannot.
   */
  reloadPolicy?(rejects: boolean): Promise<void>;
  /** The command of the daemon's own client program that lists its peers. */
  readonly peerList?: readonly string[];
  /** Longest pause of its event loop since it started, milliseconds; reflectd only. */
  longestPauseMilliseconds?(): Promise<number>;
  /** Stops all its processes by their own pids; SIGKILL after 5 s. */
  stop(): Promise<void>;
}
