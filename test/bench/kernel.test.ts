/** The kernel benchmark without a kernel: its routes, its table, and when work is over. */

import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { untilIdle } from "../../bench/kernel/busy.ts";
import { prefixText, routeLines, ROUTES_MAX } from "../../bench/kernel/routes.ts";
import type { KernelFigure } from "../../bench/kernel/run.ts";
import { kernelTable } from "../../bench/kernel/table.ts";

it("the routes are the blocks of 10.0.0.0/8, one after the other", () => {
  expect([0, 1, 4, ROUTES_MAX - 1].map(prefixText))
    .toEqual(["10.0.0.0/26", "10.0.0.64/26", "10.0.1.0/26", "10.255.255.192/26"]);
  expect(routeLines(2, (prefix) => `route ${prefix}`)).toBe("route 10.0.0.0/26\nroute 10.0.0.64/26\n");
});

describe("the table", () => {
  const figure = (entrant: string, milliseconds: number): KernelFigure =>
    ({ entrant, step: "add", routes: 100_000, milliseconds, cpuMilliseconds: milliseconds / 2 });
  const text = kernelTable({ startedAt: "", notMeasured: ["ip -batch: not installed"],
    entrants: [{ name: "one", version: "1.0" }, { name: "BIRD 2", version: "2.0.12" }],
    figures: [figure("one", 200), figure("BIRD 2", 500), figure("BIRD 2", 400),
      figure("BIRD 2", 300)] });
  const lines = text.split("\n").map((line) => line.trim().split(/ {2,}/));

  it("has medians, routes a second, and how many times BIRD's that is", () => {
    expect(lines[0]).toEqual(["one 1.0", "BIRD 2 2.0.12"]);
    expect(lines[1]).toEqual(["100,000 added", "200 ms 500k/s 2.00×", "400 ms 250k/s 1.00×"]);
    expect(lines[2]).toEqual(["its CPU time", "100 ms", "200 ms"]);
  });
  it("says what was not measured", () => {
    expect(text).toMatch(/^×: how many times as fast as BIRD 2$/m);
    expect(text).toMatch(/^not measured: ip -batch: not installed$/m);
  });
});

it.runIf(process.platform === "linux")("work is over when its process rests, and took what it worked", async () => {
  const program = "process.stdin.on('data', () => { for (const end = Date.now() + 300; Date.now() < end;); })";
  const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "ignore", "ignore"] });
  try {
    const pids = (): number[] => [child.pid!];
    await untilIdle(pids, () => Promise.resolve(), 20); // its start
    const { milliseconds, cpuMilliseconds } = await untilIdle(pids, async () => void child.stdin.write("go\n"), 20);
    expect(milliseconds).toBeGreaterThanOrEqual(250);
    expect(cpuMilliseconds).toBeGreaterThan(0);
    expect(cpuMilliseconds).toBeLessThanOrEqual(milliseconds * 1.2 + 20);
  } finally {
    child.kill("SIGKILL");
  }
});
