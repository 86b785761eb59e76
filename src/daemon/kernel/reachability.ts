/**
 * How the next hops of paths are reached, for the decision. Rule: until the kernel was read once, all are, as with the
 * kernel off: a daemon that starts must not withdraw what it will know to be right a second later.
 */

import { readU32 } from "../../base/bytes.ts";
import type { NextHops, Resolution } from "../../kernel/next-hops.ts";
import type { AttributeStore } from "../../rib/attribute-store.ts";
import type { NextHops as DecisionNextHops } from "../../rib/candidates.ts";
import type { AttributesId } from "../../rib/ids.ts";

/** Entries of the cache at most: next hops are few, but a peer may invent them. */
const CACHED_MAX = 65_536;

/** What the decision is told of next hops. */
export class Reachability implements DecisionNextHops {
  readonly #nextHops: NextHops;
  #store: AttributeStore | undefined;
  #isKnown = false;
  /** Of IPv4 next hops, which nearly all are. */
  readonly #cache = new Map<number, Resolution>();

  constructor(nextHops: NextHops) {
    this.#nextHops = nextHops;
  }

  /** Where the attributes are. */
  attach(store: AttributeStore): this {
    this.#store = store;
    return this;
  }

  /** From now on the kernel's routes count, as they are now. */
  changed(): void {
    this.#isKnown = true;
    this.#cache.clear();
  }

  isResolvable(attributes: AttributesId): boolean {
    return this.resolution(attributes)?.reachable !== false;
  }

  interiorCost(attributes: AttributesId): number {
    const resolution = this.resolution(attributes);
    return resolution?.reachable === true ? resolution.cost : 0;
  }

  /** Undefined: nobody knows, or there is no next hop (a route of our own). */
  resolution(attributes: AttributesId): Resolution | undefined {
    const store = this.#store;
    if (!this.#isKnown || store === undefined) return undefined;
    const octets = store.nextHopOctets(attributes);
    if (octets === 0) return undefined;
    if (octets !== 4) return this.#nextHops.resolve(globalNextHop(store.nextHop(attributes)));
    const key = readU32(store.page(attributes), store.nextHopAt(attributes));
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const resolution = this.#nextHops.resolve(globalNextHop(store.nextHop(attributes)));
    if (this.#cache.size >= CACHED_MAX) this.#cache.clear();
    this.#cache.set(key, resolution);
    return resolution;
  }
}

/** A copy of the next hop, of 32 octets the global one (RFC 2545 §3): the store's octets go their way. */
export function globalNextHop(octets: Uint8Array): Uint8Array {
  return new Uint8Array(octets.subarray(0, octets.length === 4 ? 4 : 16));
}
