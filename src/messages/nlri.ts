/**
 * NLRI (RFC 4271 §4.3, RFC 7911 §3): blocks of prefixes, with a path identifier in front of each where ADD-PATH was
 * negotiated. Rule: a block is delimited once by checkNlri; the cursor then walks it without allocating.
 */

import type { Prefix } from "../base/prefix.ts";
import type { Writer } from "../base/bytes.ts";
import { EMPTY, readU32, writeU32 } from "../base/bytes.ts";
import type { Fault } from "./fault.ts";
import { resetFault } from "./fault.ts";

/** What classic NLRI that cannot be delimited costs (RFC 4271 §6.3, RFC 7606 §5.3). */
export const INVALID_NETWORK_FIELD: Fault = resetFault(3, 10, EMPTY, "the NLRI cannot be delimited");

/** Whether the block [at, end) holds whole prefixes of legal length and nothing else. */
export function checkNlri(
  bytes: Uint8Array, at: number, end: number, addressOctets: number, addPath: boolean,
): boolean {
  const bitsMax = addressOctets * 8;
  const idOctets = addPath ? 4 : 0;
  let i = at;
  while (i < end) {
    i += idOctets;
    if (i >= end) return false;
    const length = bytes[i]!;
    if (length > bitsMax) return false;
    i += 1 + ((length + 7) >>> 3);
  }
  return i === end;
}

/**
 * Walks a block that checkNlri passed. The fields describe the prefix that `next` found: host bits are cleared
 * (RFC 4271 §4.3: trailing bits are irrelevant), an IPv4 address is w0 and the other words are 0.
 */
export class NlriCursor {
  /** 0 where the block carries none. */
  pathId = 0;
  /** Prefix length in bits. */
  length = 0;
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #end = 0;
  #wide = false;
  #addPath = false;

  /** Starts on the block [at, end). */
  reset(bytes: Uint8Array, at: number, end: number, addressOctets: number, addPath: boolean): void {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#wide = addressOctets === 16;
    this.#addPath = addPath;
    this.pathId = this.length = this.w0 = this.w1 = this.w2 = this.w3 = 0;
  }

  /** Steps to the next prefix; false at the end of the block. */
  next(): boolean {
    let at = this.#at;
    if (at >= this.#end) return false;
    const bytes = this.#bytes;
    if (this.#addPath) {
      this.pathId = readU32(bytes, at);
      at += 4;
    }
    const length = bytes[at]!;
    this.length = length;
    at += 1;
    this.w0 = readWord(bytes, at, length);
    if (this.#wide) {
      this.w1 = readWord(bytes, at + 4, length - 32);
      this.w2 = readWord(bytes, at + 8, length - 64);
      this.w3 = readWord(bytes, at + 12, length - 96);
    }
    this.#at = at + ((length + 7) >>> 3);
    return true;
  }
}

/** The first `bits` bits at `at` as the high end of a 32-bit word; octets past them are not read. */
function readWord(bytes: Uint8Array, at: number, bits: number): number {
  if (bits <= 0) return 0;
  if (bits >= 32) return readU32(bytes, at);
  let word = bytes[at]! << 24;
  if (bits > 8) word |= bytes[at + 1]! << 16;
  if (bits > 16) word |= bytes[at + 2]! << 8;
  if (bits > 24) word |= bytes[at + 3]!;
  return (word & (-1 << (32 - bits))) >>> 0;
}

/** Octets of one prefix in NLRI, without path identifier. */
export function nlriOctets(length: number): number {
  return 1 + ((length + 7) >>> 3);
}

/** Writes length and address of a prefix at `at`; the next offset. The caller has the room and cleared host bits. */
export function writeNlri(
  into: Uint8Array, at: number, length: number, w0: number, w1: number, w2: number, w3: number,
): number {
  into[at] = length;
  const end = at + nlriOctets(length);
  let word = w0;
  for (let i = at + 1, n = 0; i < end; i++, n++) {
    if (n === 4) word = w1;
    else if (n === 8) word = w2;
    else if (n === 12) word = w3;
    into[i] = word >>> (24 - 8 * (n & 3));
  }
  return end;
}

/** A prefix as tests and small speakers write it. */
export interface NlriItem {
  readonly prefix: Prefix;
  /** Written where ADD-PATH is on; 0 where absent. */
  readonly pathId?: number;
}

/** Appends NLRI to a message that is being written. */
export function appendNlri(into: Writer, items: readonly NlriItem[], addPath: boolean): void {
  for (const { prefix, pathId = 0 } of items) {
    if (addPath) into.u32(pathId);
    into.u8(prefix.length).bytes(prefix.address.subarray(0, nlriOctets(prefix.length) - 1));
  }
}

/** The prefix that a cursor stands on, as a value for the edges of the program. */
export function prefixOf(cursor: NlriCursor, addressOctets: number): Prefix {
  const address = new Uint8Array(addressOctets);
  writeU32(address, 0, cursor.w0);
  if (addressOctets === 16) {
    writeU32(address, 4, cursor.w1);
    writeU32(address, 8, cursor.w2);
    writeU32(address, 12, cursor.w3);
  }
  return { address, length: cursor.length };
}

/**
 * Whether no unicast route can have this prefix: inside 224.0.0.0/4, 127.0.0.0/8 or ff00::/8, or ::1/128. It is ignored
 * and nothing else happens (RFC 4271 §6.3); 0.0.0.0/0 and 240.0.0.0/4 are routes.
 */
export function isUnusable(
  w0: number, w1: number, w2: number, w3: number, length: number, addressOctets: number,
): boolean {
  if (addressOctets === 4) return (length >= 4 && w0 >>> 28 === 14) || (length >= 8 && w0 >>> 24 === 127);
  if (length >= 8 && w0 >>> 24 === 0xff) return true;
  return length === 128 && w3 === 1 && w2 === 0 && w1 === 0 && w0 === 0;
}
