/** Values by prefix. Rule: to look one up puts nothing on the heap, of IPv4: it is done for every route. */

import { addressWords } from "../../base/address.ts";
import { writeU32 } from "../../base/bytes.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { Family } from "../../messages/families.ts";

/** A prefix as numbers: its address in four words, of which IPv4 uses the first. */
export interface PrefixWords {
  readonly family: Family;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly length: number;
}

/** The words of a prefix. */
export function wordsOf(family: Family, { address, length }: Prefix): PrefixWords {
  const [w0, w1, w2, w3] = addressWords(address);
  return { family, w0, w1, w2, w3, length };
}

/** The octets of a prefix. */
export function prefixOfWords(words: PrefixWords): Prefix {
  const address = new Uint8Array(words.family === "ipv4-unicast" ? 4 : 16);
  putAddress(words, address, 0);
  return { address, length: words.length };
}

/** Writes the address of a prefix: 4 or 16 octets. */
export function putAddress({ family, w0, w1, w2, w3 }: PrefixWords, octets: Uint8Array, at: number): void {
  writeU32(octets, at, w0);
  if (family === "ipv4-unicast") return;
  writeU32(octets, at + 4, w1);
  writeU32(octets, at + 8, w2);
  writeU32(octets, at + 12, w3);
}

/** Values that know their prefixes. */
export class ByPrefix<T extends PrefixWords> {
  /** By length, then by the address as a small integer. */
  readonly #ipv4: Map<number, T>[] = Array.from({ length: 33 }, () => new Map());
  readonly #ipv6 = new Map<string, T>();

  get(words: PrefixWords): T | undefined {
    if (words.family === "ipv4-unicast") return this.#ipv4[words.length]!.get(words.w0 | 0);
    return this.#ipv6.get(keyOf(words));
  }

  add(value: T): void {
    if (value.family === "ipv4-unicast") this.#ipv4[value.length]!.set(value.w0 | 0, value);
    else this.#ipv6.set(keyOf(value), value);
  }

  delete(words: PrefixWords): void {
    if (words.family === "ipv4-unicast") this.#ipv4[words.length]!.delete(words.w0 | 0);
    else this.#ipv6.delete(keyOf(words));
  }

  /** All; what is deleted meanwhile is left out. */
  * values(): Generator<T> {
    for (const map of this.#ipv4) yield* map.values();
    yield* this.#ipv6.values();
  }
}

function keyOf({ w0, w1, w2, w3, length }: PrefixWords): string {
  return `${w0 | 0}:${w1 | 0}:${w2 | 0}:${w3 | 0}/${length}`;
}
