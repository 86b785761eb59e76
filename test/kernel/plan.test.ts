/** Laws of the plan, over routes drawn so narrow that keys, prefixes and metrics collide. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import { covers, formatPrefix } from "../../src/base/prefix.ts";
import { isEmpty, plan } from "../../src/kernel/plan.ts";
import type { KernelChanges } from "../../src/kernel/port.ts";
import { formatRoute, metricInKernel, routeKey, sameRoute } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { ownRoutes } from "../support/kernel/arbitraries.ts";
import { route } from "../support/kernel/build.ts";

const ORDER: readonly (keyof KernelChanges)[] = ["add", "replace", "remove"];
/** Of one key there is one. */
const tables = fc.array(ownRoutes, { maxLength: 8 }).map((list) => [...byKey(list).values()]);
const ADDRESSES = ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.70", "10.0.9.9", "192.0.2.1", "2001:db8::1",
  "2001:db8::2", "2001:db8:1::"].map((text) => parseAddress(text)!);

describe("a plan", () => {
  it("leaves nothing to plan once it is applied", () => {
    fc.assert(fc.property(tables, tables, (want, have) => {
      const after = [...applied(have, plan(want, have)).at(-1)!.values()];
      expect(isEmpty(plan(want, after))).toBe(true);
      expect(texts(after)).toEqual(texts(want));
    }));
  });
  it("adds only what is not there, replaces and removes only what is, and each key once", () => {
    fc.assert(fc.property(tables, tables, (want, have) => {
      const { add, replace, remove } = plan(want, have);
      const present = byKey(have);
      for (const one of add) expect(present.has(routeKey(one))).toBe(false);
      for (const one of [...replace, ...remove]) expect(present.has(routeKey(one))).toBe(true);
      for (const one of replace) expect(sameRoute(one, present.get(routeKey(one))!)).toBe(false);
      const keys = [...add, ...replace, ...remove].map(routeKey);
      expect(new Set(keys).size).toBe(keys.length);
    }));
  });
  it("does not depend on the order of what it is given", () => {
    fc.assert(fc.property(tables, tables, (want, have) => {
      const sorted = ({ add, replace, remove }: KernelChanges): unknown =>
        [texts(add), texts(replace), texts(remove)];
      expect(sorted(plan([...want].reverse(), [...have].reverse()))).toEqual(sorted(plan(want, have)));
    }));
  });
  it("forwards every address at every moment as before or as after", () => {
    let moments = 0;
    fc.assert(fc.property(tables, tables, (want, have) => {
      const steps = applied(have, plan(want, have));
      for (const address of ADDRESSES) {
        const ways = steps.map((table) => forwarded(table, address));
        const [before, after] = [ways[0]!, ways.at(-1)!];
        // And it does not go back once it is as after.
        const turn = ways.findIndex((way) => way !== before);
        for (const way of turn < 0 ? ways : ways.slice(0, turn)) expect(way).toBe(before);
        for (const way of turn < 0 ? [] : ways.slice(turn)) expect(way).toBe(after);
        if (turn >= 0) moments++;
      }
    }), { numRuns: 500 });
    expect(moments).toBeGreaterThan(100);
  });
  it("puts a pod before its blackhole, and takes the blackhole before the pod", () => {
    const [block, pod] = [route("10.0.0.0/26"), route("10.0.0.5/32", "10.9.0.2")];
    expect(plan([block, pod], []).add).toEqual([pod, block]);
    expect(plan([], [pod, block]).remove).toEqual([block, pod]);
  });
  it("ends twins that somebody's hand made", () => {
    const [kept, twin] = [route("10.0.0.0/26", "10.9.0.2"), route("10.0.0.0/26", "10.9.0.3")];
    expect(plan([kept], [twin, kept])).toEqual({ add: [], replace: [], remove: [twin] });
    expect(plan([route("10.0.0.0/26")], [twin, kept])).toEqual({ add: [], remove: [kept],
      replace: [route("10.0.0.0/26")] });
    expect(plan([], [twin, kept]).remove.length).toBe(2);
  });
  it("does not mind what the kernel fills in, nor the order of ways", () => {
    const want = [route("2001:db8::/48", "2001:db8:9::2"), route("10.0.0.0/16", ["10.9.0.2", "10.9.0.3"])];
    const have = [route("2001:db8::/48", { via: "2001:db8:9::2", dev: 4 }, { metric: 1024 }),
      route("10.0.0.0/16", [{ via: "10.9.0.3", dev: 3 }, { via: "10.9.0.2", dev: 3 }])];
    expect(isEmpty(plan(want, have))).toBe(true);
    expect(plan(want, [route("10.0.0.0/16", [{ via: "10.9.0.3", dev: 3, weight: 2 }, { via: "10.9.0.2", dev: 3 }])]))
      .toMatchObject({ replace: [want[1]] });
  });
});

/** The table before, and after each change. */
function applied(have: readonly KernelRoute[], changes: KernelChanges): readonly ReadonlyMap<string, KernelRoute>[] {
  const steps = [byKey(have)];
  for (const change of ORDER) {
    for (const one of changes[change]) {
      const next = new Map(steps.at(-1)!);
      if (change === "remove") next.delete(routeKey(one));
      else next.set(routeKey(one), one);
      steps.push(next);
    }
  }
  return steps;
}

/** What happens to a packet: the longest prefix, then the lowest metric. */
function forwarded(table: ReadonlyMap<string, KernelRoute>, address: Uint8Array): string {
  const host = { address, length: address.length * 8 };
  const [best] = [...table.values()].filter(({ prefix }) => covers(prefix, host))
    .sort((a, b) => b.prefix.length - a.prefix.length || metricInKernel(a) - metricInKernel(b));
  return best === undefined ? "no route" : wayOf(best);
}

/** Without the prefix and the metric: two routes that do the same are the same to a packet. */
function wayOf(one: KernelRoute): string {
  return formatRoute({ ...one, metric: 0 }, String).replace(formatPrefix(one.prefix), "");
}

function byKey(routes: readonly KernelRoute[]): Map<string, KernelRoute> {
  return new Map(routes.map((one) => [routeKey(one), one]));
}

function texts(routes: readonly KernelRoute[]): readonly string[] {
  return routes.map((one) => formatRoute(one, String)).sort();
}
