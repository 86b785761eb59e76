/** Prefixes of one family → values, by the longest match. Rule: a look-up costs one map for each length in use. */

import { clearHostBits } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";

/** A prefix and its value. */
export interface Match<T> {
  readonly prefix: Prefix;
  readonly value: T;
}

/** A table of prefixes whose addresses all have one size. */
export class LongestMatch<T> {
  /** By length. */
  readonly #maps = new Map<number, Map<string, Match<T>>>();
  /** Lengths in use, the longest first. */
  #lengths: readonly number[] = [];

  /** The value of exactly this prefix. */
  get(prefix: Prefix): T | undefined {
    return this.#maps.get(prefix.length)?.get(keyOf(prefix.address, prefix.length))?.value;
  }

  /** Gives a prefix its value. */
  set(prefix: Prefix, value: T): void {
    let map = this.#maps.get(prefix.length);
    if (map === undefined) {
      map = new Map();
      this.#maps.set(prefix.length, map);
      this.#sortLengths();
    }
    map.set(keyOf(prefix.address, prefix.length), { prefix, value });
  }

  /** Forgets a prefix. */
  delete(prefix: Prefix): void {
    const map = this.#maps.get(prefix.length);
    if (map?.delete(keyOf(prefix.address, prefix.length)) !== true || map.size > 0) return;
    this.#maps.delete(prefix.length);
    this.#sortLengths();
  }

  /** The longest prefix that holds the address. */
  match(address: Uint8Array): Match<T> | undefined {
    for (const length of this.#lengths) {
      const found = this.#maps.get(length)!.get(keyOf(address, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #sortLengths(): void {
    this.#lengths = [...this.#maps.keys()].sort((a, b) => b - a);
  }
}

/** The first `length` bits as a text: not for people. */
function keyOf(address: Uint8Array, length: number): string {
  const network = new Uint8Array(address.subarray(0, (length + 7) >>> 3));
  if ((length & 7) !== 0) clearHostBits(network, length);
  return String.fromCharCode(...network);
}
