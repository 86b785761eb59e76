/** The report: what follows from cells, what is claimed of targets, and a page that is whole by itself. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatFigure, formatRatio, formatRound } from "../../bench/report/format.ts";
import { htmlReport } from "../../bench/report/html.ts";
import { markup } from "../../bench/report/markup.ts";
import { rowsOf, standings } from "../../bench/report/rows.ts";
import type { Row } from "../../bench/report/rows.ts";
import { linear, logarithmic } from "../../bench/report/scale.ts";
import { median, quantile, spreadOf } from "../../bench/report/statistics.ts";
import { printTable } from "../../bench/report/table.ts";
import { judgeTargets } from "../../bench/report/targets.ts";
import { folderFault, writeReport } from "../../bench/report/write.ts";
import type { BenchResults, CellResult, DaemonName } from "../../bench/results.ts";
import { cell, FAN_OUT, MADE_UP } from "./made-up.ts";

const rows = rowsOf(MADE_UP);
const find = (of: readonly Row[], scenario: string, daemon: DaemonName, figure = "converge"): Row =>
  of.find((row) => row.scenario === scenario && row.daemon === daemon && row.figure.id === figure)!;

/** Fan-out alone, with these cells. */
const fanOut = (...cells: readonly CellResult[]): BenchResults =>
  ({ ...MADE_UP, scenarios: [{ name: "fan-out", title: "", figures: FAN_OUT }], cells });
const verdicts = (results: BenchResults): Record<string, string> => Object.fromEntries(
  judgeTargets(results, rowsOf(results)).map(({ figure, demand, verdict }) => [`${figure.id}: ${demand}`, verdict]));

describe("statistics", () => {
  it("take the middle, not the mean", () => {
    expect(median([9, 1, 2])).toBe(2);
    expect(median([1, 2, 3, 100])).toBe(2.5);
    expect(median([])).toBeNaN();
    expect(spreadOf([])).toBeUndefined();
    expect(spreadOf([3, 1, 2])).toEqual({ count: 3, median: 2, min: 1, max: 3 });
  });
  it("have quantiles that grow and stay within the values", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1 }), fc.double({ min: 0, max: 1,
      noNaN: true }), (values, q) => {
      const value = quantile(values, q);
      expect(value).toBeGreaterThanOrEqual(Math.min(...values));
      expect(value).toBeLessThanOrEqual(Math.max(...values));
      expect(quantile(values, Math.min(1, q + 0.1))).toBeGreaterThanOrEqual(value - 1e-9);
    }));
  });
});

describe("figures", () => {
  it("have three digits that count and the unit that keeps them short", () => {
    expect([0, 0.5, 9.99, 48.66, 790.4, 48_660].map((value) => formatFigure(value, "ms")))
      .toEqual(["0 ms", "0.50 ms", "9.99 ms", "48.7 ms", "790 ms", "48.7 s"]);
    expect([formatFigure(1_900, "MiB"), formatFigure(105.4, "octets")])
      .toEqual(["1.86 GiB", "105 octets"]);
    expect([formatRatio(1.4), formatRatio(9.996), formatRatio(1_234)]).toEqual(["1.40×", "10.0×", "1,234×"]);
    expect([formatRound(5_000, "ms"), formatRound(110, "MiB")]).toEqual(["5 s", "110 MiB"]);
  });
});

