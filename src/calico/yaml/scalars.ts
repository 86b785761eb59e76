/**
 * Texts: plain, quoted, and the blocks `|` and `>`. Rule: line breaks fold as go-yaml folds them, and a character that
 * starts a construct which is not read here says what it is and how to write what was meant.
 */

import { quoted } from "../../config/fault.ts";
import type { JsonNode } from "../../config/json.ts";
import { isBlank } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { resolve } from "./resolve.ts";

/** Where a text stands: in a block, whose further lines are indented more, or in brackets. */
export type Place = { readonly indent: number } | "brackets";

const BRACKETS = ",[]{}";
const QUOTE = 'quote it if a text is meant: "..."';
/** Characters that do not start a plain text, with what they would be and what to do. */
const REFUSED: ReadonlyMap<string, readonly [what: string, todo: string]> = new Map([
  ["&", ["an anchor, which is not read here", QUOTE]],
  ["*", ["an alias, which is not read here", QUOTE]],
  ["!", ["a tag, which is not read here", QUOTE]],
  ["%", ['a text that starts with "%"', QUOTE]],
  ["@", ['a text that starts with "@"', QUOTE]],
  ["`", ["a text that starts with a backquote", QUOTE]],
  ["|", ["a block of text within brackets", "use a quoted text"]],
  [">", ["a block of text within brackets", "use a quoted text"]],
  [",", ['"," without a value before it', QUOTE]],
  ["]", ['"]" without its "["', QUOTE]],
  ["}", ['"}" without its "{"', QUOTE]],
]);
/** Characters that do not start a plain text where a blank follows. */
const REFUSED_ALONE: ReadonlyMap<string, readonly [what: string, todo: string]> = new Map([
  ["-", ["an entry of a list where none can stand", "start the list on its own line"]],
  ["?", ["a key of several lines, which is not read here", 'write "key: value"']],
  [":", ['":" without a key before it', QUOTE]],
]);

/** A plain text, which may go on over several lines. */
export function plain(c: Cursor, place: Place): JsonNode | undefined {
  const offset = c.at;
  if (isRefused(c, place)) return undefined;
  let end = plainEnd(c.text, offset, place);
  let value = c.text.slice(offset, end);
  for (c.at = end; ; c.at = end) {
    const breaks = continuation(c, place);
    if (breaks === 0) break;
    const start = c.at;
    end = plainEnd(c.text, start, place);
    value += folded(breaks) + c.text.slice(start, end);
  }
  c.at = end;
  return resolve(value, offset) ?? c.fail(`${quoted(value)} is no number of JSON`, QUOTE, offset);
}

function isRefused(c: Cursor, place: Place): boolean {
  const first = c.character ?? "";
  const next = c.text[c.at + 1];
  const isAlone = isBlank(next) || (place === "brackets" && BRACKETS.includes(next ?? " "));
  const row = REFUSED.get(first) ?? (isAlone ? REFUSED_ALONE.get(first) : undefined);
  if (row === undefined) return false;
  const rest = c.text.slice(c.at, Math.min(plainEnd(c.text, c.at, place), c.at + 200));
  if (first === "!" && /^[! ]+[a-z]*\(/.test(rest)) {
    c.fail('a selector that starts with "!" is a tag to YAML', `quote it: ${quoted(rest)}`);
  } else c.fail(...row);
  return true;
}

/** Where the plain text that starts at `from` ends on its line: before ": ", " #", and in brackets before one. */
function plainEnd(text: string, from: number, place: Place): number {
  let end = from;
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (character === "\n" || (character === "#" && end < at)) break;
    const next = text[at + 1];
    if (character === ":" && (isBlank(next) || (place === "brackets" && BRACKETS.includes(next!)))) break;
    if (place === "brackets" && BRACKETS.includes(character)) break;
    if (!isBlank(character)) end = at + 1;
  }
  return end;
}

/** Steps to the next line of a plain text, and gives how many breaks are between; 0 where the text has ended. */
function continuation(c: Cursor, place: Place): number {
  let breaks = 0;
  for (c.blanks(); c.newline(); breaks++) place === "brackets" ? c.blanks() : c.spaces();
  if (breaks === 0 || c.atDocumentEnd() || c.character === "#") return 0;
  if (place !== "brackets") return c.column > place.indent && c.character !== "\t" ? breaks : 0;
  const isColon = c.character === ":" && isBlank(c.text[c.at + 1]);
  return isColon || BRACKETS.includes(c.character!) ? 0 : breaks;
}

/** What line breaks within a text mean: one is a space, more are all but one. */
function folded(breaks: number): string {
  return breaks === 1 ? " " : "\n".repeat(breaks - 1);
}

