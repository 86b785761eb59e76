/**
 * UPDATE messages written straight into shared chunks: one attribute block, as many NLRI as fit. Rule: MP_REACH_NLRI
 * and MP_UNREACH_NLRI come first and alone (RFC 7606 §5.1), and no message exceeds what the group's members take.
 */

import type { PrefixTable } from "../rib/prefix-table.ts";
import type { PrefixId } from "../rib/ids.ts";
import { assert } from "../base/assert.ts";
import { EMPTY, copyOctets, writeU32 } from "../base/bytes.ts";
import { ATTRIBUTE, FLAG } from "../messages/attributes/codes.ts";
import { HEADER_OCTETS, MESSAGE } from "../messages/header.ts";
import type { Audience, Chunk, ChunkStream } from "./chunk.ts";
import { exportedOctetsMax, usesMpReach, writeExported } from "./exported-attributes.ts";
import type { ExportedPath } from "./exported-attributes.ts";
import type { ExportTarget } from "./target.ts";

/** Header, withdrawn length, attribute length. */
const UPDATE_OCTETS = HEADER_OCTETS + 4;
const OPTIONAL_EXTENDED = FLAG.OPTIONAL | FLAG.EXTENDED_LENGTH;
const ATTRIBUTES_OCTETS_MAX = 65_535;

/** The prefixes of one run of messages: a chain through the packer's entries. */
export interface SlotChain {
  /** The next entry's slot, or 0 at the end; a slot is a PrefixId, or a PathIndex with ADD-PATH. */
  nextSlot(): number;
  /** At most so many are left, in this chain and those written after it: for the choice of room. */
  readonly left: number;
}

/** What a group's slots are. */
export interface SlotNames {
  readonly prefixes: PrefixTable;
  readonly addPath: boolean;
  prefixOf(slot: number): PrefixId;
  /** The path identifier of a slot that is a PathIndex. */
  pathIdOf(slot: number): number;
  /** The ExportId that the group tells of a slot now; 0 for nothing. */
  told(slot: number): number;
}

/** Octets of an NLRI at most: path identifier, length octet, address. */
export function nlriOctetsMax(names: SlotNames, addressOctets: number): number {
  return (names.addPath ? 4 : 0) + 1 + addressOctets;
}

/** Octets before the first NLRI of an announcement, given those of its attributes and of its next hop. */
export function announcementOctets(attributesOctets: number, nextHopOctets: number, multiprotocol: boolean): number {
  return UPDATE_OCTETS + attributesOctets + (multiprotocol ? 9 + nextHopOctets : 0);
}

/** Writes runs of announcements and withdrawals of one group into a stream. */
export class MessageWriter {
  readonly #target: ExportTarget;
  readonly #names: SlotNames;
  readonly #nlriMax: number;
  #scratch = new Uint8Array(8_192);

  constructor(target: ExportTarget, names: SlotNames) {
    this.#target = target;
    this.#names = names;
    this.#nlriMax = nlriOctetsMax(names, target.fields.family.addressOctets);
  }

  /**
   * Announces every slot of the chain with the attributes of one path. Hot, once for each set: classic NLRI has them
   * before it, where they are written at once; MP_REACH_NLRI behind it, where their length has to be known before.
   */
  announce(to: ChunkStream, chain: SlotChain, path: ExportedPath, audience: Audience): void {
    const target = this.#target;
    const { store, attributes, source } = path;
    const multiprotocol = usesMpReach(target, target.nextHopOctetsFor(store, attributes, source));
    const nextHop = multiprotocol ? target.nextHopFor(store, attributes, source) : EMPTY;
    const behind = multiprotocol ? this.encode(path) : EMPTY;
    const octets = multiprotocol ? behind.length : exportedOctetsMax(path);
    const before = announcementOctets(octets, nextHop.length, multiprotocol);
    for (let slot = chain.nextSlot(); slot !== 0;) {
      const chunk = this.#roomFor(to, before, chain.left + 1);
      const start = chunk.used;
      const limit = Math.min(start + target.fields.messageOctetsMax, chunk.bytes.length) - behind.length;
      let at = multiprotocol
        ? this.#startReach(chunk.bytes, start, nextHop)
        : this.#startClassic(chunk.bytes, start, path);
      while (slot !== 0 && at + this.#nlriMax <= limit) {
        at = this.#writeNlri(chunk.bytes, at, slot);
        slot = chain.nextSlot();
      }
      if (multiprotocol) at = this.#endReach(chunk.bytes, start, at, behind);
      this.#finish(chunk, start, at, audience);
    }
  }