describe("rows", () => {
  it("hold median, min and max of the runs, and ratios to reflectd and the floor", () => {
    const row = find(rows, "fan-out", "frr");
    expect(row.spread).toEqual({ count: 2, median: 1_880, min: 1_860, max: 1_900 });
    expect(row.toReflectd).toEqual({ value: 1_880 / 790, known: "exactly" });
    expect(row.toFloor).toEqual({ value: 1_880 / 600, known: "least" });
  });
  it("say why a figure is missing", () => {
    expect(find(rows, "fan-out", "openbgpd")).toMatchObject({ outcome: "timed out", longerThan: 120_000 });
    expect(find(rows, "fan-out", "openbgpd", "resident"))
      .toMatchObject({ outcome: "timed out", longerThan: undefined });
    expect(find(rows, "full-table", "reflectd").incomplete).toBe("1 of 2 runs: failed");
  });
  it("count figures that were complete before a cell timed out, and none of a wrong table", () => {
    const results = fanOut(
      cell("fan-out", "bird2", 1, { converge: 50 }, { outcome: "timed out", reason: "later" }),
      cell("fan-out", "frr", 1, { converge: 50 }, { outcome: "wrong table", reason: "lacks one" }));
    expect(find(rowsOf(results), "fan-out", "bird2").spread?.median).toBe(50);
    expect(find(rowsOf(results), "fan-out", "frr")).toMatchObject({ spread: undefined, outcome: "wrong table" });
  });
  it.each([[0.5, 0.5, "exactly"], [0.9, 0.5, "least"], [0.5, 0.9, "most"], [0.9, 0.9, "unsure"]] as const)(
    "with a generator at %f for reflectd and %f for another, know the ratio: %s", (ours, other, known) => {
      const results = fanOut(
        cell("fan-out", "reflectd", 1, { converge: 100 }, { generatorShare: { converge: ours } }),
        cell("fan-out", "frr", 1, { converge: 200 }, { generatorShare: { converge: other } }));
      expect(find(rowsOf(results), "fan-out", "frr").toReflectd).toEqual({ value: 2, known });
    });
  it("survive figures that JSON made null", () => {
    const written = JSON.stringify(fanOut(cell("fan-out", "frr", 1, { converge: Number.NaN })));
    expect(find(rowsOf(JSON.parse(written) as BenchResults), "fan-out", "frr").spread).toBeUndefined();
  });
  it("put what reflectd loses first", () => {
    expect(standings(MADE_UP, rows).map(({ scenario, figure }) => `${scenario}/${figure.id}`))
      .toEqual(["full-table/again", "fan-out/resident", "fan-out/converge", "full-table/converge"]);
  });
});

describe("a standing", () => {
  const placeOf = (ours: Partial<CellResult>, share: number, other: number, otherShare: number): string | undefined => {
    const results = fanOut(
      { ...cell("fan-out", "reflectd", 1, { converge: 100 }, { generatorShare: { converge: share } }), ...ours },
      cell("fan-out", "frr", 1, { converge: other }, { generatorShare: { converge: otherShare } }));
    return standings(results, rowsOf(results)).find(({ figure }) => figure.id === "converge")?.place;
  };
  it("is undecided where a generator may have held back who looks slower", () => {
    expect([placeOf({}, 0.5, 200, 0.9), placeOf({}, 0.9, 200, 0.9), placeOf({}, 0.9, 50, 0.5)])
      .toEqual(["undecided", "undecided", "undecided"]);
    expect([placeOf({}, 0.9, 200, 0.5), placeOf({}, 0.5, 50, 0.9), placeOf({}, 0.9, 50, 0.9)])
      .toEqual(["first", "behind", "behind"]);
  });
  it("is behind where reflectd did not get done what another did", () => {
    expect(placeOf({ figures: {}, outcome: "timed out" }, 0.5, 200, 0.5)).toBe("behind");
    expect(placeOf({ outcome: "wrong table" }, 0.5, 200, 0.5)).toBe("behind");
    expect(placeOf({ figures: {}, outcome: "not supported" }, 0.5, 200, 0.5)).toBeUndefined();
  });
});

describe("figures that are no more than nothing", () => {
  const standing = (ours: number, other: number): unknown => {
    const results = fanOut(
      cell("fan-out", "reflectd", 1, { resident: ours }), cell("fan-out", "frr", 1, { resident: other }));
    return standings(results, rowsOf(results)).map(({ place, ratio }) => [place, ratio])[0];
  };
  it("have no ratio and still an order", () => {
    expect([standing(2, -1), standing(-1, 2), standing(0, 0), standing(2, 4)])
      .toEqual([["behind", undefined], ["first", undefined], ["first", undefined], ["first", 2]]);
  });
});

