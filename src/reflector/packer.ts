/**
 * Changes of a group, gathered and written as messages. Rule: everything that has the same attributes, source and
 * ORIGINATOR_ID leaves in the same run of messages, encoded once; the columns are used again, nothing is allocated
 * per prefix.
 */

import { U32Column } from "../rib/pages.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId } from "../rib/ids.ts";
import type { Audience, ChunkStream } from "./chunk.ts";
import { exportedOctetsMax, usesMpReach } from "./exported-attributes.ts";
import type { ExportedPath } from "./exported-attributes.ts";
import type { ExportId, ExportStore } from "./export-store.ts";
import { announcementOctets, MessageWriter, nlriOctetsMax } from "./message-writer.ts";
import type { SlotChain, SlotNames } from "./message-writer.ts";
import type { Source } from "./source.ts";
import type { ExportTarget } from "./target.ts";

/** A chain of entries that leave in one run. */
interface Bucket {
  readonly audience: Audience;
  head: number;
}

/** Gathers (slot, old export, new export) and writes them to a stream. */
export class Packer implements SlotChain {
  readonly #store: AttributeStore;
  readonly #exports: ExportStore;
  readonly #target: ExportTarget;
  readonly #names: SlotNames;
  readonly #writer: MessageWriter;
  readonly #nlriMax: number;
  // Entry i: its slot and the next entry of its chain; entry 0 is none.
  #slot: Uint32Array = new Uint32Array(ENTRIES_FIRST);
  #next: Uint32Array = new Uint32Array(ENTRIES_FIRST);
  #entries = 0;
  /** First entry of each announced export, and the exports in the order they were first seen. */
  readonly #head = new U32Column();
  readonly #announced: number[] = [];
  /** The export announced last, whose first entry is here and not in the column: a run of slots shares it. */
  #last = 0;
  #lastHead = 0;
  readonly #withdrawn = new Map<number | string, Bucket>();
  /** The bucket of the last `withdraw`: a run of slots shares it. */
  #lastWithdrawn: Bucket | undefined = undefined;
  // The chain being written: its next entry, and the export that its slots must still be told; 0 for any.
  #at = 0;
  #newest = 0;
  left = 0;
  // Used for every announcement: chunks copy the audience, and nobody keeps the path.
  readonly #audience: Audience = { toPeer: 0, toId: 0, notPeer: 0, notId: 0 };
  #path: { store: AttributeStore; attributes: AttributesId; source: Source } | undefined = undefined;

  constructor(store: AttributeStore, exports: ExportStore, target: ExportTarget, names: SlotNames) {
    this.#store = store;
    this.#exports = exports;
    this.#target = target;
    this.#names = names;
    this.#writer = new MessageWriter(target, names);
    this.#nlriMax = nlriOctetsMax(names, target.fields.family.addressOctets);
  }

  /** Entries gathered and not yet written. */
  get size(): number {
    return this.#entries;
  }

  get octets(): number {
    return this.#slot.byteLength + this.#next.byteLength + this.#head.octets;
  }

  /** Tells everyone who may hear it about a slot's export. */
  announce(slot: number, now: ExportId): void {
    if (now !== this.#last) {
      this.#endRun();
      this.#last = now;
      this.#lastHead = this.#head.get(now);
      if (this.#lastHead === 0) this.#announced.push(now);
    }
    this.#lastHead = this.#enter(slot, this.#lastHead);
  }

  #endRun(): void {
    if (this.#last !== 0) this.#head.set(this.#last, this.#lastHead);
    this.#last = 0;
  }

  /** Takes a slot back from everyone who was told `old`. */
  withdraw(slot: number, old: ExportId): void {
    const peer = this.#exports.source(old).peer;
    const originator = this.#exports.originator(old);
    let bucket = this.#lastWithdrawn;
    if (bucket === undefined || bucket.audience.notPeer !== peer || bucket.audience.notId !== originator) {
      bucket = this.#bucketFor(peer * 2 ** 32 + originator,
        () => ({ toPeer: 0, toId: 0, notPeer: peer, notId: originator }));
      this.#lastWithdrawn = bucket;
    }
    bucket.head = this.#enter(slot, bucket.head);
  }

  /** Takes a slot back from whoever reads the stream: a feed's only member, which may hold it. */
  withdrawFromAll(slot: number): void {
    this.#withdrawFrom(slot, -1, () => ({ toPeer: 0, toId: 0, notPeer: 0, notId: 0 }));
  }

