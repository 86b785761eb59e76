/** The benchmark's command line: what it takes, and one line for what it does not. */

import { describe, expect, it } from "vitest";
import { readOptions, USAGE } from "../../bench/options.ts";
import { DAEMON_NAMES } from "../../bench/results.ts";

const NAMES = { table: ["fan-out", "hundred"], growth: ["routes-1000000"] };
const read = (line: string): ReturnType<typeof readOptions> =>
  readOptions(line.split(" ").filter((word) => word !== ""), NAMES);

describe("options", () => {
  it("are all daemons and all scenarios where nothing is said", () => {
    expect(read("")).toEqual({ only: [], daemons: DAEMON_NAMES, runs: undefined, quick: false, growth: false,
      micro: false, kernel: false, mrt: undefined, out: undefined, nodeOptions: [], help: false });
  });
  it("take lists with commas and repeated, daemons in the order of the report", () => {
    expect(read("--only fan-out,hundred --daemons bird2,floor --daemons reflectd --runs 3 --quick")).toMatchObject({
      only: ["fan-out", "hundred"], daemons: ["reflectd", "floor", "bird2"], runs: 3, quick: true });
  });
  it("take files and words for the interpreter", () => {
    expect(read("--mrt rib.gz --out here --node=--cpu-prof --node=--expose-gc")).toMatchObject({
      mrt: "rib.gz", out: "here", nodeOptions: ["--cpu-prof", "--expose-gc"] });
  });
  it("of another kind of run go with those that it obeys", () => {
    expect(read("--kernel --quick --runs 1 --out here")).toMatchObject({ kernel: true, quick: true, runs: 1 });
    expect(read("--growth --quick --daemons reflectd")).toMatchObject({ growth: true, quick: true });
    expect(read("--micro -h")).toMatchObject({ micro: true, help: true });
  });
  it("know the names of the growth curves only where they are asked for", () => {
    expect(read("--growth --only routes-1000000")).toMatchObject({ growth: true, only: ["routes-1000000"] });
    expect(read("--only routes-1000000")).toMatch(/^no scenario routes-1000000 \(there are fan-out, hundred\)$/);
  });
  it.each([
    ["--daemons quagga", "no daemon quagga (there are reflectd, floor, bird1, bird2, frr, gobgp, openbgpd)"],
    ["--runs 0", "--runs 0 is not a number from 1 to 100"],
    ["--runs many", "--runs many is not a number from 1 to 100"],
    ["--fast", "Unknown option '--fast'"],
    ["fan-out", /^Unexpected argument 'fan-out'/],
    ["--mrt", /argument missing/],
    ["--only=", "--only says nothing"],
    ["--daemons ,", "--daemons says nothing"],
    ["--out=", "--out says nothing"],
    ["--micro --only fan-out", "--micro does not go with --only"],
    ["--micro --kernel", "--micro does not go with --kernel"],
    ["--daemons frr --kernel", "--kernel does not go with --daemons"],
    ["--growth --mrt rib.gz", "--growth does not go with --mrt"],
  ])("refuse %s in one line", (line, problem) => {
    const answer = read(line);
    expect(answer).toEqual(expect.stringMatching(problem instanceof RegExp ? problem : /./));
    if (typeof problem === "string") expect(answer).toBe(problem);
    expect(answer).not.toContain("\n");
  });
  it("are all in the usage", () => {
    for (const word of ["only", "daemons", "runs", "quick", "growth", "micro", "kernel", "mrt", "out", "node"]) {
      expect(USAGE).toContain(`--${word}`);
    }
  });
});
