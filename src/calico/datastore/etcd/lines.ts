/** Lines of a text that comes in pieces. */

/** The lines, one by one, however the text was cut. */
export class LineSplitter {
  readonly #lengthMax: number;
  /** Of the line that is not whole yet; joined once, since a line may come in thousands of pieces. */
  #pieces: string[] = [];
  #length = 0;

  /** A longer line is refused. UTF-16 units. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /** Hands on what is whole now, without empty lines. A text from `onLine` ends it and is the answer. */
  take(text: string, onLine: (line: string) => string | undefined): string | undefined {
    let from = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
      this.#keep(text.slice(from, at));
      from = at + 1;
      const line = this.rest();
      const why = line.trim() === "" ? undefined : onLine(line);
      if (why !== undefined) return why;
    }
    this.#keep(text.slice(from));
    return this.#length > this.#lengthMax ? "a line without end" : undefined;
  }

  /** What came after the last line's end; it is forgotten here. */
  rest(): string {
    const line = this.#pieces.join("");
    this.#pieces = [];
    this.#length = 0;
    return line;
  }

  #keep(piece: string): void {
    if (piece === "") return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}
