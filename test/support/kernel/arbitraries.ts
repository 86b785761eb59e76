/** Routes drawn from a tiny world, so that they collide. */

import fc from "fast-check";
import type { KernelRoute, NextHop } from "../../../src/kernel/route.ts";
import { octets, route } from "./build.ts";

/** Prefixes that hold one another. */
export const PREFIXES: readonly string[] = ["0.0.0.0/0", "10.0.0.0/16", "10.0.0.0/26", "10.0.0.0/32", "10.0.0.1/32",
  "10.0.0.64/26", "2001:db8::/32", "2001:db8::/122", "2001:db8::1/128"];

const GATEWAYS: Readonly<Record<Family, readonly string[]>> = {
  "ipv4-unicast": ["10.9.0.2", "10.9.0.3", "10.8.0.2"],
  "ipv6-unicast": ["2001:db8:9::2", "2001:db8:9::3", "fe80::2"],
};
/** Two neighbours each; those of IPv4 are on two links. */
const NEIGHBOURS: Readonly<Record<Family, readonly string[]>> = {
  "ipv4-unicast": ["10.9.0.2", "10.8.0.2"], "ipv6-unicast": ["2001:db8:9::2", "2001:db8:9::3"],
};
type Family = KernelRoute["family"];

/** Any route that Linux could have, of IPv4 and IPv6, as it would show it. */
export const kernelRoutes: fc.Arbitrary<KernelRoute> = fc.record({
  prefix: fc.constantFrom(...PREFIXES), table: fc.constantFrom(254, 100, 100000),
  protocol: fc.constantFrom(12, 80, 186), metric: fc.constantFrom(1, 1024, 0xffffffff),
  type: fc.constantFrom("unicast", "blackhole", "unreachable", "prohibit"),
  hops: fc.array(fc.record({ gateway: fc.nat(3), interfaceIndex: fc.integer({ min: 1, max: 3 }), onlink: fc.boolean(),
    weight: fc.integer({ min: 1, max: 256 }) }), { minLength: 1, maxLength: 4 }),
  source: fc.boolean(),
}).map(({ prefix, hops, type, source, ...rest }) => {
  const { family } = route(prefix);
  const ways = hops.map(({ gateway, weight, ...hop }): NextHop => {
    const text = GATEWAYS[family][gateway];
    return { ...hop, weight: hops.length === 1 ? 1 : weight, gateway: text === undefined ? undefined : octets(text) };
  });
  return route(prefix, [], { ...rest, type: type as KernelRoute["type"], nextHops: type === "unicast" ? ways : [],
    preferredSource: source ? octets(family === "ipv4-unicast" ? "10.9.0.1" : "2001:db8:9::1") : undefined });
});

/** Routes of ours that the kernels of the tests accept; drawn so narrow that keys collide. */
export const ownRoutes: fc.Arbitrary<KernelRoute> = fc.record({
  prefix: fc.constantFrom(...PREFIXES), metric: fc.constantFrom(0, 0, 5),
  gateways: fc.subarray([0, 1]),
}).map(({ prefix, metric, gateways }) =>
  route(prefix, gateways.map((at) => NEIGHBOURS[route(prefix).family][at]!), { metric }));