describe("targets", () => {
  it("are reached, missed or not judged", () => {
    expect(verdicts(MADE_UP)).toEqual({
      "converge: at most 1.5× the floor": "not judged", "converge: FRR at 1.3× or more": "reached",
      "converge: BIRD 2 at 40× or more": "reached", "converge: no worse than the best other daemon": "reached",
      "resident: at most 110 MiB": "reached", "latePeak: never more than 1 s": "reached",
      "converge: at most 6× the floor": "missed", "converge: BIRD 2 at 6× or more": "missed",
      "again: at most 1× full-table/converge": "missed",
    });
  });
  it("take the worst run where something must never happen", () => {
    const late = (latePeak: number): CellResult => cell("fan-out", "reflectd", 1, { latePeak });
    expect(verdicts(fanOut(late(10), late(20), late(1_001)))["latePeak: never more than 1 s"]).toBe("missed");
  });
  it("are not judged without reflectd, or without the other", () => {
    expect(new Set(Object.values(verdicts(fanOut())))).toEqual(new Set(["not judged"]));
    const alone = verdicts(fanOut(cell("fan-out", "reflectd", 1, { converge: 100 })));
    expect(alone["converge: at most 1.5× the floor"]).toBe("not judged");
    expect(alone["converge: FRR at 1.3× or more"]).toBe("not judged");
  });
  it("count a daemon that timed out as slower than its limit, and as no slower", () => {
    const against = (milliseconds: number): string | undefined => verdicts(fanOut(
      cell("fan-out", "reflectd", 1, { converge: 1_000 }),
      cell("fan-out", "bird2", 1, {}, { outcome: "timed out", timedOut: { figure: "converge", milliseconds } }),
    ))["converge: BIRD 2 at 40× or more"];
    expect(against(40_000)).toBe("reached");
    expect(against(30_000)).toBe("not judged");
  });
  it("hold the ratio to the floor against its bound", () => {
    const toFloor = (ours: number, share: number, floorShare: number): string | undefined => verdicts(fanOut(
      cell("fan-out", "reflectd", 1, { converge: ours }, { generatorShare: { converge: share } }),
      cell("fan-out", "floor", 1, { converge: 100 }, { generatorShare: { converge: floorShare } }),
    ))["converge: at most 1.5× the floor"];
    expect([toFloor(140, 0.5, 0.9), toFloor(160, 0.5, 0.9)]).toEqual(["not judged", "missed"]);
    expect([toFloor(140, 0.9, 0.5), toFloor(160, 0.9, 0.5)]).toEqual(["reached", "not judged"]);
    expect([toFloor(140, 0.9, 0.9), toFloor(160, 0.9, 0.9)]).toEqual(["reached", "missed"]);
  });
  it("take for the best a daemon that timed out sooner than another was done", () => {
    const best = (milliseconds: number): string | undefined => verdicts(fanOut(
      cell("fan-out", "reflectd", 1, { converge: 1_000 }), cell("fan-out", "frr", 1, { converge: 50_000 }),
      cell("fan-out", "gobgp", 1, {}, { outcome: "timed out", timedOut: { figure: "converge", milliseconds: 60_000 } }),
      cell("fan-out", "bird2", 1, {}, { outcome: "timed out", timedOut: { figure: "converge", milliseconds } }),
    ))["converge: no worse than the best other daemon"];
    expect([best(2_000), best(900)]).toEqual(["reached", "not judged"]);
  });
  it("may allow so much more than another figure", () => {
    const target = { ofFigure: { figure: "fan-out/converge", ratio: 1, more: 16 } };
    const figures = FAN_OUT.map((row) => (row.id === "resident" ? { ...row, target } : row));
    const after = (resident: number): string | undefined => {
      const results = fanOut(cell("fan-out", "reflectd", 1, { converge: 100, resident }));
      return verdicts({ ...results, scenarios: [{ name: "fan-out", title: "", figures }] })[
        "resident: at most 1× fan-out/converge + 16 MiB"];
    };
    expect([after(116), after(117)]).toEqual(["reached", "missed"]);
  });
  it("are not judged on a bound that leaves them open", () => {
    const against = (ours: number, other: number, frr: number): string | undefined => verdicts(fanOut(
      cell("fan-out", "reflectd", 1, { converge: 100 }, { generatorShare: { converge: ours } }),
      cell("fan-out", "frr", 1, { converge: frr }, { generatorShare: { converge: other } }),
    ))["converge: FRR at 1.3× or more"];
    expect([against(0.9, 0.5, 200), against(0.9, 0.5, 120)]).toEqual(["reached", "not judged"]);
    expect([against(0.5, 0.9, 200), against(0.5, 0.9, 120)]).toEqual(["not judged", "missed"]);
    expect([against(0.9, 0.9, 200), against(0.9, 0.9, 120)]).toEqual(["not judged", "not judged"]);
  });
});

describe("the text", () => {
  const text = printTable(MADE_UP);
  it("fits a terminal of 100 columns", () => {
    expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });
  it("says what was lost, missed and not measured", () => {
    for (const words of ["behind: full-table, changed again", "missed: full-table", "bird1: not installed",
      "timed out (more than 120 s)", "wrong table: client 7", "not supported: cannot do", "95 % G", "not 0"]) {
      expect(text).toContain(words);
    }
  });
  it("tells once who took no part in what targets are about", () => {
    const lines = printTable(fanOut(cell("fan-out", "reflectd", 1, { converge: 100 }))).split("\n");
    expect(lines.filter((line) => line.includes("not judged"))).toEqual([
      "  not judged: 1 target: no figure of the floor", "  not judged: 1 target: no figure of FRR",
      "  not judged: 1 target: no figure of BIRD 2", "  not judged: 1 target: no figure of the best other daemon",
      "  not judged: 2 targets: reflectd: not run"]);
  });
  it("keeps a long reason under its daemon", () => {
    const reason = "announcement: 9 of 10 clients are short; of client 1 31500 of 100000 prefixes are right";
    expect(printTable(fanOut(cell("fan-out", "gobgp", 1, {}, { outcome: "timed out", reason }))))
      .toContain("31500 of 100000\n      prefixes are right\n");
  });
  it("is nothing much for nothing", () => {
    expect(printTable({ ...MADE_UP, scenarios: [], cells: [], notMeasured: [], micro: { node: "", rows: [] } }))
      .toContain("npm run bench -- --runs 5");
  });
});

