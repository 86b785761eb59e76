/**
 * Pages: the unit in which the tables take memory and give it back. Rule: a page's buffer is a growable shared one that
 * never grows, seen through an array of fixed length; nothing else gives both speed and memory back.
 *
 * - An ordinary buffer that is forgotten goes back to malloc, which keeps it (measured: 100 of 100 MiB).
 * - A resizable one can be cut to nothing at once, but each access looks for its length anew (measured: a million
 *   routes into the tables cost a third more).
 * - A growable shared one is mapped by itself, unmapped by the collection after it was forgotten, takes memory only
 *   where it is touched, and since it cannot shrink V8 reads it like an ordinary one.
 *
 * V8 does not count shared memory, so it does not collect sooner for it: `daemon/garbage.ts` asks for a collection when
 * tables have shrunk, and what comes and goes in between is used again here.
 */

/** Octets of a page, at most. */
export const PAGE_OCTETS = 262_144;

/** A page that is not there. */
export const NO_WORDS: Uint32Array = new Uint32Array(0);

/** Pages that are kept for whoever needs one next. */
const SPARE_PAGES = 8;

/** What Node 20 has and the ES2023 library does not say. */
const GrowableBuffer = SharedArrayBuffer as unknown as
  new (octets: number, options: { readonly maxByteLength: number }) => SharedArrayBuffer;

/** Buffers of dropped pages, as their owners left them. */
const spare: ArrayBufferLike[] = [];

/** A page of `words` 32-bit words, all zero. */
export function u32Page(words: number): Uint32Array {
  const used = spare.pop();
  if (used === undefined) return new Uint32Array(newBuffer(), 0, words);
  return new Uint32Array(used, 0, words).fill(0);
}

/** A page of octets, as its last owner left them. */
export function u8Page(octets: number): Uint8Array {
  return new Uint8Array(spare.pop() ?? newBuffer(), 0, octets);
}

/** Gives a page's memory back. No view of it may be read any more: it may be another's page soon. */
export function dropPage(page: Uint32Array | Uint8Array): void {
  if (spare.length < SPARE_PAGES) spare.push(page.buffer);
}

/**
 * A list for pages, with none in it. It had one: V8 takes a list that was born empty for one of numbers, and throws
 * away what it compiled for lists of pages when it meets that.
 */
export function noPages(): Uint32Array[] {
  const pages = [NO_WORDS];
  pages.pop();
  return pages;
}

function newBuffer(): SharedArrayBuffer {
  return new GrowableBuffer(PAGE_OCTETS, { maxByteLength: PAGE_OCTETS });
}
