/**
 * The results as one page. Rule: pure and self-contained: no script, no request, nothing unescaped; wins and losses are
 * shown alike.
 */

import { isOurs } from "../results.ts";
import type { BenchResults, ScenarioNote } from "../results.ts";
import { barChart } from "./bars.ts";
import { curveCharts, sweepsOf } from "./curves.ts";
import { daemonTitle, formatFigure, formatRatio, formatShare } from "./format.ts";
import { glance } from "./glance.ts";
import { markup, raw } from "./markup.ts";
import type { Markup } from "./markup.ts";
import { allocatesUnasked, formatNanoseconds, formatOctets } from "./micro-table.ts";
import { rowsOf, standings } from "./rows.ts";
import type { Row, Standing } from "./rows.ts";
import { spreadOf } from "./statistics.ts";
import { STYLE } from "./style.ts";
import { commandLine, formatKnown, formatMinutes, shownFigures, whyNot } from "./table.ts";
import { judgeTargets } from "./targets.ts";
import type { Judgement } from "./targets.ts";

/** The whole page. */
export function htmlReport(results: BenchResults): string {
  const rows = rowsOf(results);
  const judgements = judgeTargets(results, rows);
  const all = standings(results, rows);
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>reflectd benchmark, ${results.startedAt.slice(0, 10)}</title><style>${raw(STYLE)}</style></head>
<body><main>
${head(results)}
${tiles(all, judgements)}
${glance(results, rows)}
${winsAndLosses(all)}
${scenarios(results, rows)}
${growth(results, rows)}
${targets(judgements)}
${micro(results)}
${notMeasured(results)}
${results.cells.length > 0 && method(results)}
<footer>Made by <code>npm run bench</code> of reflectd; the figures are in results.json beside this page.</footer>
</main></body></html>
`.html;
}

function head({ machine, startedAt, wallSeconds, options, daemons }: BenchResults): Markup {
  const others = daemons.filter(({ daemon }) => !isOurs(daemon))
    .map(({ daemon }) => daemonTitle(daemon));
  const beside = others.length === 0 ? "." : ` beside ${others.join(", ")}: the same load, the same machine, in turns.`;
  const at = startedAt.replace("T", " ").replace(/(:\d\d)(\.\d+)?Z$/, "$1 UTC");
  return markup`<header><h1><b>reflectd</b> benchmark</h1>
<p class="lead">A BGP route reflector in TypeScript${beside}${daemons.some(({ daemon }) => daemon === "floor") &&
    " The floor is a program that only copies octets from session to session."}</p>
<p class="soft">${at} · ${formatMinutes(wallSeconds)} ·
${machine.cores} × ${machine.cpu} · ${formatFigure(machine.memoryMiB, "MiB")} · Linux ${machine.kernel} ·
Node ${machine.node} · <code>${commandLine(options)}</code></p>${options.includes("--quick") && markup`
<p class="soft"><b>A quick run</b>: a tenth of the sizes that the titles name.</p>`}</header>`;
}

function tiles(all: readonly Standing[], judgements: readonly Judgement[]): Markup {
  const of = (place: Standing["place"]): number => all.filter((one) => one.place === place).length;
  const judged = judgements.filter(({ verdict }) => verdict !== "not judged");
  const reached = judged.filter(({ verdict }) => verdict === "reached").length;
  const middle = spreadOf(all.flatMap(({ figure, ratio }) =>
    (figure.unit === "ms" && ratio !== undefined ? [ratio] : [])))?.median;
  return markup`<div class="tiles">${all.length > 0 && markup`
<div class="tile hot"><b>${of("first")} <small>of ${all.length}</small></b><span>headline figures in which reflectd is
first among the daemons${of("undecided") > 0 && `; ${of("undecided")} undecided`}</span></div>`}${
    middle !== undefined && markup`
<div class="tile"><b>${formatRatio(middle)}</b><span>the time of the best other daemon as a multiple of reflectd's, in
the middle of all headline times</span></div>`}${judgements.length > 0 && markup`
<div class="tile"><b>${reached} <small>of ${judged.length}</small></b><span>targets reached${
    judged.length < judgements.length && `; ${judgements.length - judged.length} could not be judged`}</span></div>`}
</div>`;
}

function winsAndLosses(all: readonly Standing[]): Markup | undefined {
  if (all.length === 0) return undefined;
  const line = ({ scenario, figure, ours, best, ratio }: Standing): Markup => markup`<li>${
    ratio !== undefined && markup`<b>${formatRatio(ratio)}</b> `}
<a href="#${scenario}">${scenario}</a>, ${figure.what}<small>${daemonTitle(best.daemon)}, the best of the others:
${formatFigure(best.spread!.median, figure.unit)}${best.generatorBound && " (generator-bound)"}${
    ours.spread === undefined && `; reflectd: ${whyNot(ours)}`}</small></li>
`;
  const of = (place: Standing["place"]): Standing[] => all.filter((one) => one.place === place);
  const [losses, undecided] = [of("behind"), of("undecided")];
  const wins = of("first").reverse();
  const none = markup`<p class="soft">reflectd is behind in no headline figure of this run.</p>`;
  return markup`<section id="standing"><h2>Lost and won</h2><div class="card">
<h3>Where reflectd is behind</h3>${losses.length === 0 ? none : markup`<ul class="plain">${losses.map(line)}</ul>`}${
    undecided.length > 0 && markup`<h3>Undecided: a generator was the limit</h3>
<ul class="plain">${undecided.map(line)}</ul>`}
<details><summary>Where it is first (${wins.length})</summary><ul class="plain">${wins.map(line)}</ul></details></div>
</section>`;
}

function scenarios(results: BenchResults, rows: readonly Row[]): Markup | undefined {
  const cards = results.scenarios.filter(({ sweep }) => sweep === undefined).flatMap((scenario) => {
    const own = rows.filter((row) => row.scenario === scenario.name);
    return own.length === 0 ? [] : [scenarioCard(scenario, own)];
  });
  return cards.length === 0 ? undefined : markup`<section id="scenarios"><h2>Scenarios</h2>
<p class="soft">Bars are medians, the thin line goes from the least to the greatest run; after the point stands the
multiple of reflectd's figure. Less is better everywhere.</p><div class="cards">${cards}</div></section>`;
}

