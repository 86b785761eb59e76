/**
 * Addresses of ours: where we listen, and our ends of sessions. A route to one of them as next hop is not used
 * (RFC 4271 §6.3). Rule: an address stays ours when its session ends, because the host still has it; the oldest go
 * where a host has had very many.
 */

import { parseAddress } from "../base/address.ts";
import { sameBytes } from "../base/bytes.ts";

/** Ends of sessions that are remembered. */
const ADDRESSES_MAX = 256;

/** The set of them. */
export class OwnAddresses {
  #listening: readonly Uint8Array[] = [];
  /** By text, the oldest first. */
  readonly #ends = new Map<string, Uint8Array>();
  /** Both of these. */
  #all: readonly Uint8Array[] = [];

  /** Replaces what we listen on; wildcards are no addresses. Answers whether anything changed. */
  listen(texts: readonly string[]): boolean {
    const now = texts.map(parseAddress).filter((address) => address?.some((octet) => octet !== 0) === true)
      .map((address) => address!);
    const before = this.#listening;
    const same = now.length === before.length && now.every((one) => before.some((other) => sameBytes(one, other)));
    this.#listening = now;
    this.#gather();
    return !same;
  }

  /** Our end of a session. Answers whether it is news. */
  add(text: string): boolean {
    const bytes = parseAddress(text);
    if (bytes === undefined) return false;
    const known = this.has(bytes);
    this.#ends.delete(text);
    this.#ends.set(text, bytes);
    if (this.#ends.size > ADDRESSES_MAX) this.#ends.delete(this.#ends.keys().next().value!);
    this.#gather();
    return !known;
  }

  /** Whether the address [at, end) of 4 or 16 octets is ours. Asked for each new attribute set: nothing allocated. */
  has(bytes: Uint8Array, at = 0, end: number = bytes.length): boolean {
    for (const own of this.#all) if (own.length === end - at && startsAt(bytes, at, own)) return true;
    return false;
  }

  #gather(): void {
    this.#all = [...this.#listening, ...this.#ends.values()];
  }
}

function startsAt(bytes: Uint8Array, at: number, what: Uint8Array): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false;
  return true;
}
