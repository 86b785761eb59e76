/**
 * Cuts what a server streams into its parts, wherever the network cut it. Rule: all marks are ASCII, so octets
 * are looked at and text is made only of whole parts; a part that is too long is passed over and told, never kept.
 */

/** An object is not larger than this: etcd's own limit for a request. Octets of JSON. */
export const OBJECT_MAX: number = 1.5 * 1024 * 1024;

/** Octets that arrive in pieces. */
class Gathered {
  readonly #max: number;
  #octets: Buffer = Buffer.allocUnsafe(GATHERED_FIRST);
  #length = 0;

  constructor(max: number) {
    this.#max = max;
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length <= this.#max) {
      if (length > this.#octets.length) this.#grow(length);
      this.#octets.set(piece, this.#length);
    }
    this.#length = length;
  }

  get isTooLong(): boolean {
    return this.#length > this.#max;
  }

  /** The text so far, undefined where it was too long; begins anew. */
  take(): string | undefined {
    const text = this.isTooLong ? undefined : this.#octets.toString("utf8", 0, this.#length);
    this.#length = 0;
    return text;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.min(Math.max(length, this.#octets.length * 2), this.#max));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}
const GATHERED_FIRST = 16 * 1024;

const LINE_FEED = 0x0a;

/** A watch is a line of JSON for each event. */
export class LineCutter {
  readonly #line: Gathered;

  constructor(lineMax: number) {
    this.#line = new Gathered(lineMax);
  }

  /** The lines that end in this piece; undefined stands for one that was too long. */
  push(piece: Uint8Array): readonly (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, from)) {
      this.#line.append(piece.subarray(from, end));
      lines.push(this.#line.take());
      from = end + 1;
    }
    this.#line.append(piece.subarray(from));
    return lines;
  }

  /** Whether the line that has not ended yet is too long already. */
  get isTooLong(): boolean {
    return this.#line.isTooLong;
  }

  /** What came after the last line's end; undefined where it is too long. Begins anew. */
  rest(): string | undefined {
    return this.#line.take();
  }
}

const [QUOTE, COMMA, OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] =
  [0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d];
/** A list without its items: kind, version, where the next page starts. */
const HEAD_MAX = 1024 * 1024;

/**
 * A list is one object with its items in a list directly below: a page of 500 nodes is 15 MB of JSON. The items are
 * handed over one by one as they come, so that no page is held or parsed at once; what is around them is the head.
 */
export class ItemCutter {
  readonly #onItem: (text: string | undefined) => void;
  readonly #head: Gathered;
  readonly #item: Gathered;
  #depth = 0;
  #isInItem = false;
  /** Whether depth 2 is a list. */
  #isInList = false;
  #isInText = false;
  #isEscaped = false;

  /** `onItem` gets the text of each object, undefined for one longer than `itemMax` octets. */
  constructor(itemMax: number, onItem: (text: string | undefined) => void) {
    this.#head = new Gathered(HEAD_MAX);
    this.#item = new Gathered(itemMax);
    this.#onItem = onItem;
  }

  /** Takes the next piece. */
  push(piece: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const octet = piece[at]!;
      if (this.#isInText) {
        this.#text(octet);
      } else if (octet === QUOTE) {
        this.#isInText = true;
      } else if (octet === OPEN_OBJECT || octet === OPEN_LIST) {
        if (this.#opensItem(octet)) from = this.#handOver(this.#head, piece, from, at);
        this.#depth += 1;
        if (this.#depth === 2) this.#isInList = octet === OPEN_LIST;
      } else if (octet === CLOSE_OBJECT || octet === CLOSE_LIST) {
        this.#depth -= 1;
        if (this.#isInItem && this.#depth === 2) from = this.#closeItem(piece, from, at + 1);
      } else if (octet === COMMA && this.#depth === 2 && this.#isInList && !this.#isInItem) {
        from = this.#handOver(this.#head, piece, from, at) + 1;
      }
    }
    this.#handOver(this.#isInItem ? this.#item : this.#head, piece, from, piece.length);
  }

  /** The list without its items; undefined where even that is too long. */
  head(): string | undefined {
    return this.#head.take();
  }

  #text(octet: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (octet === BACKSLASH) this.#isEscaped = true;
    else if (octet === QUOTE) this.#isInText = false;
  }

  #opensItem(octet: number): boolean {
    if (octet !== OPEN_OBJECT || this.#depth !== 2 || !this.#isInList || this.#isInItem) return false;
    this.#isInItem = true;
    return true;
  }

  #closeItem(piece: Uint8Array, from: number, to: number): number {
    this.#handOver(this.#item, piece, from, to);
    this.#isInItem = false;
    this.#onItem(this.#item.take());
    return to;
  }

  #handOver(gathered: Gathered, piece: Uint8Array, from: number, to: number): number {
    gathered.append(piece.subarray(from, to));
    return to;
  }
}
