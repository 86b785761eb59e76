/** How a figure grows with the load: one line per daemon, both axes logarithmic. */

import type { BenchResults, DaemonName, FigureRow, ScenarioNote } from "../results.ts";
import { DAEMON_NAMES } from "../results.ts";
import { daemonTitle, formatCount, formatFigure, formatRound } from "./format.ts";
import { markup } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { Row } from "./rows.ts";
import { logarithmic } from "./scale.ts";
import type { Scale } from "./scale.ts";
import { shownFigures } from "./table.ts";

const HEIGHT = 220;
const AXIS_HEIGHT = 22;
/** Percent left free at the sides for labels. */
const SIDE = 6;

interface Point {
  readonly at: number;
  readonly value: number;
}
interface Curve {
  readonly daemon: DaemonName;
  readonly points: readonly Point[];
}
/** Scenarios that are points of the same curves. */
export interface Sweep {
  readonly title: string;
  readonly axis: string;
  readonly scenarios: readonly ScenarioNote[];
}

/** The sweeps of a run, each with its scenarios in growing order. */
export function sweepsOf({ scenarios }: BenchResults): Sweep[] {
  const names = [...new Set(scenarios.flatMap(({ sweep }) => (sweep === undefined ? [] : [sweep.name])))];
  return names.map((name) => {
    const ofSweep = scenarios.filter(({ sweep }) => sweep?.name === name)
      .sort((a, b) => a.sweep!.at - b.sweep!.at);
    const { title, axis } = ofSweep[0]!.sweep!;
    return { title, axis, scenarios: ofSweep };
  });
}

/** One chart per headline figure of a sweep. */
export function curveCharts(sweep: Sweep, rows: readonly Row[]): Markup[] {
  return shownFigures(sweep.scenarios[0]!).map((figure) => curveChart(figure, sweep, rows));
}

function curveChart(figure: FigureRow, sweep: Sweep, rows: readonly Row[]): Markup {
  const curves = curvesOf(figure, sweep, rows);
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return markup``;
  const y = scaleOver(points.map(({ value }) => value));
  const ats = [...new Set(points.map(({ at }) => at))].sort((a, b) => a - b);
  const across = scaleOver(ats);
  const x: Scale = { ...across, at: (value) => SIDE + (across.at(value) * (100 - 2 * SIDE)) / 100 };
  return markup`<figure class="chart curves"><figcaption>${figure.what} <span class="log">log scales</span></figcaption>
<p class="legend">${curves.map(({ daemon }) =>
    markup`<span class="${daemon}"><i></i>${daemonTitle(daemon)}</span> `)}</p>
<svg width="100%" height="${HEIGHT + AXIS_HEIGHT}" role="img" aria-label="${figure.what} over ${sweep.axis}">
${y.ticks.map((tick) => horizontal(tick, y, figure))}${ats.map((at) => vertical(at, x))}${
    curves.map((curve) => line(curve, figure, sweep, x, y))}</svg>
<p class="axis">${sweep.axis}</p></figure>
`;
}

function curvesOf(figure: FigureRow, sweep: Sweep, rows: readonly Row[]): Curve[] {
  return DAEMON_NAMES.flatMap((daemon): Curve[] => {
    const points = sweep.scenarios.flatMap(({ name, sweep: point }): Point[] => {
      const row = rows.find((one) => one.scenario === name && one.daemon === daemon && one.figure.id === figure.id);
      const value = row?.spread?.median;
      return value === undefined || value <= 0 ? [] : [{ at: point!.at, value }];
    });
    return points.length === 0 ? [] : [{ daemon, points }];
  });
}

/** Logarithmic over the values, with room for a single one. */
function scaleOver(values: readonly number[]): Scale {
  const min = Math.min(...values);
  const max = Math.max(...values);
  return logarithmic(min * 1.6, max * 1.25);
}

const pixels = (y: Scale, value: number): string => (HEIGHT - (y.at(value) * HEIGHT) / 100).toFixed(1);

function horizontal(tick: number, y: Scale, figure: FigureRow): Markup {
  const at = pixels(y, tick);
  return markup`<line class="grid" x1="0" x2="100%" y1="${at}" y2="${at}"/>
<text class="tick" x="0" y="${Number(at) - 4}">${formatRound(tick, figure.unit)}</text>
`;
}

function vertical(at: number, x: Scale): Markup {
  return markup`<text class="tick" x="${x.at(at).toFixed(2)}%" y="${HEIGHT + 16}" text-anchor="middle">${
    formatShort(at)}</text>
`;
}

/** "250k", "1M". */
function formatShort(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 10_000 ? `${value / 1e3}k` : formatCount(value);
}

function line({ daemon, points }: Curve, figure: FigureRow, sweep: Sweep, x: Scale, y: Scale): Markup {
  const at = (point: Point): readonly [string, string] => [`${x.at(point.at).toFixed(2)}%`, pixels(y, point.value)];
  const segments = points.slice(1).map((point, i) => {
    const [x1, y1] = at(points[i]!);
    const [x2, y2] = at(point);
    return markup`<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
  });
  const dots = points.map((point) => {
    const [cx, cy] = at(point);
    const title = `${daemonTitle(daemon)}, ${formatCount(point.at)} ${sweep.axis}: ` +
      formatFigure(point.value, figure.unit);
    return markup`<circle cx="${cx}" cy="${cy}" r="3.5"><title>${title}</title></circle>`;
  });
  return markup`<g class="curve ${daemon}">${segments}${dots}</g>
`;
}
