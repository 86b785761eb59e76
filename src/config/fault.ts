/**
 * A mistake in the configuration, as a value. Rule: one mistake is one line that says where, what and what to do, and
 * nothing that the file contains can add a second line or reach a terminal as a control sequence.
 */

/** One mistake in the configuration file. */
export interface ConfigFault {
  /** The file's name as the operator gave it. */
  readonly file: string;
  /** From 1; 0 where the whole file is meant: it cannot be read. */
  readonly line: number;
  /** From 1, in UTF-16 units; 0 with line 0. */
  readonly column: number;
  /** For example `$.neighbors[2].holdTimeSeconds`. */
  readonly path: string;
  /** One clause: what is wrong. */
  readonly what: string;
  /** One clause: what to do about it. */
  readonly todo: string;
  /** Only where nothing is wrong: what was written counts, and may do what its writer does not expect. */
  readonly note?: true;
}

/** At most this many faults are kept; one more says how many there were. */
export const FAULTS_MAX = 1000;

/** One line: `file:line:column $.path: what (todo)`. */
export function formatFault(fault: ConfigFault): string {
  const { file, line, column, path, what, todo } = fault;
  const where = line === 0 ? printable(file) : `${printable(file)}:${line}:${column} ${path}`;
  return `${where}: ${what} (${todo})`;
}

/** The fault of a file that cannot be read. */
export function unreadableFile(file: string, what: string, todo: string): ConfigFault {
  return { file, line: 0, column: 0, path: "$", what, todo };
}

/** The faults of one text. */
export class FaultList {
  readonly #file: string;
  readonly #text: string;
  readonly #faults: ConfigFault[] = [];
  #lineStarts: Uint32Array | undefined;
  #dropped = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  /** How many were added. */
  get count(): number {
    return this.#faults.length + this.#dropped;
  }

  /** Notes a mistake at `offset` of the text. */
  add(offset: number, path: string, what: string, todo: string): void {
    if (this.#faults.length >= FAULTS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#faults.push({ file: this.#file, ...this.#position(offset), path, what, todo });
  }

  /** Everything that was added, as it stands in the text. Past FAULTS_MAX a last entry counts the rest. */
  all(): readonly ConfigFault[] {
    this.#faults.sort((a, b) => a.line - b.line || a.column - b.column);
    if (this.#dropped === 0) return this.#faults;
    const what = `${this.#dropped} more mistakes`;
    const rest = { file: this.#file, line: 1, column: 1, path: "$", what, todo: "correct the ones above first" };
    return [...this.#faults, rest];
  }

  #position(offset: number): { line: number; column: number } {
    this.#lineStarts ??= lineStarts(this.#text);
    let low = 0;
    for (let high = this.#lineStarts.length; high - low > 1; ) {
      const middle = (low + high) >>> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#lineStarts[low]! + 1 };
  }
}

function lineStarts(text: string): Uint32Array {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return Uint32Array.from(starts);
}

/** The path of a member or an item below `path`: `.key`, `["odd key"]` or `[3]`. */
export function below(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return /^[A-Za-z_$][\w$-]{0,63}$/.test(key) ? `${path}.${key}` : `${path}[${quoted(key)}]`;
}

/** A text of the file in quotes, on one line, at most about 60 characters. */
export function quoted(text: string): string {
  return printable(JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text));
}

/** Controls, line separators, bidirectional marks and broken surrogates as escapes: safe in a line on a terminal. */
function printable(text: string): string {
  const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;
  return text.replace(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
