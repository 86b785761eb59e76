/**
 * Reads a command line by a command's table of options. Options may stand anywhere; `--` ends them; a lone `-` is a
 * word. Every mistake is a value: one line that says what to type instead.
 */

import { nearest } from "../config/suggest.ts";
import { printable } from "./terminal.ts";

/** One option of a command. */
export interface OptionRow {
  /** Without the dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** What stands for the value in help; absent for a switch. */
  readonly value?: string;
  /** May be given again and again. */
  readonly many?: true;
  /** The only values possible. */
  readonly oneOf?: readonly string[];
  readonly help: string;
}

/** What was typed: words in order, options by name; a switch is "". */
export interface Arguments {
  readonly words: readonly string[];
  /** The first value of each. */
  readonly options: ReadonlyMap<string, string>;
  /** All values of options that may be given again, in order. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** A command line that cannot be read. */
export interface UsageFault { readonly fault: string; readonly todo: string }

/** Cuts a command line into words and options. */
export function readArguments(argv: readonly string[], rows: readonly OptionRow[]): Arguments | UsageFault {
  const words: string[] = [];
  const options = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  for (let i = 0; i < argv.length; i++) {
    const text = argv[i] ?? "";
    if (text === "--") {
      words.push(...argv.slice(i + 1));
      break;
    }
    if (!text.startsWith("-") || text === "-") {
      words.push(text);
      continue;
    }
    const option = readOption(text, argv[i + 1], rows);
    if ("fault" in option) return option;
    const { name, many } = option.row;
    if (options.has(name) && many !== true) return { fault: `--${name} is given twice`, todo: "give it once" };
    if (many === true) lists.set(name, [...lists.get(name) ?? [], option.value]);
    if (!options.has(name)) options.set(name, option.value);
    if (option.tookNext) i++;
  }
  return { words, options, lists };
}

interface ReadOption { readonly row: OptionRow; readonly value: string; readonly tookNext: boolean }

function readOption(text: string, next: string | undefined, rows: readonly OptionRow[]): ReadOption | UsageFault {
  const { name, inline, row } = findRow(text, rows);
  if (row === undefined) return unknownOption(name, rows);
  if (row.value === undefined) {
    if (inline === undefined) return { row, value: "", tookNext: false };
    return { fault: `${name} takes no value`, todo: `type ${name} alone` };
  }
  const value = inline ?? next;
  if (value === undefined || value === "") return { fault: `${name} needs a value`, todo: `${name} ${row.value}` };
  if (row.oneOf !== undefined && !row.oneOf.includes(value)) {
    return { fault: `${name} cannot be ${quoted(value)}`, todo: `one of ${row.oneOf.join(", ")}` };
  }
  return { row, value, tookNext: inline === undefined };
}

/** `--name`, `--name=value`, `-n`, `-n=value` or `-nvalue`. */
function findRow(
  text: string, rows: readonly OptionRow[],
): { name: string; inline: string | undefined; row: OptionRow | undefined } {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const inline = equals < 0 ? undefined : text.slice(equals + 1);
  if (text.startsWith("--")) return { name, inline, row: rows.find((row) => `--${row.name}` === name) };
  const row = rows.find((candidate) => candidate.short === text[1]);
  if (row === undefined || name.length === 2) return { name, inline, row };
  return { name: text.slice(0, 2), inline: text.slice(2), row };
}

function unknownOption(name: string, rows: readonly OptionRow[]): UsageFault {
  const close = nearest(name.replace(/^-+/, ""), rows.map((row) => row.name));
  return {
    fault: `unknown option ${quoted(name)}`,
    todo: close === undefined ? "--help lists the options" : `did you mean --${close}?`,
  };
}

/** What the user typed, safe and short enough to repeat. */
export function quoted(text: string): string {
  return `"${printable(text, 60)}"`;
}
