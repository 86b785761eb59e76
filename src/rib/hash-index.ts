/**
 * From a hash to the rows that have it: linear hashing (Litwin 1980) with the chains in the rows themselves. Rule: one
 * insertion splits at most one bucket and one removal merges at most one, so the index grows and shrinks with its rows
 * and no slice ever stalls on a rehash of millions.
 *
 * Open addressing was the other way. It needs two tables while one moves to the other, and slots that are reserved
 * but empty; this takes four octets for each row beside hash and link, always.
 */

import { U32Column } from "./pages.ts";
import type { Rows } from "./rows.ts";

const BUCKETS_MIN = 256;

/** An index over `rows`, which keep a hash and a link in two of their fields. */
export class HashIndex {
  readonly #rows: Rows;
  readonly #hashField: number;
  readonly #nextField: number;
  readonly #heads = new U32Column();
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
    return this.#heads.octets;
  }

  /** First row of the bucket of a hash; follow the rows' link and compare their hash. 0 ends it. */
  first(hash: number): number {
    return this.#heads.get(this.#bucketOf(hash));
  }

  add(id: number, hash: number): void {
    const bucket = this.#bucketOf(hash);
    this.#rows.set(id, this.#hashField, hash);
    this.#rows.set(id, this.#nextField, this.#heads.get(bucket));
    this.#heads.set(bucket, id);
    if (++this.#size > this.#buckets) this.#split();
  }

  remove(id: number): void {
    const rows = this.#rows;
    const bucket = this.#bucketOf(rows.get(id, this.#hashField));
    const next = rows.get(id, this.#nextField);
    let before = this.#heads.get(bucket);
    if (before === id) this.#heads.set(bucket, next);
    else {
      for (let at = before; at !== id; at = rows.get(at, this.#nextField)) before = at;
      rows.set(before, this.#nextField, next);
    }
    if (--this.#size < this.#buckets >>> 1 && this.#buckets > BUCKETS_MIN) this.#merge();
  }

  #bucketOf(hash: number): number {
    const bucket = (hash & this.#mask) >>> 0;
    return bucket < this.#buckets ? bucket : bucket & (this.#mask >>> 1);
  }

  /** One more bucket: its rows come out of the one that shares all but the top bit. */
  #split(): void {
    const added = this.#buckets++;
    if (added > this.#mask) this.#mask = this.#mask * 2 + 1;
    const rows = this.#rows;
    const from = added & (this.#mask >>> 1);
    let kept = 0;
    let moved = 0;
    for (let id = this.#heads.get(from), next = 0; id !== 0; id = next) {
      next = rows.get(id, this.#nextField);
      const moves = ((rows.get(id, this.#hashField) & this.#mask) >>> 0) === added;
      rows.set(id, this.#nextField, moves ? moved : kept);
      if (moves) moved = id;
      else kept = id;
    }
    this.#heads.set(from, kept);
    this.#heads.set(added, moved);
  }

  /** One bucket less: its rows join those of the one that shares all but the top bit. */
  #merge(): void {
    const removed = --this.#buckets;
    const into = removed & (this.#mask >>> 1);
    const rows = this.#rows;
    for (let id = this.#heads.get(removed), next = 0; id !== 0; id = next) {
      next = rows.get(id, this.#nextField);
      rows.set(id, this.#nextField, this.#heads.get(into));
      this.#heads.set(into, id);
    }
    this.#heads.set(removed, 0);
    if (removed === (this.#mask + 1) >>> 1) this.#mask >>>= 1;
  }
}
