/** How next hops are reached, beside a walk over all routes. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/base/address.ts";
import { covers } from "../../src/base/prefix.ts";
import { LongestMatch } from "../../src/kernel/longest-match.ts";
import { NextHops } from "../../src/kernel/next-hops.ts";
import type { Resolution } from "../../src/kernel/next-hops.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import type { StateEvent } from "../../src/kernel/state.ts";
import { PREFIXES } from "../support/kernel/arbitraries.ts";
import { linkAddress, octets, route } from "../support/kernel/build.ts";
import type { Way } from "../support/kernel/build.ts";

const theirs = (prefix: string, ways: Way | readonly Way[] = [], more: Partial<KernelRoute> = {}): StateEvent =>
  ({ event: "route", route: route(prefix, ways, { protocol: 2, ...more }) });
const gone = (event: StateEvent): StateEvent =>
  ({ event: "routeGone", route: (event as { route: KernelRoute }).route });
const following = (...events: readonly StateEvent[]): NextHops => {
  const nextHops = new NextHops({ table: 254, ownProtocol: 12 });
  for (const event of events) nextHops.apply(event);
  return nextHops;
};
const LINK = theirs("10.9.0.0/24", { dev: 2 });
const VIA = theirs("10.20.0.0/16", { via: "10.9.0.1", dev: 2 }, { protocol: 80, metric: 30 });

describe("a next hop that has a gateway of its own", () => {
  const say = (nextHops: NextHops): Resolution => nextHops.resolve(octets("10.20.0.7"));
  const lead = (nextHops: NextHops, gateway: string | undefined): string[] => nextHops.lead(
    new Map(gateway === undefined ? [] : [["10.20.0.7", octets(gateway)]])).map(formatAddress);

  it("is reached by it, and otherwise where the gateway is not reached", () => {
    const nextHops = following(LINK, VIA);
    const before = say(nextHops);
    expect(lead(nextHops, "10.9.0.5")).toEqual(["10.20.0.7"]);
    expect(say(nextHops)).toMatchObject({ hops: [{ gateway: octets("10.9.0.5") }] });
    expect(lead(nextHops, "10.9.0.5")).toEqual([]);
    lead(nextHops, "192.0.2.1");
    expect(say(nextHops)).toEqual(before);
  });
  it("changes with the way to the gateway", () => {
    const nextHops = following(VIA);
    lead(nextHops, "10.9.0.5");
    const before = say(nextHops);
    expect(nextHops.apply(LINK).map(formatAddress)).toContain("10.20.0.7");
    expect(say(nextHops)).not.toEqual(before);
    expect(nextHops.apply(gone(LINK)).map(formatAddress)).toContain("10.20.0.7");
    expect(say(nextHops)).toEqual(before);
    expect(lead(nextHops, undefined)).toEqual([]);
  });
});

describe("a next hop", () => {
  const rows: readonly (readonly [name: string, nextHop: string, said: string, ...events: readonly StateEvent[]])[] = [
    ["on a link is its own gateway", "10.9.0.7", "10.9.0.7 dev 2 cost 0", LINK],
    ["behind a gateway is reached by that", "10.20.0.7", "10.9.0.1 dev 2 cost 30", LINK, VIA],
    ["takes the longest match", "10.20.0.7", "10.8.0.1 dev 3 cost 0", LINK, VIA,
      theirs("10.20.0.0/24", { via: "10.8.0.1", dev: 3 })],
    ["takes the lowest metric of a prefix", "10.20.0.7", "10.8.0.1 dev 3 cost 5", VIA,
      theirs("10.20.0.0/16", { via: "10.8.0.1", dev: 3 }, { metric: 5 })],
    ["takes every way of a route", "10.20.0.7", "10.9.0.1 dev 2, 10.8.0.1 dev 3 cost 0",
      theirs("10.20.0.0/16", [{ via: "10.9.0.1", dev: 2 }, { via: "10.8.0.1", dev: 3 }])],
    ["takes a default route", "192.0.2.1", "10.9.0.1 dev 2 cost 0", theirs("0.0.0.0/0", { via: "10.9.0.1", dev: 2 })],
    ["of IPv6 is found there", "2001:db8::7", "fe80::1 dev 2 cost 1024",
      theirs("2001:db8::/64", { via: "fe80::1", dev: 2 }, { metric: 1024 })],
    ["is not reached without a route", "192.0.2.1", "no route to it", LINK, VIA],
    ["is not reached by a blackhole", "10.20.0.7", "the route to it is of type blackhole", VIA, theirs("10.20.0.0/24")],
    ["is not reached by our own routes", "10.30.0.1", "no route to it",
      theirs("10.30.0.0/16", { via: "10.9.0.1", dev: 2 }, { protocol: 12 })],
    ["is not reached by another table", "10.30.0.1", "no route to it",
      theirs("10.30.0.0/16", { via: "10.9.0.1", dev: 2 }, { table: 100 })],
    ["that is ourselves is none", "10.9.0.1", "an address of our own", LINK,
      { event: "address", address: linkAddress(2, "10.9.0.1/24") }],
    ["of a link needs to say of which", "fe80::1", "link-local, and nobody says on which link",
      theirs("fe80::/64", { dev: 2 })],
  ];
  for (const [name, nextHop, expected, ...events] of rows) {
    it(name, () => {
      expect(said(following(...events).resolve(octets(nextHop)))).toBe(expected);
      // Whatever the order in which it was told.
      expect(said(following(...events.toReversed()).resolve(octets(nextHop)))).toBe(expected);
    });
  }

  it("is named where it is reached otherwise, and only then", () => {
    const nextHops = following(LINK);
    const [near, far, other] = ["10.9.0.7", "10.20.0.7", "192.0.2.1"].map(octets);
    for (const one of [near, far, other]) nextHops.resolve(one!);
    expect(nextHops.apply(VIA)).toEqual([far]);
    expect(nextHops.apply(VIA)).toEqual([]);
    expect(nextHops.apply(theirs("0.0.0.0/0", { via: "10.9.0.1", dev: 2 }))).toEqual([other]);
    expect(nextHops.apply(gone(VIA))).toEqual([far]);
    expect(said(nextHops.resolve(far!))).toBe("10.9.0.1 dev 2 cost 0");
    expect(nextHops.apply({ event: "address", address: linkAddress(2, "10.9.0.7/24") })).toEqual([near]);
    expect(nextHops.apply({ event: "addressGone", address: linkAddress(2, "10.9.0.7/24") })).toEqual([near]);
    nextHops.forgetAll();
    expect(nextHops.apply(VIA)).toEqual([]);
    expect(said(nextHops.resolve(far!))).toBe("10.9.0.1 dev 2 cost 30");
  });
  it("of routes in a table of their own is found there, then in the main one", () => {
    const nextHops = new NextHops({ table: 100, ownProtocol: 12 });
    for (const event of [LINK, VIA]) nextHops.apply(event);
    expect(said(nextHops.resolve(octets("10.20.0.7")))).toBe("10.9.0.1 dev 2 cost 30");
    nextHops.apply(theirs("10.20.0.0/16", { via: "10.8.0.1", dev: 3 }, { metric: 99, table: 100 }));
    expect(said(nextHops.resolve(octets("10.20.0.7")))).toBe("10.8.0.1 dev 3 cost 99");
  });
  it("is remembered among so many, and it is known that there are more", () => {
    const nextHops = new NextHops({ table: 254, ownProtocol: 12, trackedMax: 2 });
    nextHops.apply(LINK);
    for (const one of ["10.9.0.7", "10.20.0.7", "10.9.0.7"]) nextHops.resolve(octets(one));
    expect(nextHops.isWhole).toBe(true);
    expect(said(nextHops.resolve(octets("10.9.0.8")))).toBe("10.9.0.8 dev 2 cost 0");
    expect(nextHops.isWhole).toBe(false);
    nextHops.forgetAll();
    expect(nextHops.isWhole).toBe(true);
  });
});

describe("the longest match", () => {
  const prefix = fc.constantFrom(...PREFIXES.filter((text) => !text.includes(":")));
  it("is what a walk over all prefixes finds", () => {
    fc.assert(fc.property(fc.array(fc.tuple(prefix, fc.boolean()), { maxLength: 20 }), (edits) => {
      const table = new LongestMatch<string>();
      const plain = new Map<string, ReturnType<typeof route>["prefix"]>();
      for (const [text, isThere] of edits) {
        const of = route(text).prefix;
        if (isThere) table.set(of, text);
        else table.delete(of);
        if (isThere) plain.set(text, of);
        else plain.delete(text);
        expect(table.get(of)).toBe(isThere ? text : undefined);
      }
      for (const address of ["10.0.0.0", "10.0.0.1", "10.0.0.65", "10.0.1.0", "192.0.2.1"].map(octets)) {
        const [longest] = [...plain].filter(([, one]) => covers(one, { address, length: 32 }))
          .sort(([, a], [, b]) => b.length - a.length);
        expect(table.match(address)?.value).toBe(longest?.[0]);
      }
    }));
  });
});

function said(resolution: Resolution): string {
  if (!resolution.reachable) return resolution.why;
  const hops = resolution.hops.map(({ gateway, interfaceIndex }) => `${formatAddress(gateway!)} dev ${interfaceIndex}`);
  return `${hops.join(", ")} cost ${resolution.cost}`;
}
