/** Slices of a long answer, against a response that takes everything at once: nothing but our own pace holds it. */

import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { jsonArray, jsonLines, pour } from "../../src/control/stream.ts";
import { testHost } from "./fake-daemon.ts";

it("turns the event loop after every slice of at most 4,000 pieces or about 256 KiB", async () => {
  const events: (number | "turn")[] = [];
  const response = new Writable({ highWaterMark: 1 << 30, decodeStrings: false, write: (text: string, _, done) => {
    events.push(text.length);
    done();
  } });
  const host = { ...testHost(), nextTurn: async () => { events.push("turn"); } };
  const pieces = [...Array<string>(8200).fill("a"), ...Array<string>(20).fill("b".repeat(40_000))];
  await pour(pieces[Symbol.iterator](), response as unknown as ServerResponse, host);
  // 200 short pieces share a slice with seven long ones; a slice ends with the piece that crosses the line.
  expect(events).toEqual([4000, "turn", 4000, "turn", 280_200, "turn", 280_000, "turn", 240_000]);
});

it("turns the event loop after every stretch that held nothing", async () => {
  const events: string[] = [];
  const response = new Writable({ decodeStrings: false, write: (text: string, _, done) => {
    events.push(text);
    done();
  } });
  const host = { ...testHost(), nextTurn: async () => { events.push("turn"); } };
  const found = [1, undefined, undefined, 2, undefined, 3];
  await pour(jsonLines(found), response as unknown as ServerResponse, host);
  expect(events).toEqual(["1\n", "turn", "turn", "2\n", "turn", "3\n"]);
});

it("makes lines and arrays", () => {
  expect([...jsonLines([1, { a: 2 }])].join("")).toBe('1\n{"a":2}\n');
  expect([...jsonArray([1, { a: 2 }])].join("")).toBe('[1,\n{"a":2}]\n');
  expect([...jsonArray([])].join("")).toBe("[]\n");
});