  /** The attributes of a path as they are sent, without MP_REACH_NLRI; valid until the next call. */
  encode(path: ExportedPath): Uint8Array {
    const most = exportedOctetsMax(path);
    if (most > this.#scratch.length) this.#scratch = new Uint8Array(most);
    return this.#scratch.subarray(0, writeExported(this.#scratch, 0, path, this.#target));
  }

  /** Withdraws every slot of the chain. */
  withdraw(to: ChunkStream, chain: SlotChain, audience: Audience): void {
    const multiprotocol = this.#target.fields.family.addressOctets === 16;
    for (let slot = chain.nextSlot(); slot !== 0;) {
      const chunk = this.#roomFor(to, UPDATE_OCTETS + 7, chain.left + 1);
      const start = chunk.used;
      const limit = Math.min(start + this.#target.fields.messageOctetsMax, chunk.bytes.length) - 2;
      let at = start + (multiprotocol ? UPDATE_OCTETS + 7 : HEADER_OCTETS + 2);
      while (slot !== 0 && at + this.#nlriMax <= limit) {
        at = this.#writeNlri(chunk.bytes, at, slot);
        slot = chain.nextSlot();
      }
      at = multiprotocol ? this.#endUnreach(chunk.bytes, start, at) : endWithdrawn(chunk.bytes, start, at);
      this.#finish(chunk, start, at, audience);
    }
  }

  /** A chunk with room for one full message, or for what is left when that is less. */
  #roomFor(to: ChunkStream, before: number, left: number): Chunk {
    const wanted = before + left * this.#nlriMax;
    const chunk = to.withRoom(Math.min(wanted, this.#target.fields.messageOctetsMax));
    assert(chunk.room >= Math.min(before + this.#nlriMax, this.#target.fields.messageOctetsMax), "a message fits");
    return chunk;
  }

  #startClassic(bytes: Uint8Array, start: number, path: ExportedPath): number {
    const at = start + UPDATE_OCTETS;
    const end = writeExported(bytes, at, path, this.#target);
    bytes[at - 4] = 0;
    bytes[at - 3] = 0;
    writeU16(bytes, at - 2, end - at);
    return end;
  }

  #startReach(bytes: Uint8Array, start: number, nextHop: Uint8Array): number {
    const { afi, safi } = this.#target.fields.family;
    let at = start + UPDATE_OCTETS + 4;
    at = writeU16(bytes, at, afi);
    bytes[at++] = safi;
    bytes[at++] = nextHop.length;
    copyOctets(nextHop, 0, nextHop.length, bytes, at);
    at += nextHop.length;
    bytes[at++] = 0;
    return at;
  }

  /** Fills in the lengths of MP_REACH_NLRI and appends the other attributes. */
  #endReach(bytes: Uint8Array, start: number, at: number, attributes: Uint8Array): number {
    const reachAt = start + UPDATE_OCTETS;
    bytes[reachAt] = OPTIONAL_EXTENDED;
    bytes[reachAt + 1] = ATTRIBUTE.MP_REACH_NLRI;
    writeU16(bytes, reachAt + 2, at - reachAt - 4);
    copyOctets(attributes, 0, attributes.length, bytes, at);
    at += attributes.length;
    writeU16(bytes, start + HEADER_OCTETS, 0);
    writeU16(bytes, start + HEADER_OCTETS + 2, at - reachAt);
    return at;
  }

  #endUnreach(bytes: Uint8Array, start: number, at: number): number {
    const { afi, safi } = this.#target.fields.family;
    const unreachAt = start + UPDATE_OCTETS;
    writeU16(bytes, start + HEADER_OCTETS, 0);
    writeU16(bytes, start + HEADER_OCTETS + 2, at - unreachAt);
    bytes[unreachAt] = OPTIONAL_EXTENDED;
    bytes[unreachAt + 1] = ATTRIBUTE.MP_UNREACH_NLRI;
    writeU16(bytes, unreachAt + 2, at - unreachAt - 4);
    writeU16(bytes, unreachAt + 4, afi);
    bytes[unreachAt + 6] = safi;
    return at;
  }

  #writeNlri(bytes: Uint8Array, at: number, slot: number): number {
    if (this.#names.addPath) {
      writeU32(bytes, at, this.#names.pathIdOf(slot));
      at += 4;
    }
    return this.#names.prefixes.writeNlri(this.#names.prefixOf(slot), bytes, at);
  }

  #finish(chunk: Chunk, start: number, end: number, audience: Audience): void {
    assert(end - start <= this.#target.fields.messageOctetsMax && end - start <= ATTRIBUTES_OCTETS_MAX,
      "a message stays within what its receivers take");
    const { bytes } = chunk;
    for (let at = start; at < start + 16; at++) bytes[at] = 0xff; // `fill` costs more for so few
    writeU16(bytes, start + 16, end - start);
    bytes[start + 18] = MESSAGE.UPDATE;
    chunk.commit(end, audience);
  }
}

function endWithdrawn(bytes: Uint8Array, start: number, at: number): number {
  writeU16(bytes, start + HEADER_OCTETS, at - start - HEADER_OCTETS - 2);
  return writeU16(bytes, at, 0);
}

function writeU16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
  return at + 2;
}
