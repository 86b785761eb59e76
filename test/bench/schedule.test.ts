/** The order of the cells: everything as often as asked, nobody always first. */

import { describe, expect, it } from "vitest";
import { schedule, usualRuns } from "../../bench/schedule.ts";
import { DAEMON_NAMES } from "../../bench/results.ts";

describe("the schedule", () => {
  const turns = schedule(["a", "b", "c"], DAEMON_NAMES, (_, daemon) => usualRuns(daemon));

  it("runs reflectd and the floor five times, the others twice", () => {
    for (const scenario of ["a", "b", "c"]) {
      for (const daemon of DAEMON_NAMES) {
        const runs = turns.filter((turn) => turn.scenario === scenario && turn.daemon === daemon).map(({ run }) => run);
        expect(runs).toEqual(["reflectd", "floor"].includes(daemon) ? [1, 2, 3, 4, 5] : [1, 2]);
      }
    }
  });
  it("runs everything once before anything twice", () => {
    const first = turns.slice(0, 3 * DAEMON_NAMES.length);
    expect(first.every(({ run }) => run === 1)).toBe(true);
  });
  it("begins with another daemon each time", () => {
    const starters = [0, 1, 2].map((i) => turns[i * DAEMON_NAMES.length]!.daemon);
    expect(new Set(starters).size).toBe(3);
  });
  it("is empty where there is nothing to run", () => {
    expect(schedule([], DAEMON_NAMES, () => 5)).toEqual([]);
    expect(schedule(["a"], [], () => 5)).toEqual([]);
  });
});