describe("the page", () => {
  const page = htmlReport(MADE_UP);
  it("needs no script and no network", () => {
    expect(page).not.toMatch(/<script|https?:|\bsrc=|@import|url\(|<link/i);
  });
  it("escapes whatever it was given", () => {
    expect(page).toContain("&lt;script&gt;alert(1)");
    expect(page).toContain("Test &lt;CPU&gt; &amp; Sons");
    expect(markup`<b title="${"\"'<>&"}">${["a", markup`<i>${1}</i>`, undefined, false]}</b>`.html)
      .toBe('<b title="&quot;&#39;&lt;&gt;&amp;">a<i>1</i></b>');
  });
  it("closes what it opens", () => {
    for (const tag of ["section", "svg", "table", "details", "figure", "article", "ul", "g", "div", "tbody"]) {
      const count = (pattern: string): number => [...page.matchAll(new RegExp(pattern, "g"))].length;
      expect([tag, count(`<${tag}[ >]`)]).toEqual([tag, count(`</${tag}>`)]);
    }
  });
  it("holds no figure that is no number", () => {
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });
  it("shows every scenario, daemon, curve and configuration", () => {
    for (const words of ['id="fan-out"', 'id="full-table"', "BIRD version 2.0.12", "A table that grows", "250k",
      "fan-out, full-table", "cannot do &lt;this&gt;", "not 0"]) expect(page).toContain(words);
  });
  it("can be made of nothing", () => {
    expect(htmlReport({ ...MADE_UP, scenarios: [], cells: [], daemons: [] })).toContain("</html>");
  });
});

describe("scales", () => {
  it("keep values in order and within the chart", () => {
    const positive = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(fc.property(fc.tuple(positive, positive, positive), (values) => {
      const [min, middle, max] = [...values].sort((a, b) => a - b) as [number, number, number];
      for (const scale of [linear(max), logarithmic(min, max)]) {
        const [a, b, c] = [scale.at(min), scale.at(middle), scale.at(max)];
        expect(0 <= a && a <= b && b <= c && c <= 100.0001).toBe(true);
        expect(scale.ticks.length).toBeLessThan(20);
      }
    }));
  });
});

describe("what others wrote", () => {
  const hostile = "</small><script>alert(1)</script>";
  const results: BenchResults = { ...fanOut(
    cell("fan-out", "reflectd", 1, { converge: 1 }),
    cell("fan-out", "frr", 1, {}, { outcome: "failed", reason: hostile })), notMeasured: [`frr: ${hostile}`],
    scenarios: [{ name: "fan-out", title: "", figures: FAN_OUT, notes: [`left out: ${hostile}`] }],
    daemons: [{ daemon: "frr", version: hostile, configurations: {} }] };
  it("is text in the page, however it looks", () => {
    const written = htmlReport(results);
    expect(written).not.toContain("<script");
    expect(written.split("&lt;/small&gt;&lt;script&gt;").length).toBeGreaterThanOrEqual(5);
  });
  it("includes what a load lacks, in both", () => {
    expect(printTable(results)).toContain(`fan-out: \nleft out: ${hostile}`);
    expect(htmlReport(results)).toContain("left out: ");
  });
});

describe("written reports", () => {
  it("are refused beforehand where nothing can be written", () => {
    for (const folder of ["/proc", "/proc/none/deeper", "/dev/null/x"]) {
      expect(folderFault(folder)).toMatch(/^no report can be written: \w+: .*'\/(proc|dev)/);
    }
    expect(folderFault(tmpdir())).toBeUndefined();
  });
  it("are the results and the page", () => {
    const folder = mkdtempSync(join(tmpdir(), "reflectd-report-"));
    try {
      const html = writeReport(MADE_UP, join(folder, "a/b"));
      const json = readFileSync(join(folder, "a/b/results.json"), "utf8");
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(MADE_UP)));
      expect(readFileSync(html, "utf8")).toBe(htmlReport(MADE_UP));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
