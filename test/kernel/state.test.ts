/** Who follows a kernel's events knows what a dump would show: links, routes, next hops and what is learned. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/base/address.ts";
import { formatPrefix, parsePrefix } from "../../src/base/prefix.ts";
import { Learner } from "../../src/kernel/learn.ts";
import { NextHops } from "../../src/kernel/next-hops.ts";
import { plan } from "../../src/kernel/plan.ts";
import { CHANGES } from "../../src/kernel/port.ts";
import type { KernelChanges } from "../../src/kernel/port.ts";
import { formatRoute } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { KernelState } from "../../src/kernel/state.ts";
import type { StateEvent } from "../../src/kernel/state.ts";
import { ownRoutes } from "../support/kernel/arbitraries.ts";
import { linkAddress, octets, route } from "../support/kernel/build.ts";
import { LinuxTables } from "../support/kernel/linux-tables.ts";

const SCOPE = { table: 254, ownProtocol: 12 };
const LEARNED = { ...SCOPE, ignoredInterfaces: ["vx*"], blocks: [parsePrefix("10.0.0.0/26")!] };
const NEXT_HOPS = ["10.9.0.2", "10.8.0.2", "10.0.0.1", "10.0.0.70", "192.0.2.1", "2001:db8:9::2", "2001:db8::1",
  "fe80::2"].map(octets);
const LINKS: readonly (readonly [index: number, name: string, address: string])[] =
  [[2, "va", "10.9.0.1/24"], [3, "vb", "10.8.0.1/24"], [4, "cali1", "10.7.0.1/24"], [2, "va", "2001:db8:9::1/64"],
    [2, "va", "10.0.0.70/32"]];

const routes = fc.tuple(ownRoutes, fc.constantFrom(12, 12, 80)).map(([one, protocol]) => ({ ...one, protocol }));
const hands = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant("change"), route: routes,
    change: fc.constantFrom(...CHANGES, "append") }) },
  fc.record({ does: fc.constantFrom("up", "down", "unlink", "addAddress", "removeAddress"),
    at: fc.nat(LINKS.length - 1) }),
);

describe("who follows events", () => {
  it("knows what a dump would show", () => {
    let losses = 0;
    fc.assert(fc.property(fc.array(hands, { maxLength: 25 }), (some) => {
      const { tables, follower } = opened();
      for (const hand of some) lay(tables, hand);
      losses += follower.losses;
      const dumped = new Follower();
      dumped.adopt(dump(tables));
      expect(follower.texts()).toEqual(dumped.texts());
      expect(follower.state.difference(dumped.state)).toEqual([]);
    }), { numRuns: 300 });
    expect(losses).toBeGreaterThan(50);
  });
  it("is told which next hops are reached otherwise", () => {
    fc.assert(fc.property(fc.array(hands, { maxLength: 25 }), (some) => {
      const { tables, follower } = opened();
      for (const hand of some) {
        const before = NEXT_HOPS.map((one) => JSON.stringify(follower.nextHops.resolve(one)));
        follower.touched.clear();
        lay(tables, hand);
        NEXT_HOPS.forEach((one, at) => {
          const isOther = JSON.stringify(follower.nextHops.resolve(one)) !== before[at];
          if (isOther) expect([...follower.touched]).toContain(formatAddress(one));
        });
      }
    }));
  });
  it("comes from a missed stretch to a dump by the difference", () => {
    fc.assert(fc.property(fc.array(hands, { maxLength: 12 }), fc.array(hands, { maxLength: 12 }), (heard, missed) => {
      const { tables, follower } = opened();
      for (const hand of heard) lay(tables, hand);
      tables.onEvent = () => undefined;
      for (const hand of missed) lay(tables, hand);
      const dumped = new Follower();
      dumped.adopt(dump(tables));
      follower.adopt(dump(tables));
      expect(follower.texts()).toEqual(dumped.texts());
    }));
  });
  it("repairs what a foreign hand did to our routes, and leaves the foreign ones", () => {
    const ours = fc.array(ownRoutes, { maxLength: 6 });
    let blocked = 0;
    fc.assert(fc.property(ours, fc.array(hands, { maxLength: 10 }), (want, edits) => {
      const { tables, follower } = opened();
      for (const hand of edits) if ("route" in hand && hand.change !== "append") lay(tables, hand);
      const theirs = (): readonly string[] => texts(tables.routes.filter(({ protocol }) => protocol === 80));
      const before = theirs();
      const failed = applyTo(tables, plan(want, follower.ours()));
      expect(theirs()).toEqual(before);
      // What is refused is refused because of them: everything else is as wanted.
      const again = plan(want, follower.ours());
      expect([again.replace, again.remove]).toEqual([[], []]);
      expect(texts(again.add)).toEqual(texts(failed));
      blocked += failed.length;
    }), { numRuns: 300 });
    expect(blocked).toBeGreaterThan(0);
  });
  it("takes a second route of a key for what it is", () => {
    const [first, twin] = [route("10.0.0.0/26", { via: "10.9.0.2", dev: 2 }),
      route("10.0.0.0/26", { via: "10.9.0.3", dev: 2 })];
    const state = new KernelState();
    for (const one of [first, twin]) state.addDumped(one);
    expect([...state.routes()]).toEqual([first, twin]);
    expect(state.apply({ event: "routeGone", route: first }))
      .toEqual([{ event: "routeGone", route: first }, { event: "route", route: twin }]);
    state.addDumped(first);
    expect(state.apply({ event: "routeGone", route: first })).toEqual([]);
    expect([...state.routes()]).toEqual([twin]);
  });
});

/** All that follows a kernel. */
class Follower {
  readonly state = new KernelState();
  readonly nextHops = new NextHops(SCOPE);
  readonly learner = new Learner(LEARNED);
  readonly touched = new Set<string>();
  losses = 0;

