/**
 * Columns of numbers over pages, indexed by an id. Rule: what was never written reads as 0, and a page whose entries
 * are all 0 is no page: it goes back to the system.
 */

import { PAGE_OCTETS, dropPage, noPages, u32Page } from "./page.ts";

const U32_SHIFT = 16;
const U32_WORDS = 1 << U32_SHIFT;
const U32_MASK = U32_WORDS - 1;

/** Unsigned 32-bit numbers by id. */
export class U32Column {
  readonly #pages: (Uint32Array | undefined)[] = noPages();
  readonly #used: number[] = [];
  /** The page that emptied last keeps its memory, so that one entry set and cleared in turn costs nothing. */
  #spare = -1;
  #live = 0;

  /** Never reads past the list's end: V8 throws away what it compiled for a caller whenever that happens first. */
  get(i: number): number {
    const at = i >>> U32_SHIFT;
    const page = at < this.#pages.length ? this.#pages[at] : undefined;
    return page === undefined ? 0 : page[i & U32_MASK]!;
  }

  set(i: number, value: number): void {
    const at = i >>> U32_SHIFT;
    const page = (at < this.#pages.length ? this.#pages[at] : undefined) ?? this.#open(at, value);
    if (page === undefined) return;
    const old = page[i & U32_MASK]!;
    page[i & U32_MASK] = value;
    if (old === 0) {
      if (value !== 0) this.#used[at]!++;
    } else if (value === 0 && --this.#used[at]! === 0) this.#emptied(at);
  }

  /** Octets of the pages. */
  get octets(): number {
    return this.#live * PAGE_OCTETS;
  }

  /** Sets every entry from `from` on to 0, and gives back every page that is empty now. */
  trim(from: number): void {
    const first = from >>> U32_SHIFT;
    const page = this.#pages[first];
    if (page !== undefined && (from & U32_MASK) !== 0) {
      for (let i = from & U32_MASK; i < U32_WORDS; i++) if (page[i] !== 0) this.#used[first]!--;
      page.fill(0, from & U32_MASK);
    }
    for (let at = this.#pages.length - 1; at >= 0; at--) {
      if (this.#used[at] === 0 || at * U32_WORDS >= from) this.#close(at);
    }
  }

  #open(at: number, value: number): Uint32Array | undefined {
    if (value === 0) return undefined;
    while (this.#pages.length <= at) {
      this.#pages.push(undefined);
      this.#used.push(0);
    }
    this.#live++;
    return (this.#pages[at] = u32Page(U32_WORDS));
  }

  #emptied(at: number): void {
    const spare = this.#spare;
    this.#spare = at;
    if (spare >= 0 && spare !== at && this.#used[spare] === 0) this.#close(spare);
  }

  #close(at: number): void {
    const page = this.#pages[at];
    if (page === undefined) return;
    dropPage(page);
    this.#pages[at] = undefined;
    this.#used[at] = 0;
    this.#live--;
  }
}
