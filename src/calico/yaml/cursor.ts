/**
 * A place in a YAML text. Rule: every reader leaves it behind what it read, a mistake is noted once and answered with
 * undefined (or false), and no step looks at more than a bounded part of what another step has passed.
 */

import { below, quoted } from "../../config/fault.ts";
import type { FaultList } from "../../config/fault.ts";

/** Deeper nesting is refused: it bounds the recursion of the readers. */
export const DEPTH_MAX = 100;

const BLANKS = /[ \t]*/y;
const SPACES = / */y;
const BREAK = /\r?\n/y;
const WORD = /[^\s,:[\]{}"']+/y;
const MARKER = /(?:---|\.\.\.)(?=[ \t\r\n]|$)/y;

/** Whether what stands here ends a word: a blank, the end of the line or of the text. */
export function isBlank(character: string | undefined): boolean {
  return character === undefined || character === " " || character === "\t" || character === "\r" || character === "\n";
}

/** Where a reader stands in a text, and below which keys. */
export class Cursor {
  readonly text: string;
  /** In UTF-16 units. */
  at: number;
  readonly #first: number;
  readonly #faults: FaultList;
  readonly #path: (string | number)[] = [];

  constructor(text: string, faults: FaultList) {
    this.text = text;
    this.#faults = faults;
    this.#first = text.startsWith("\ufeff") ? 1 : 0;
    this.at = this.#first;
  }

  /** The character here; undefined at the end of the text. */
  get character(): string | undefined {
    return this.text[this.at];
  }

  /** From 0. */
  get column(): number {
    const lineStart = this.at === 0 ? 0 : this.text.lastIndexOf("\n", this.at - 1) + 1;
    return this.at - Math.max(lineStart, this.#first);
  }

  /** Steps over what a sticky pattern matches here, and gives it. */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  /** Steps over spaces and tabs within a line. */
  blanks(): string {
    return this.match(BLANKS);
  }

  /** Steps over spaces; how many they are. */
  spaces(): number {
    return this.match(SPACES).length;
  }

  /** Steps over one line break; whether there is one. */
  newline(): boolean {
    return this.match(BREAK) !== "";
  }

  /** Where the text of this line ends, without the break. */
  lineEnd(): number {
    const feed = this.text.indexOf("\n", this.at);
    const end = feed < 0 ? this.text.length : feed;
    return end > this.at && this.text[end - 1] === "\r" ? end - 1 : end;
  }

  /** Whether the line ends here. */
  atBreak(): boolean {
    return this.character === "\n" || this.character === "\r";
  }

  /** Steps over a line break, empty lines and the blanks of the next line that has text; how many breaks they are. */
  breaks(): number {
    let count = 0;
    while (this.newline()) {
      count += 1;
      this.blanks();
    }
    return count;
  }

  /** Whether the text or the document ends here: `---` or `...` at the start of a line. */
  atDocumentEnd(): boolean {
    if (this.at >= this.text.length) return true;
    MARKER.lastIndex = this.at;
    return (this.at === this.#first || this.text[this.at - 1] === "\n") && MARKER.test(this.text);
  }

  /** Whether an entry of a block sequence starts here. */
  atEntry(): boolean {
    return this.character === "-" && isBlank(this.text[this.at + 1]);
  }

  /** Whether the colon of a key follows on this line; steps to it if so. */
  atColon(): boolean {
    const before = this.at;
    this.blanks();
    if (this.character === ":" && isBlank(this.text[this.at + 1])) return true;
    this.at = before;
    return false;
  }

  /** Whether nothing but a comment follows on this line; steps over blanks before it. */
  restIsEmpty(): boolean {
    this.blanks();
    if (this.at >= this.text.length || this.atBreak()) return true;
    return this.character === "#" && (this.at === this.#first || isBlank(this.text[this.at - 1]));
  }

  /** From the end of a value to the next token, on a later line. */
  nextToken(): true | undefined {
    if (this.restIsEmpty()) return this.skipLines();
    return this.fail(`expected the end of the line, found ${this.found()}`, "quote a text with such characters");
  }

  /** From the start of a line, or its comment or end, to the next token, which is the first on its line. */
  skipLines(): true | undefined {
    this.spaces();
    while (this.atBreak() || this.character === "#") {
      if (this.character === "#") this.at = this.lineEnd();
      this.newline();
      this.spaces();
    }
    return this.character === "\t" ? this.fail("a tab as indentation", "indent with spaces") : true;
  }

  /** Runs a reader for what stands below a key or an index; undefined where that is too deep. */
  under<T>(key: string | number, read: () => T | undefined): T | undefined {
    if (this.#path.length >= DEPTH_MAX) return this.fail(`nested deeper than ${DEPTH_MAX}`, "nothing here is so deep");
    this.#path.push(key);
    const value = read();
    this.#path.pop();
    return value;
  }

  /** What stands here, for a message. */
  found(): string {
    if (this.at >= this.text.length) return "the end of the file";
    if (this.atBreak()) return "the end of the line";
    const at = this.at;
    const word = this.match(WORD);
    this.at = at;
    return quoted(word === "" ? String.fromCodePoint(this.text.codePointAt(at) ?? 0) : word);
  }

  /** Notes a mistake here, or at `offset`; undefined, so that a reader can return it. */
  fail(what: string, todo: string, offset: number = this.at): undefined {
    this.#faults.add(offset, this.#path.reduce<string>(below, "$"), what, todo);
    return undefined;
  }
}
