/**
 * Mappings and sequences by indentation. Rule: every function here leaves the cursor at the next token, which is the
 * first on its line; whoever is indented less takes it.
 */

import type { JsonNode } from "../../config/json.ts";
import type { Cursor } from "./cursor.ts";
import { flowNode } from "./flow.ts";
import { Members } from "./members.ts";
import { blockText, plain, quotedText } from "./scalars.ts";

/** The value at the cursor, which is the first on its line or behind "- ", below something indented by `indent`. */
export function blockNode(c: Cursor, indent: number): JsonNode | undefined {
  const { column } = c;
  if (c.atEntry()) return blockSequence(c, column);
  const node = scalarOrFlow(c, indent);
  if (node === undefined) return undefined;
  const end = c.at;
  if (!c.atColon()) return c.nextToken() && node;
  c.at = end;
  return blockMapping(c, column, node);
}

/** What follows a key, an entry's "-" or the "---" of a document on its line, or below it. */
export function blockValue(c: Cursor, indent: number, after: "key" | "entry" | "marker"): JsonNode | undefined {
  const offset = c.at;
  if (c.restIsEmpty()) {
    if (!c.skipLines()) return undefined;
    const { column } = c;
    if (c.atDocumentEnd() || column < indent) return { type: "null", offset, text: "" };
    if (column > indent) return blockNode(c, indent);
    // The entries of a key's sequence may stand right below the key.
    return after === "key" && c.atEntry() ? blockSequence(c, column) : { type: "null", offset, text: "" };
  }
  if (after === "entry") return blockNode(c, indent);
  const node = scalarOrFlow(c, indent);
  if (node === undefined) return undefined;
  if (c.atColon()) return c.fail('": " within a text without quotes', "quote it; for a key, check the indentation");
  return c.nextToken() && node;
}

function scalarOrFlow(c: Cursor, indent: number): JsonNode | undefined {
  switch (c.character) {
    case "{":
    case "[":
      return flowNode(c);
    case '"':
    case "'":
      return quotedText(c);
    case "|":
    case ">":
      return blockText(c, indent);
    default:
      return plain(c, { indent });
  }
}

function blockSequence(c: Cursor, indent: number): JsonNode | undefined {
  const offset = c.at;
  const items: JsonNode[] = [];
  do {
    c.at += 1;
    c.spaces();
    if (c.character === "\t") return c.fail("a tab as indentation", "indent with spaces");
    const item = c.under(items.length, () => blockValue(c, indent, "entry"));
    if (item === undefined) return undefined;
    items.push(item);
  } while (isAt(c, indent) && c.atEntry());
  return isDeeper(c, indent) ? undefined : { type: "array", offset, items };
}

/** A mapping whose first key is read already; the cursor is right behind it. */
function blockMapping(c: Cursor, indent: number, first: JsonNode): JsonNode | undefined {
  const { offset } = first;
  const members = new Members(c);
  for (let node: JsonNode | undefined = first; ; node = scalarOrFlow(c, indent)) {
    const key = members.key(node);
    if (key === undefined) return undefined;
    if (!c.atColon()) return c.fail(`expected ":", found ${c.found()}`, 'write "key: value", with the space');
    c.at += 1;
    if (!members.add(key, () => blockValue(c, indent, "key"))) return undefined;
    if (!isAt(c, indent) || c.atEntry()) break;
  }
  return isDeeper(c, indent) ? undefined : { type: "object", offset, members: members.list };
}

function isAt(c: Cursor, indent: number): boolean {
  return !c.atDocumentEnd() && c.column === indent;
}

/** Notes a token that is indented more than the collection that ended before it, and less than all within. */
function isDeeper(c: Cursor, indent: number): boolean {
  if (c.atDocumentEnd() || c.column <= indent) return false;
  c.fail(`the indentation of ${c.found()} matches nothing above`, "indent it like the lines it belongs to");
  return true;
}
