/**
 * Scenarios that are phases on one running daemon. Rule: what is expensive to set up is shared; a phase declares its
 * rows and records no others.
 */

import type { RunningDaemon } from "../daemons/daemon.ts";
import type { Family } from "../daemons/daemon.ts";
import type { Fleet } from "../generator/fleet.ts";
import type { Timing } from "../generator/stopwatch.ts";
import { uniformLoad } from "../generator/uniform.ts";
import type { Load } from "../generator/load.ts";
import type { FigureRow, Target } from "../results.ts";
import { scaled } from "./scale.ts";
import type { Scale } from "./scale.ts";
import { WATCHED } from "./scenario.ts";
import type { Context, Scenario } from "./scenario.ts";

/** Sizes of a load of equal sources, before scaling. */
export interface Shape {
  readonly sessions: number;
  /** Clients that announce, from the first on. */
  readonly sources: number;
  readonly each: number;
  readonly perSet: number;
  readonly family?: Family;
  readonly addPath?: boolean;
  /** All sources announce the same prefixes. */
  readonly isShared?: boolean;
  /** Every set carries the community that policies reject. */
  readonly marked?: boolean;
}

/** What a phase works on. */
export interface Stage {
  readonly context: Context;
  readonly daemon: RunningDaemon;
  readonly fleet: Fleet;
  readonly load: Load;
  /** A version that was not announced yet. */
  nextVersion(): number;
  /** Waits for a timing and records it as a figure. */
  timed(figure: string, timing: () => Promise<Timing>): Promise<Timing>;
}

/** A part of a scenario. */
export interface Phase {
  /** It reloads policies; in it many clients join a full table at once. */
  readonly reloads?: true;
  readonly joinsAtOnce?: true;
  readonly rows: readonly FigureRow[];
  run(stage: Stage): Promise<void>;
}

type Head = Pick<Scenario, "name" | "title" | "mostRuns" | "needs" | "quick" | "takesDump" | "sweep">;

/** A scenario of phases. */
export interface StagedScenario extends Head {
  readonly shape: Shape;
  readonly phases: readonly Phase[];
  /** Of the clients; as usual where it is not given. RFC 4271 §4.2: 3 or more. */
  readonly holdTimeSeconds?: number;
  /** By figure. */
  readonly targets?: Readonly<Record<string, Target>>;
  /** Figures of the text table. */
  readonly headlines: readonly string[];
  /** The load where it is not of equal sources. */
  readonly load?: (shape: Required<Shape>, context: Context) => Load | Promise<Load>;
}

const LEAST_SESSIONS = 10;
const LEAST_PREFIXES = 10;

/** A shape under a scale, with nothing left open. */
export function sized({ shape, scale }: { readonly shape: Shape; readonly scale: Scale }): Required<Shape> {
  const sessions = scaled(shape.sessions, scale.sessions, LEAST_SESSIONS);
  const each = scaled(shape.each, scale.prefixes, LEAST_PREFIXES);
  return {
    family: "ipv4", addPath: false, isShared: false, marked: false, ...shape,
    sessions, each, sources: Math.min(shape.sources, sessions), perSet: Math.min(shape.perSet, each),
  };
}

/** Makes a scenario of its phases. */
export function staged(what: StagedScenario): Scenario {
  const rows = [...what.phases.flatMap(({ rows: own }) => own), ...WATCHED];
  const strangers = [...Object.keys(what.targets ?? {}), ...what.headlines]
    .filter((name) => !rows.some(({ id }) => id === name));
  if (strangers.length > 0) throw new Error(`${what.name} has no figure ${strangers.join(", ")}`);
  return {
    ...head(what),
    figures: rows.map((row) => dressed(row, what)),
    wants: (scale) => {
      const { family, addPath, sessions } = sized({ shape: what.shape, scale });
      return { family, addPath, sessions, reloads: what.phases.some(({ reloads }) => reloads),
        joinsAtOnce: what.phases.some(({ joinsAtOnce }) => joinsAtOnce) };
    },
    run: (context) => perform(what, context),
  };
}

/** What a scenario says of itself, less what it leaves open. */
function head({ name, title, mostRuns, needs, quick, takesDump, sweep }: StagedScenario): Head {
  const open = Object.entries({ mostRuns, needs, quick, takesDump, sweep }).filter(([, value]) => value !== undefined);
  return { name, title, ...Object.fromEntries(open) };
}

function dressed(row: FigureRow, { targets, headlines }: StagedScenario): FigureRow {
  const target = targets?.[row.id];
  return {
    ...row, ...(target === undefined ? {} : { target }), ...(headlines.includes(row.id) ? { headline: true } : {}),
  };
}

async function perform(what: StagedScenario, context: Context): Promise<void> {
  const shape = sized({ shape: what.shape, scale: context.scale });
  const load = await (what.load ?? uniform)(shape, context);
  const daemon = await context.start();
  const { holdTimeSeconds } = what;
  const fleet = await context.join(load, shape.sessions, holdTimeSeconds === undefined ? {} : { holdTimeSeconds });
  let version = 0;
  const stage: Stage = {
    context, daemon, fleet, load,
    nextVersion: () => ++version,
    timed: async (figure, timing) => {
      context.measuring(figure);
      const taken = await timing();
      context.record(figure, taken.milliseconds, taken.generatorShare);
      return taken;
    },
  };
  for (const phase of what.phases) await phase.run(stage);
}

function uniform({ marked, ...shape }: Required<Shape>): Load {
  return uniformLoad({ ...shape, ...(marked ? { markedEvery: 1 } : {}) });
}
