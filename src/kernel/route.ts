/**
 * Routes, links and addresses as a kernel has them. Rule: plain values; who made them says nothing about who keeps
 * them, so nobody changes one.
 */

import { compareAddresses, formatAddress } from "../base/address.ts";
import { EMPTY, readU32, sameBytes } from "../base/bytes.ts";
import { formatPrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import type { Family } from "../messages/families.ts";

/** What a kernel does with a packet that a route matches (rtnetlink(7), rtm_type). */
export type RouteType = "unicast" | "blackhole" | "unreachable" | "prohibit";

/** One way out of a unicast route. */
export interface NextHop {
  /** 4 or 16 octets, also of the other family (RTA_VIA); undefined: the destination is on the link. */
  readonly gateway: Uint8Array | undefined;
  /** 0: the kernel finds it by the gateway; what is read from a kernel always has one. */
  readonly interfaceIndex: number;
  /** The gateway counts as a neighbour on the link, whatever the addresses say (RTNH_F_ONLINK). */
  readonly onlink: boolean;
  /** Share of the traffic, 1 to 256. */
  readonly weight: number;
}

/** A route of a kernel's table. */
export interface KernelRoute {
  readonly family: Family;
  readonly prefix: Prefix;
  readonly table: number;
  /** Who wrote it (rtm_protocol): 12 is BIRD, 80 is Felix, 186 is BGP, 2 the kernel itself. */
  readonly protocol: number;
  /** RTA_PRIORITY, the lower wins. IPv4: 0 is none. IPv6: the kernel makes 1024 of 0, so 0 is never read. */
  readonly metric: number;
  readonly type: RouteType;
  /** Empty unless unicast, then at least one. */
  readonly nextHops: readonly NextHop[];
  /** RTA_PREFSRC: source address of what this host sends by the route. */
  readonly preferredSource: Uint8Array | undefined;
}

/** All of a route but where it leads: most routes share one with others. */
export type RouteForm = Omit<KernelRoute, "family" | "prefix">;

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Administratively up (IFF_UP). Routes of a link that goes down are gone, and no event says so for IPv4. */
  readonly up: boolean;
  /** There is a carrier (IFF_RUNNING). Without, routes stay and their next hops are marked. */
  readonly running: boolean;
  readonly loopback: boolean;
}

/** An address of an interface. */
export interface LinkAddress {
  readonly family: Family;
  readonly interfaceIndex: number;
  /** Ours: 4 or 16 octets. */
  readonly address: Uint8Array;
  /** The network on the link; of a point-to-point link, the other end. */
  readonly prefix: Prefix;
  /** rtm_scope: 0 global, 253 link, 254 host. */
  readonly scope: number;
}

/** Metric that Linux gives an IPv6 route that names none (IP6_RT_PRIO_USER). */
const IPV6_METRIC_DEFAULT = 1024;
/** The main table (RT_TABLE_MAIN). */
export const MAIN_TABLE = 254;

/**
 * Identity of a route in a kernel: one that is added while there is another of its key is refused (NLM_F_EXCL), and one
 * that replaces it takes its place. Linux compares a type of service as well, which is 0 in all our routes.
 */
export function routeKey(route: KernelRoute): string {
  const { prefix: { address, length }, table } = route;
  const rest = `/${length} ${table} ${metricInKernel(route)}`;
  if (address.length === 4) return readU32(address, 0) + rest; // for each route of a dump: cheaper than text for people
  return `${readU32(address, 0)}:${readU32(address, 4)}:${readU32(address, 8)}:${readU32(address, 12)}${rest}`;
}

/** Whether two of one key, of which one came beside the other, are one: Linux joins the ways of IPv6's. */
export function joins(one: Pick<KernelRoute, "family" | "type">, other: RouteForm): boolean {
  return one.family === "ipv6-unicast" && one.type === "unicast" && other.type === "unicast";
}

/** The metric as the kernel will show it. */
export function metricInKernel({ family, metric }: Pick<KernelRoute, "family" | "metric">): number {
  return family === "ipv6-unicast" && metric === 0 ? IPV6_METRIC_DEFAULT : metric;
}

/** The route of a form to a prefix. */
export function routeOf(form: RouteForm, family: Family, prefix: Prefix): KernelRoute {
  const { table, protocol, metric, type, nextHops, preferredSource } = form;
  return { family, prefix, table, protocol, metric, type, nextHops, preferredSource };
}

/**
 * Whether a kernel that has `have` does what `want` asks; their keys are the same. Next hops in any order; an interface
 * that `want` leaves to the kernel is whatever the kernel found.
 */
export function sameRoute(want: RouteForm, have: RouteForm): boolean {
  return want === have || (want.type === have.type && want.protocol === have.protocol
    && sameOctets(want.preferredSource, have.preferredSource) && sameNextHops(want.nextHops, have.nextHops));
}

/** For people, as `ip route` has it; `nameOf` gives the name of an interface. */
export function formatRoute(route: KernelRoute, nameOf: (interfaceIndex: number) => string): string {
  const { type, prefix, nextHops, protocol, metric, preferredSource } = route;
  const ways = nextHops.map(({ gateway, interfaceIndex, onlink, weight }) => [
    ...(nextHops.length > 1 ? ["nexthop"] : []),
    ...(gateway === undefined ? [] : ["via", formatAddress(gateway)]),
    ...(interfaceIndex === 0 ? [] : ["dev", nameOf(interfaceIndex)]),
    ...(nextHops.length > 1 ? ["weight", weight] : []),
    ...(onlink ? ["onlink"] : []),
  ].join(" "));
  return [...(type === "unicast" ? [] : [type]), formatPrefix(prefix), ...(nextHops.length === 1 ? ways : []),
    "proto", protocol, ...(preferredSource === undefined ? [] : ["src", formatAddress(preferredSource)]),
    ...(metric === 0 ? [] : ["metric", metric]), ...(nextHops.length > 1 ? ways : [])].join(" ");
}

function sameNextHops(want: readonly NextHop[], have: readonly NextHop[]): boolean {
  if (want === have) return true;
  if (want.length !== have.length) return false;
  if (want.length === 1) return sameNextHop(want[0]!, have[0]!);
  const [a, b] = [inOrder(want), inOrder(have)];
  return a.every((hop, at) => sameNextHop(hop, b[at]!) && hop.weight === b[at]!.weight);
}

function sameNextHop(want: NextHop, have: NextHop): boolean {
  return (want.interfaceIndex === 0 || want.interfaceIndex === have.interfaceIndex) && want.onlink === have.onlink
    && sameOctets(want.gateway, have.gateway);
}

function inOrder(hops: readonly NextHop[]): readonly NextHop[] {
  return [...hops].sort((a, b) => compareAddresses(a.gateway ?? EMPTY, b.gateway ?? EMPTY)
    || a.interfaceIndex - b.interfaceIndex || a.weight - b.weight);
}

function sameOctets(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}
