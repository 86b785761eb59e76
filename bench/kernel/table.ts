/** The kernel benchmark as text. */

import { formatCount, formatFigure, formatRatio } from "../report/format.ts";
import { median } from "../report/statistics.ts";
import { STEPS } from "./entrant.ts";
import type { Step } from "./entrant.ts";
import type { KernelFigure, KernelResults } from "./run.ts";

const WHAT_COLUMNS = 26;
const COLUMN = 24;
/** Who the others are compared with. */
const RIVAL = "BIRD 2";
const WORDS: Readonly<Record<Step, string>> = { add: "added", replace: "replaced", remove: "removed",
  compare: "read and compared" };

/** Medians: time, routes a second and how many times BIRD's that is; then CPU time. */
export function kernelTable({ entrants, figures, notMeasured }: KernelResults): string {
  const titles = entrants.map(({ name, version }) => `${name} ${version}`.trim().padStart(COLUMN)).join("");
  const rows = STEPS.flatMap((step) => {
    const of = figures.filter((figure) => figure.step === step);
    const [first] = of;
    if (first === undefined) return [];
    const what = `${formatCount(first.routes)} ${WORDS[step]}`;
    const rival = perSecond(of.filter(({ entrant }) => entrant === RIVAL));
    return [
      line(what, entrants.map(({ name }) => speed(of.filter(({ entrant }) => entrant === name), rival))),
      line("  its CPU time", entrants.map(({ name }) => cpuTime(of, name))),
    ];
  });
  const legend = figures.some(({ entrant }) => entrant === RIVAL) ? [`×: how many times as fast as ${RIVAL}`] : [];
  return [" ".repeat(WHAT_COLUMNS) + titles, ...rows, ...legend,
    ...notMeasured.map((why) => `not measured: ${why}`)].join("\n");
}

function line(what: string, cells: readonly string[]): string {
  return what.padEnd(WHAT_COLUMNS) + cells.map((text) => text.padStart(COLUMN)).join("");
}

function perSecond(figures: readonly KernelFigure[]): number {
  return median(figures.map(({ routes, milliseconds }) => routes / milliseconds * 1000));
}

function speed(figures: readonly KernelFigure[], rival: number): string {
  if (figures.length === 0) return "–";
  const time = formatFigure(median(figures.map(({ milliseconds }) => milliseconds)), "ms");
  const rate = perSecond(figures);
  return `${time} ${formatCount(rate / 1000)}k/s ${Number.isNaN(rival) ? "" : formatRatio(rate / rival)}`.trimEnd();
}

function cpuTime(figures: readonly KernelFigure[], name: string): string {
  const values = figures.filter(({ entrant }) => entrant === name).map(({ cpuMilliseconds }) => cpuMilliseconds);
  return values.length === 0 ? "–" : formatFigure(median(values), "ms");
}
