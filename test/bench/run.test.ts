/** Going through the turns: what is left out is named, what went wrong is not tried again. */

import { describe, expect, it } from "vitest";
import { oneLine } from "../../bench/cell-process.ts";
import type { CellEnd } from "../../bench/cell-process.ts";
import type { DaemonName } from "../../bench/results.ts";
import { progressLine, run } from "../../bench/run.ts";
import type { Progress, RunEnd, RunPorts } from "../../bench/run.ts";
import { schedule } from "../../bench/schedule.ts";
import type { Turn } from "../../bench/schedule.ts";
import type { Scenario } from "../../bench/scenarios/scenario.ts";

const DAEMONS: readonly DaemonName[] = ["reflectd", "bird2"];
const scenario = (name: string): Scenario => ({
  name, title: name, figures: [], run: () => Promise.resolve(),
  wants: () => ({ family: "ipv4", addPath: false, sessions: 1, reloads: false, joinsAtOnce: false }),
});
const fine: CellEnd = { outcome: "measured", figures: { ms: 1 }, generatorShare: {}, version: "1", configuration: "c" };
const late: CellEnd = { ...fine, outcome: "timed out", reason: "not in 120 s", figures: {} };

interface Ran extends RunEnd {
  readonly asked: string[];
  readonly shown: Progress[];
}

const PORTS: RunPorts = {
  cell: async () => fine, stopped: () => undefined, now: () => 0, progress: () => undefined,
  longSeconds: () => Infinity, budgetMinutes: Infinity, cellSeconds: 60,
};

/** Runs two scenarios × two daemons × two runs. */
async function ran(ports: Partial<RunPorts>, second: Partial<Scenario> = {}): Promise<Ran> {
  const asked: string[] = [];
  const shown: Progress[] = [];
  let now = 0;
  const turns = schedule([scenario("a"), { ...scenario("b"), ...second }], DAEMONS, () => 2);
  const end = await run(turns, {
    ...PORTS, now: () => now, progress: (progress) => shown.push(progress), ...ports,
    ...(ports.cell === undefined ? {} : { cell: (turn: Turn<Scenario>, measuring: (figure: string) => void) => {
      asked.push(`${turn.scenario.name} ${turn.daemon} ${turn.run}`);
      now += 60_000;
      return ports.cell!(turn, measuring);
    } }),
  });
  return { ...end, asked, shown };
}

describe("a run", () => {
  it("collects every cell and what the daemons said", async () => {
    const end = await ran({ cell: async () => fine });
    expect(end.cells).toHaveLength(8);
    expect(end.notMeasured).toEqual([]);
    expect(end.daemons.get("bird2")).toEqual({ version: "1", configurations: { a: "c", b: "c" } });
  });
  it("does not run again what timed out, and says so", async () => {
    const end = await ran({ cell: async (turn) =>
      (turn.daemon === "bird2" && turn.scenario.name === "a" ? late : fine) });
    expect(end.asked.filter((line) => line.startsWith("a bird2"))).toEqual(["a bird2 1"]);
    expect(end.cells).toHaveLength(7);
    expect(end.notMeasured).toEqual(["bird2 in a: timed out: not in 120 s; 1 not run"]);
  });
  it("runs once only what takes long, and says so", async () => {
    const end = await ran({ cell: async () => fine, longSeconds: ({ daemon }) => (daemon === "bird2" ? 59 : 61) });
    expect(end.asked.filter((line) => line.includes("bird2"))).toEqual(["a bird2 1", "b bird2 1"]);
    expect([...end.notMeasured].sort())
      .toEqual(["bird2 in a: a run takes 60 s; 1 not run", "bird2 in b: a run takes 60 s; 1 not run"]);
    expect((await ran({ cell: async () => fine })).notMeasured).toEqual([]);
  });
  it("leaves out what builds on something that the daemon did not get done", async () => {
    const end = await ran({ cell: async (turn) => (turn.daemon === "bird2" ? late : fine) }, { needs: "a" });
    expect(end.asked.filter((line) => line.includes("bird2"))).toEqual(["a bird2 1"]);
    expect(end.notMeasured).toContain("bird2 in b: it timed out in a already; 2 not run");
    const further = await ran({ cell: async (turn) =>
      (turn.daemon === "bird2" ? { ...late, figures: { convergeMs: 1 } } : fine) }, { needs: "a" });
    expect(further.asked.filter((line) => line.includes("bird2"))).toEqual(["a bird2 1", "b bird2 1"]);
  });
  it("leaves out what builds on what was left out", async () => {
    const turns = schedule([scenario("a"), { ...scenario("b"), needs: "a" }, { ...scenario("c"), needs: "b" }],
      ["bird2"], () => 1);
    const end = await run(turns, { ...PORTS, cell: async () => late });
    expect(end.notMeasured.slice(1)).toEqual(["b", "c"].map((name) =>
      `bird2 in ${name}: it timed out in a already; 1 not run`));
  });
  it("gives other daemons no time that ours need, and names what was not begun", async () => {
    // Each cell takes a minute: of eight, reflectd's four are to end within six and a half.
    const end = await ran({ cell: async () => fine, budgetMinutes: 6.5, cellSeconds: 60 });
    expect(end.asked.filter((line) => line.includes("reflectd"))).toHaveLength(4);
    expect(end.asked).toHaveLength(6);
    expect(end.notMeasured).toEqual(["a", "b"].map((name) =>
      `bird2 in ${name}: no time left of 6.5 minutes; 1 not run`));
  });
  it("names what was not begun of ours, too", async () => {
    const end = await ran({ cell: async () => fine, budgetMinutes: 2.5 });
    expect(end.asked).toEqual(["a reflectd 1", "b reflectd 1", "a reflectd 2"]);
    expect(end.notMeasured).toContain("reflectd in b: no time left of 2.5 minutes; 1 not run");
  });
  it("keeps what there is when it is stopped", async () => {
    let cells = 0;
    const end = await ran({
      cell: async () => { cells++; return fine; },
      stopped: () => (cells === 3 ? "stopped" : undefined),
    });
    expect(end.cells).toHaveLength(3);
    expect(end.notMeasured).toEqual(["5 of 8 cells: stopped"]);
  });
  it("goes on where a cell cannot be made", async () => {
    const end = await ran({ cell: async (turn) => {
      if (turn.daemon === "bird2") throw new Error("no namespace\nat all");
      return fine;
    } });
    expect(end.cells.filter(({ outcome }) => outcome === "measured")).toHaveLength(4);
    expect(end.notMeasured).toContain("bird2 in a: failed: the cell could not be made: no namespace; 1 not run");
  });
  it("keeps what loads lack, once", async () => {
    const { notes } = await ran({ cell: async (turn) =>
      (turn.scenario.name === "b" ? { ...fine, notes: ["left out: 1"] } : fine) });
    expect([...notes]).toEqual([["b", ["left out: 1"]]]);
  });
  it("hands on what a daemon said without what a terminal obeys", () => {
    expect(oneLine("\u001b[2Jgone\r\n\u0007twice ")).toBe("[2Jgone twice");
    expect(oneLine("x".repeat(1_000))).toHaveLength(301);
  });
  it("tells where it is", async () => {
    const { shown } = await ran({ cell: async (_, measuring) => { measuring("convergeMs"); return fine; } });
    expect(progressLine(shown[1]!)).toBe("1/8 a, reflectd, run 1: convergeMs; 1:00");
    expect(progressLine(shown[4]!)).toBe("3/8 b, bird2, run 1: starting; 2:00, about 6:00 left");
  });
});
