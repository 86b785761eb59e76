/**
 * YAML as people write manifests and as kubectl and calicoctl print them: mappings, sequences and texts, by indentation
 * and in brackets, in several documents. JSON is a part of it. Rules: no throw, bounded depth and size, time linear in
 * the text; what is outside this part of YAML (anchors, aliases, tags, merge keys, keys that are no text) is refused
 * where it stands; a document with a mistake is left out and the next one read.
 */

import type { FaultList } from "../../config/fault.ts";
import type { JsonNode } from "../../config/json.ts";
import { blockNode, blockValue } from "./block.ts";
import { Cursor } from "./cursor.ts";

/** A longer text is refused: some 10,000 nodes as kubectl prints them. UTF-16 units. */
export const YAML_TEXT_MAX: number = 128 * 1024 * 1024;

/** The documents without a mistake, in their order; one that holds nothing counts as none. Mistakes go to `faults`. */
export function readYaml(text: string, faults: FaultList): readonly JsonNode[] {
  const c = new Cursor(text, faults);
  if (text.length > YAML_TEXT_MAX) {
    c.fail(`the file is larger than ${YAML_TEXT_MAX / 1024 / 1024} MiB`, "check that it is the right file");
    return [];
  }
  const control = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]|\r(?!\n)/);
  if (control >= 0) {
    c.fail("a control character", 'write it as an escape in double quotes, like "\\x00"', control);
    return [];
  }
  const documents: JsonNode[] = [];
  while (c.at < text.length) {
    const before = faults.count;
    const node = document(c);
    if (faults.count > before) skipDocument(c);
    else if (node !== undefined) documents.push(node);
  }
  return documents;
}

const YAML_DIRECTIVE = /%YAML[ \t]+1\.[12](?=[ \t\r\n])/y;
const MARKER = /---/y;
const END = /\.\.\./y;

/** The document at the start of this line; undefined where it is empty or wrong. */
function document(c: Cursor): JsonNode | undefined {
  if (!c.skipLines()) return undefined;
  let isDirected = false;
  for (; c.character === "%" && c.column === 0; isDirected = true) {
    if (c.match(YAML_DIRECTIVE) === "") c.fail("a directive, which is not read here", "remove the line");
    c.at = c.lineEnd();
    if (!c.skipLines()) return undefined;
  }
  const isMarked = c.atDocumentEnd() && c.match(MARKER) !== "";
  if (isDirected && !isMarked) return c.fail('expected "---" after a directive', 'put "---" before the document');
  if (!isMarked && c.atDocumentEnd()) return ended(c);
  const node = isMarked ? blockValue(c, -1, "marker") : blockNode(c, -1);
  if (node === undefined) return undefined;
  ended(c);
  return node.type === "null" && node.text === "" ? undefined : node;
}

/** Checks that the document ends here, and steps over its "...". */
function ended(c: Cursor): undefined {
  if (!c.atDocumentEnd()) {
    return c.fail(`${c.found()} behind the end of the document`, 'check its indentation, or put "---" before it');
  }
  if (c.match(END) === "") return undefined;
  if (!c.restIsEmpty()) return c.fail(`${c.found()} behind "..."`, "remove it");
  const isFollowed = c.skipLines() && !c.atDocumentEnd() && c.character !== "%";
  return isFollowed ? c.fail(`${c.found()} behind "..."`, 'put "---" before the next document') : undefined;
}

/** Steps to the next "---", past the rest of a document that is wrong. */
function skipDocument(c: Cursor): void {
  for (let at = c.text.indexOf("\n---", Math.max(c.at - 1, 0)); at >= 0; at = c.text.indexOf("\n---", at + 1)) {
    c.at = at + 1;
    if (c.atDocumentEnd()) return;
  }
  c.at = c.text.length;
}