  adopt(to: KernelState): void {
    this.#learn(this.state.become(to));
  }

  take(event: StateEvent): void {
    const changes = this.state.apply(event);
    if (changes.length > 1) this.losses++;
    this.#learn(changes);
  }

  #learn(changes: readonly StateEvent[]): void {
    for (const change of changes) {
      for (const one of this.nextHops.apply(change)) this.touched.add(formatAddress(one));
      this.learner.apply(change);
    }
  }

  ours(): readonly KernelRoute[] {
    return [...this.state.routes()].filter(({ protocol }) => protocol === 12);
  }

  texts(): readonly unknown[] {
    return [
      texts(this.state.routes()),
      NEXT_HOPS.map((one) => JSON.stringify(this.nextHops.resolve(one))),
      this.learner.routes().map(({ prefix, source, interfaces, metric, nextHop }) =>
        `${formatPrefix(prefix)} ${source} ${interfaces.join()} ${metric} ${String(nextHop)}`).sort(),
    ];
  }
}

function opened(): { readonly tables: LinuxTables; readonly follower: Follower } {
  const tables = new LinuxTables();
  const follower = new Follower();
  for (const [index, name] of LINKS) tables.setLink({ index, name, up: true, running: true, loopback: false });
  for (const [index, , address] of LINKS) tables.addAddress(linkAddress(index, address));
  follower.adopt(dump(tables));
  tables.onEvent = (event) => {
    if (event.event !== "lost") follower.take(event);
  };
  return { tables, follower };
}

function dump(tables: LinuxTables): KernelState {
  const state = new KernelState();
  for (const link of tables.links.values()) state.apply({ event: "link", link });
  for (const address of tables.addresses) state.apply({ event: "address", address });
  for (const one of tables.routes) state.addDumped(one);
  return state;
}

type Hand = typeof hands extends fc.Arbitrary<infer T> ? T : never;

function lay(tables: LinuxTables, hand: Hand): void {
  if ("route" in hand && hand.change === "append") return void tables.putBeside(hand.change, hand.route);
  if ("route" in hand) return void tables.change(hand.change as keyof KernelChanges, hand.route);
  const [index, name, address] = LINKS[hand.at]!;
  const has = tables.addresses.some((one) => one.interfaceIndex === index
    && formatAddress(one.address) === address.split("/")[0]);
  if (hand.does === "unlink") tables.removeLink(index);
  else if (hand.does === "removeAddress") tables.removeAddress(linkAddress(index, address));
  else if (hand.does !== "addAddress") {
    tables.setLink({ index, name, up: hand.does === "up", running: hand.does === "up", loopback: false });
  } else if (!has && tables.links.has(index)) tables.addAddress(linkAddress(index, address));
}

function applyTo(tables: LinuxTables, changes: KernelChanges): readonly KernelRoute[] {
  return CHANGES.flatMap((change) =>
    changes[change].filter((one) => tables.change(change, one) !== 0));
}

function texts(some: Iterable<KernelRoute>): readonly string[] {
  return [...some].map((one) => formatRoute(one, String)).sort();
}
