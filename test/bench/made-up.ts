/** A run that never was: every outcome, every kind of target, wide and narrow ranges. For tests of the report only. */

import type { BenchResults, CellResult, DaemonName, FigureRow, Outcome } from "../../bench/results.ts";

const ms = (id: string, what: string, target?: FigureRow["target"]): FigureRow =>
  ({ id, what, unit: "ms", headline: true, ...(target === undefined ? {} : { target }) });

/** Headlines, a figure that is none, and targets of each kind. */
export const FAN_OUT: readonly FigureRow[] = [
  ms("converge", "all clients have all routes", { floorRatio: 1.5, faster: { frr: 1.3, bird2: 40, best: 1 } }),
  { id: "resident", what: "resident memory", unit: "MiB", headline: true, target: { atMost: 110 } },
  { id: "latePeak", what: "latest keepalive", unit: "ms", target: { never: 1_000 } },
];
const TABLE: readonly FigureRow[] = [
  ms("converge", "all clients have all routes", { floorRatio: 6, faster: { bird2: 6 } }),
  ms("again", "changed again", { ofFigure: { figure: "full-table/converge", ratio: 1 } }),
];

/** A cell; figures by id. */
export function cell(
  scenario: string, daemon: DaemonName, run: number, figures: Record<string, number>, more: Partial<CellResult> = {},
): CellResult {
  return { scenario, daemon, run, outcome: "measured", figures, generatorShare: {}, ...more };
}

const bad = (scenario: string, daemon: DaemonName, outcome: Outcome, reason: string): CellResult =>
  cell(scenario, daemon, 1, {}, { outcome, reason });

const fanOut = (daemon: DaemonName, runs: readonly number[], resident: number, share: number): CellResult[] =>
  runs.map((converge, i) => cell("fan-out", daemon, i + 1,
    { converge, resident: resident + i, latePeak: daemon === "reflectd" ? 40 + i : 0 },
    { generatorShare: { converge: share } }));

const sweep = (at: number) => ({ name: "routes", title: "A table that grows", axis: "routes", at });

/** The run. */
export const MADE_UP: BenchResults = {
  startedAt: "2026-11-21T12:00:00Z",
  wallSeconds: 3_540,
  machine: { cpu: "Test <CPU> & Sons", cores: 2, memoryMiB: 7_900, kernel: "6.1.0", node: "v20.20.2" },
  options: ["--runs", "5"],
  scenarios: [
    { name: "fan-out", title: "one feed of 100,000 prefixes to 1,000 clients", figures: FAN_OUT },
    { name: "full-table", title: "10 feeds of 100,000 prefixes, 5 per attribute set", figures: TABLE },
    ...[250_000, 500_000, 1_000_000, 2_000_000].map((at) => ({
      name: `routes-${at}`, title: `${at} routes`, figures: [ms("converge", "time")], sweep: sweep(at) })),
  ],
  daemons: [
    { daemon: "reflectd", version: "reflectd 0.1.0", configurations: { "fan-out": "{ \"a\": 1 }",
      "full-table": "{ \"a\": 1 }" } },
    { daemon: "bird2", version: "BIRD version 2.0.12",
      configurations: { "fan-out": "protocol bgp { # <script>alert(1)</script>\n}" } },
  ],
  cells: [
    ...fanOut("reflectd", [790, 760, 810, 770, 900], 105, 0.7),
    ...fanOut("floor", [600, 610, 640, 590, 600], 60, 0.95),
    ...fanOut("frr", [1_860, 1_900], 357, 0.3),
    ...fanOut("bird2", [48_700, 47_000], 239, 0.05),
    ...fanOut("gobgp", [9_200, 9_900], 1_900, 0.2),
    cell("fan-out", "openbgpd", 1, {}, { outcome: "timed out", reason: "not all routes after 120 s",
      timedOut: { figure: "converge", milliseconds: 120_000 } }),
    bad("fan-out", "bird1", "wrong table", "client 7 lacks 16.0.0.64/26"),
    cell("full-table", "reflectd", 1, { converge: 900, again: 1_400 }, { generatorShare: { converge: 0.4 } }),
    cell("full-table", "reflectd", 2, {}, { outcome: "failed", reason: "lost a session" }),
    cell("full-table", "floor", 1, { converge: 100, again: 80 }, { generatorShare: { converge: 0.99 } }),
    cell("full-table", "bird2", 1, { converge: 3_400, again: 700 }),
    bad("full-table", "gobgp", "not supported", "cannot do <this>"),
    ...[250_000, 500_000, 1_000_000, 2_000_000].flatMap((at) => [
      cell(`routes-${at}`, "reflectd", 1, { converge: at / 1_200 }),
      cell(`routes-${at}`, "bird2", 1, { converge: at / 300 + at * at / 4e8 }),
    ]),
  ],
  notMeasured: ["bird1: not installed <here>"],
  micro: { node: "v20.20.2", rows: [
    { group: "decode", what: "UPDATE with 5 prefixes", nanoseconds: [400, 410, 390], heapOctets: 0,
      bufferOctets: 0, allocationFree: true },
    { group: "intern", what: "new attribute set", nanoseconds: [900, 910, 905], heapOctets: 64,
      bufferOctets: 132, allocationFree: true },
  ] },
};
