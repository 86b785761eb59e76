/** The micro-benchmarks do what they name; how fast is asserted nowhere. */

import { describe, expect, it } from "vitest";
import { calicoOperations } from "../../bench/micro/calico.ts";
import { decideOperations } from "../../bench/micro/decide.ts";
import { decodeOperations } from "../../bench/micro/decode.ts";
import { internOperations } from "../../bench/micro/intern.ts";
import { measure } from "../../bench/micro/measure.ts";
import { packOperations } from "../../bench/micro/pack.ts";

const COUNT = 50;

describe.each([["decode", decodeOperations], ["intern", internOperations], ["decide", decideOperations],
  ["pack", packOperations], ["calico", calicoOperations]] as const)("%s", (_, operations) => {
  it("runs twice", () => {
    const all = operations(COUNT);
    expect(new Set(all.map(({ what }) => what)).size).toBe(all.length);
    for (const { prepare, work } of [...all, ...all]) {
      prepare?.();
      work();
    }
  });
});

it("a measurement is a round of nanoseconds each, and counts what is kept", () => {
  const kept: object[] = [];
  const row = measure({ group: "g", what: "w", count: 1_000, allocationFree: false, work: () => {
    for (let i = 0; i < 1_000; i++) kept.push({ i });
  } });
  expect(row.nanoseconds.length).toBeGreaterThan(3);
  expect(row.nanoseconds.every((value) => value > 0)).toBe(true);
});