function scenarioCard(scenario: ScenarioNote, rows: readonly Row[]): Markup {
  const { name, title, figures, notes = [] } = scenario;
  const charts = shownFigures(scenario).map((figure) => barChart(figure, rows.filter((row) => row.figure === figure)));
  return markup`<article class="card" id="${name}"><h3><a href="#${name}">${name}</a></h3><p>${title}</p>${
    notes.map((line) => markup`<p class="soft">${line}</p>`)}${charts}
<details><summary>All figures</summary><div class="scroll"><table><thead><tr><th>daemon</th><th>median</th>
<th>min</th><th>max</th><th>runs</th><th>× reflectd</th><th>× floor</th><th>generator</th></tr></thead><tbody>${
    figures.map((figure) => markup`<tr class="figure"><th colspan="8">${figure.what}</th></tr>
${rows.filter((row) => row.figure === figure).map(tableRow)}`)}</tbody></table></div></details></article>
`;
}

function tableRow(row: Row): Markup {
  const name = markup`<td>${daemonTitle(row.daemon)}</td>`;
  if (row.spread === undefined) return markup`<tr>${name}<td class="why" colspan="7">${whyNot(row)}</td></tr>`;
  const { median, min, max, count } = row.spread;
  return markup`<tr class="${row.daemon}">${name}${[median, min, max].map((value) =>
    markup`<td>${formatFigure(value, row.figure.unit)}</td>`)}<td>${count}</td>
<td>${!isOurs(row.daemon) && formatKnown(row.toReflectd)}</td>
<td>${row.daemon !== "floor" && formatKnown(row.toFloor)}</td>
<td>${row.generatorShare !== undefined && formatShare(row.generatorShare)}${
    row.generatorBound && markup` <span class="mark" title="generator-bound">G</span>`}</td></tr>
${row.incomplete !== undefined && markup`<tr><td></td><td class="why" colspan="7">${row.incomplete}</td></tr>`}`;
}

function growth(results: BenchResults, rows: readonly Row[]): Markup | undefined {
  const sweeps = sweepsOf(results);
  return sweeps.length === 0 ? undefined : markup`<section id="growth"><h2>Growth</h2><div class="cards">${
    sweeps.map((sweep) => markup`<article class="card"><h3>${sweep.title}</h3>${curveCharts(sweep, rows)}</article>
`)}</div></section>`;
}

