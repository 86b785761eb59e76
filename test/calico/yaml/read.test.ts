/** What YAML means here: the manifests that are met, every kind of text, and JSON as its own reader has it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FaultList } from "../../../src/config/fault.ts";
import { parseJson } from "../../../src/config/json.ts";
import { SAMPLES } from "./samples.ts";
import { read, texts } from "./support.ts";

describe("readYaml", () => {
  it.each(SAMPLES)("reads $title", ({ text, values }) => {
    expect(read(text)).toMatchObject({ values, lines: [] });
  });

  it.each(SAMPLES)("reads $title the same with other line breaks, a mark at the start and no break at the end",
    ({ text, values }) => {
      expect(read(text.replaceAll("\n", "\r\n"))).toMatchObject({ values, lines: [] });
      expect(read(`\ufeff${text}`)).toMatchObject({ values, lines: [] });
      expect(read(text.replace(/\n$/, ""))).toMatchObject({ values, lines: [] });
    });

  it("gives the same nodes as the reader of JSON", () => {
    const indents = fc.constantFrom(undefined, 1, "\t");
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), indents, (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const node = parseJson(text, new FaultList("f", text));
      const { nodes, lines } = read(text);
      expect(lines).toEqual([]);
      expect(nodes).toEqual([node]);
    }), { numRuns: 500 });
  });

  it.each([
    ["null", null], ["~", null], ["Null", null], ["nULL", "nULL"],
    ["true", true], ["Yes", true], ["on", true], ["y", true], ["FALSE", false], ["No", false], ["off", false],
    ["tRUE", "tRUE"], ["n", false],
    ["0", 0], ["-1", -1], ["+12", 12], ["010", 8], ["-010", -8], ["08", 8], ["0o17", 15], ["0x1F", 31], ["0b101", 5],
    ["1_000", 1000], ["4294967295", 4294967295], ["1.5", 1.5], ["1.", 1], [".5", 0.5], ["-.5", -0.5], ["1e3", 1000],
    ["1.10", 1.1], ["1E-2", 0.01], ["1e999", "1e999"], ["._5", "._5"], ["0x", "0x"], ["0xg", "0xg"],
    ["64512.1", 64512.1], ["64512:100", "64512:100"], ["1:30", "1:30"], ["10.0.0.1", "10.0.0.1"], ["1-2", "1-2"],
    ["2024-05-01", "2024-05-01"], ["2024-05-01T10:11:12Z", "2024-05-01T10:11:12Z"], ["::1", "::1"],
    ["-a", "-a"], ["?a", "?a"], [":a", ":a"], ["1m30s", "1m30s"], ["a#b", "a#b"], ["a 'b'", "a 'b'"], ["a:b", "a:b"],
    [".inf", undefined], ["-.INF", undefined], [".NaN", undefined], ["=", "="],
  ])("takes %s for what kubectl takes it", (text, value) => {
    const { values, lines } = read(`- ${text}`);
    expect(value === undefined ? lines.length : values).toEqual(value === undefined ? 1 : [[value]]);
  });

  it("keeps how a value without quotes is written", () => {
    const { nodes } = read("[1.10, 64512.1, 010, Yes, ~, 1_0]");
    expect(nodes.map(texts)).toEqual([["1.10", "64512.1", "010", "Yes", "~", "1_0"]]);
  });

  it("knows every escape of a text in double quotes", () => {
    const text = String.raw`"\0\a\b\t\n\v\f\r\e\ \"\/\\\N\_\L\P\x41\u00e4\U0001F600\ud83d\ude00"`;
    expect(read(text).values).toEqual(
      ["\0\u0007\b\t\n\v\f\r\u001b \"/\\\u0085\u00a0\u2028\u2029A\u00e4\u{1f600}\u{1f600}"]);
  });

  it("says where each value and key starts", () => {
    const text = "# x\n---\na:\n  - b: 'c'\n---\n- [1]\n";
    const [first, second] = read(text).nodes;
    expect([first?.offset, second?.offset]).toEqual([8, text.indexOf("- [")]);
    const member = first?.type === "object" ? first.members[0] : undefined;
    expect([member?.nameOffset, member?.value.offset]).toEqual([8, text.indexOf("- b")]);
  });

  it("takes __proto__ as a key like any other", () => {
    const [node] = read("__proto__: {x: 1}\nconstructor: 2").nodes;
    expect(node?.type === "object" ? node.members.map(({ name }) => name) : []).toEqual(["__proto__", "constructor"]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it("holds nothing where nothing is written", () => {
    for (const text of ["", "\n", "# a comment", "---", "---\n---\n# b\n...\n", "\ufeff", "  # c\n\n"]) {
      expect(read(text), JSON.stringify(text)).toEqual({ nodes: [], values: [], lines: [] });
    }
  });
});
