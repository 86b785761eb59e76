/** Too slow or wrong for good: when time is up, silence tells. */

import { describe, expect, it } from "vitest";
import { TimedOut, unfinished, WrongTable } from "../../../bench/generator/ends.ts";
import type { Awaited } from "../../../bench/generator/ends.ts";

const client = (index: number, updatedAt: number, complete: boolean = false): Awaited =>
  ({ index, updatedAt, complete, receiver: { exact: index === 2, short: "1 of 2 prefixes are right" } });
const told = "announcement: 2 of 3 clients are short; of client 2 1 of 2 prefixes are right";

describe("a wait that did not come to its end", () => {
  it("timed out while something still came", () => {
    const clients = [client(0, 500, true), client(1, 119_000), client(2, 100_000)];
    expect(unfinished("announcement", clients, 0, 120_000)).toEqual(new TimedOut(told));
  });
  it("timed out where nothing came at all: the daemon is at work", () => {
    const clients = [client(0, -5_000, true), client(1, -9_000), client(2, -9_000)];
    expect(unfinished("announcement", clients, 0, 120_000)).toBeInstanceOf(TimedOut);
  });
  it("is a wrong table after a silence of half the time", () => {
    const clients = [client(0, 500, true), client(1, 30_000), client(2, 40_000)];
    expect(unfinished("announcement", clients, 0, 120_000))
      .toEqual(new WrongTable(`${told}; nothing has come for 80 s`));
  });
  it("does not take a short silence for one", () => {
    expect(unfinished("announcement", [client(1, 1_000)], 0, 5_500)).toBeInstanceOf(TimedOut);
  });
});
