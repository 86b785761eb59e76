/**
 * What reflectd was held to, and whether it got there. Rule: pure; a target that cannot be judged says why and counts
 * as nothing, and a figure that the generator may have limited is never called reached or missed on a guess.
 */

import { isOurs } from "../results.ts";
import type { BenchResults, DaemonName, FigureRow, Target, Unit } from "../results.ts";
import { daemonTitle, formatDemand, formatFigure, formatRatio, formatRound } from "./format.ts";
import type { Ratio, Row } from "./rows.ts";

/** One demand on one figure. */
export interface Judgement {
  readonly scenario: string;
  readonly figure: FigureRow;
  /** "at most 1.50× the floor". */
  readonly demand: string;
  readonly verdict: "reached" | "missed" | "not judged";
  /** What was measured, "1.32×"; empty where nothing was. */
  readonly measured: string;
  /** How many times too much (or too little); 1 and less is reached. Undefined where it is not judged. */
  readonly off: number | undefined;
  /** Why it is not judged; empty otherwise. */
  readonly why: string;
}

/** Every demand of every scenario in the results, in their order. */
export function judgeTargets(results: BenchResults, rows: readonly Row[]): Judgement[] {
  return results.scenarios.flatMap(({ name, figures }) => figures.flatMap((figure) =>
    (figure.target === undefined ? [] : judgeFigure(name, figure, figure.target, rows))));
}

function judgeFigure(scenario: string, figure: FigureRow, target: Target, rows: readonly Row[]): Judgement[] {
  const ofFigure = rows.filter((row) => row.scenario === scenario && row.figure.id === figure.id);
  const ours = ofFigure.find(({ daemon }) => daemon === "reflectd");
  const all = demandsOf(target, figure);
  return all.map(({ demand, judge }) => {
    const outcome = ours?.spread === undefined
      ? unjudged(`reflectd: ${ours?.reason ?? ours?.outcome ?? "not run"}`) : judge(ours, ofFigure, rows);
    return { scenario, figure, demand, ...outcome };
  });
}

type Outcome = Pick<Judgement, "verdict" | "measured" | "off" | "why">;
interface Demand {
  readonly demand: string;
  readonly judge: (ours: Row, ofFigure: readonly Row[], rows: readonly Row[]) => Outcome;
}

const unjudged = (why: string, measured = ""): Outcome => ({ verdict: "not judged", measured, off: undefined, why });
const judged = (off: number, measured: string): Outcome =>
  ({ verdict: off <= 1 ? "reached" : "missed", measured, off, why: "" });

function demandsOf(target: Target, figure: FigureRow): Demand[] {
  const { floorRatio, atMost, never, ofFigure } = target;
  const { unit } = figure;
  return [
    ...(floorRatio === undefined ? [] : [{
      demand: `at most ${formatDemand(floorRatio)} the floor`,
      judge: (ours: Row) => (ours.toFloor === undefined ? unjudged("no figure of the floor")
        : judgeFloor(ours.toFloor, floorRatio)),
    }]),
    ...Object.entries(target.faster ?? {}).map(([name, factor]) => faster(name as DaemonName | "best", factor)),
    ...(atMost === undefined ? [] : [{
      demand: `at most ${formatRound(atMost, unit)}`,
      judge: (ours: Row) => judged(ours.spread!.median / atMost, formatFigure(ours.spread!.median, unit)),
    }]),
    ...(never === undefined ? [] : [{
      demand: `never more than ${formatRound(never, unit)}`,
      judge: (ours: Row) => judged(ours.spread!.max / never, formatFigure(ours.spread!.max, unit)),
    }]),
    ...(ofFigure === undefined ? [] : [ofOther(ofFigure, unit)]),
  ];
}

/** Where both were bound the ratio counts as it is: the generator had the same to do for both. */
function judgeFloor({ value, known }: Ratio, most: number): Outcome {
  const measured = formatRatio(value);
  const isReached = value <= most;
  const isOpen = (known === "least" && isReached) || (known === "most" && !isReached);
  return isOpen ? unjudged(`generator-bound: ${BOUND_WORDS[known]}`, measured) : judged(value / most, measured);
}

/** A daemon, or the best of the others, must be at least `factor` times ours. */
function faster(name: DaemonName | "best", factor: number): Demand {
  const other = name === "best" ? "the best other daemon" : daemonTitle(name);
  const demand = factor === 1 ? `no worse than ${other}` : `${other} at ${formatDemand(factor)} or more`;
  return {
    demand,
    judge(ours, ofFigure) {
      const rival = name === "best" ? bestOther(ofFigure) : ofFigure.find(({ daemon }) => daemon === name);
      if (rival === undefined) return unjudged(`no figure of ${other}`);
      return judgeAgainst(ours, rival, factor);
    },
  };
}

function judgeAgainst(ours: Row, rival: Row, factor: number): Outcome {
  const title = daemonTitle(rival.daemon);
  if (rival.toReflectd === undefined) {
    if (rival.longerThan === undefined) return unjudged(`${title}: ${rival.reason ?? rival.outcome}`);
    const least = rival.longerThan / ours.spread!.median;
    const measured = `more than ${formatRatio(least)} (${title} timed out)`;
    return least >= factor ? judged(factor / least, measured) : unjudged(`${title} timed out`, measured);
  }
  const { value, known } = rival.toReflectd;
  const measured = `${formatRatio(value)} (${title})`;
  const reached = value >= factor;
  const sure = known === "exactly" || (known === "least" && reached) || (known === "most" && !reached);
  return sure ? judged(factor / value, measured) : unjudged(`generator-bound: ${BOUND_WORDS[known]}`, measured);
}

const BOUND_WORDS = {
  exactly: "exactly this", least: "at least this", most: "at most this", unsure: "both were bound",
} as const;

/**
 * Of the other daemons the one that may have needed least; the floor is no daemon. One that timed out after a shorter
 * time than the others needed may be the best, and nobody knows.
 */
function bestOther(rows: readonly Row[]): Row | undefined {
  const least = ({ spread, longerThan }: Row): number => spread?.median ?? longerThan ?? Infinity;
  return rows.filter(({ daemon }) => !isOurs(daemon)).sort((a, b) => least(a) - least(b))[0];
}

function ofOther({ figure: path, ratio, more = 0 }: NonNullable<Target["ofFigure"]>, unit: Unit): Demand {
  return {
    demand: `at most ${formatDemand(ratio)} ${path}${more === 0 ? "" : ` + ${formatRound(more, unit)}`}`,
    judge(ours, _, rows) {
      const base = rows.find(({ scenario, figure, daemon }) => `${scenario}/${figure.id}` === path &&
        daemon === "reflectd");
      if (base?.spread === undefined) return unjudged(`no figure ${path}`);
      const { median } = ours.spread!;
      const measured = more === 0 ? formatRatio(median / base.spread.median) : formatFigure(median, unit);
      return judged(median / (ratio * base.spread.median + more), measured);
    },
  };
}
