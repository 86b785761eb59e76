import { expect, test } from "vitest";
import { Garbage } from "../../src/daemon/garbage.ts";

const MIB = 1024 * 1024;

test("asks for a collection once after tables shrank by 4 MiB, counted from their highest since the last", () => {
  const garbage = new Garbage();
  expect(garbage.isDue(100 * MIB)).toBe(false);
  expect(garbage.isDue(97 * MIB)).toBe(false);
  expect(garbage.isDue(96 * MIB)).toBe(true);
  expect(garbage.isDue(50 * MIB)).toBe(false);
  garbage.collected(40 * MIB);
  expect(garbage.isDue(37 * MIB)).toBe(false);
  expect(garbage.isDue(45 * MIB)).toBe(false);
  expect(garbage.isDue(41 * MIB)).toBe(true);
});

test("asks for one after 256 sessions came or went, or fewer where tables shrank, too", () => {
  const garbage = new Garbage();
  const change = (sessions: number): void => { for (let i = 0; i < sessions; i++) garbage.sessionChanged(); };
  change(255);
  expect(garbage.isDue(10 * MIB)).toBe(false);
  change(1);
  expect(garbage.isDue(10 * MIB)).toBe(true);
  garbage.collected(10 * MIB);
  change(64);
  expect(garbage.isDue(10 * MIB)).toBe(false);
  expect(garbage.isDue(7 * MIB)).toBe(true);
});
