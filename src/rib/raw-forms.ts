/**
 * Raw attribute blocks, as peers sent them, that mean a set whose canonical block differs. Rule: a set has at most
 * FORMS_MAX of them, the oldest gives way, and all are gone when the set is.
 */

import { HashIndex } from "./hash-index.ts";
import type { AttributesId } from "./ids.ts";
import { U32Column } from "./pages.ts";
import { Rows } from "./rows.ts";
import type { Slab } from "./slab.ts";

const HASH = 0;
const NEXT = 1;
const HANDLE = 2;
const BLOCK_OCTETS = 3;
/** Context key in bits 0-3, then DISCARDS. */
const CONTEXT = 4;
const SET = 5;
/** Next older form of the same set. */
const OLDER = 6;
const STRIDE = 7;

const CONTEXT_MASK = 15;
const DISCARDS = 16;
const FORMS_MAX = 8;

/** The raw forms of all sets of a store. A form is a number greater than 0. */
export class RawForms {
  readonly #rows = new Rows(STRIDE);
  readonly #index = new HashIndex(this.#rows, HASH, NEXT);
  readonly #slab: Slab;
  /** The newest form of a set. */
  readonly #newest = new U32Column();

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Octets beside the slab's. */
  get octets(): number {
    return this.#rows.octets + this.#index.octets + this.#newest.octets;
  }

  /** The form of these octets in this context, or 0. */
  find(
    hash: number, bytes: Uint8Array, at: number, end: number, contextKey: number,
    nextHop: Uint8Array, nhAt: number, nhEnd: number,
  ): number {
    const rows = this.#rows;
    for (let form = this.#index.first(hash); form !== 0; form = rows.get(form, NEXT)) {
      if ((rows.get(form, HASH) | 0) !== hash || (rows.get(form, CONTEXT) & CONTEXT_MASK) !== contextKey) continue;
      const handle = rows.get(form, HANDLE);
      const octets = rows.get(form, BLOCK_OCTETS);
      if (
        octets === end - at && this.#slab.length(handle) === octets + nhEnd - nhAt &&
        this.#slab.equals(handle, bytes, at, end) && this.#slab.equals(handle, nextHop, nhAt, nhEnd, octets)
      ) return form;
    }
    return 0;
  }

  /** Adds a form of a set, unless it is known. */
  add(
    hash: number, bytes: Uint8Array, at: number, end: number, contextKey: number,
    nextHop: Uint8Array, nhAt: number, nhEnd: number, id: AttributesId, discards: boolean,
  ): void {
    if (this.find(hash, bytes, at, end, contextKey, nextHop, nhAt, nhEnd) !== 0) return;
    const rows = this.#rows;
    const form = rows.take();
    rows.set(form, HANDLE, this.#slab.store(bytes, at, end, nextHop, nhAt, nhEnd));
    rows.set(form, BLOCK_OCTETS, end - at);
    rows.set(form, CONTEXT, contextKey | (discards ? DISCARDS : 0));
    rows.set(form, SET, id);
    rows.set(form, OLDER, this.#newest.get(id));
    this.#index.add(form, hash);
    this.#newest.set(id, form);
    this.#dropOldest(form);
  }

  setOf(form: number): AttributesId {
    return this.#rows.get(form, SET) as AttributesId;
  }

  discards(form: number): boolean {
    return (this.#rows.get(form, CONTEXT) & DISCARDS) !== 0;
  }

  /** Frees all forms of a set. */
  dropOf(id: AttributesId): void {
    if (this.size === 0) return;
    let form = this.#newest.get(id);
    if (form === 0) return;
    this.#newest.set(id, 0);
    while (form !== 0) {
      const older = this.#rows.get(form, OLDER);
      this.#drop(form);
      form = older;
    }
  }

  #dropOldest(newest: number): void {
    let last = newest;
    for (let count = 1; count < FORMS_MAX && last !== 0; count++) last = this.#rows.get(last, OLDER);
    const beyond = last === 0 ? 0 : this.#rows.get(last, OLDER);
    if (beyond === 0) return;
    this.#rows.set(last, OLDER, 0);
    this.#drop(beyond);
  }

  #drop(form: number): void {
    this.#index.remove(form);
    this.#slab.free(this.#rows.get(form, HANDLE));
    this.#rows.give(form);
  }
}
