/**
 * From cells to rows: one per scenario, figure and daemon. Rule: pure; text, page and targets all read these rows, so
 * they cannot disagree.
 */

import { DAEMON_NAMES, isOurs } from "../results.ts";
import type { BenchResults, CellResult, DaemonName, FigureRow, Outcome, ScenarioNote } from "../results.ts";
import { median, spreadOf } from "./statistics.ts";
import type { Spread } from "./statistics.ts";

/** A generator that used more than this share of one core may have been the limit itself. */
const GENERATOR_SHARE_MAX = 0.8;

/**
 * How two rows compare: the quotient of their medians, and what is known of the true one where a generator was the
 * limit of one of them. "least": it is at least this; "most": at most; "unsure": both were bound.
 */
export interface Ratio {
  readonly value: number;
  readonly known: "exactly" | "least" | "most" | "unsure";
}

/** One figure of one daemon over all runs. */
export interface Row {
  readonly scenario: string;
  readonly figure: FigureRow;
  readonly daemon: DaemonName;
  /** Undefined where no run measured it; then `outcome` and `reason` say why. */
  readonly spread: Spread | undefined;
  readonly outcome: Outcome;
  readonly reason: string | undefined;
  /** It took longer than this many milliseconds: it was given up. */
  readonly longerThan: number | undefined;
  /** Cells of it that ended otherwise than `measured`: "1 of 5 timed out"; undefined for none. */
  readonly incomplete: string | undefined;
  /** The generator's share of one core, median; undefined where it was not noted. */
  readonly generatorShare: number | undefined;
  readonly generatorBound: boolean;
  /** This row over reflectd's. */
  readonly toReflectd: Ratio | undefined;
  /** This row over the floor's. */
  readonly toFloor: Ratio | undefined;
}

/** All rows: scenarios and figures in their order, daemons in that of DAEMON_NAMES; only of daemons that took part. */
export function rowsOf(results: BenchResults): Row[] {
  return results.scenarios.flatMap((scenario) =>
    scenario.figures.flatMap((figure) => rowsOfFigure(results, scenario, figure)));
}

/** The rows of one figure; empty where no daemon ran the scenario. */
function rowsOfFigure(results: BenchResults, scenario: ScenarioNote, figure: FigureRow): Row[] {
  const bare = DAEMON_NAMES.flatMap((daemon) => {
    const cells = results.cells.filter((cell) => cell.scenario === scenario.name && cell.daemon === daemon);
    return cells.length === 0 ? [] : [bareRow(scenario.name, figure, daemon, cells)];
  });
  const reflectd = bare.find(({ daemon }) => daemon === "reflectd");
  const floor = bare.find(({ daemon }) => daemon === "floor");
  return bare.map((row) => ({ ...row, toReflectd: ratio(row, reflectd), toFloor: ratio(row, floor) }));
}

type BareRow = Omit<Row, "toReflectd" | "toFloor">;

function bareRow(scenario: string, figure: FigureRow, daemon: DaemonName, cells: readonly CellResult[]): BareRow {
  const counting = cells.filter(({ outcome }) => outcome !== "wrong table");
  const spread = spreadOf(valuesOf(counting, ({ figures }) => figures[figure.id]));
  const shares = valuesOf(counting, ({ generatorShare }) => generatorShare[figure.id]);
  const share = shares.length === 0 ? undefined : median(shares);
  const bad = cells.find(({ outcome }) => outcome !== "measured");
  const limits = valuesOf(cells, ({ timedOut }) =>
    (timedOut?.figure === figure.id ? timedOut.milliseconds : undefined));
  return {
    scenario, figure, daemon, spread,
    outcome: spread === undefined ? bad?.outcome ?? "not run" : "measured",
    reason: spread === undefined ? bad?.reason : undefined,
    longerThan: spread === undefined && limits.length > 0 ? Math.max(...limits) : undefined,
    incomplete: spread === undefined ? undefined : incompleteness(figure, cells),
    generatorShare: share,
    generatorBound: figure.unit === "ms" && share !== undefined && share > GENERATOR_SHARE_MAX,
  };
}

