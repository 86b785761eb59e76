/** Reading a text in one call, and values as a reader that knows only texts would have them. */

import fc from "fast-check";
import { readYaml } from "../../../src/calico/yaml/read.ts";
import { FaultList, formatFault } from "../../../src/config/fault.ts";
import type { JsonNode, JsonValue } from "../../../src/config/json.ts";
import { valueOf } from "../../../src/config/json.ts";

/** The documents of a text, their values, and the mistakes as lines. */
export function read(text: string): { nodes: readonly JsonNode[]; values: JsonValue[]; lines: string[] } {
  const faults = new FaultList("f", text);
  const nodes = readYaml(text, faults);
  return { nodes, values: nodes.map(valueOf), lines: faults.all().map(formatFault) };
}

/** A node with every scalar as it is written. */
export function texts(node: JsonNode): JsonValue {
  if (node.type === "array") return node.items.map(texts);
  if (node.type !== "object") return node.type === "string" ? node.value : node.text;
  return Object.fromEntries(node.members.map(({ name, value }) => [name, texts(value)]));
}

/** Values whose texts are short and look like something else: signs, blanks, breaks, words of YAML. */
export function trickyValue(): fc.Arbitrary<JsonValue> {
  const bit = fc.constantFrom("a", "b", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "- ", "-", "#", " #", "'", '"', "\\",
    "|", ">", "[", "]", "{", "}", ",", "!", "&", "*", "%", "@", "?", "~", "null", "y", "0", "1.0", "1e3", "---", "...",
    "<<", "=", "2024-01-01", "1:30", "\u00e4", "\u{1f600}", "\u0085", "\u2028", "\ufeff", "\r", "\u0000");
  const text = fc.array(bit, { maxLength: 5 }).map((bits) => bits.join(""));
  const scalar = fc.oneof(text, fc.constantFrom(null, true, false, 0, -1, 64512, 1.5, 1e21, 1e-7));
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie("value"), { maxLength: 3 }),
      fc.array(fc.tuple(text, tie("value")), { maxLength: 3 }).map((rows) => Object.fromEntries(rows))),
  }));
  return value;
}
