/**
 * UPDATE messages written straight into shared chunks: one attribute block, as many NLRI as fit. Rule: MP_REACH_NLRI
 * and MP_UNREACH_NLRI come first and alone (RFC 7606 §5.1), and no message exceeds what the group's members take.
 */

import type { PrefixTable } from "../rib/prefix-table.ts";
import type { PrefixId } from "../rib/ids.ts";
import { assert } from "../base/assert.ts";
import { writeU32 } from "../base/bytes.ts";
import type { Audience, Chunk, ChunkStream } from "./chunk.ts";
import type { ExportTarget } from "./target.ts";

const HEADER_OCTETS = 19;
/** Header, withdrawn length, attribute length. */
const UPDATE_OCTETS = HEADER_OCTETS + 4;
const UPDATE = 2;
const OPTIONAL_EXTENDED = 0x90;
const MP_REACH = 14;
const MP_UNREACH = 15;
const ATTRIBUTES_OCTETS_MAX = 65_535;

/** The prefixes of one run of messages: a chain through the packer's entries. */
export interface SlotChain {
  /** The next entry's slot, or 0 at the end; a slot is a PrefixId, or a PathIndex with ADD-PATH. */
  nextSlot(): number;
  /** How many are left, for the choice of room. */
  readonly left: number;
}

/** What a group's slots are. */
export interface SlotNames {
  readonly prefixes: PrefixTable;
  readonly addPath: boolean;
  prefixOf(slot: number): PrefixId;
  /** The ExportId that the group tells of a slot now; 0 for nothing. */
  told(slot: number): number;
}

/** Octets of an NLRI at most: path identifier, length octet, address. */
export function nlriOctetsMax(names: SlotNames, addressOctets: number): number {
  return (names.addPath ? 4 : 0) + 1 + addressOctets;
}

/** Octets before the first NLRI of an announcement, given its attributes and next hop. */
export function announcementOctets(attributesOctets: number, nextHop: Uint8Array, multiprotocol: boolean): number {
  return UPDATE_OCTETS + attributesOctets + (multiprotocol ? 9 + nextHop.length : 0);
}

/** Writes runs of announcements and withdrawals of one group into a stream. */
export class MessageWriter {
  readonly #target: ExportTarget;
  readonly #names: SlotNames;
  readonly #nlriMax: number;

  constructor(target: ExportTarget, names: SlotNames) {
    this.#target = target;
    this.#names = names;
    this.#nlriMax = nlriOctetsMax(names, target.fields.family.addressOctets);
  }

  /** Announces every slot of the chain with one attribute block; `nextHop` is used where `multiprotocol`. */
  announce(to: ChunkStream, chain: SlotChain, attributes: Uint8Array, nextHop: Uint8Array, multiprotocol: boolean,
    audience: Audience): void {
    const before = announcementOctets(attributes.length, nextHop, multiprotocol);
    for (let slot = chain.nextSlot(); slot !== 0;) {
      const chunk = this.#roomFor(to, before, chain.left + 1);
      const start = chunk.used;
      const limit = Math.min(start + this.#target.fields.messageOctetsMax, chunk.bytes.length);
      let at = multiprotocol
        ? this.#startReach(chunk.bytes, start, nextHop)
        : this.#startClassic(chunk.bytes, start, attributes);
      const tail = multiprotocol ? attributes.length : 0;
      while (slot !== 0 && at + this.#nlriMax + tail <= limit) {
        at = this.#writeNlri(chunk.bytes, at, slot);
        slot = chain.nextSlot();
      }
      if (multiprotocol) at = this.#endReach(chunk.bytes, start, at, attributes);
      this.#finish(chunk, start, at, audience);
    }
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

  #startClassic(bytes: Uint8Array, start: number, attributes: Uint8Array): number {
    let at = start + HEADER_OCTETS;
    bytes[at++] = 0;
    bytes[at++] = 0;
    at = writeU16(bytes, at, attributes.length);
    bytes.set(attributes, at);
    return at + attributes.length;
  }

  #startReach(bytes: Uint8Array, start: number, nextHop: Uint8Array): number {
    const { afi, safi } = this.#target.fields.family;
    let at = start + UPDATE_OCTETS + 4;
    at = writeU16(bytes, at, afi);
    bytes[at++] = safi;
    bytes[at++] = nextHop.length;
    bytes.set(nextHop, at);
    at += nextHop.length;
    bytes[at++] = 0;
    return at;
  }

  /** Fills in the lengths of MP_REACH_NLRI and appends the other attributes. */
  #endReach(bytes: Uint8Array, start: number, at: number, attributes: Uint8Array): number {
    const reachAt = start + UPDATE_OCTETS;
    bytes[reachAt] = OPTIONAL_EXTENDED;
    bytes[reachAt + 1] = MP_REACH;
    writeU16(bytes, reachAt + 2, at - reachAt - 4);
    bytes.set(attributes, at);
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
    bytes[unreachAt + 1] = MP_UNREACH;
    writeU16(bytes, unreachAt + 2, at - unreachAt - 4);
    writeU16(bytes, unreachAt + 4, afi);
    bytes[unreachAt + 6] = safi;
    return at;
  }

  #writeNlri(bytes: Uint8Array, at: number, slot: number): number {
    if (this.#names.addPath) {
      writeU32(bytes, at, slot);
      at += 4;
    }
    return this.#names.prefixes.writeNlri(this.#names.prefixOf(slot), bytes, at);
  }

  #finish(chunk: Chunk, start: number, end: number, audience: Audience): void {
    assert(end - start <= this.#target.fields.messageOctetsMax && end - start <= ATTRIBUTES_OCTETS_MAX,
      "a message stays within what its receivers take");
    chunk.bytes.fill(0xff, start, start + 16);
    writeU16(chunk.bytes, start + 16, end - start);
    chunk.bytes[start + 18] = UPDATE;
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
