/**
 * Attribute sets, each stored once: a canonical block with its next hop, and what decision and export ask of it in
 * columns. Rule: a set lives while something retains it; what was interned and never retained is forgotten after
 * NEWBORNS further ones. Raw forms that peers send are known to the set they mean, so a block is decoded once.
 */

import { assert } from "../base/assert.ts";
import { EMPTY, readU32 } from "../base/bytes.ts";
import { findAttribute } from "../messages/attributes/block.ts";
import { ATTRIBUTE } from "../messages/attributes/codes.ts";
import { newSummary, summarise } from "../messages/attributes/summary.ts";
import type { AttributeSummary } from "../messages/attributes/summary.ts";
import { HashIndex } from "./hash-index.ts";
import { hashBytes, hashKey } from "./hash.ts";
import type { HashKey } from "./hash.ts";
import { NO_ATTRIBUTES } from "./ids.ts";
import type { AttributesId } from "./ids.ts";
import { RawForms } from "./raw-forms.ts";
import { Rows } from "./rows.ts";
import { Slab } from "./slab.ts";

/** Fields of a row. */
const HASH = 0;
const NEXT = 1;
const REFERENCES = 2;
const HANDLE = 3;
/**
 * Octets of the canonical block in bits 0-17; octets of a next hop that is not in it follow in the slab. Above them
 * which newborn a set was, from 1 on, so that an entry of the ring for an earlier owner of the id, or none, is known.
 */
const BLOCK = 4;
/** Octets of the next hop in the low octet, above them where it starts. */
const NEXT_HOP = 5;
const MED = 6;
const LOCAL_PREF = 7;
const FIRST_AS = 8;
const ORIGINATOR_ID = 9;
/** AS_PATH length in the low half, CLUSTER_LIST length in the high half. */
const LENGTHS = 10;
/** ORIGIN in bits 0-1, HAS_* to bit 6, WELL_KNOWN in bits 7-15, from bit 16 on the context keys that send this form. */
const BITS = 11;
const STRIDE = 12;

const HAS_MED = 4;
const HAS_LOCAL_PREF = 8;
const HAS_ORIGINATOR_ID = 16;
const HAS_OTC = 32;
const HAS_AS_SET = 64;
const WELL_KNOWN_SHIFT = 7;
const WELL_KNOWN_MASK = 0x1ff;
const CONTEXT_SHIFT = 16;
const BLOCK_OCTETS_MASK = 0x3_ffff;
const BIRTH_SHIFT = 18;
const BIRTH_MAX = 0x3fff;
const NEXT_HOP_OCTETS_MASK = 0xff;
const NEXT_HOP_AT_SHIFT = 8;
const LENGTH_MAX = 0xffff;
/** Sets interned and not retained that are kept at most: more than one message can need. */
const NEWBORNS = 64;

/** What the store is made with. */
export interface AttributeStoreOptions {
  /** The secret of this process's hashes. */
  readonly seed: number;
  /** Sets that are held at most; beyond, `intern` answers 0. */
  readonly setsMax?: number;
}

/** All attribute sets of a speaker, over all families. */
export class AttributeStore {
  readonly #rows = new Rows(STRIDE);
  readonly #index: HashIndex;
  readonly #slab = new Slab();
  readonly #raw: RawForms;
  readonly #key: HashKey;
  readonly #setsMax: number;
  readonly #summary: AttributeSummary = newSummary();
  readonly #newborns = new Uint32Array(NEWBORNS);
  readonly #births = new Uint32Array(NEWBORNS);
  #birth = 0;
  /** Of the last `resolve`. */
  #lastDiscards = false;
  #lastHash = 0;
  #lastSame: AttributesId = NO_ATTRIBUTES;

  constructor(options: AttributeStoreOptions) {
    this.#key = hashKey(options.seed);
    this.#index = new HashIndex(this.#rows, HASH, NEXT);
    this.#raw = new RawForms(this.#slab);
    this.#setsMax = options.setsMax ?? 0x0fff_ffff;
  }

  /** Sets held. */
  get size(): number {
    return this.#rows.size;
  }

  /** Raw forms held beside the canonical ones. */
  get rawForms(): number {
    return this.#raw.size;
  }

  /** No live id is greater. */
  get idsMax(): number {
    return this.#rows.idsMax;
  }

  get octets(): number {
    return this.#rows.octets + this.#index.octets + this.#slab.octets + this.#raw.octets;
  }

  /** Whether the last `resolve` that found a set did so for a form of which attributes are discarded (RFC 7606 §2). */
  get lastDiscards(): boolean {
    return this.#lastDiscards;
  }

