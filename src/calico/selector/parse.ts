/**
 * The text of a selector → its expression, or the first mistake. By recursive descent, one function per rule:
 *
 *     selector  = "" | or            or  = and { "||" and }            and = operation { "&&" operation }
 *     operation = { "!" } ( "(" or ")" | "all()" | "global()" | "has(" label ")" | label operator value )
 *
 * Time is linear in the text; brackets nest to a bound, so that no text can exhaust the stack.
 */

import { quoted } from "../../config/fault.ts";
import type { Comparison, Expression, Membership } from "./expression.ts";
import { hint, WANTED } from "./hints.ts";
import type { Wanted } from "./hints.ts";

/** A text that is no selector. */
export interface SelectorFault {
  /** From 1, in UTF-16 units of the selector's text. */
  readonly column: number;
  /** One clause: what is wrong. */
  readonly what: string;
  /** One clause: what to do about it. */
  readonly todo: string;
}

/** A longer name of a label is refused. */
export const LABEL_MAX = 512;
/** Brackets nested deeper are refused. */
export const DEPTH_MAX = 100;

/** The expression of a text, or its first mistake. */
export function parseExpression(text: string): Expression | SelectorFault {
  return new SelectorParser(text).selector();
}

const BLANKS = /[ \t]*/y;
const LABEL = /[A-Za-z0-9_./-]+/y;
/** A word is an operator only where no character of a label follows. */
const OPERATOR = /==|!=|(?:contains|starts[ \t]*with|ends[ \t]*with|in|not[ \t]*in)(?![A-Za-z0-9_./-])/y;
const COMPARED: ReadonlyMap<string, Comparison> = new Map([
  ["==", "=="], ["!=", "!="], ["contains", "contains"], ["startswith", "starts with"], ["endswith", "ends with"],
]);
/** A name is one of these where "(" follows at once; elsewhere it is a label like any other. */
const FUNCTIONS: ReadonlySet<string> = new Set(["has", "all", "global"]);
const SYMBOLS = { and: "&&", or: "||" } as const;

class SelectorParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #fault: SelectorFault | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  selector(): Expression | SelectorFault {
    this.#match(BLANKS);
    const expression = this.#isAtEnd() ? { type: "all" as const } : this.#joined("or");
    if (expression !== undefined && !this.#isAtEnd()) this.#fail("end");
    return this.#fault ?? expression!;
  }

  /** Conditions with `||` between them, each of them conditions with `&&` between them. */
  #joined(type: "and" | "or"): Expression | undefined {
    const operands: Expression[] = [];
    do {
      const operand = type === "or" ? this.#joined("and") : this.#operation();
      if (operand === undefined) return undefined;
      operands.push(operand);
    } while (this.#takes(SYMBOLS[type]));
    return operands.length === 1 ? operands[0] : { type, operands };
  }

  #operation(): Expression | undefined {
    let negated = false;
    while (this.#takes("!")) negated = !negated;
    const operand = this.#takes("(") ? this.#group() : this.#condition();
    if (operand === undefined || !negated) return operand;
    return operand.type === "not" ? operand.operand : { type: "not", operand };
  }

  #group(): Expression | undefined {
    if (this.#depth === DEPTH_MAX) {
      return this.#refuse(this.#at, `brackets nested deeper than ${DEPTH_MAX}`, "nothing needs so many; remove some");
    }
    this.#depth += 1;
    const inner = this.#joined("or");
    this.#depth -= 1;
    if (inner === undefined || this.#takes(")")) return inner;
    return this.#fail("closing");
  }

  #condition(): Expression | undefined {
    const start = this.#at;
    const label = this.#label("condition");
    if (label === undefined) return undefined;
    if (this.#takes("(")) return this.#call(label, start);
    this.#match(BLANKS);
    const operator = this.#match(OPERATOR).replace(/[ \t]/g, "");
    if (operator === "") return this.#fail("operator");
    this.#match(BLANKS);
    const comparison = COMPARED.get(operator);
    if (comparison === undefined) return this.#member(label, operator === "in" ? "in" : "not in");
    const value = this.#value("text");
    return value === undefined ? undefined : { type: "compare", label, operator: comparison, value };
  }

  /** What follows a name and its "(". */
  #call(name: string, start: number): Expression | undefined {
    if (!FUNCTIONS.has(name)) {
      return this.#refuse(start, `${quoted(name)} is no function`, "there are has(label), all() and global()");
    }
    const label = name === "has" ? this.#label("label") : "";
    if (label === undefined) return undefined;
    this.#match(BLANKS);
    if (!this.#takes(")")) return this.#fail("bracket");
    if (name === "has") return { type: "has", label };
    return { type: name === "all" ? "all" : "global" };
  }

  #member(label: string, operator: Membership): Expression | undefined {
    if (!this.#takes("{")) return this.#fail("set");
    const values: string[] = [];
    while (!this.#takes("}")) {
      const value = this.#value("item");
      if (value === undefined) return undefined;
      values.push(value);
      if (!this.#takes(",") && this.#text[this.#at] !== "}") return this.#fail("brace");
    }
    return { type: "member", label, operator, values: new Set(values.sort()) };
  }

  /** A text between quotes; it cannot contain the quote that it is in. */
  #value(wanted: Wanted): string | undefined {
    const start = this.#at;
    const quote = this.#text[start];
    if (quote !== '"' && quote !== "'") return this.#fail(wanted);
    const end = this.#text.indexOf(quote, start + 1);
    if (end < 0) return this.#refuse(start, "a text without its closing quote", `close it with ${quote}`);
    this.#at = end + 1;
    this.#match(BLANKS);
    return this.#text.slice(start + 1, end);
  }

  #label(wanted: Wanted): string | undefined {
    const start = this.#at;
    const label = this.#match(LABEL);
    if (label === "") return this.#fail(wanted);
    if (label.length <= LABEL_MAX) return label;
    return this.#refuse(start, `a label of ${label.length} characters`, `use at most ${LABEL_MAX}`);
  }

  /** Steps over a symbol and the blanks behind it, where it stands here. */
  #takes(symbol: string): boolean {
    if (!this.#text.startsWith(symbol, this.#at)) return false;
    this.#at += symbol.length;
    this.#match(BLANKS);
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  #fail(wanted: Wanted): undefined {
    const start = this.#at;
    const word = this.#match(LABEL);
    const found = word === "" ? String.fromCodePoint(this.#text.codePointAt(start) ?? 0) : word;
    const shown = start === this.#text.length ? "the end" : quoted(found);
    return this.#refuse(start, `expected ${WANTED[wanted].what}, found ${shown}`, hint(wanted, this.#text, start));
  }

  #refuse(at: number, what: string, todo: string): undefined {
    this.#fault = { column: at + 1, what, todo };
    return undefined;
  }
}
