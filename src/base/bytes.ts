/**
 * Reading and writing octets. Rule: nothing here throws because of what the octets say. A read past the end yields
 * zeros and sets `short`, which the caller asks once (style: a reader that cannot overrun, asked once).
 */

import { assert } from "./assert.ts";

/** No octets. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** Reads big-endian fields from a view of octets; cannot leave it. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  #short = false;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    assert(at <= end && end <= bytes.length, "a reader must lie inside its octets");
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** True once any read went past the end; everything read since is zero or empty. */
  get short(): boolean {
    return this.#short;
  }

  /** Octets left. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Where the next read starts, as an index into the octets given to the constructor. */
  get at(): number {
    return this.#at;
  }

  u8(): number {
    return this.#take(1) ? this.#bytes[this.#at - 1]! : 0;
  }

  u16(): number {
    if (!this.#take(2)) return 0;
    const i = this.#at - 2;
    return (this.#bytes[i]! << 8) | this.#bytes[i + 1]!;
  }

  u24(): number {
    if (!this.#take(3)) return 0;
    const i = this.#at - 3;
    return (this.#bytes[i]! << 16) | (this.#bytes[i + 1]! << 8) | this.#bytes[i + 2]!;
  }

  u32(): number {
    if (!this.#take(4)) return 0;
    return readU32(this.#bytes, this.#at - 4);
  }

  /** An unsigned 64-bit field as a bigint (AIGP's metric). */
  u64(): bigint {
    const high = this.u32();
    return (BigInt(high) << 32n) | BigInt(this.u32());
  }

  /** The next `length` octets as a view, not a copy. */
  view(length: number): Uint8Array {
    return this.#take(length) ? this.#bytes.subarray(this.#at - length, this.#at) : EMPTY;
  }

  /** All octets that are left, as a view. */
  rest(): Uint8Array {
    return this.view(this.left);
  }

  /** A reader that cannot leave the next `length` octets: one per attribute, TLV or NLRI block. */
  window(length: number): Reader {
    return this.#take(length) ? new Reader(this.#bytes, this.#at - length, this.#at) : new Reader(EMPTY);
  }

  skip(length: number): void {
    this.#take(length);
  }

  #take(length: number): boolean {
    if (length <= this.#end - this.#at) {
      this.#at += length;
      return true;
    }
    this.#short = true;
    this.#at = this.#end;
    return false;
  }
}

/** Writes big-endian fields into octets that grow as needed; `bytes()` is what was written. */
export class Writer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Octets written so far. */
  get length(): number {
    return this.#at;
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#bytes[this.#at++] = value >>> 8;
    this.#bytes[this.#at++] = value;
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    writeU32(this.#bytes, this.#at, value);
    this.#at += 4;
    return this;
  }

  u64(value: bigint): this {
    return this.u32(Number(value >> 32n)).u32(Number(value & 0xffffffffn));
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** The octets [at, end) of others, without a view of them: views cost more than copying a few octets. */
  range(from: Uint8Array, at: number, end: number): this {
    const length = end - at;
    this.#room(length);
    copyOctets(from, at, end, this.#bytes, this.#at);
    this.#at += length;
    return this;
  }

  /** Overwrites two octets written before: a length that was not known then. */
  patchU16(at: number, value: number): this {
    assert(at + 2 <= this.#at, "a patch must lie inside what was written");
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  /** Overwrites one octet written before. */
  patchU8(at: number, value: number): this {
    assert(at < this.#at, "a patch must lie inside what was written");
    this.#bytes[at] = value;
    return this;
  }

  /** Forgets what was written; the octets are used again. */
  clear(): this {
    this.#at = 0;
    return this;
  }

  /** What was written, as a view: valid until the next write or `clear`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** What was written, as a copy of its own. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #room(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

/** Copies [at, end) to `to`; the caller has the room. For runs of attribute size, where a view costs more. */
export function copyOctets(from: Uint8Array, at: number, end: number, into: Uint8Array, to: number): void {
  if (end - at > 64) into.set(from.subarray(at, end), to);
  else for (let i = at, n = to; i < end; i++, n++) into[n] = from[i]!;
}

/** The unsigned 32-bit field at `at`; the caller has checked the length. */
export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes an unsigned 32-bit field at `at`; the caller has checked the room. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Whether two runs of octets are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes) text += (octet < 16 ? "0" : "") + octet.toString(16);
  return text;
}

/** Octets of a hexadecimal text (white space and colons are passed over), or undefined where it is none. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/[\s:]/g, "");
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
