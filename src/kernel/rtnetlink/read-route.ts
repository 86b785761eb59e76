/** struct rtmsg and its attributes → a route. One pass over the octets: a dump has hundreds of thousands of these. */

import { clearHostBits } from "../../base/prefix.ts";
import { AF, NEXT_HOP_FLAG, ROUTE_TYPE, RTA, RTM_F_CLONED } from "./constants.ts";
import { aligned, hostI32, hostU16, hostU32 } from "./octets.ts";
import type { KernelRoute, NextHop, RouteType } from "../route.ts";

/** By rtm_type. */
const TYPES: readonly (RouteType | undefined)[] = Array.from({ length: 256 }, (_, number) =>
  (Object.keys(ROUTE_TYPE) as RouteType[]).find((word) => ROUTE_TYPE[word] === number));

/**
 * The route of a message from its rtmsg on; `at` to `end` has room for that. "other": not a route as we know them: a
 * cache entry, by source or type of service, of another family or type, of a nexthop object that is not shown, without
 * a way that works.
 */
export function readRoute(octets: Uint8Array, at: number, end: number): KernelRoute | "other" | "malformed" {
  const addressOctets = octets[at] === AF.INET ? 4 : octets[at] === AF.INET6 ? 16 : 0;
  const type = TYPES[octets[at + 7]!];
  const flags = hostU32(octets, at + 8);
  const isPlain = octets[at + 2] === 0 && octets[at + 3] === 0 && (flags & RTM_F_CLONED) === 0;
  if (addressOctets === 0 || type === undefined || !isPlain) return "other";
  const length = octets[at + 1]!;
  const fields = fieldsOf(octets, at + 12, end, addressOctets);
  if (fields === undefined || length > addressOctets * 8) return "malformed";
  const nextHops = type === "unicast" ? hopsOf(octets, fields, addressOctets, flags) : [];
  if (nextHops === undefined) return "malformed";
  if (type === "unicast" && nextHops.length === 0) return "other";
  const address = fields.destination ?? new Uint8Array(addressOctets);
  clearHostBits(address, length);
  return {
    family: addressOctets === 4 ? "ipv4-unicast" : "ipv6-unicast", prefix: { address, length },
    table: fields.table ?? octets[at + 4]!, protocol: octets[at + 5]!, metric: fields.metric, type, nextHops,
    preferredSource: fields.preferredSource,
  };
}

/** Octets of their own: those of a datagram go their way, and slice() of a Buffer is a view. */
export function copied(octets: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from);
  for (let at = from; at < to; at++) copy[at - from] = octets[at]!;
  return copy;
}

/** What the attributes of a route, or of one hop of several, say. */
interface Fields {
  destination: Uint8Array | undefined;
  preferredSource: Uint8Array | undefined;
  gateway: Uint8Array | undefined;
  interfaceIndex: number;
  metric: number;
  table: number | undefined;
  /** RTA_MULTIPATH from its first hop to its end; 0: there is none. */
  multipathAt: number;
  multipathEnd: number;
}

/** Undefined where a length lies. */
function fieldsOf(octets: Uint8Array, at: number, end: number, addressOctets: number): Fields | undefined {
  const fields: Fields = { destination: undefined, preferredSource: undefined, gateway: undefined, interfaceIndex: 0,
    metric: 0, table: undefined, multipathAt: 0, multipathEnd: 0 };
  for (let next = at; next < end;) {
    const length = end - next < 4 ? 0 : hostU16(octets, next);
    if (length < 4 || length > end - next) return undefined;
    const type = hostU16(octets, next + 2) & 0x3fff;
    if (!takeField(fields, octets, type, next + 4, next + length, addressOctets)) return undefined;
    next += aligned(length);
  }
  return fields;
}

/** Whether the value has the size of its type; what is unknown has any. */
function takeField(
  fields: Fields, octets: Uint8Array, type: number, from: number, to: number, addressOctets: number,
): boolean {
  const size = to - from;
  switch (type) {
    case RTA.DST:
      fields.destination = copied(octets, from, to);
      return size === addressOctets;
    case RTA.PREFSRC:
      fields.preferredSource = copied(octets, from, to);
      return size === addressOctets;
    case RTA.GATEWAY:
      fields.gateway = copied(octets, from, to);
      return size === addressOctets;
    case RTA.VIA: // a family before the address
      fields.gateway = copied(octets, Math.min(from + 2, to), to);
      return size === (hostU16(octets, from) === AF.INET6 ? 18 : 6);
    case RTA.OIF:
      fields.interfaceIndex = hostI32(octets, from);
      return size === 4;
    case RTA.PRIORITY:
      fields.metric = hostU32(octets, from);
      return size === 4;
    case RTA.TABLE:
      fields.table = hostU32(octets, from);
      return size === 4;
    case RTA.MULTIPATH:
      fields.multipathAt = from;
      fields.multipathEnd = to;
      return true;
    default:
      return true;
  }
}

/** The ways that work; undefined where a length lies. */
function hopsOf(
  octets: Uint8Array, fields: Fields, addressOctets: number, routeFlags: number,
): readonly NextHop[] | undefined {
  if (fields.multipathAt !== 0) return multipath(octets, fields.multipathAt, fields.multipathEnd, addressOctets);
  const { gateway, interfaceIndex } = fields;
  if (interfaceIndex === 0 || isDead(routeFlags)) return [];
  return [{ gateway, interfaceIndex, onlink: isOnLink(routeFlags), weight: 1 }];
}

/** struct rtnexthop, one after another, each with attributes of its own. */
function multipath(octets: Uint8Array, from: number, to: number, addressOctets: number): NextHop[] | undefined {
  const hops: NextHop[] = [];
  for (let at = from; at < to;) {
    const length = to - at < 8 ? 0 : hostU16(octets, at);
    if (length < 8 || length > to - at) return undefined;
    const fields = fieldsOf(octets, at + 8, at + length, addressOctets);
    if (fields === undefined) return undefined;
    const flags = octets[at + 2]!;
    if (!isDead(flags)) {
      hops.push({ gateway: fields.gateway, interfaceIndex: hostI32(octets, at + 4), onlink: isOnLink(flags),
        weight: octets[at + 3]! + 1 });
    }
    at += aligned(length);
  }
  return hops;
}

/** The link of the hop is down; the kernel keeps it for when it comes up again, and uses it for nothing. */
function isDead(flags: number): boolean {
  return (flags & NEXT_HOP_FLAG.DEAD) !== 0;
}

function isOnLink(flags: number): boolean {
  return (flags & NEXT_HOP_FLAG.ONLINK) !== 0;
}
