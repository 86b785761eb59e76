/** Prefix numbers: which prefix is the n-th of a load, and back. Rule: no object per prefix. */

import type { Family } from "../daemons/daemon.ts";
import { u32At } from "./wire.ts";

/** Prefixes of a load, numbered from 0. */
export interface Prefixes {
  readonly count: number;
  /** Octets of every prefix in NLRI, length octet included and path identifier not; 0 where they differ. */
  readonly fixedOctets: number;
  /** The number of the prefix whose length octet is at `at`; -1 where it is none of these. */
  locate(bytes: Uint8Array, at: number): number;
  /** Writes prefix `n`, length octet first; answers where it ends. */
  write(n: number, bytes: Uint8Array, at: number): number;
}

const FIXED_IPV4 = { bits: 26, base: 0x1000_0000, step: 6 } as const;
const FIXED_IPV6 = { bits: 64, base: 0x2001_0db8 } as const;

/** Prefix n is 16.0.0.0 + n × 64 as a /26, or 2001:db8:: with n in its second 32 bits as a /64. */
export function fixedPrefixes(family: Family, count: number): Prefixes {
  return family === "ipv4" ? new FixedIpv4(count) : new FixedIpv6(count);
}

class FixedIpv4 implements Prefixes {
  readonly count: number;
  readonly fixedOctets = 5;

  constructor(count: number) {
    this.count = count;
  }

  locate(bytes: Uint8Array, at: number): number {
    const offset = u32At(bytes, at + 1) - FIXED_IPV4.base;
    const n = offset >>> FIXED_IPV4.step;
    return offset >= 0 && n < this.count && bytes[at] === FIXED_IPV4.bits && (offset & 63) === 0 ? n : -1;
  }

  write(n: number, bytes: Uint8Array, at: number): number {
    bytes[at] = FIXED_IPV4.bits;
    return put32(bytes, at + 1, FIXED_IPV4.base + n * (1 << FIXED_IPV4.step));
  }
}

class FixedIpv6 implements Prefixes {
  readonly count: number;
  readonly fixedOctets = 9;

  constructor(count: number) {
    this.count = count;
  }

  locate(bytes: Uint8Array, at: number): number {
    const n = u32At(bytes, at + 5);
    return n < this.count && bytes[at] === FIXED_IPV6.bits && u32At(bytes, at + 1) === FIXED_IPV6.base ? n : -1;
  }

  write(n: number, bytes: Uint8Array, at: number): number {
    bytes[at] = FIXED_IPV6.bits;
    return put32(bytes, put32(bytes, at + 1, FIXED_IPV6.base), n);
  }
}

function put32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** Longest prefix that fits: the first 64 bits of an address are kept. */
export const PREFIX_BITS_MAX = 64;
const FIRST_CAPACITY = 1 << 12;

/** Prefixes of any length up to 64, found by a hash. Rule: host bits are 0. */
export class PrefixTable implements Prefixes {
  count = 0;
  readonly fixedOctets = 0;
  #high: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #low: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #bits: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  /** Number + 1, by hash; at most half full. */
  #index: Uint32Array = new Uint32Array(2 * FIRST_CAPACITY);

  /** The number of a prefix given as its first and second 32 bits, -1 where it is not held. Host bits count. */
  find(high: number, low: number, bits: number): number {
    const mask = this.#index.length - 1;
    for (let at = hash(high, low, bits) & mask; ; at = (at + 1) & mask) {
      const n = this.#index[at]! - 1;
      if (n < 0 || (this.#high[n] === high && this.#low[n] === low && this.#bits[n] === bits)) return n;
    }
  }

  /** The number of a prefix, held from now on. */
  add(high: number, low: number, bits: number): number {
    const found = this.find(high, low, bits);
    if (found >= 0) return found;
    if (this.count === this.#high.length) this.#grow();
    const n = this.count++;
    this.#high[n] = high;
    this.#low[n] = low;
    this.#bits[n] = bits;
    this.#place(n);
    return n;
  }

  locate(bytes: Uint8Array, at: number): number {
    const bits = bytes[at]!;
    if (bits > PREFIX_BITS_MAX) return -1;
    const high = (u32At(bytes, at + 1) & mask32(bits)) >>> 0;
    const low = bits <= 32 ? 0 : (u32At(bytes, at + 5) & mask32(bits - 32)) >>> 0;
    return this.find(high, low, bits);
  }

  write(n: number, bytes: Uint8Array, at: number): number {
    const bits = this.#bits[n]!;
    bytes[at] = bits;
    put32(bytes, at + 1, this.#high[n]!);
    if (bits > 32) put32(bytes, at + 5, this.#low[n]!);
    return at + 1 + ((bits + 7) >>> 3);
  }

  #place(n: number): void {
    const mask = this.#index.length - 1;
    let at = hash(this.#high[n]!, this.#low[n]!, this.#bits[n]!) & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = n + 1;
  }

  #grow(): void {
    const capacity = 2 * this.#high.length;
    this.#high = copied(new Uint32Array(capacity), this.#high);
    this.#low = copied(new Uint32Array(capacity), this.#low);
    this.#bits = copied(new Uint8Array(capacity), this.#bits);
    this.#index = new Uint32Array(2 * capacity);
    for (let n = 0; n < this.count; n++) this.#place(n);
  }
}

/** The first `bits` of 32, as a signed mask. */
export function mask32(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function hash(high: number, low: number, bits: number): number {
  let mixed = Math.imul(high ^ Math.imul(low, 0x85eb_ca6b) ^ Math.imul(bits, 0xc2b2_ae35), 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b_3c6d);
  return mixed ^ (mixed >>> 13);
}

/** Copies a typed array into the start of a longer one. */
export function copied<T extends Uint8Array | Uint32Array>(into: T, from: T): T {
  into.set(from);
  return into;
}
