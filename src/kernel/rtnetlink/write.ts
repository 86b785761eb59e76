/**
 * Requests → octets. Rule: whatever is sent has a sequence number of its own. The kernel answers what it refuses by
 * that number even where no answer was asked, so a batch asks for an answer to its last message only.
 */

import { assert } from "../../base/assert.ts";
import { EMPTY } from "../../base/bytes.ts";
import { AF, FLAG, HEADER_OCTETS, LOOPBACK_INDEX, NEXT_HOP_FLAG, ROUTE_TYPE, RTA, SCOPE, TYPE } from "./constants.ts";
import { aligned, putHostU16, putHostU32 } from "./octets.ts";
import { metricInKernel } from "../route.ts";
import type { KernelChanges, RouteList } from "../port.ts";
import type { KernelRoute, NextHop } from "../route.ts";

/** What is asked for each change: an addition never overwrites, a replacement adds what is gone. */
const CHANGE = {
  add: { type: TYPE.RTM_NEWROUTE, flags: FLAG.REQUEST | FLAG.CREATE | FLAG.EXCL },
  replace: { type: TYPE.RTM_NEWROUTE, flags: FLAG.REQUEST | FLAG.CREATE | FLAG.REPLACE },
  remove: { type: TYPE.RTM_DELROUTE, flags: FLAG.REQUEST },
} as const satisfies Record<keyof KernelChanges, { type: number; flags: number }>;

/** Octets of a route without its ways, and of a way, at most. */
const ROUTE_OCTETS_MAX = HEADER_OCTETS + 12 + 20 + 20 + 8 + 8 + 4 + 20;
const HOP_OCTETS_MAX = 8 + 24 + 8;
/** Octets of a message before the address of its route: RTA_DST comes first. */
const ADDRESS_AT = HEADER_OCTETS + 12 + 4;

/** Route changes for one datagram. */
export class RouteBatch {
  readonly #octets: Uint8Array;
  #at = 0;
  #last = 0;
  #count = 0;

  /** `octets`: room; a kernel takes what fits the socket's send buffer (212,992 by default, counted roughly twice). */
  constructor(octets = 32768) {
    this.#octets = new Uint8Array(octets);
  }

  /** Messages in it. */
  get count(): number {
    return this.#count;
  }

