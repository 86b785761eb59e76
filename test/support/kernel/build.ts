/** Routes in few words, for tests. */

import { parseAddress } from "../../../src/base/address.ts";
import { clearHostBits, parsePrefix } from "../../../src/base/prefix.ts";
import type { KernelChanges } from "../../../src/kernel/port.ts";
import type { KernelRoute, LinkAddress, NextHop } from "../../../src/kernel/route.ts";
import type { Family } from "../../../src/messages/families.ts";

/** A way: `10.9.0.2`, or `{ dev: 3 }`, or both. */
export type Way = string
  | { readonly via?: string; readonly dev?: number; readonly onlink?: boolean; readonly weight?: number };

/** A route of protocol 12 in the main table; no way and no type is a blackhole. */
export function route(prefix: string, ways: Way | readonly Way[] = [], more: Partial<KernelRoute> = {}): KernelRoute {
  const nextHops = (Array.isArray(ways) ? ways as readonly Way[] : [ways as Way]).map(hop);
  return {
    family: familyOf(prefix), prefix: parsePrefix(prefix)!, table: 254, protocol: 12, metric: 0,
    type: nextHops.length === 0 ? "blackhole" : "unicast", nextHops, preferredSource: undefined, ...more,
  };
}

/** The octets of an address. */
export function octets(text: string): Uint8Array {
  return parseAddress(text)!;
}

/** An address of a link, as `10.9.0.1/24`. */
export function linkAddress(interfaceIndex: number, text: string): LinkAddress {
  const [own = "", length = ""] = text.split("/");
  const address = octets(own);
  const network = address.slice();
  clearHostBits(network, Number(length));
  const prefix = { address: network, length: Number(length) };
  return { family: familyOf(text), interfaceIndex, address, prefix, scope: 0 };
}

/** Changes of which most lists are empty. */
export function changes(some: Partial<KernelChanges>): KernelChanges {
  return { add: [], replace: [], remove: [], ...some };
}

function hop(way: Way): NextHop {
  const { via, dev = 0, onlink = false, weight = 1 } = typeof way === "string" ? { via: way } : way;
  return { gateway: via === undefined ? undefined : octets(via), interfaceIndex: dev, onlink, weight };
}

function familyOf(text: string): Family {
  return text.includes(":") ? "ipv6-unicast" : "ipv4-unicast";
}
