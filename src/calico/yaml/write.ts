/**
 * YAML as kubectl prints it: two spaces a level, sequences right below their key, members in their order, quotes where
 * a text would be read as something else without them. Law: readYaml gives back the value that was written.
 */

import type { JsonValue } from "../../config/json.ts";
import { needsQuotes } from "./resolve.ts";

/** One document, with a line break at its end; join several with "---\n". Numbers are finite. */
export function writeYaml(value: JsonValue): string {
  return `${written(value, "")}\n`.slice(startsBelow(value) ? 1 : 0);
}

type List = readonly JsonValue[];
const isList = (value: JsonValue): value is List => Array.isArray(value);

/** A value as it goes behind a key: on the same line, or on lines of its own that are indented by `indent`. */
function written(value: JsonValue, indent: string): string {
  if (typeof value === "string") return text(value, indent);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  if (!startsBelow(value)) return isList(value) ? "[]" : "{}";
  if (isList(value)) return value.map((item) => `\n${indent}- ${entry(item, `${indent}  `)}`).join("");
  return Object.entries(value).map(([name, member]) => `\n${indent}${key(name)}:${behindKey(member, indent)}`).join("");
}

/** Whether a value is written on lines of its own. */
function startsBelow(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

/** An item behind its "- ": a collection starts on the same line. */
function entry(item: JsonValue, indent: string): string {
  return startsBelow(item) ? written(item, indent).trimStart() : written(item, indent.slice(2));
}

function behindKey(value: JsonValue, indent: string): string {
  if (!startsBelow(value)) return ` ${written(value, indent)}`;
  return written(value, isList(value) ? indent : `${indent}  `);
}

/** Characters that are shown as escapes. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/u;
/** Starts or holds what YAML reads as something else than a text, or blanks that it drops. */
const NOT_PLAIN = /^[\s,[\]{}#&*!|>'"%@`]|^[-?:](?:\s|$)|^(?:---|\.\.\.)|:(?:\s|$)| #|\t|\s$/;

function text(value: string, indent: string): string {
  if (value.includes("\n")) return isBlock(value) ? block(value, `${indent}  `) : doubleQuoted(value);
  return key(value);
}

/** A text on one line. */
function key(value: string): string {
  if (UNSAFE.test(value) || value.includes("\n") || needsQuotes(value)) return doubleQuoted(value);
  return NOT_PLAIN.test(value) ? `'${value.replaceAll("'", "''")}'` : value;
}

function doubleQuoted(value: string): string {
  const unsafe = new RegExp(UNSAFE, "gu");
  return JSON.stringify(value).replace(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Whether a text of several lines can be a block: it has text, and no blanks at the ends of its lines. */
function isBlock(value: string): boolean {
  return !UNSAFE.test(value) && /[^\n]/.test(value) && !/[ \t](?:\n|$)/.test(value);
}

function block(value: string, indent: string): string {
  const hint = /^\s/.test(value) ? "2" : "";
  const chomping = value.endsWith("\n\n") ? "+" : value.endsWith("\n") ? "" : "-";
  const lines = value.replace(/\n$/, "").split("\n");
  return `|${hint}${chomping}${lines.map((line) => (line === "" ? "\n" : `\n${indent}${line}`)).join("")}`;
}