const RUN: Readonly<Record<string, RegExp>> = { '"': /[^"\\ \t\r\n]+/y, "'": /[^' \t\r\n]+/y };
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["0", "\0"], ["a", "\u0007"], ["b", "\b"], ["t", "\t"], ["\t", "\t"], ["n", "\n"], ["v", "\v"], ["f", "\f"],
  ["r", "\r"], ["e", "\u001b"], [" ", " "], ['"', '"'], ["/", "/"], ["\\", "\\"], ["N", "\u0085"], ["_", "\u00a0"],
  ["L", "\u2028"], ["P", "\u2029"],
]);
const HEX: ReadonlyMap<string, RegExp> = new Map([
  ["x", /[0-9a-fA-F]{2}/y], ["u", /[0-9a-fA-F]{4}/y], ["U", /00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}/y],
]);

/** A text in single or double quotes, which may go on over several lines. */
export function quotedText(c: Cursor): JsonNode | undefined {
  const offset = c.at;
  const quote = c.character ?? "";
  c.at += 1;
  for (let value = ""; ; ) {
    if (c.atDocumentEnd()) return c.fail("a text without its closing quote", `close it with ${quote}`, offset);
    value += c.match(RUN[quote]!);
    const blanks = c.blanks();
    const breaks = c.breaks();
    value += breaks === 0 ? blanks : folded(breaks);
    if (breaks > 0) continue;
    if (c.character === quote) {
      c.at += 1;
      if (quote === '"' || c.character !== quote) return { type: "string", offset, value };
      c.at += 1;
      value += quote;
    } else if (quote === '"' && c.character === "\\") {
      const escaped = escape(c);
      if (escaped === undefined) return undefined;
      value += escaped;
    }
  }
}

function escape(c: Cursor): string | undefined {
  const start = c.at;
  c.at += 1;
  const breaks = c.breaks();
  if (breaks > 0) return "\n".repeat(breaks - 1);
  const letter = c.character ?? "";
  c.at += 1;
  const plainly = ESCAPES.get(letter);
  if (plainly !== undefined) return plainly;
  const pattern = HEX.get(letter);
  const hex = pattern === undefined ? "" : c.match(pattern);
  if (hex === "") return c.fail("an escape that YAML does not have", 'write "\\\\" for one backslash', start);
  const code = Number.parseInt(hex, 16);
  return letter === "U" ? String.fromCodePoint(code) : String.fromCharCode(code);
}

const HEADER = /[|>](?:[1-9]?[-+]?|[-+][1-9])(?=[ \t\r\n]|$)/y;

/** A block of text: `|` keeps its line breaks, `>` folds them. Its lines are indented more than `indent`. */
export function blockText(c: Cursor, indent: number): JsonNode | undefined {
  const offset = c.at;
  const header = c.match(HEADER);
  if (header === "") return c.fail(`expected a line of its own after ${quoted(c.character ?? "")}`, QUOTE);
  if (!c.restIsEmpty()) return c.fail(`expected the end of the line, found ${c.found()}`, QUOTE);
  c.at = c.lineEnd();
  const given = /[1-9]/.exec(header)?.[0];
  const width = given === undefined ? blockWidth(c, Math.max(indent, 0)) : Math.max(indent, 0) + Number(given);
  if (width === undefined) return undefined;
  return { type: "string", offset, value: blockLines(c, width, header.startsWith(">"), header) };
}

/** How far the lines of a block are indented: as its first line that has text; Infinity where it has none. */
function blockWidth(c: Cursor, indent: number): number | undefined {
  const start = c.at;
  let widest = 0;
  let widestAt = start;
  while (c.newline()) {
    const spaces = c.spaces();
    if (c.character === "\t") return c.fail("a tab as indentation", "indent with spaces");
    if (c.atBreak() || c.character === undefined) {
      if (spaces > widest) [widest, widestAt] = [spaces, c.at];
      continue;
    }
    c.at = start;
    if (spaces <= indent) return Infinity;
    if (widest <= spaces) return spaces;
    return c.fail("an empty line with more spaces than the text below it", "remove its spaces", widestAt);
  }
  c.at = start;
  return Infinity;
}

/** The lines of a block, from the end of the line before them; the cursor stays at the end of the last one. */
function blockLines(c: Cursor, width: number, folds: boolean, header: string): string {
  let value = "";
  let hasBreak = false;
  let empty = 0;
  let wasIndented = false;
  for (let last = c.at; c.newline(); last = c.at) {
    const start = c.at;
    const spaces = c.spaces();
    if (spaces <= width && (c.atBreak() || c.at >= c.text.length)) {
      empty += c.at < c.text.length ? 1 : 0;
      continue;
    }
    if (spaces < width) {
      c.at = last;
      break;
    }
    const isIndented = isBlank(c.text[start + width]);
    const joined = folds && !wasIndented && !isIndented ? (empty > 0 ? "" : " ") : "\n";
    c.at = start + width;
    const end = c.lineEnd();
    value += (hasBreak ? joined : "") + "\n".repeat(empty) + c.text.slice(c.at, end);
    c.at = end;
    [hasBreak, empty, wasIndented] = [end < c.text.length, 0, isIndented];
  }
  if (hasBreak && !header.includes("-")) value += "\n";
  return header.includes("+") ? value + "\n".repeat(empty) : value;
}
