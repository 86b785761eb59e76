/** What is written is read back the same, and looks as kubectl prints it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeYaml } from "../../../src/calico/yaml/write.ts";
import type { JsonValue } from "../../../src/config/json.ts";
import { SAMPLES } from "./samples.ts";
import { read, trickyValue } from "./support.ts";

describe("writeYaml", () => {
  it("prints as kubectl does", () => {
    const value: JsonValue = {
      apiVersion: "v1", kind: "Node", empty: {}, none: [], nothing: null,
      metadata: {
        annotations: { "projectcalico.org/labels": '{"rack":"a"}', note: "one\n  two\n", cut: "one\n\ntwo" },
        creationTimestamp: "2024-05-01T10:11:12Z", labels: { "a/b": "", c: "true", d: "64512", y: "1.10" },
      },
      spec: { cidrs: ["10.0.0.0/24", "fd00::/64"], rules: [{ a: 1, b: [2, [3, { c: false }]] }], selector: "!has(a)" },
    };
    expect(writeYaml(value)).toBe([
      "apiVersion: v1", "kind: Node", "empty: {}", "none: []", "nothing: null", "metadata:", "  annotations:",
      "    projectcalico.org/labels: '{\"rack\":\"a\"}'", "    note: |", "      one", "        two",
      "    cut: |-", "      one", "", "      two", '  creationTimestamp: "2024-05-01T10:11:12Z"', "  labels:",
      '    a/b: ""', '    c: "true"', '    d: "64512"', '    "y": "1.10"', "spec:", "  cidrs:", "  - 10.0.0.0/24",
      "  - fd00::/64", "  rules:", "  - a: 1", "    b:", "    - 2", "    - - 3", "      - c: false",
      "  selector: '!has(a)'", "",
    ].join("\n"));
  });

  it.each([
    ["a b", "a b"], ["", '""'], ["~", '"~"'], ["-", "'-'"], ["-a", "-a"], ["a: b", "'a: b'"], ["a:", "'a:'"],
    ["a #b", "'a #b'"], ["a#b", "a#b"], [" a", "' a'"], ["a ", "'a '"], ["it's", "it's"], ["'a'", "'''a'''"],
    ["*", "'*'"], ["[a", "'[a'"], ["a[", "a["], ["---", "'---'"], ["a\tb", "'a\tb'"], ["1:30", '"1:30"'],
    ["64512:100", "64512:100"], ["64512:10", '"64512:10"'], ["\u0007", '"\\u0007"'], ["\u2028", '"\\u2028"'],
    ["\ud800", '"\\ud800"'], ["\u{1f600}", "\u{1f600}"], [".inf", '".inf"'], ["<<", '"<<"'], ["no", '"no"'],
    ["a \nb", '"a \\nb"'], ["\n", '"\\n"'], ["\na", "|2-\n\n  a"], [" a\n", "|2\n   a"], ["a\n\n", "|+\n  a\n"],
  ])("writes %j as %s", (value, written) => {
    expect(writeYaml(value)).toBe(`${written}\n`);
    expect(read(writeYaml(value)).values).toEqual([value]);
  });

  it("is undone by reading", () => {
    fc.assert(fc.property(fc.oneof(trickyValue(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const text = writeYaml(value as JsonValue);
      expect(read(text), text).toMatchObject({ values: [value], lines: [] });
    }), { numRuns: 3000 });
  });

  it("may be joined to several documents", () => {
    const values = SAMPLES.flatMap((sample) => sample.values);
    expect(read(values.map(writeYaml).join("---\n"))).toMatchObject({ values, lines: [] });
  });
});
