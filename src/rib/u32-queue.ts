/** A first-in first-out queue of 32-bit numbers over pages. Rule: a page that was read to its end goes back at once. */

import { PAGE_OCTETS, dropPage, noPages, u32Page } from "./page.ts";

const WORDS = PAGE_OCTETS / 4;

/** A queue of unsigned 32-bit numbers. */
export class U32Queue {
  readonly #pages: Uint32Array[] = noPages();
  /** Next to be read in the first page, next to be written in the last. */
  #from = 0;
  #to = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get octets(): number {
    return this.#pages.length * PAGE_OCTETS;
  }

  push(value: number): void {
    if (this.#pages.length === 0 || this.#to === WORDS) {
      this.#pages.push(u32Page(WORDS));
      this.#to = 0;
    }
    this.#pages[this.#pages.length - 1]![this.#to++] = value;
    this.#length++;
  }

  /** The oldest number, 0 when there is none. It stays. */
  peek(): number {
    return this.#length === 0 ? 0 : this.#pages[0]![this.#from]!;
  }

  /** Takes the oldest number; 0 when there is none. */
  shift(): number {
    if (this.#length === 0) return 0;
    const value = this.#pages[0]![this.#from++]!;
    this.#length--;
    if (this.#length === 0) this.#rewind();
    else if (this.#from === WORDS) this.#dropFirst();
    return value;
  }

  /** Empty: the last page is used again from its start, so that short bursts take no new page. */
  #rewind(): void {
    while (this.#pages.length > 1) this.#dropFirst();
    this.#from = 0;
    this.#to = 0;
  }

  #dropFirst(): void {
    dropPage(this.#pages.shift()!);
    this.#from = 0;
  }
}