  /**
   * Takes a slot back from those who were told `old` and may not be told `now`: the source of the new path and the
   * router that its ORIGINATOR_ID names (split horizon).
   */
  withdrawFromSource(slot: number, old: ExportId, now: ExportId): void {
    const to = this.#exports.source(now).peer;
    const toId = this.#exports.originator(now);
    const not = this.#exports.source(old).peer;
    const notId = this.#exports.originator(old);
    if (to === not && toId === notId) return;
    this.#withdrawFrom(slot, `${to} ${toId} ${not} ${notId}`,
      () => ({ toPeer: to, toId, notPeer: not, notId }));
  }

  /**
   * Writes everything gathered: withdrawals, then announcements. A slot that changed again since it was gathered is
   * announced only with its newest export (`isNewest`: none has, so nobody looks); its withdrawals are all written, for
   * they come first and harm nobody.
   */
  writeTo(stream: ChunkStream, isNewest: boolean = false): void {
    this.#endRun();
    this.left = this.#entries;
    for (const bucket of this.#withdrawn.values()) {
      this.#begin(bucket.head, 0);
      this.#writer.withdraw(stream, this, bucket.audience);
    }
    for (const id of this.#announced) this.#writeAnnouncements(stream, id as ExportId, isNewest);
    this.discard();
  }

  /** Forgets everything gathered. */
  discard(): void {
    this.#endRun();
    for (const id of this.#announced) this.#head.set(id, 0);
    this.#withdrawn.clear();
    this.#lastWithdrawn = undefined;
    this.#announced.length = 0;
    this.#entries = 0;
    if (this.#slot.length > ENTRIES_KEPT) this.#resize(ENTRIES_FIRST);
    if (this.#exports.idsMax === 0) this.#head.trim(0);
  }

  /** Whether an export with any one NLRI fits into the messages of this group (else the route is not advertised). */
  fits(id: ExportId): boolean {
    const path = this.#pathOf(id);
    const most = this.#target.fields.messageOctetsMax - this.#nlriMax;
    if (exportedOctetsMax(path) <= most - announcementOctets(0, NEXT_HOP_OCTETS_MAX, true)) return true;
    const nextHop = this.#target.nextHopOctetsFor(path.store, path.attributes, path.source);
    return announcementOctets(this.#writer.encode(path).length, nextHop, usesMpReach(this.#target, nextHop)) <= most;
  }

  /** The next slot of the chain being written (SlotChain). */
  nextSlot(): number {
    if (this.#at === 0) return 0;
    const slot = this.#slot[this.#at]!;
    this.left--;
    this.#pass(this.#next[this.#at]!);
    return slot;
  }

  #writeAnnouncements(stream: ChunkStream, id: ExportId, isNewest: boolean): void {
    this.#begin(this.#head.get(id), isNewest ? 0 : id);
    if (this.#at === 0) return;
    this.#exports.audience(id, this.#audience);
    this.#writer.announce(stream, this, this.#pathOf(id), this.#audience);
  }

  #begin(head: number, newest: number): void {
    this.#newest = newest;
    this.#pass(head);
  }

  /** Goes on at an entry, or behind it where its slot is told something else by now. */
  #pass(entry: number): void {
    if (this.#newest !== 0) {
      while (entry !== 0 && this.#names.told(this.#slot[entry]!) !== this.#newest) {
        entry = this.#next[entry]!;
        this.left--;
      }
    }
    this.#at = entry;
  }

  /** The attributes of an export as they are sent, without MP_REACH_NLRI; valid until the next call. */
  encode(id: ExportId): Uint8Array {
    return this.#writer.encode(this.#pathOf(id));
  }

  #pathOf(id: ExportId): ExportedPath {
    const attributes = this.#exports.attributes(id);
    const source = this.#exports.source(id);
    const path = this.#path ??= { store: this.#store, attributes, source };
    path.attributes = attributes;
    path.source = source;
    return path;
  }

  #withdrawFrom(slot: number, key: number | string, audience: () => Audience): void {
    const bucket = this.#bucketFor(key, audience);
    bucket.head = this.#enter(slot, bucket.head);
  }

  #bucketFor(key: number | string, audience: () => Audience): Bucket {
    let bucket = this.#withdrawn.get(key);
    if (bucket === undefined) {
      bucket = { audience: audience(), head: 0 };
      this.#withdrawn.set(key, bucket);
    }
    return bucket;
  }

  #enter(slot: number, next: number): number {
    const entry = ++this.#entries;
    if (entry === this.#slot.length) this.#resize(2 * entry);
    this.#slot[entry] = slot;
    this.#next[entry] = next;
    return entry;
  }

  #resize(length: number): void {
    this.#slot = resized(this.#slot, length);
    this.#next = resized(this.#next, length);
  }
}

/** Entries that there is room for at first, and those whose room is kept from one flush to the next. */
const ENTRIES_FIRST = 1_024;
const ENTRIES_KEPT = 65_536;
/** The longest next hop: global and link-local (RFC 2545 §3). */
const NEXT_HOP_OCTETS_MAX = 32;

function resized(words: Uint32Array, length: number): Uint32Array {
  const copy = new Uint32Array(length);
  copy.set(words.subarray(0, length));
  return copy;
}
