/**
 * A figure of all daemons as horizontal bars in SVG. Rule: widths are in percent and letters in pixels, so that a
 * phone shows the same chart narrower, not smaller.
 */

import { isOurs } from "../results.ts";
import type { FigureRow } from "../results.ts";
import { daemonTitle, formatFigure, formatRound } from "./format.ts";
import { markup } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { Row } from "./rows.ts";
import { scaleFor } from "./scale.ts";
import type { Scale } from "./scale.ts";
import { formatKnown, whyNot } from "./table.ts";

/** Pixels of one daemon: a line of text and the bar under it. */
const ROW_HEIGHT = 38;
const BAR_TOP = 20;
const BAR_HEIGHT = 9;
const AXIS_HEIGHT = 20;
/** Percent that the label of a tick needs on the narrowest phone. */
const TICK_ROOM = 15;

/** The chart; the fastest on top, what was not measured below. */
export function barChart(figure: FigureRow, rows: readonly Row[]): Markup {
  const sorted = [...rows].sort((a, b) => (a.spread?.median ?? Infinity) - (b.spread?.median ?? Infinity));
  const scale = scaleFor(sorted.flatMap(({ spread, longerThan }) => [spread?.median, spread?.max, longerThan])
    .filter((value) => value !== undefined));
  const height = sorted.length * ROW_HEIGHT + AXIS_HEIGHT;
  const summary = sorted.map((row) => `${daemonTitle(row.daemon)} ${valueText(row)}`).join(", ");
  return markup`<figure class="chart"><figcaption>${figure.what}${
    scale.logarithmic && markup` <span class="log">log scale</span>`}</figcaption>
<svg width="100%" height="${height}" role="img" aria-label="${figure.what}: ${summary}">
${gridLines(scale, figure, sorted.length * ROW_HEIGHT)}${sorted.map((row, i) => bar(row, scale, i * ROW_HEIGHT))}</svg>
</figure>
`;
}

function gridLines(scale: Scale, figure: FigureRow, height: number): Markup[] {
  let last = -TICK_ROOM;
  return scale.ticks.map((tick) => {
    const at = scale.at(tick);
    const crowded = at - last < TICK_ROOM;
    if (!crowded) last = at;
    const anchor = at < 6 ? "start" : at > 94 ? "end" : "middle";
    return markup`<line class="grid" x1="${at.toFixed(2)}%" x2="${at.toFixed(2)}%" y1="0" y2="${height}"/>
${!crowded && markup`<text class="tick" x="${at.toFixed(2)}%" y="${height + 14}" text-anchor="${anchor}">${
      formatRound(tick, figure.unit)}</text>`}
`;
  });
}

function bar(row: Row, scale: Scale, top: number): Markup {
  const { spread, longerThan } = row;
  const end = scale.at(spread?.median ?? longerThan ?? 0);
  const kind = isOurs(row.daemon) ? ` ${row.daemon}` : "";
  const y = top + BAR_TOP;
  const rect = spread !== undefined || longerThan !== undefined;
  return markup`<g class="bar${kind}${spread === undefined && " absent"}"><title>${titleOf(row)}</title>
<text class="name" x="0" y="${top + 14}">${daemonTitle(row.daemon)}</text>
<text class="value" x="100%" y="${top + 14}" text-anchor="end">${valueText(row)}${comparison(row)}</text>
<rect class="track" x="0" y="${y}" width="100%" height="${BAR_HEIGHT}" rx="2"/>
${rect && markup`<rect class="fill" x="0" y="${y}" width="${end.toFixed(2)}%" height="${BAR_HEIGHT}" rx="2"/>`}${
  spread !== undefined && spread.max > spread.min && whisker(scale.at(spread.min), scale.at(spread.max), y)}</g>
`;
}

/** From the least to the greatest run, across the end of the bar. */
function whisker(from: number, to: number, top: number): Markup {
  const y = top + BAR_HEIGHT / 2;
  return markup`<line class="whisker" x1="${from.toFixed(2)}%" x2="${to.toFixed(2)}%" y1="${y}" y2="${y}"/>`;
}

function valueText(row: Row): string {
  return row.spread === undefined ? shorten(whyNot(row)) : formatFigure(row.spread.median, row.figure.unit);
}

/** Room for a reason beside the name on a phone; all of it is in the title and in the table. */
const REASON_MAX = 30;
const shorten = (text: string): string => (text.length <= REASON_MAX ? text : `${text.slice(0, REASON_MAX - 1)}…`);

function comparison(row: Row): Markup | undefined {
  const text = row.daemon === "reflectd" && row.toFloor !== undefined ? `${formatKnown(row.toFloor)} floor`
    : isOurs(row.daemon) ? "" : formatKnown(row.toReflectd);
  return text === "" ? undefined : markup`<tspan class="ratio"> · ${text}</tspan>`;
}

function titleOf(row: Row): string {
  const name = daemonTitle(row.daemon);
  if (row.spread === undefined) return `${name}: ${whyNot(row)}`;
  const { median, min, max, count } = row.spread;
  const [a, b, c] = [median, min, max].map((value) => formatFigure(value, row.figure.unit));
  return `${name}: median ${a}, ${b} to ${c}, runs: ${count}`;
}