/** The values that are numbers: a figure that could not be taken is null once it went through JSON. */
function valuesOf(cells: readonly CellResult[], pick: (cell: CellResult) => number | undefined): number[] {
  return cells.map(pick).filter((value): value is number => typeof value === "number" && Number.isFinite(value));
}

function incompleteness(figure: FigureRow, cells: readonly CellResult[]): string | undefined {
  const lacking = cells.filter(({ outcome, figures }) => outcome === "wrong table" || figures[figure.id] === undefined);
  if (lacking.length === 0) return undefined;
  const outcomes = [...new Set(lacking.map(({ outcome }) => outcome))].join(", ");
  return `${lacking.length} of ${cells.length} runs: ${outcomes === "measured" ? "not taken" : outcomes}`;
}

function ratio(row: BareRow, base: BareRow | undefined): Ratio | undefined {
  if (row.spread === undefined || base?.spread === undefined) return undefined;
  if (row.spread.median <= 0 || base.spread.median <= 0) return undefined;
  const known = row.daemon === base.daemon ? "exactly" : KNOWN[`${base.generatorBound} ${row.generatorBound}`];
  return { value: row.spread.median / base.spread.median, known };
}

/** Whether the base and the row are generator-bound → what is known: the true time of a bound row is shorter. */
const KNOWN: Readonly<Record<`${boolean} ${boolean}`, Ratio["known"]>> = {
  "false false": "exactly", "true false": "least", "false true": "most", "true true": "unsure",
};

/** Where reflectd stands among the real daemons for a headline figure. */
export interface Standing {
  readonly scenario: string;
  readonly figure: FigureRow;
  readonly ours: Row;
  /** The best of the others. */
  readonly best: Row;
  /**
   * "first": reflectd needs no more than the best of the others. "behind": it needs more, or did not get it done.
   * "undecided": a generator was the limit of who looks slower.
   */
  readonly place: "first" | "behind" | "undecided";
  /** The best of the others over reflectd; undefined where one is not above 0 (a growth of nothing). */
  readonly ratio: number | undefined;
}

/**
 * reflectd against the best other daemon, per headline figure, the worst first. The floor is no daemon; the points of a
 * sweep are a curve and no figures of their own.
 */
export function standings({ scenarios }: BenchResults, rows: readonly Row[]): Standing[] {
  const points = new Set(scenarios.filter(({ sweep }) => sweep !== undefined).map(({ name }) => name));
  const headlines = rows.filter(({ scenario, daemon, figure, outcome }) => daemon === "reflectd" &&
    figure.headline === true && !points.has(scenario) && outcome !== "not run" && outcome !== "not supported");
  const found = headlines.flatMap((ours): Standing[] => {
    const [best] = rows.filter((row) => row.scenario === ours.scenario && row.figure === ours.figure &&
      !isOurs(row.daemon) && row.spread !== undefined)
      .sort((a, b) => a.spread!.median - b.spread!.median);
    if (best === undefined) return [];
    return [{ scenario: ours.scenario, figure: ours.figure, ours, best, place: placeOf(ours, best),
      ratio: best.toReflectd?.value }];
  });
  return found.sort((a, b) => rank(a) - rank(b));
}

function placeOf(ours: Row, best: Row): Standing["place"] {
  if (ours.spread === undefined) return "behind";
  const isAhead = ours.spread.median <= best.spread!.median;
  const known = best.toReflectd?.known ?? "exactly";
  if (isAhead) return known === "exactly" || known === "least" ? "first" : "undecided";
  return known === "least" ? "undecided" : "behind";
}

const rank = ({ place, ratio }: Standing): number => ratio ?? (place === "behind" ? 0 : Infinity);
