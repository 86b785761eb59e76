/** JSON merge patch by the table of RFC 7396, appendix A. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { mergePatch } from "../../../src/calico/verbs/patch.ts";
import type { JsonValue } from "../../../src/config/json.ts";

it.each<readonly [JsonValue, JsonValue, JsonValue]>([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a", "b"], ["c", "d"], ["c", "d"]],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])("%j with %j is %j", (target, patch, result) => {
  expect(mergePatch(target, patch)).toEqual(result);
});

it("keeps the order of what is there, and treats every key alike", () => {
  expect(JSON.stringify(mergePatch({ b: 1, a: 2 }, { c: 3, b: 4 }))).toBe('{"b":4,"a":2,"c":3}');
  const patched = mergePatch({}, JSON.parse('{"__proto__": {"x": 1}}') as JsonValue);
  expect(JSON.stringify(patched)).toBe('{"__proto__":{"x":1}}');
});

it("done twice is done once", () => {
  const value = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
  fc.assert(fc.property(value, value, (target, patch) => {
    const once = mergePatch(target, patch);
    expect(JSON.stringify(mergePatch(once, patch))).toBe(JSON.stringify(once));
  }));
});