const CHIPS: Readonly<Record<Judgement["verdict"], string>> = {
  reached: "reached", missed: "missed", "not judged": "unknown",
};

function targets(judgements: readonly Judgement[]): Markup | undefined {
  if (judgements.length === 0) return undefined;
  const of = (verdict: Judgement["verdict"]): Judgement[] =>
    judgements.filter((one) => one.verdict === verdict).sort((a, b) => (b.off ?? 0) - (a.off ?? 0));
  const open = [...of("missed"), ...of("not judged")];
  const reached = of("reached");
  return markup`<section id="targets"><h2>Targets</h2><div class="card">${
    open.length === 0 ? markup`<p class="soft">All are reached.</p>`
      : markup`<ul class="plain">${open.map(targetLine)}</ul>`}
<details><summary>Reached (${reached.length})</summary><ul class="plain">${reached.map(targetLine)}</ul></details></div>
</section>`;
}

function targetLine({ scenario, figure, verdict, demand, measured, why, off }: Judgement): Markup {
  return markup`<li><span class="chip ${CHIPS[verdict]}">${verdict}</span><b>${scenario}</b>, ${figure.what}
<small>${demand}${measured !== "" && markup`; measured <b>${measured}</b>`}${why !== "" && `; ${why}`}${
    verdict === "missed" && off !== undefined && `; off by ${formatRatio(off)}`}</small></li>
`;
}

function micro({ micro: results }: BenchResults): Markup | undefined {
  if (results === undefined) return undefined;
  return markup`<section id="micro"><h2>The engine by itself</h2>
<p class="soft">Without sockets, in one process: time and octets allocated per operation. The heap is what the collector
has to clean; tables grow in buffers.</p><div class="card"><div class="scroll"><table><thead><tr>
<th>operation</th><th>ns</th><th>min</th><th>max</th><th>heap</th><th>buffers</th></tr></thead>
<tbody>${results.rows.map((row) => {
    const { median = 0, min = 0, max = 0 } = spreadOf(row.nanoseconds) ?? {};
    return markup`<tr><td>${row.group}: ${row.what}</td>${[median, min, max].map((value) =>
      markup`<td>${formatNanoseconds(value)}</td>`)}<td>${formatOctets(row.heapOctets)}${
      allocatesUnasked(row) && markup` <span class="mark">not 0</span>`}</td>
<td>${formatOctets(row.bufferOctets)}</td></tr>
`;
  })}</tbody></table></div></div></section>`;
}

function notMeasured({ notMeasured: lines }: BenchResults): Markup | undefined {
  return lines.length === 0 ? undefined : markup`<section id="not-measured"><h2>Not measured</h2><div class="card">
<ul class="plain">${lines.map((line) => markup`<li>${line}</li>`)}</ul></div></section>`;
}

function method({ daemons }: BenchResults): Markup {
  return markup`<section id="method"><h2>How it was measured</h2><div class="card">
<p>Every daemon is a passive route reflector of all clients, without policy and, where that can be turned off, without
delays between advertisements. Each cell is a new process in a network namespace of its own; daemons take turns, so
that a machine that slows down slows all of them. The load generator is a process of its own with prepared messages;
the clock runs from the first octet sent to the last octet needed, and sixteen receivers must hold exactly the right
table.</p>
<p><b>Floor</b>: a small Node program that brings the sessions up and copies every UPDATE to every other session
without reading it. <b>G</b>: the generator used over 80 % of a core, so the daemon may be faster than shown; of a ratio
≥ is a lower bound, ≤ an upper one, ~ means both sides were bound.</p>
<h3>Versions and configurations</h3>${daemons.map(({ daemon, version, configurations }) => markup`
<details><summary>${daemonTitle(daemon)}: ${version}</summary>${byText(configurations).map(([text, names]) =>
    markup`<p class="soft">${names.join(", ")}</p><pre>${text}</pre>`)}</details>`)}</div></section>`;
}

/** Configurations with the scenarios that share them. */
function byText(configurations: Readonly<Record<string, string>>): (readonly [string, readonly string[]])[] {
  const texts = [...new Set(Object.values(configurations))];
  return texts.map((text) => [text, Object.keys(configurations).filter((name) => configurations[name] === text)]);
}
