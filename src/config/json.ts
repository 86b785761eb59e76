/**
 * JSON (RFC 8259) with positions, so that a mistake of meaning can be shown where it stands. Rule: no throw, bounded
 * depth and size, object members are a list and never properties of an object of ours (`__proto__` is a key like any
 * other). The first mistake of syntax ends the reading; a key given twice is noted and the first one counts.
 */

import { below, quoted } from "./fault.ts";
import type { FaultList } from "./fault.ts";

/**
 * A JSON value and where it starts in the text. `text` is how a value that is no text is written, for readers that want
 * a text where people leave quotes out (YAML's `1.10`).
 */
export type JsonNode =
  | { readonly type: "object"; readonly offset: number; readonly members: readonly JsonMember[] }
  | { readonly type: "array"; readonly offset: number; readonly items: readonly JsonNode[] }
  | { readonly type: "string"; readonly offset: number; readonly value: string }
  | { readonly type: "number"; readonly offset: number; readonly value: number; readonly text: string }
  | { readonly type: "boolean"; readonly offset: number; readonly value: boolean; readonly text: string }
  | { readonly type: "null"; readonly offset: number; readonly text: string };

/** One member of an object; names are unique within it. */
export interface JsonMember {
  readonly name: string;
  readonly nameOffset: number;
  readonly value: JsonNode;
}

/** A value without places. */
export type JsonValue =
  | null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** An object of JSON. */
export type JsonObject = { readonly [name: string]: JsonValue };

/** Whether a value is an object, which a list is not. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a JSON text that others wrote; undefined where it is none. */
export function parsedJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // Any text may stand there: not being JSON is an answer.
    return undefined;
  }
}

/** The value of a node, as JSON.parse would give it. */
export function valueOf(node: JsonNode): JsonValue {
  if (node.type === "null") return null;
  if (node.type === "array") return node.items.map(valueOf);
  if (node.type !== "object") return node.value;
  return Object.fromEntries(node.members.map(({ name, value }) => [name, valueOf(value)]));
}

/** A longer text is refused. UTF-16 units. */
export const TEXT_MAX: number = 16 * 1024 * 1024;
/** Deeper nesting is refused. */
export const DEPTH_MAX = 32;

/** The value of a text; undefined after a mistake of syntax, which is in `faults` then. */
export function parseJson(text: string, faults: FaultList): JsonNode | undefined {
  if (text.length > TEXT_MAX) {
    faults.add(0, "$", `the file is larger than ${TEXT_MAX / 1024 / 1024} MiB`, "check that it is the right file");
    return undefined;
  }
  return new JsonParser(text, faults).document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /[A-Za-z0-9_$+.-]+/y;
const SPACE = /[ \t\r\n]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'], ["\\", "\\"], ["/", "/"], ["b", "\b"], ["f", "\f"], ["n", "\n"], ["r", "\r"], ["t", "\t"],
]);

class JsonParser {
  readonly #text: string;
  readonly #faults: FaultList;
  readonly #path: (string | number)[] = [];
  #at: number;

  constructor(text: string, faults: FaultList) {
    this.#text = text;
    this.#faults = faults;
    this.#at = text.startsWith("\ufeff") ? 1 : 0;
  }

  document(): JsonNode | undefined {
    this.#space();
    if (this.#at === this.#text.length) return this.#fail("the file is empty", "write a JSON object: { ... }");
    const value = this.#value();
    if (value === undefined) return undefined;
    this.#space();
    if (this.#at < this.#text.length) {
      return this.#fail(`${this.#found()} after the end of the configuration`, "remove it");
    }
    return value;
  }

  #value(): JsonNode | undefined {
    const offset = this.#at;
    const first = this.#text[offset];
    if (first === "{") return this.#nested(() => this.#object(offset));
    if (first === "[") return this.#nested(() => this.#array(offset));
    if (first === '"') {
      const value = this.#string();
      return value === undefined ? undefined : { type: "string", offset, value };
    }
    return this.#scalar(offset);
  }

  #nested(read: () => JsonNode | undefined): JsonNode | undefined {
    if (this.#path.length >= DEPTH_MAX) return this.#fail(`nested deeper than ${DEPTH_MAX}`, "nothing here is so deep");
    this.#at += 1;
    return read();
  }

  #object(offset: number): JsonNode | undefined {
    const members: JsonMember[] = [];
    const names = new Set<string>();
    for (let more = this.#more("}"); more; more = this.#more("}")) {
      const member = this.#member();
      if (member === undefined) return undefined;
      if (names.has(member.name)) this.#twice(member);
      else members.push(member);
      names.add(member.name);
      if (!this.#separator("}")) return undefined;
    }
    return this.#close("}") ? { type: "object", offset, members } : undefined;
  }