  /**
   * The id of a canonical block [at, end) with its next hop (4, 16 or 32 octets; EMPTY for none, or where the block
   * holds NEXT_HOP itself). New sets have no reference: the caller retains. 0: the store is full.
   */
  intern(block: Uint8Array, at: number, end: number, nextHop: Uint8Array): AttributesId {
    const more = findAttribute(block, at, end, ATTRIBUTE.NEXT_HOP) === undefined ? nextHop : EMPTY;
    const hash = hashBytes(this.#key, block, at, end, more, 0, more.length);
    const found = this.#search(hash, block, at, end, more, 0, more.length);
    return found !== 0 ? found : this.#add(hash, block, at, end, more, 0, more.length);
  }

  /**
   * The set that a raw block means, without decoding it; 0 where that is not known yet: the caller decodes, interns and
   * says so with `alias`. The block is what the peer sent but for MP_REACH_NLRI and MP_UNREACH_NLRI; the next hop is
   * MP_REACH_NLRI's, none for classic NLRI. `contextKey` (0..15) stands for what else decides the reading.
   */
  resolve(
    bytes: Uint8Array, at: number, end: number, contextKey: number, nextHop: Uint8Array, nhAt: number, nhEnd: number,
  ): AttributesId {
    const hash = hashBytes(this.#key, bytes, at, end, nextHop, nhAt, nhEnd);
    const same = this.#search(hash, bytes, at, end, nextHop, nhAt, nhEnd);
    this.#lastDiscards = false;
    this.#lastHash = hash;
    this.#lastSame = same;
    if (same !== 0 && (this.#rows.get(same, BITS) & (1 << (CONTEXT_SHIFT + contextKey))) !== 0) return same;
    if (this.#raw.size === 0) return NO_ATTRIBUTES;
    const raw = this.#raw.find(hash, bytes, at, end, contextKey, nextHop, nhAt, nhEnd);
    if (raw === 0) return NO_ATTRIBUTES;
    this.#lastDiscards = this.#raw.discards(raw);
    return this.#raw.setOf(raw);
  }

  /**
   * `intern` and `alias` in one, for the very octets that the last `resolve` did not know: hashed and searched once.
   * The block is canonical, and holds NEXT_HOP where there is no next hop beside it. 0: the store is full.
   */
  adopt(
    block: Uint8Array, at: number, end: number, contextKey: number, nextHop: Uint8Array, nhAt: number, nhEnd: number,
  ): AttributesId {
    const same = this.#lastSame;
    const id = same !== 0 ? same : this.#add(this.#lastHash, block, at, end, nextHop, nhAt, nhEnd);
    if (id !== 0) this.#rows.set(id, BITS, this.#rows.get(id, BITS) | (1 << (CONTEXT_SHIFT + contextKey)));
    return id;
  }

  /** Remembers that a raw block, given as to `resolve`, means the set `id`; `discards`: it lost attributes. */
  alias(
    bytes: Uint8Array, at: number, end: number, contextKey: number, nextHop: Uint8Array, nhAt: number, nhEnd: number,
    id: AttributesId, discards: boolean,
  ): void {
    if (!discards && this.#isForm(id, bytes, at, end, nextHop, nhAt, nhEnd)) {
      this.#rows.set(id, BITS, this.#rows.get(id, BITS) | (1 << (CONTEXT_SHIFT + contextKey)));
      return;
    }
    const hash = hashBytes(this.#key, bytes, at, end, nextHop, nhAt, nhEnd);
    this.#raw.add(hash, bytes, at, end, contextKey, nextHop, nhAt, nhEnd, id, discards);
  }

  retain(id: AttributesId): void {
    const { pages, shift, mask } = this.#rows;
    const page = pages[id >>> shift];
    const row = (id & mask) * STRIDE;
    assert(page !== undefined && page[row + HANDLE]! > 0, "a retained attribute set is live");
    page[row + REFERENCES]!++;
  }

  /** Gives a reference back; the last one frees the set. */
  release(id: AttributesId): void {
    const { pages, shift, mask } = this.#rows;
    const page = pages[id >>> shift]!;
    const at = (id & mask) * STRIDE + REFERENCES;
    const left = page[at]! - 1;
    assert(left >= 0, "a released attribute set was retained");
    page[at] = left;
    if (left === 0) this.#free(id);
  }

  /** References to a set. */
  references(id: AttributesId): number {
    return this.#rows.peek(id, REFERENCES);
  }

  /** Frees every set that was interned and never retained. */
  collect(): void {
    for (let i = 0; i < NEWBORNS; i++) this.#forget(i);
  }

  /** The canonical block, as a view: valid while the set lives. */
  block(id: AttributesId): Uint8Array {
    const handle = this.#rows.get(id, HANDLE);
    const at = this.#slab.offset(handle);
    return this.#slab.pageBytes(handle).subarray(at, at + this.blockOctets(id));
  }

  /** The next hop: 4, 16 or 32 octets, also where the block holds it as NEXT_HOP; empty for none. A view. */
  nextHop(id: AttributesId): Uint8Array {
    const octets = this.nextHopOctets(id);
    if (octets === 0) return EMPTY;
    const handle = this.#rows.get(id, HANDLE);
    const at = this.#slab.offset(handle) + (this.#rows.get(id, NEXT_HOP) >>> NEXT_HOP_AT_SHIFT);
    return this.#slab.pageBytes(handle).subarray(at, at + octets);
  }

  /** Octets among which those of the set are, from `blockAt` and `nextHopAt` on: valid while the set lives. */
  page(id: AttributesId): Uint8Array {
    return this.#slab.pageBytes(this.#rows.get(id, HANDLE));
  }

  /** Where the canonical block starts in its page. */
  blockAt(id: AttributesId): number {
    return this.#slab.offset(this.#rows.get(id, HANDLE));
  }

  /** Where the next hop starts in its page. */
  nextHopAt(id: AttributesId): number {
    return this.blockAt(id) + (this.#rows.get(id, NEXT_HOP) >>> NEXT_HOP_AT_SHIFT);
  }

  /** Octets of the canonical block. */
  blockOctets(id: AttributesId): number {
    return this.#rows.get(id, BLOCK) & BLOCK_OCTETS_MASK;
  }

  /** Octets of the next hop, 0 where there is none: without the view that `nextHop` makes. */
  nextHopOctets(id: AttributesId): number {
    return this.#rows.get(id, NEXT_HOP) & NEXT_HOP_OCTETS_MASK;
  }

  /** ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE. */
  origin(id: AttributesId): number {
    return this.#rows.get(id, BITS) & 3;
  }

  /** AS_PATH length as decision counts it (RFC 4271 §9.1.2.2 a: a set is one). */
  asPathLength(id: AttributesId): number {
    return this.#rows.get(id, LENGTHS) & LENGTH_MAX;
  }

  clusterListLength(id: AttributesId): number {
    return this.#rows.get(id, LENGTHS) >>> 16;
  }

  /** The neighbouring AS: the leftmost of AS_PATH, 0 where it is empty or starts with a set. */
  firstAs(id: AttributesId): number {
    return this.#rows.get(id, FIRST_AS);
  }

  hasAsSet(id: AttributesId): boolean {
    return (this.#rows.get(id, BITS) & HAS_AS_SET) !== 0;
  }

  /** MULTI_EXIT_DISC, 0 where absent. */
  med(id: AttributesId): number {
    return this.#rows.get(id, MED);
  }

  hasMed(id: AttributesId): boolean {
    return (this.#rows.get(id, BITS) & HAS_MED) !== 0;
  }

  /** LOCAL_PREF, 100 where absent. */
  localPref(id: AttributesId): number {
    return this.#rows.get(id, LOCAL_PREF);
  }

  hasLocalPref(id: AttributesId): boolean {
    return (this.#rows.get(id, BITS) & HAS_LOCAL_PREF) !== 0;
  }

  /** ORIGINATOR_ID, 0 where absent. */
  originatorId(id: AttributesId): number {
    return this.#rows.get(id, ORIGINATOR_ID);
  }

  hasOriginatorId(id: AttributesId): boolean {
    return (this.#rows.get(id, BITS) & HAS_ORIGINATOR_ID) !== 0;
  }

  /** The well-known communities it carries: WELL_KNOWN bits of messages/attributes/summary.ts. */
  flags(id: AttributesId): number {
    return (this.#rows.get(id, BITS) >>> WELL_KNOWN_SHIFT) & WELL_KNOWN_MASK;
  }

  /** Only to Customer (RFC 9234), 0 where absent. */
  otc(id: AttributesId): number {
    if (!this.hasOtc(id)) return 0;
    const block = this.block(id);
    return readU32(block, findAttribute(block, 0, block.length, ATTRIBUTE.OTC)!.at);
  }

  hasOtc(id: AttributesId): boolean {
    return (this.#rows.get(id, BITS) & HAS_OTC) !== 0;
  }

  #search(
    hash: number, bytes: Uint8Array, at: number, end: number, more: Uint8Array, moreAt: number, moreEnd: number,
  ): AttributesId {
    const rows = this.#rows;
    const { pages, shift, mask } = rows;
    for (let id = this.#index.first(hash); id !== 0;) {
      const page = pages[id >>> shift]!;
      const row = (id & mask) * STRIDE;
      if ((page[row + HASH]! | 0) === hash && this.#isForm(id as AttributesId, bytes, at, end, more, moreAt, moreEnd)) {
        // Born again where nothing retains it: whoever asked is about to, and may bear others before.
        if (page[row + REFERENCES] === 0) this.#bear(id as AttributesId);
        return id as AttributesId;
      }
      id = page[row + NEXT]!;
    }
    return NO_ATTRIBUTES;
  }

  /** Whether a set's block is bytes[at, end), and the next hop beside it more[moreAt, moreEnd). */
  #isForm(
    id: AttributesId, bytes: Uint8Array, at: number, end: number, more: Uint8Array, moreAt: number, moreEnd: number,
  ): boolean {
    const octets = end - at;
    if (this.blockOctets(id) !== octets) return false;
    const handle = this.#rows.get(id, HANDLE);
    return this.#slab.length(handle) === octets + moreEnd - moreAt && this.#slab.equals(handle, bytes, at, end) &&
      (moreEnd === moreAt || this.#slab.equals(handle, more, moreAt, moreEnd, octets));
  }

  #add(
    hash: number, block: Uint8Array, at: number, end: number, more: Uint8Array, moreAt: number, moreEnd: number,
  ): AttributesId {
    const rows = this.#rows;
    // No room is made by forgetting newborns: the message at hand may have brought one of them.
    if (rows.size >= this.#setsMax) return NO_ATTRIBUTES;
    const summary = this.#summary;
    summarise(block, at, end, summary);
    const inline = summary.nextHopOctets;
    const id = rows.take() as AttributesId;
    const page = rows.pages[id >>> rows.shift]!;
    const row = (id & rows.mask) * STRIDE;
    page[row + REFERENCES] = 0;
    page[row + HANDLE] = this.#slab.store(block, at, end, more, moreAt, moreEnd);
    page[row + BLOCK] = end - at;
    page[row + NEXT_HOP] = inline === 0 ? ((end - at) << NEXT_HOP_AT_SHIFT) | (moreEnd - moreAt)
      : ((summary.nextHopAt - at) << NEXT_HOP_AT_SHIFT) | inline;
    this.#index.add(id, hash);
    writeSummary(summary, page, row);
    this.#bear(id);
    return id;
  }

  /** Enters a set into the ring of those that nothing has retained yet. */
  #bear(id: AttributesId): void {
    const slot = this.#birth % NEWBORNS;
    this.#birth = this.#birth % BIRTH_MAX + 1;
    this.#rows.set(id, BLOCK, this.blockOctets(id) | (this.#birth << BIRTH_SHIFT));
    this.#forget(slot); // not before: the slot may name the set by an earlier birth
    this.#newborns[slot] = id;
    this.#births[slot] = this.#birth;
  }

  #forget(slot: number): void {
    const id = this.#newborns[slot]! as AttributesId;
    this.#newborns[slot] = 0;
    if (id === 0 || this.#rows.peek(id, BLOCK) >>> BIRTH_SHIFT !== this.#births[slot]) return;
    if (this.#rows.get(id, REFERENCES) === 0) this.#free(id);
  }

  #free(id: AttributesId): void {
    this.#raw.dropOf(id);
    this.#index.remove(id);
    this.#slab.free(this.#rows.get(id, HANDLE));
    this.#rows.give(id);
  }
}

/** Writes what a block says into the row that starts at `row`. */
function writeSummary(summary: AttributeSummary, page: Uint32Array, row: number): void {
  page[row + MED] = summary.med;
  page[row + LOCAL_PREF] = summary.localPref;
  page[row + FIRST_AS] = summary.firstAs;
  page[row + ORIGINATOR_ID] = summary.originatorId;
  page[row + LENGTHS] =
    Math.min(summary.asPathLength, LENGTH_MAX) | (Math.min(summary.clusterListLength, LENGTH_MAX) << 16);
  page[row + BITS] = (summary.origin & 3) | (summary.hasMed ? HAS_MED : 0) |
    (summary.hasLocalPref ? HAS_LOCAL_PREF : 0) | (summary.hasOriginatorId ? HAS_ORIGINATOR_ID : 0) |
    (summary.hasOtc ? HAS_OTC : 0) | (summary.hasAsSet ? HAS_AS_SET : 0) |
    (summary.wellKnown << WELL_KNOWN_SHIFT);
}
