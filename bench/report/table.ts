/** The results as text, within 100 columns. Rule: pure; what is worse for reflectd is shown like what is better. */

import { isOurs } from "../results.ts";
import type { BenchResults, ScenarioNote } from "../results.ts";
import { daemonTitle, formatFigure, formatRatio, formatShare } from "./format.ts";
import { microTable } from "./micro-table.ts";
import { rowsOf, standings } from "./rows.ts";
import type { Ratio, Row, Standing } from "./rows.ts";
import { judgeTargets } from "./targets.ts";
import type { Judgement } from "./targets.ts";

const COLUMNS = 100;
const NAME_COLUMNS = 14;
const FIGURE_COLUMNS = 13;
const RUNS_COLUMNS = 5;

/** Everything that a terminal has room for: headline figures, targets, what was not measured. The page has the rest. */
export function printTable(results: BenchResults): string {
  const rows = rowsOf(results);
  const judgements = judgeTargets(results, rows);
  return [
    headOf(results),
    ...results.scenarios.map((scenario) => scenarioBlock(scenario, rows)).filter((block) => block !== ""),
    legendOf(rows),
    standingsBlock(results, rows),
    targetsBlock(judgements),
    results.micro === undefined ? "" : microTable(results.micro),
    results.notMeasured.length === 0 ? "" : listBlock("Not measured", results.notMeasured),
  ].filter((block) => block !== "").join("\n\n");
}

function headOf({ machine, startedAt, wallSeconds, options }: BenchResults): string {
  return [
    `reflectd benchmark, ${startedAt}, ${formatMinutes(wallSeconds)}: ${commandLine(options)}`,
    `${machine.cores} × ${machine.cpu}, ${formatFigure(machine.memoryMiB, "MiB")}, Linux ${machine.kernel}, ` +
      `Node ${machine.node}`,
    ...(options.includes("--quick") ? ["A quick run: a tenth of the sizes that the titles name."] : []),
  ].flatMap((line) => wrap(line, COLUMNS)).join("\n");
}

/** "npm run bench -- --quick". */
export function commandLine(options: readonly string[]): string {
  return ["npm run bench", ...(options.length === 0 ? [] : ["--", ...options])].join(" ");
}

