/** JSON with positions: the same values as JSON.parse, a place for every mistake, and no text that it throws at. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FaultList, formatFault } from "../../src/config/fault.ts";
import { DEPTH_MAX, parseJson, TEXT_MAX, valueOf } from "../../src/config/json.ts";
import type { JsonNode } from "../../src/config/json.ts";

function parse(text: string): { node: JsonNode | undefined; lines: string[] } {
  const faults = new FaultList("f", text);
  const node = parseJson(text, faults);
  return { node, lines: faults.all().map(formatFault) };
}

describe("parseJson", () => {
  it("gives what JSON.parse gives", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const { node, lines } = parse(text);
      expect(lines).toEqual([]);
      expect(node && valueOf(node)).toEqual(JSON.parse(text));
    }));
  });

  it("accepts and refuses the same short texts as JSON.parse", () => {
    const counts = { accepted: 0, refused: 0 };
    const bit = fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', '"', "1", "-", "0", ".5", "e1", "true", "null",
      " ", "\n", "\\n", "'", "//", "\\u00e4", "\u0001");
    fc.assert(fc.property(fc.array(bit, { maxLength: 6 }).map((bits) => bits.join("")), (text) => {
      const { node, lines } = parse(text);
      expect(node !== undefined).toBe(parses(text));
      if (node === undefined) expect(lines).toHaveLength(1);
      counts[node === undefined ? "refused" : "accepted"] += 1;
    }), { numRuns: 3000 });
    expect(counts.accepted).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(20);
  });

  it("says of a text cut anywhere that it is cut, and no more", () => {
    const text = '{ "a": [1, {"b": "x\\u00e4", "c": null}], "d": true }';
    expect(parse(text).lines).toEqual([]);
    for (let end = 0; end < text.length; end++) expect(parse(text.slice(0, end)).lines, String(end)).toHaveLength(1);
  });

  it.each([
    ["", "f:1:1 $: the file is empty (write a JSON object: { ... })"],
    ['{"a": 1,\n}', 'f:1:8 $: "," before "}" (remove the comma)'],
    ['{"a": 1\n "b": 2}', 'f:2:2 $: expected "," or "}", found "\\"" (a comma may be missing before it)'],
    ["{a: 1}", 'f:1:2 $: expected a key, found "a" (write keys in double quotes: "key": value)'],
    ["{'a': 1}", 'f:1:2 $: expected a key, found "\'" (write keys in double quotes: "key": value)'],
    ['{"a" 1}', 'f:1:6 $.a: expected ":", found "1" (write "key": value)'],
    ['{"a": {"b": [0, 017]}}',
      'f:1:17 $.a.b[1]: expected a value, found "017" (texts go in double quotes, numbers are decimal)'],
    ['// x\n{}',
      "f:1:1 $: expected a value, found a comment, which JSON does not have "
      + "(texts go in double quotes, numbers are decimal)"],
    ['{"a": "x\n"}', 'f:1:7 $.a: a text without its closing quote (close it with " on the same line)'],
    ['{"a": "C:\\x"}', 'f:1:10 $.a: an escape that JSON does not have (write "\\\\" for one backslash)'],
    ["{}}", 'f:1:3 $: "}" after the end of the configuration (remove it)'],
    ['{"a": [1, 2', 'f:1:12 $.a: the file ends too early (a "]" is missing, or the file was cut)'],
  ])("locates the mistake in %j", (text, line) => {
    expect(parse(text).lines).toEqual([line]);
  });

  it("reports a key given twice, keeps the first value and reads on", () => {
    const { node, lines } = parse('{"a": {"b": 1,\n "b": 2}, "a": 3}');
    expect(lines).toEqual([
      "f:2:2 $.a.b: this key is given twice (keep one of the two)",
      "f:2:11 $.a: this key is given twice (keep one of the two)",
    ]);
    expect(node && valueOf(node)).toEqual({ a: { b: 1 } });
  });

  it("takes __proto__ and constructor as keys like any other", () => {
    const { node } = parse('{"__proto__": {"x": 1}, "constructor": 2}');
    const names = node?.type === "object" ? node.members.map(({ name }) => name) : [];
    expect(names).toEqual(["__proto__", "constructor"]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it("keeps how a value that is no text is written", () => {
    const { node } = parse("[1.10, -0, 1e2, true, null]");
    const items = node?.type === "array" ? node.items : [];
    expect(items.map((item) => ("text" in item ? item.text : ""))).toEqual(["1.10", "-0", "1e2", "true", "null"]);
  });

  it("bounds depth and size, and passes over a byte order mark", () => {
    expect(parse("[".repeat(DEPTH_MAX) + "]".repeat(DEPTH_MAX)).lines).toEqual([]);
    expect(parse("[".repeat(100_000)).lines[0]).toContain(`nested deeper than ${DEPTH_MAX}`);
    expect(parse(" ".repeat(TEXT_MAX + 1)).lines[0]).toContain("larger than 16 MiB");
    expect(parse("\ufeff{}").lines).toEqual([]);
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
