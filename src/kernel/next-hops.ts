/**
 * Recursive next hops (RFC 4271 §9.1.2.1): how a NEXT_HOP is reached by the routes that others wrote, and which ones
 * are reached otherwise after a change. Rule: our own routes resolve nothing, so no route depends on itself.
 */

import { compareAddresses, formatAddress, isLinkLocal } from "../base/address.ts";
import { covers } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import { sameValue } from "../base/same.ts";
import { LongestMatch } from "./longest-match.ts";
import { MAIN_TABLE } from "./route.ts";
import type { KernelRoute, NextHop } from "./route.ts";
import type { StateEvent } from "./state.ts";

/** How a next hop is reached. */
export type Resolution =
  | {
    readonly reachable: true;
    /** Neighbours on our links; one unless the route that leads to it has several. */
    readonly hops: readonly NextHop[];
    /** RFC 4271 §9.1.2.2 e: 0 on a link of ours, else the metric of the route. */
    readonly cost: number;
  }
  /** `why` for people. */
  | { readonly reachable: false; readonly why: string };

/** Which routes lead to next hops. */
export interface NextHopScope {
  /** Where they are, besides the main table, after them. */
  readonly table: number;
  /** Whose do not. */
  readonly ownProtocol: number;
  /** Next hops that are remembered at most: a peer may invent as many as it likes. */
  readonly trackedMax?: number;
}

const TRACKED_MAX = 65_536;

interface Tracked {
  readonly address: Uint8Array;
  resolution: Resolution;
}

/** Follows a kernel's state, event by event, and knows how every next hop is reached that was asked for. */
export class NextHops {
  readonly #scope: NextHopScope;
  /** By octets of an address; the routes of a prefix, the one that counts first. */
  readonly #routes: Readonly<Record<4 | 16, LongestMatch<readonly KernelRoute[]>>> =
    { 4: new LongestMatch(), 16: new LongestMatch() };
  /** How many links have it. */
  readonly #own = new Map<string, number>();
  readonly #tracked = new Map<string, Tracked>();
  #gateways: ReadonlyMap<string, Uint8Array> = new Map();
  #isWhole = true;

  constructor(scope: NextHopScope) {
    this.#scope = scope;
  }

  /** How it is reached. From now on `apply` names it where that changes. */
  resolve(nextHop: Uint8Array): Resolution {
    const key = formatAddress(nextHop);
    const known = this.#tracked.get(key);
    if (known !== undefined) return known.resolution;
    const resolution = this.#resolution(nextHop);
    if (this.#tracked.size < (this.#scope.trackedMax ?? TRACKED_MAX)) {
      this.#tracked.set(key, { address: nextHop, resolution });
    } else this.#isWhole = false;
    return resolution;
  }

  /** False: more were asked for than are remembered, and a change may concern any. Then forget all, and ask again. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Forgets all that were asked for; those that are asked for again are those that are in use. */
  forgetAll(): void {
    this.#tracked.clear();
    this.#isWhole = true;
  }

  /** These addresses, by their text, are reached by these gateways where those can be reached. Which change by it. */
  lead(gateways: ReadonlyMap<string, Uint8Array>): readonly Uint8Array[] {
    if (sameValue(gateways, this.#gateways)) return [];
    this.#gateways = gateways;
    return this.#resolveAgain(() => true);
  }

  /** Takes a change of the kernel's state in; which next hops are reached otherwise, or not any more, or now. */
  apply(event: StateEvent): readonly Uint8Array[] {
    switch (event.event) {
      case "route": return this.#routeChanged(event.route, true);
      case "routeGone": return this.#routeChanged(event.route, false);
      case "address": return this.#addressChanged(event.address.address, 1);
      case "addressGone": return this.#addressChanged(event.address.address, -1);
      case "link": case "linkGone": return []; // what hangs on a link goes by events of its own
    }
  }

  #routeChanged(route: KernelRoute, isThere: boolean): readonly Uint8Array[] {
    const { table: first, ownProtocol } = this.#scope;
    if ((route.table !== first && route.table !== MAIN_TABLE) || route.protocol === ownProtocol) return [];
    const table = this.#tableOf(route.prefix.address);
    const others = (table.get(route.prefix) ?? [])
      .filter((one) => one.table !== route.table || one.metric !== route.metric || one.protocol !== route.protocol);
    const now = isThere ? [...others, route]
      .sort((a, b) => Number(a.table !== first) - Number(b.table !== first) || a.metric - b.metric) : others;
    if (now.length === 0) table.delete(route.prefix);
    else table.set(route.prefix, now);
    return this.#resolveWithin(route.prefix);
  }

  #addressChanged(address: Uint8Array, by: number): readonly Uint8Array[] {
    const key = formatAddress(address);
    const count = (this.#own.get(key) ?? 0) + by;
    if (count > 0) this.#own.set(key, count);
    else this.#own.delete(key);
    return this.#resolveWithin({ address, length: address.length * 8 });
  }

  #resolveWithin(within: Prefix): readonly Uint8Array[] {
    const isWithin = (address: Uint8Array | undefined): boolean =>
      address !== undefined && covers(within, { address, length: address.length * 8 });
    return this.#resolveAgain((key, address) => isWithin(address) || isWithin(this.#gateways.get(key)));
  }

  #resolveAgain(isMeant: (key: string, address: Uint8Array) => boolean): readonly Uint8Array[] {
    const changed: Uint8Array[] = [];
    for (const [key, tracked] of this.#tracked) {
      const { address } = tracked;
      if (!isMeant(key, address)) continue;
      const resolution = this.#resolution(address);
      if (sameValue(resolution, tracked.resolution)) continue;
      tracked.resolution = resolution;
      changed.push(address);
    }
    return changed.sort(compareAddresses);
  }

  #resolution(nextHop: Uint8Array): Resolution {
    const gateway = this.#gateways.size === 0 ? undefined : this.#gateways.get(formatAddress(nextHop));
    const led = gateway && this.#byRoutes(gateway);
    return led?.reachable === true ? led : this.#byRoutes(nextHop);
  }

  #byRoutes(nextHop: Uint8Array): Resolution {
    if (this.#own.has(formatAddress(nextHop))) return unreachable("an address of our own");
    if (isLinkLocal(nextHop)) return unreachable("link-local, and nobody says on which link");
    const route = this.#tableOf(nextHop).match(nextHop)?.value[0];
    if (route === undefined) return unreachable("no route to it");
    if (route.type !== "unicast") return unreachable(`the route to it is of type ${route.type}`);
    const isOnLink = route.nextHops.every(({ gateway }) => gateway === undefined);
    const hops = route.nextHops.map((hop) => (hop.gateway === undefined ? { ...hop, gateway: nextHop } : hop));
    return { reachable: true, hops, cost: isOnLink ? 0 : route.metric };
  }

  #tableOf(address: Uint8Array): LongestMatch<readonly KernelRoute[]> {
    return this.#routes[address.length === 4 ? 4 : 16];
  }
}

function unreachable(why: string): Resolution {
  return { reachable: false, why };
}
