/** All headline figures on one screen: a line each, a cell per daemon, how many times reflectd's figure it is. */

import { DAEMON_NAMES } from "../results.ts";
import type { BenchResults, DaemonName, ScenarioNote } from "../results.ts";
import { daemonTitle, formatFigure, formatRatio } from "./format.ts";
import { markup } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { Row } from "./rows.ts";
import { formatKnown, whyNot } from "./table.ts";

/** The grid; undefined where nothing can be compared. On a phone a figure's name stands above its cells. */
export function glance(results: BenchResults, rows: readonly Row[]): Markup | undefined {
  const daemons = DAEMON_NAMES.filter((name) => rows.some(({ daemon }) => daemon === name));
  const shown = results.scenarios.filter(({ name, sweep }) =>
    sweep === undefined && rows.some(({ scenario, figure }) => scenario === name && figure.headline === true));
  if (daemons.length < 2 || shown.length === 0) return undefined;
  return markup`<section id="glance"><h2>At a glance</h2>
<p>The median of reflectd, then what every other needs, as a multiple of that: above 1 is slower or larger than
reflectd, below 1 is better.</p>
<table class="glance" style="--others: ${daemons.length - 1}"><thead><tr><th></th>${daemons.map((daemon) =>
    markup`<th class="${daemon}">${daemonTitle(daemon)}</th>`)}</tr></thead>
${shown.map((scenario) => body(scenario, daemons, rows))}</table></section>
`;
}

function body({ name, title, figures }: ScenarioNote, daemons: readonly DaemonName[], rows: readonly Row[]): Markup {
  const lines = figures.filter(({ headline }) => headline === true).map((figure) => {
    const ofFigure = rows.filter((row) => row.scenario === name && row.figure === figure);
    return markup`<tr><th scope="row">${figure.what}</th>${daemons.map((daemon) => cellOf(daemon, ofFigure))}</tr>
`;
  });
  return markup`<tbody><tr class="scenario"><th colspan="${daemons.length + 1}"><a href="#${name}">${name}</a>
<span>${title}</span></th></tr>
${lines}</tbody>
`;
}

function cellOf(daemon: DaemonName, ofFigure: readonly Row[]): Markup {
  const row = ofFigure.find((one) => one.daemon === daemon);
  if (row === undefined) return markup`<td class="absent">–</td>`;
  if (row.spread === undefined) {
    return markup`<td class="absent" title="${whyNot(row)}">${absentText(row, ofFigure)}</td>`;
  }
  const figure = formatFigure(row.spread.median, row.figure.unit);
  if (daemon === "reflectd") return markup`<td class="reflectd">${figure}</td>`;
  const kind = daemon === "floor" || row.toReflectd === undefined ? "floor" : `heat${heatOf(row.toReflectd.value)}`;
  return markup`<td class="${kind}" title="${figure}">${
    row.toReflectd === undefined ? figure : formatKnown(row.toReflectd)}</td>`;
}

function absentText(row: Row, ofFigure: readonly Row[]): string {
  const ours = ofFigure.find(({ daemon }) => daemon === "reflectd")?.spread;
  if (row.longerThan !== undefined && ours !== undefined) return `>${formatRatio(row.longerThan / ours.median)}`;
  return SHORT[row.outcome];
}
const SHORT: Readonly<Record<Row["outcome"], string>> = {
  measured: "–", "timed out": "timeout", "wrong table": "wrong", failed: "failed", "not supported": "n/a",
  "not run": "–",
};

/** 0 where reflectd is behind, then 1 to 4 by how far it is ahead. */
function heatOf(ratio: number): number {
  return [1, 2, 5, 20].filter((step) => ratio >= step).length;
}
