import { expect, test } from "vitest";
import { Garbage } from "../../src/daemon/garbage.ts";

const MIB = 1024 * 1024;

test("asks for a collection once after tables shrank by 32 MiB, counted from their highest since the last", () => {
  const garbage = new Garbage();
  expect(garbage.isDue(100 * MIB)).toBe(false);
  expect(garbage.isDue(69 * MIB)).toBe(false);
  expect(garbage.isDue(68 * MIB)).toBe(true);
  expect(garbage.isDue(40 * MIB)).toBe(false);
  expect(garbage.isDue(90 * MIB)).toBe(false);
  expect(garbage.isDue(58 * MIB)).toBe(true);
  expect(garbage.isDue(58 * MIB)).toBe(false);
});
