/** What a cell found out. Plain data: it crosses processes as JSON and is the report's only input. */

/** Everything that can be put under load, in the order of the report. */
export const DAEMON_NAMES = ["reflectd", "floor", "bird1", "bird2", "frr", "gobgp", "openbgpd"] as const;
/** One of them: bird1 is BIRD 1.6.8, bird2 is BIRD 2. */
export type DaemonName = (typeof DAEMON_NAMES)[number];

/** reflectd, or the floor that it is held against: what every other daemon is compared with. */
export function isOurs(daemon: DaemonName): boolean {
  return daemon === "reflectd" || daemon === "floor";
}

/** Units of figures: milliseconds, mebi-octets, kibi-octets, octets. */
export type Unit = "ms" | "MiB" | "KiB" | "octets";

/** What reflectd is held to for a figure. */
export interface Target {
  /** At most this many times the floor's median. */
  readonly floorRatio?: number;
  /** A daemon's median must be at least this many times reflectd's. "best" is the fastest other daemon. */
  readonly faster?: Readonly<Partial<Record<DaemonName | "best", number>>>;
  /** At most this much, in the figure's unit. */
  readonly atMost?: number;
  /** No run may exceed this, in the figure's unit: the others are judged by the median. */
  readonly never?: number;
  /** At most this many times another figure of reflectd, "scenario/figure", and so much more in its unit. */
  readonly ofFigure?: { readonly figure: string; readonly ratio: number; readonly more?: number };
}

/** A figure that a scenario reports. Smaller is always better. */
export interface FigureRow {
  readonly id: string;
  /** In words, for the report. */
  readonly what: string;
  readonly unit: Unit;
  readonly target?: Target;
  /** Shown in the text table; the rest is in JSON and HTML only. */
  readonly headline?: boolean;
}

/**
 * How a cell ended. Figures count when it was `measured`, and when it `timed out` or `failed`: those that are there
 * were complete before. With a `wrong table` none counts.
 */
export type Outcome = "measured" | "timed out" | "wrong table" | "failed" | "not supported" | "not run";

/** One daemon, one scenario, one run. */
export interface CellResult {
  readonly scenario: string;
  readonly daemon: DaemonName;
  /** 1.. */
  readonly run: number;
  readonly outcome: Outcome;
  /** Why it is not `measured`, one line. */
  readonly reason?: string;
  /** Of a cell that timed out: the figure that was waited for, and how long: it is known to be more than that. */
  readonly timedOut?: { readonly figure: string; readonly milliseconds: number };
  /** By FigureRow.id. */
  readonly figures: Readonly<Record<string, number>>;
  /** Figure id → share of one core that the load generator used while it was measured, 0..1 and more. */
  readonly generatorShare: Readonly<Record<string, number>>;
}

/** What a daemon is and how it was set up, for the report. */
export interface DaemonNote {
  readonly daemon: DaemonName;
  /** As the daemon says itself. */
  readonly version: string;
  /** Configuration text by scenario; long repetitions (a thousand equal sessions) are cut. */
  readonly configurations: Readonly<Record<string, string>>;
}

/** One operation of the engine measured by itself, in one process. */
export interface MicroRow {
  /** "decode", "intern", "decide", "pack", "calico": rows of one group stand together. */
  readonly group: string;
  readonly what: string;
  /** Nanoseconds per operation of each round. */
  readonly nanoseconds: readonly number[];
  /** Octets allocated per operation on the heap, and in buffers (tables grow there); the least of all rounds. */
  readonly heapOctets: number;
  readonly bufferOctets: number;
  /** It should allocate nothing on the heap. */
  readonly allocationFree: boolean;
}

/** All micro-benchmarks. */
export interface MicroResults {
  readonly node: string;
  readonly rows: readonly MicroRow[];
}

/** A scenario as the report needs it. */
export interface ScenarioNote {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly FigureRow[];
  /** How much of a dump its load is, and what was left out of it, one line each. */
  readonly notes?: readonly string[];
  /** Scenarios of one sweep are the points of one curve per figure and daemon, at so many of `axis` ("routes"). */
  readonly sweep?: { readonly name: string; readonly title: string; readonly axis: string; readonly at: number };
}

/** A whole run: all that the report shows. */
export interface BenchResults {
  readonly startedAt: string;
  readonly wallSeconds: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryMiB: number;
    readonly kernel: string; readonly node: string };
  /** The command line's words after `npm run bench --`. */
  readonly options: readonly string[];
  readonly scenarios: readonly ScenarioNote[];
  readonly daemons: readonly DaemonNote[];
  readonly cells: readonly CellResult[];
  /** What was not measured and why, one line each. */
  readonly notMeasured: readonly string[];
  /** Where micro-benchmarks ran too. */
  readonly micro?: MicroResults;
}
