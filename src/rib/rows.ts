/**
 * Rows of 32-bit words over pages: a record by dense id, all its fields in one cache line or two. Rule: the lowest free
 * id is taken first, so that tables that shrink fall back to their first pages and the others return to the system.
 */

import { assert } from "../base/assert.ts";
import { NO_WORDS, PAGE_OCTETS, dropPage, noPages, u32Page } from "./page.ts";

/** What is known of a page beside its words. */
interface PageUse {
  /** Rows that can be given out: row 0 cannot. */
  readonly capacity: number;
  /** Live rows. */
  used: number;
  /** Rows ever used since the page is there; those above were never written. */
  fill: number;
  /** First free row below `fill`, plus one; 0 for none. Free rows are linked through their first word. */
  free: number;
}

/** A table of rows of `stride` words. Row 0 is never given out. */
export class Rows {
  /** Words of a row. */
  readonly stride: number;
  /** A row's page is id >>> shift, its place in the page (id & mask) * stride. */
  readonly shift: number;
  readonly mask: number;
  /** The pages; hot loops fetch one per run of work. An absent page has no words. */
  readonly pages: Uint32Array[] = noPages();
  readonly #use: PageUse[] = [];
  readonly #rowsPerPage: number;
  /** No page below this one has a free row. */
  #lowest = 0;
  /** An empty page that keeps its memory, so that a row that comes and goes costs no page each time. */
  #spare = -1;
  #size = 0;
  #live = 0;

  constructor(stride: number) {
    this.stride = stride;
    this.shift = Math.floor(Math.log2(PAGE_OCTETS / (4 * stride)));
    this.#rowsPerPage = 1 << this.shift;
    this.mask = this.#rowsPerPage - 1;
  }

  /** Live rows. */
  get size(): number {
    return this.#size;
  }

  /** No live id is greater than this. */
  get idsMax(): number {
    const last = this.#use.length - 1;
    return last < 0 ? 0 : last * this.#rowsPerPage + this.#use[last]!.fill - 1;
  }

  /** Octets of the pages. */
  get octets(): number {
    return this.#live * this.#rowsPerPage * this.stride * 4;
  }

  get(id: number, field: number): number {
    return this.pages[id >>> this.shift]![(id & this.mask) * this.stride + field]!;
  }

  set(id: number, field: number, value: number): void {
    this.pages[id >>> this.shift]![(id & this.mask) * this.stride + field] = value;
  }

  /** A field of any id, also of one that was never given out: then 0. */
  peek(id: number, field: number): number {
    const page = this.pages[id >>> this.shift];
    return page === undefined ? 0 : page[(id & this.mask) * this.stride + field] ?? 0;
  }

  /** Takes a row. Its words are what the last owner left, or 0: the caller writes all of them. */
  take(): number {
    const at = this.#hasRoom(this.#lowest) ? this.#lowest : this.#pageWithRoom();
    const use = this.#use[at]!;
    use.used++;
    this.#size++;
    if (use.free === 0) return at * this.#rowsPerPage + use.fill++;
    const slot = use.free - 1;
    use.free = this.pages[at]![slot * this.stride]!;
    return at * this.#rowsPerPage + slot;
  }

  /** Gives a row back; the caller guarantees that nothing refers to it. All its words are 0 or a link from now on. */
  give(id: number): void {
    const at = id >>> this.shift;
    const use = this.#use[at];
    assert(id > 0 && use !== undefined && use.used > 0, "a row that is given back is live");
    const slot = id & this.mask;
    const page = this.pages[at]!;
    const row = slot * this.stride;
    for (let word = row + this.stride - 1; word > row; word--) page[word] = 0;
    page[row] = use.free;
    use.free = slot + 1;
    use.used--;
    this.#size--;
    if (at < this.#lowest) this.#lowest = at;
    if (use.used === 0) this.#emptied(at);
  }

  /** Whether a page is there and not full. */
  #hasRoom(at: number): boolean {
    if (at >= this.#use.length) return false;
    const { used, capacity } = this.#use[at]!;
    return used < capacity && this.pages[at]!.length > 0;
  }

  /** The lowest page with room, or a new one. */
  #pageWithRoom(): number {
    const uses = this.#use;
    let at = this.#lowest;
    while (at < uses.length && uses[at]!.used === uses[at]!.capacity) at++;
    this.#lowest = at;
    if (at === uses.length) {
      const reserved = at === 0 ? 1 : 0;
      uses.push({ capacity: this.#rowsPerPage - reserved, used: 0, fill: reserved, free: 0 });
      this.pages.push(NO_WORDS);
    }
    if (this.pages[at]!.length === 0) {
      this.pages[at] = u32Page(this.#rowsPerPage * this.stride);
      this.#live++;
    }
    return at;
  }

  #emptied(at: number): void {
    const use = this.#use[at]!;
    clearLinks(this.pages[at]!, this.stride, use.free);
    use.free = 0;
    use.fill = at === 0 ? 1 : 0;
    const spare = this.#spare;
    this.#spare = at;
    if (spare >= 0 && spare !== at && spare < this.#use.length && this.#use[spare]!.used === 0) this.#close(spare);
    while (this.#use.length > 0 && this.#use[this.#use.length - 1]!.used === 0) this.#dropLast();
  }

  #dropLast(): void {
    const at = this.#use.length - 1;
    this.#close(at);
    this.#use.pop();
    this.pages.pop();
    if (this.#lowest > at) this.#lowest = at;
  }

  #close(at: number): void {
    const page = this.pages[at]!;
    if (page.length === 0) return;
    dropPage(page);
    this.pages[at] = NO_WORDS;
    this.#live--;
  }
}

/**
 * Rows of a page that stays are all 0 but for their links: without them it reads as new. Alone in its function, as V8
 * compiles a long loop while it runs, and throws that away again where anything follows it.
 */
function clearLinks(page: Uint32Array, stride: number, firstFree: number): void {
  for (let slot = firstFree; slot !== 0;) {
    const word = (slot - 1) * stride;
    slot = page[word]!;
    page[word] = 0;
  }
}
