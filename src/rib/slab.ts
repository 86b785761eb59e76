/**
 * Byte strings by handle, in size classes over pages. Rule: a slot is four octets of length and then the octets; a
 * page holds slots of one class, and goes back to the system when its last slot is freed.
 */

import { assert } from "../base/assert.ts";
import { EMPTY } from "../base/bytes.ts";
import { PAGE_OCTETS, dropPage, u8Page } from "./page.ts";

/** Octets of a slot, by class: every eighth where most blocks are, above two for each doubling (a sixth is wasted). */
const CLASSES: readonly number[] = [
  16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 160, 192, 256, 384, 512, 768, 1_024, 1_536, 2_048,
  3_072, 4_096, 6_144, 8_192, 16_384, 32_768, 65_536, 131_072,
];
/** Up to this a class is known without a search, which goes on at FIRST_ABOVE. */
const CLASSES_BY_EIGHT = 128;
const FIRST_ABOVE: number = CLASSES.indexOf(CLASSES_BY_EIGHT) + 1;
const HEADER_OCTETS = 4;
/** The longest string that a slab takes. */
export const SLAB_OCTETS_MAX: number = CLASSES[CLASSES.length - 1]! - HEADER_OCTETS;

/** A handle is page number and slot: a page of the smallest class has this many slots. */
const SLOT_BITS = 14;
const SLOT_MASK = (1 << SLOT_BITS) - 1;

interface Page {
  readonly bytes: Uint8Array;
  /** The same octets as words: lengths of live slots, links of free ones. */
  readonly words: Uint32Array;
  readonly class: number;
  readonly slotOctets: number;
  readonly slots: number;
  used: number;
  /** Slots ever used; those above were never written. */
  fill: number;
  /** First free slot below `fill`, plus one; 0 for none. */
  free: number;
}

/** Stores byte strings; a handle is a number greater than 0. */
export class Slab {
  /** By page number; 0 is never used, so no handle is 0. */
  readonly #pages: (Page | undefined)[] = [undefined];
  readonly #freePages: number[] = [];
  /** Page numbers with room, by class. */
  readonly #open: number[][] = CLASSES.map(() => []);
  #live = 0;

  /** Octets of the pages. */
  get octets(): number {
    return this.#live * PAGE_OCTETS;
  }

  /** Keeps a copy of bytes[at, end), followed by more[moreAt, moreEnd) where given. */
  store(
    bytes: Uint8Array, at: number, end: number, more: Uint8Array = EMPTY, moreAt = 0, moreEnd: number = more.length,
  ): number {
    const length = end - at + moreEnd - moreAt;
    const number = this.#pageFor(classOf(length + HEADER_OCTETS));
    const page = this.#pages[number]!;
    const slot = takeSlot(page);
    if (page.used === page.slots) this.#open[page.class]!.pop();
    const start = slot * page.slotOctets;
    page.words[start >>> 2] = length;
    copy(bytes, at, end, page.bytes, start + HEADER_OCTETS);
    copy(more, moreAt, moreEnd, page.bytes, start + HEADER_OCTETS + end - at);
    return number * (SLOT_MASK + 1) + slot;
  }

  /** Octets of a stored string. */
  length(handle: number): number {
    const page = this.#page(handle);
    return page.words[((handle & SLOT_MASK) * page.slotOctets) >>> 2]!;
  }

  /** The page that holds a string, to be read from `offset(handle)`. */
  pageBytes(handle: number): Uint8Array {
    return this.#page(handle).bytes;
  }

  /** Where a string starts in its page. */
  offset(handle: number): number {
    return (handle & SLOT_MASK) * this.#page(handle).slotOctets + HEADER_OCTETS;
  }

  /** The string as a view: valid until it is freed. */
  view(handle: number): Uint8Array {
    const at = this.offset(handle);
    return this.#page(handle).bytes.subarray(at, at + this.length(handle));
  }

  /** Whether the string's octets from `from` on begin with bytes[at, end). */
  equals(handle: number, bytes: Uint8Array, at: number, end: number, from = 0): boolean {
    const page = this.#page(handle);
    const stored = page.bytes;
    let i = (handle & SLOT_MASK) * page.slotOctets + HEADER_OCTETS + from;
    for (let j = at; j < end; j++, i++) if (stored[i] !== bytes[j]) return false;
    return true;
  }

  free(handle: number): void {
    const number = Math.floor(handle / (SLOT_MASK + 1));
    const page = this.#page(handle);
    const slot = handle & SLOT_MASK;
    if (page.used === page.slots) this.#open[page.class]!.push(number);
    page.words[(slot * page.slotOctets) >>> 2] = page.free;
    page.free = slot + 1;
    if (--page.used === 0) this.#emptied(number, page);
  }

  #page(handle: number): Page {
    const page = this.#pages[Math.floor(handle / (SLOT_MASK + 1))];
    assert(page !== undefined, "a slab handle is live");
    return page;
  }

  #pageFor(sizeClass: number): number {
    const open = this.#open[sizeClass]!;
    if (open.length > 0) return open[open.length - 1]!;
    const number = this.#freePages.pop() ?? this.#pages.length;
    const bytes = u8Page(PAGE_OCTETS);
    const slotOctets = CLASSES[sizeClass]!;
    const slots = Math.floor(PAGE_OCTETS / slotOctets);
    const words = new Uint32Array(bytes.buffer, 0, PAGE_OCTETS / 4);
    this.#pages[number] = { bytes, words, class: sizeClass, slotOctets, slots, used: 0, fill: 0, free: 0 };
    open.push(number);
    this.#live++;
    return number;
  }

  #emptied(number: number, page: Page): void {
    const open = this.#open[page.class]!;
    open.splice(open.indexOf(number), 1);
    dropPage(page.bytes);
    this.#pages[number] = undefined;
    this.#freePages.push(number);
    this.#live--;
  }
}

function takeSlot(page: Page): number {
  page.used++;
  if (page.free === 0) return page.fill++;
  const slot = page.free - 1;
  page.free = page.words[(slot * page.slotOctets) >>> 2]!;
  return slot;
}

function classOf(octets: number): number {
  assert(octets <= CLASSES[CLASSES.length - 1]!, "a string fits a slab");
  let found = octets <= CLASSES_BY_EIGHT ? Math.max(0, (octets - 9) >> 3) : FIRST_ABOVE;
  while (CLASSES[found]! < octets) found++;
  return found;
}

/** Short runs, as attribute blocks are, copy faster in a loop than through subarray and set. */
function copy(from: Uint8Array, at: number, end: number, to: Uint8Array, toAt: number): void {
  if (end - at > 128) to.set(from.subarray(at, end), toAt);
  else for (let i = at, j = toAt; i < end; i++, j++) to[j] = from[i]!;
}
