/**
 * From a hash to the rows that have it: linear hashing (Litwin 1980) with the chains in the rows themselves. Rule: one
 * insertion splits at most one bucket and one removal merges at most two, so the index grows and shrinks with its rows
 * and no slice ever stalls on a rehash of millions.
 *
 * Open addressing was the other way. It needs two tables while one moves to the other, and slots that are reserved
 * but empty; this takes four octets for each row beside hash and link, always.
 */

import { PAGE_OCTETS, dropPage, noPages, u32Page } from "./page.ts";
import type { Rows } from "./rows.ts";

const BUCKETS_MIN = 256;
const PAGE_SHIFT = 16;
const PAGE_WORDS = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_WORDS - 1;
/** Buckets by which an index must fall short of its last page before that is given back. */
const PAGE_SLACK = 4_096;

/** An index over `rows`, which keep a hash and a link in two of their fields. Hot: pages are fetched once per row. */
export class HashIndex {
  readonly #rows: Rows;
  readonly #hashField: number;
  readonly #nextField: number;
  /** The first row of each bucket. */
  readonly #heads: Uint32Array[] = noPages();
  #buckets = BUCKETS_MIN;
  /** Smallest 2^n - 1 that is not less than the last bucket. */
  #mask = BUCKETS_MIN - 1;
  #size = 0;

  constructor(rows: Rows, hashField: number, nextField: number) {
    this.#rows = rows;
    this.#hashField = hashField;
    this.#nextField = nextField;
  }

  /** Rows in the index. */
  get size(): number {
    return this.#size;
  }

  /** Octets of the buckets. */
  get octets(): number {
    return this.#heads.length * PAGE_OCTETS;
  }

  /** First row of the bucket of a hash; follow the rows' link and compare their hash. 0 ends it. */
  first(hash: number): number {
    const bucket = this.#bucketOf(hash);
    const page = this.#heads[bucket >>> PAGE_SHIFT];
    return page === undefined ? 0 : page[bucket & PAGE_MASK]!;
  }

  add(id: number, hash: number): void {
    const { pages, shift, mask, stride } = this.#rows;
    const bucket = this.#bucketOf(hash);
    const heads = this.#heads[bucket >>> PAGE_SHIFT] ?? this.#open();
    const page = pages[id >>> shift]!;
    const row = (id & mask) * stride;
    page[row + this.#hashField] = hash;
    page[row + this.#nextField] = heads[bucket & PAGE_MASK]!;
    heads[bucket & PAGE_MASK] = id;
    if (++this.#size > this.#buckets) this.#split();
  }

  remove(id: number): void {
    const { pages, shift, mask, stride } = this.#rows;
    const page = pages[id >>> shift]!;
    const row = (id & mask) * stride;
    const next = page[row + this.#nextField]!;
    const bucket = this.#bucketOf(page[row + this.#hashField]!);
    const heads = this.#heads[bucket >>> PAGE_SHIFT]!;
    let before = heads[bucket & PAGE_MASK]!;
    if (before === id) heads[bucket & PAGE_MASK] = next;
    else {
      for (let at = before; at !== id; at = this.#rows.get(at, this.#nextField)) before = at;
      this.#rows.set(before, this.#nextField, next);
    }
    this.#size--;
    // Two, so that an index that empties from half full has no buckets left over when it is empty.
    for (let i = 0; i < 2 && this.#size < this.#buckets >>> 1 && this.#buckets > BUCKETS_MIN; i++) this.#merge();
  }

  #bucketOf(hash: number): number {
    const bucket = (hash & this.#mask) >>> 0;
    return bucket < this.#buckets ? bucket : bucket & (this.#mask >>> 1);
  }

  /** One more bucket: its rows come out of the one that shares all but the top bit. */
  #split(): void {
    const { pages, shift, mask, stride } = this.#rows;
    const hashField = this.#hashField;
    const nextField = this.#nextField;
    const added = this.#buckets++;
    if (added > this.#mask) this.#mask = this.#mask * 2 + 1;
    if (added >>> PAGE_SHIFT === this.#heads.length) this.#open();
    const from = added & (this.#mask >>> 1);
    const heads = this.#heads[from >>> PAGE_SHIFT]!;
    let kept = 0;
    let moved = 0;
    for (let id = heads[from & PAGE_MASK]!; id !== 0;) {
      const page = pages[id >>> shift]!;
      const row = (id & mask) * stride;
      const next = page[row + nextField]!;
      if (((page[row + hashField]! & this.#mask) >>> 0) === added) {
        page[row + nextField] = moved;
        moved = id;
      } else {
        page[row + nextField] = kept;
        kept = id;
      }
      id = next;
    }
    heads[from & PAGE_MASK] = kept;
    this.#heads[added >>> PAGE_SHIFT]![added & PAGE_MASK] = moved;
  }

  /** One bucket less: its rows join those of the one that shares all but the top bit. */
  #merge(): void {
    const removed = --this.#buckets;
    const into = removed & (this.#mask >>> 1);
    const heads = this.#heads[removed >>> PAGE_SHIFT]!;
    const intoHeads = this.#heads[into >>> PAGE_SHIFT]!;
    for (let id = heads[removed & PAGE_MASK]!; id !== 0;) {
      const next = this.#rows.get(id, this.#nextField);
      this.#rows.set(id, this.#nextField, intoHeads[into & PAGE_MASK]!);
      intoHeads[into & PAGE_MASK] = id;
      id = next;
    }
    heads[removed & PAGE_MASK] = 0;
    if (removed === (this.#mask + 1) >>> 1) this.#mask >>>= 1;
    if (removed + PAGE_SLACK === (this.#heads.length - 1) * PAGE_WORDS) dropPage(this.#heads.pop()!);
  }

  #open(): Uint32Array {
    const page = u32Page(PAGE_WORDS);
    this.#heads.push(page);
    return page;
  }
}