/** "47 s", "58 min". */
export function formatMinutes(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** The figures shown as text: the headlines, or all where a scenario marks none. */
export function shownFigures({ figures }: ScenarioNote): ScenarioNote["figures"] {
  const headlines = figures.filter(({ headline }) => headline === true);
  return headlines.length === 0 ? figures : headlines;
}

function scenarioBlock(scenario: ScenarioNote, rows: readonly Row[]): string {
  const lines = shownFigures(scenario).flatMap((figure) => {
    const ofFigure = rows.filter((row) => row.scenario === scenario.name && row.figure === figure);
    return ofFigure.length === 0 ? [] : [`  ${figure.what}`, ...ofFigure.flatMap(rowLines)];
  });
  if (lines.length === 0) return "";
  const head = [`${scenario.name}: ${scenario.title}`, ...scenario.notes ?? []];
  return [...head.flatMap((line) => wrap(line, COLUMNS)), TITLES, ...lines].join("\n");
}

const right = (text: string, columns: number = FIGURE_COLUMNS): string => text.padStart(columns);
const TITLES = " ".repeat(NAME_COLUMNS) + right("runs", RUNS_COLUMNS) +
  ["median", "min", "max", "× reflectd", "× floor", "generator"].map((title) => right(title)).join("");

/** A row, and under it what came of the runs that are not in it. */
function rowLines(row: Row): string[] {
  const name = `    ${daemonTitle(row.daemon)}`.padEnd(NAME_COLUMNS);
  if (row.spread === undefined) {
    return wrap(`${name} ${whyNot(row)}`, COLUMNS - 4).map((line, i) => (i === 0 ? line : `      ${line}`));
  }
  const { median, min, max, count } = row.spread;
  const share = row.generatorShare === undefined ? "" : formatShare(row.generatorShare);
  const line = [
    name, right(String(count), RUNS_COLUMNS),
    ...[median, min, max].map((value) => right(formatFigure(value, row.figure.unit))),
    right(isOurs(row.daemon) ? "" : formatKnown(row.toReflectd)),
    right(row.daemon === "floor" ? "" : formatKnown(row.toFloor)),
    right(share), row.generatorBound ? " G" : "",
  ].join("").trimEnd();
  return row.incomplete === undefined ? [line] : [line, `      ${row.incomplete}`];
}

/** Why a row has no figure: "timed out (more than 120 s)", "not supported: no ADD-PATH". */
export function whyNot(row: Row): string {
  if (row.longerThan !== undefined) return `timed out (more than ${formatFigure(row.longerThan, "ms")})`;
  if (row.outcome === "measured" || row.outcome === "not run") return row.reason ?? "not taken";
  return row.reason === undefined ? row.outcome : `${row.outcome}: ${row.reason}`;
}

/** "≥ 12.0×" where the generator was the limit of one side; empty for none. */
export function formatKnown(ratio: Ratio | undefined): string {
  return ratio === undefined ? "" : `${SIGNS[ratio.known]}${formatRatio(ratio.value)}`;
}
const SIGNS: Readonly<Record<Ratio["known"], string>> = { exactly: "", least: "≥", most: "≤", unsure: "~" };

function legendOf(rows: readonly Row[]): string {
  if (!rows.some(({ generatorBound }) => generatorBound)) return "";
  return "G: the load generator used over 80 % of a core, so the daemon may be faster than this: of a ratio\n" +
    "   ≥ is a lower bound, ≤ an upper one, ~ was bound on both sides.";
}

function standingsBlock(results: BenchResults, rows: readonly Row[]): string {
  const all = standings(results, rows);
  if (all.length === 0) return "";
  const of = (place: Standing["place"]): Standing[] => all.filter((one) => one.place === place);
  const [first, undecided] = [of("first").length, of("undecided")];
  const open = undecided.length === 0 ? "" : `, ${undecided.length} undecided`;
  return listBlock(`First among the daemons in ${first} of ${all.length} headline figures${open}`, [
    ...of("behind").map((one) => `behind: ${standingText(one)}`),
    ...undecided.map((one) => `undecided, a generator was the limit: ${standingText(one)}`)]);
}

function standingText({ scenario, figure, ours, best, ratio }: Standing): string {
  const value = formatFigure(best.spread!.median, figure.unit);
  const than = ours.spread === undefined ? `${value}; reflectd: ${whyNot(ours)}`
    : ratio === undefined ? value : `${formatRatio(ratio)} of reflectd`;
  return `${scenario}, ${figure.what}: ${daemonTitle(best.daemon)} at ${than}`;
}

function targetsBlock(judgements: readonly Judgement[]): string {
  if (judgements.length === 0) return "";
  const of = (verdict: Judgement["verdict"]): Judgement[] => judgements.filter((one) => one.verdict === verdict);
  const line = (one: Judgement): string => `${one.scenario}, ${one.figure.what}: ${one.demand}`;
  const missed = [...of("missed")].sort((a, b) => b.off! - a.off!)
    .map((one) => `missed: ${line(one)}; measured ${one.measured}`);
  const unknown = of("not judged");
  const bound = unknown.filter(({ measured }) => measured !== "")
    .map((one) => `not judged: ${line(one)}: ${one.why}; measured ${one.measured}`);
  // Who took no part is lacking in many of them: that is told once.
  const lacking = unknown.filter(({ measured }) => measured === "").map(({ why }) => why);
  const reasons = [...new Set(lacking)].map((why) => {
    const count = lacking.filter((other) => other === why).length;
    return `not judged: ${count} ${count === 1 ? "target" : "targets"}: ${why}`;
  });
  const judgedCount = judgements.length - unknown.length;
  return listBlock(`Targets: ${of("reached").length} of ${judgedCount} reached`, [...missed, ...bound, ...reasons]);
}

function listBlock(title: string, items: readonly string[]): string {
  const lines = items.flatMap((item) => wrap(item, COLUMNS - 2).map((line, i) => `  ${i === 0 ? "" : "  "}${line}`));
  return [title, ...lines].join("\n");
}

/** Breaks a line at single spaces; further lines leave room for an indent of two. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S) (?=\S)/)) {
    const room = lines.length === 0 ? columns : columns - 2;
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