  /** Whether the change is in; false: it is full, and what is in it has to be taken first. */
  push(change: keyof KernelChanges, route: KernelRoute, sequence: number): boolean {
    const room = ROUTE_OCTETS_MAX + route.nextHops.length * HOP_OCTETS_MAX;
    if (this.#octets.length - this.#at < room) {
      assert(this.#count > 0, "a batch must have room for one route");
      return false;
    }
    this.#last = this.#at;
    this.#at = writeRoute(this.#octets, this.#at, change, route, sequence);
    this.#count++;
    return true;
  }

  /** As `push`, but copied: a route of a list that is like the one before it, which was pushed last. */
  pushLike(routes: RouteList, index: number, sequence: number): boolean {
    const [from, at] = [this.#last, this.#at];
    const end = at + at - from;
    if (end > this.#octets.length) return false;
    this.#octets.copyWithin(at, from, at);
    routes.putAddress!(index, this.#octets, at + ADDRESS_AT);
    putHostU32(this.#octets, at + 8, sequence);
    this.#last = at;
    this.#at = end;
    this.#count++;
    return true;
  }

  /** The octets, as a copy, with an answer asked for the last message; the batch is empty afterwards. */
  take(): Uint8Array {
    if (this.#count === 0) return EMPTY;
    const flagsAt = this.#last + 6;
    this.#octets[flagsAt] = this.#octets[flagsAt]! | FLAG.ACK;
    const taken = this.#octets.slice(0, this.#at);
    this.#at = 0;
    this.#count = 0;
    return taken;
  }
}

/** What can be read. */
type Dump = "links" | "addresses" | "ipv4 routes" | "ipv6 routes";
/** The type of its request, octets of the request's own header, and the family in that. */
const DUMPS: Readonly<Record<Dump, { readonly type: number; readonly octets: number; readonly family: number }>> = {
  links: { type: TYPE.RTM_GETLINK, octets: 16, family: AF.UNSPEC },
  addresses: { type: TYPE.RTM_GETADDR, octets: 8, family: AF.UNSPEC },
  "ipv4 routes": { type: TYPE.RTM_GETROUTE, octets: 12, family: AF.INET },
  "ipv6 routes": { type: TYPE.RTM_GETROUTE, octets: 12, family: AF.INET6 },
};

/** A request for all links or addresses (of both families), or routes of one; its answers end with `done`. */
export function dumpRequest(what: Dump, sequence: number): Uint8Array {
  const { type, octets: own, family } = DUMPS[what];
  const octets = new Uint8Array(HEADER_OCTETS + own);
  putHeader(octets, 0, octets.length, type, FLAG.REQUEST | FLAG.DUMP, sequence);
  octets[HEADER_OCTETS] = family;
  return octets;
}

/**
 * Writes a route's change at `at`, where there is room for it; where it ends. A deletion names prefix, table, protocol,
 * type and metric. Linux lets one metric have several IPv6 routes and does not ask for the type: there a deletion names
 * the ways as well, which is the loopback interface for all that are no unicast.
 */
export function writeRoute(
  octets: Uint8Array, at: number, change: keyof KernelChanges, route: KernelRoute, sequence: number,
): number {
  const { family, prefix, table, protocol, type, nextHops, preferredSource } = route;
  const isIpv4 = family === "ipv4-unicast";
  const isRemoval = change === "remove";
  const single = nextHops.length === 1 ? nextHops[0] : undefined;
  let next = at + HEADER_OCTETS;
  octets[next] = isIpv4 ? AF.INET : AF.INET6;
  octets[next + 1] = prefix.length;
  octets[next + 2] = 0;
  octets[next + 3] = 0;
  octets[next + 4] = table < 256 ? table : 0;
  octets[next + 5] = protocol;
  octets[next + 6] = isRemoval ? SCOPE.NOWHERE : scopeOf(route);
  octets[next + 7] = ROUTE_TYPE[type];
  putHostU32(octets, next + 8, !isRemoval && single?.onlink === true ? NEXT_HOP_FLAG.ONLINK : 0);
  next = putOctets(octets, next + 12, RTA.DST, prefix.address);
  if (table >= 256) next = putNumber(octets, next, RTA.TABLE, table);
  const metric = metricInKernel(route);
  if (metric !== 0) next = putNumber(octets, next, RTA.PRIORITY, metric);
  if (preferredSource !== undefined && !isRemoval) next = putOctets(octets, next, RTA.PREFSRC, preferredSource);
  if (!isRemoval || (!isIpv4 && type === "unicast")) next = putWays(octets, next, route);
  else if (!isIpv4) next = putNumber(octets, next, RTA.OIF, LOOPBACK_INDEX);
  putHeader(octets, at, next - at, CHANGE[change].type, CHANGE[change].flags, sequence);
  return next;
}

/** IPv4 wants to know whether the destination is behind a gateway; IPv6 does not ask. */
function scopeOf({ family, type, nextHops }: KernelRoute): number {
  const isOnLink = type === "unicast" && nextHops.every(({ gateway }) => gateway === undefined);
  return family === "ipv4-unicast" && isOnLink ? SCOPE.LINK : SCOPE.UNIVERSE;
}

function putWays(octets: Uint8Array, at: number, { nextHops, prefix }: KernelRoute): number {
  const [first] = nextHops;
  if (first === undefined) return at;
  if (nextHops.length > 1) return putMultipath(octets, at, nextHops, prefix.address.length);
  return putHop(octets, at, first, prefix.address.length);
}

function putHop(octets: Uint8Array, at: number, hop: NextHop, addressOctets: number): number {
  let next = putGateway(octets, at, hop.gateway, addressOctets);
  if (hop.interfaceIndex !== 0) next = putNumber(octets, next, RTA.OIF, hop.interfaceIndex);
  return next;
}

/** RTA_GATEWAY, or RTA_VIA for a gateway of the other family (RFC 8950: IPv4 by an IPv6 next hop). */
function putGateway(octets: Uint8Array, at: number, gateway: Uint8Array | undefined, addressOctets: number): number {
  if (gateway === undefined) return at;
  if (gateway.length === addressOctets) return putOctets(octets, at, RTA.GATEWAY, gateway);
  putHostU16(octets, at + 4, gateway.length === 4 ? AF.INET : AF.INET6);
  octets.set(gateway, at + 6);
  return putAttribute(octets, at, RTA.VIA, 2 + gateway.length);
}

function putMultipath(octets: Uint8Array, at: number, hops: readonly NextHop[], addressOctets: number): number {
  let next = at + 4;
  for (const { gateway, interfaceIndex, onlink, weight } of hops) {
    const end = putGateway(octets, next + 8, gateway, addressOctets);
    putHostU16(octets, next, end - next);
    octets[next + 2] = onlink ? NEXT_HOP_FLAG.ONLINK : 0;
    octets[next + 3] = weight - 1;
    putHostU32(octets, next + 4, interfaceIndex);
    next = end;
  }
  return putAttribute(octets, at, RTA.MULTIPATH, next - at - 4);
}

function putOctets(octets: Uint8Array, at: number, type: number, value: Uint8Array): number {
  for (let i = 0; i < value.length; i++) octets[at + 4 + i] = value[i]!; // 4 or 16: cheaper than set()
  return putAttribute(octets, at, type, value.length);
}

function putNumber(octets: Uint8Array, at: number, type: number, value: number): number {
  putHostU32(octets, at + 4, value);
  return putAttribute(octets, at, type, 4);
}

/** The header of an attribute whose value of `length` octets is written, and zeros up to where the next starts. */
function putAttribute(octets: Uint8Array, at: number, type: number, length: number): number {
  putHostU16(octets, at, 4 + length);
  putHostU16(octets, at + 2, type);
  const end = at + 4 + length;
  for (let pad = end; pad < aligned(end); pad++) octets[pad] = 0;
  return aligned(end);
}

function putHeader(
  octets: Uint8Array, at: number, length: number, type: number, flags: number, sequence: number,
): void {
  putHostU32(octets, at, length);
  putHostU16(octets, at + 4, type);
  putHostU16(octets, at + 6, flags);
  putHostU32(octets, at + 8, sequence);
  putHostU32(octets, at + 12, 0);
}
