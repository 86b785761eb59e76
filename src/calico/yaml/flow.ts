/**
 * Values in brackets, `{a: 1}` and `[a, b]`: JSON and what YAML adds to it (plain texts, comments, a last comma).
 * Rule: indentation means nothing within brackets, but a document ends at `---` all the same.
 */

import type { JsonNode } from "../../config/json.ts";
import type { Cursor } from "./cursor.ts";
import { Members } from "./members.ts";
import { plain, quotedText } from "./scalars.ts";

/** The value that starts here; the cursor stays right behind it. */
export function flowNode(c: Cursor): JsonNode | undefined {
  if (c.character === "{") return flowMapping(c);
  return c.character === "[" ? flowSequence(c) : flowScalar(c);
}

function flowScalar(c: Cursor): JsonNode | undefined {
  if (c.character === "{" || c.character === "[") return c.fail("a key that is no text", 'write "key: value"');
  return c.character === '"' || c.character === "'" ? quotedText(c) : plain(c, "brackets");
}

function flowSequence(c: Cursor): JsonNode | undefined {
  const offset = c.at;
  const items: JsonNode[] = [];
  c.at += 1;
  for (;;) {
    if (!toNext(c, "]")) return undefined;
    if (c.character === "]") break;
    const item = c.under(items.length, () => flowNode(c));
    if (item === undefined || !toNext(c, "]")) return undefined;
    if (c.character === ":") return c.fail('a key within "[ ]"', "write { key: value }, or quote the text");
    if (!separated(c, "]")) return undefined;
    items.push(item);
  }
  c.at += 1;
  return { type: "array", offset, items };
}

function flowMapping(c: Cursor): JsonNode | undefined {
  const offset = c.at;
  const members = new Members(c);
  c.at += 1;
  for (;;) {
    if (!toNext(c, "}")) return undefined;
    if (c.character === "}") break;
    const key = members.key(flowScalar(c));
    if (key === undefined || !toNext(c, "}")) return undefined;
    if (c.character !== ":") return c.fail(`expected ":", found ${c.found()}`, 'write "key: value", with the space');
    c.at += 1;
    if (!members.add(key, () => flowValue(c)) || !toNext(c, "}") || !separated(c, "}")) return undefined;
  }
  c.at += 1;
  return { type: "object", offset, members: members.list };
}

function flowValue(c: Cursor): JsonNode | undefined {
  const offset = c.at;
  if (!toNext(c, "}")) return undefined;
  return c.character === "," || c.character === "}" ? { type: "null", offset, text: "" } : flowNode(c);
}

/** Steps over blanks, comments and line breaks. */
function toNext(c: Cursor, closing: string): true | undefined {
  for (c.blanks(); c.atBreak() || c.character === "#"; c.blanks()) {
    if (c.character === "#") c.at = c.lineEnd();
    c.newline();
  }
  return c.atDocumentEnd() ? c.fail("the document ends too early", `a "${closing}" is missing`) : true;
}

/** Steps over the comma after an entry. */
function separated(c: Cursor, closing: string): true | undefined {
  if (c.character === closing) return true;
  if (c.character !== ",") {
    return c.fail(`expected "," or "${closing}", found ${c.found()}`, "a comma or a quote may be missing before it");
  }
  c.at += 1;
  return true;
}