  #array(offset: number): JsonNode | undefined {
    const items: JsonNode[] = [];
    for (let more = this.#more("]"); more; more = this.#more("]")) {
      this.#path.push(items.length);
      const item = this.#value();
      if (item === undefined) return undefined;
      this.#path.pop();
      items.push(item);
      if (!this.#separator("]")) return undefined;
    }
    return this.#close("]") ? { type: "array", offset, items } : undefined;
  }

  #member(): JsonMember | undefined {
    const nameOffset = this.#at;
    if (this.#text[nameOffset] !== '"') {
      return this.#fail(`expected a key, found ${this.#found()}`, 'write keys in double quotes: "key": value');
    }
    const name = this.#string();
    if (name === undefined) return undefined;
    this.#path.push(name);
    this.#space();
    if (this.#text[this.#at] !== ":") return this.#fail(`expected ":", found ${this.#found()}`, 'write "key": value');
    this.#at += 1;
    this.#space();
    const value = this.#value();
    if (value === undefined) return undefined;
    this.#path.pop();
    return { name, nameOffset, value };
  }

  /** Whether another entry starts here: neither the closing bracket nor the end of the text. */
  #more(closing: string): boolean {
    this.#space();
    return this.#at < this.#text.length && this.#text[this.#at] !== closing;
  }

  /** Steps over the comma between two entries; false after a mistake. */
  #separator(closing: string): boolean {
    this.#space();
    if (this.#at === this.#text.length || this.#text[this.#at] === closing) return true;
    if (this.#text[this.#at] !== ",") {
      this.#fail(`expected "," or "${closing}", found ${this.#found()}`, "a comma may be missing before it");
      return false;
    }
    const comma = this.#at;
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] !== closing) return true;
    this.#at = comma;
    this.#fail(`"," before "${closing}"`, "remove the comma");
    return false;
  }

  #close(closing: string): boolean {
    if (this.#text[this.#at] === closing) {
      this.#at += 1;
      return true;
    }
    this.#fail("the file ends too early", `a "${closing}" is missing, or the file was cut`);
    return false;
  }

  #scalar(offset: number): JsonNode | undefined {
    const word = this.#match(WORD);
    if (word === "true" || word === "false") return { type: "boolean", offset, value: word === "true", text: word };
    if (word === "null") return { type: "null", offset, text: word };
    this.#at = offset;
    const number = word === "" ? "" : this.#match(NUMBER);
    if (number !== "" && number === word) return { type: "number", offset, value: Number(number), text: word };
    this.#at = offset;
    return this.#fail(`expected a value, found ${this.#found()}`, "texts go in double quotes, numbers are decimal");
  }

  #string(): string | undefined {
    const start = this.#at;
    this.#at += 1;
    for (let value = ""; ; ) {
      value += this.#match(PLAIN);
      const next = this.#text[this.#at];
      if (next === '"') {
        this.#at += 1;
        return value;
      }
      const escaped = next === "\\" ? this.#escape() : undefined;
      if (escaped === undefined) return next === "\\" ? undefined : this.#unended(start);
      value += escaped;
    }
  }

  #unended(start: number): undefined {
    this.#at = start;
    return this.#fail("a text without its closing quote", 'close it with " on the same line');
  }

  #escape(): string | undefined {
    const letter = this.#text[this.#at + 1] ?? "";
    const plain = ESCAPES.get(letter);
    if (plain !== undefined) {
      this.#at += 2;
      return plain;
    }
    const hex = this.#text.slice(this.#at + 2, this.#at + 6);
    if (letter !== "u" || !/^[0-9a-fA-F]{4}$/.test(hex)) {
      return this.#fail("an escape that JSON does not have", 'write "\\\\" for one backslash');
    }
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #twice(member: JsonMember): void {
    const path = below(this.#where(), member.name);
    this.#faults.add(member.nameOffset, path, "this key is given twice", "keep one of the two");
  }

  #space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  /** What stands here, for a message. */
  #found(): string {
    if (this.#at >= this.#text.length) return "the end of the file";
    if (/^(\/\/|\/\*|#)/.test(this.#text.slice(this.#at, this.#at + 2))) return "a comment, which JSON does not have";
    const at = this.#at;
    const word = this.#match(WORD);
    this.#at = at;
    return quoted(word === "" ? String.fromCodePoint(this.#text.codePointAt(at) ?? 0) : word);
  }

  #where(): string {
    return this.#path.reduce<string>(below, "$");
  }

  #fail(what: string, todo: string): undefined {
    this.#faults.add(this.#at, this.#where(), what, todo);
    return undefined;
  }
}
