/** Which best paths become which routes: with Calico's kernel filter (calico.md 4.5, 11) and without. */

import { describe, expect, it } from "vitest";
import { PRIORITY_BASE } from "../../src/config/intent.ts";
import { NextHops } from "../../src/kernel/next-hops.ts";
import { KernelPolicy } from "../../src/kernel/policy.ts";
import type { KernelPolicyOptions, KernelVerdict } from "../../src/kernel/policy.ts";
import { formatRoute, routeOf } from "../../src/kernel/route.ts";
import { RouteBatch } from "../../src/kernel/rtnetlink/write.ts";
import { configuration, node, planOf, pool } from "../support/calico/world.ts";
import type { WorldWords } from "../support/calico/world.ts";
import { linkAddress, octets, route } from "../support/kernel/build.ts";

const LINKS: Readonly<Record<string, number>> = { eth0: 2, tunl0: 9 };
const NORMAL = PRIORITY_BASE - 1024;
const NODES = [node("me", { ipv4: "10.9.0.1/24", ipv6: "2001:db8:9::1/64" }), node("other", { ipv4: "10.9.0.2/24" })];
const KEPT = {
  table: 254, protocol: 12, metric: 0, unresolved: "none", preferredSource: {}, rules: {},
} as const satisfies KernelPolicyOptions;
const SOURCES = { "ipv4-unicast": octets("10.9.0.1"), "ipv6-unicast": octets("2001:db8:9::1") };

describe("without Calico", () => {
  it("every path with a next hop becomes a route", () => {
    expect(judged(KEPT, "10.1.0.0/24", "10.9.0.2")).toBe("10.1.0.0/24 via 10.9.0.2 dev 2 proto 12");
    expect(judged({ ...KEPT, metric: 20, protocol: 186 }, "10.1.0.0/24", "192.0.2.7"))
      .toBe("10.1.0.0/24 via 10.9.0.254 dev 2 proto 186 metric 20");
    expect(judged(KEPT, "2001:db8:1::/48", "2001:db8:9::2")).toBe("2001:db8:1::/48 via 2001:db8:9::2 dev 2 proto 12");
    expect(judged(KEPT, "10.1.0.0/24", "2001:db8:9::2")).toBe("10.1.0.0/24 via 2001:db8:9::2 dev 2 proto 12");
  });
  it("says which next hop cannot be reached", () => {
    expect(judged(KEPT, "10.1.0.0/24", "10.9.0.1")).toBe("next hop 10.9.0.1: an address of our own");
    expect(judged(KEPT, "2001:db8:1::/48", "2001:db8:77::2")).toBe("next hop 2001:db8:77::2: no route to it");
    expect(judged(KEPT, "10.1.0.0/24")).toBe("it has no next hop");
  });
  it("writes what leads nowhere as the configuration has it, for best paths only", () => {
    const options = { ...KEPT, unresolved: "prohibit", preferredSource: SOURCES } as const;
    expect(judged(options, "10.1.0.0/24", "10.9.0.1")).toBe("prohibit 10.1.0.0/24 proto 12"
      + " (next hop 10.9.0.1: an address of our own, written as prohibit)");
    expect(judged({ ...options, unresolved: "unreachable" }, "2001:db8:1::/48", "2001:db8:77::2"))
      .toBe("unreachable 2001:db8:1::/48 proto 12 (next hop 2001:db8:77::2: no route to it, written as unreachable)");
    expect(own(options, "10.7.0.9/32", "10.9.0.1")).toBe("next hop 10.9.0.1: an address of our own");
  });
  it("names the source address of a family, also where two families share a next hop", () => {
    const options = { ...KEPT, preferredSource: SOURCES };
    const { policy, reached } = host(options);
    const nextHop = octets("2001:db8:9::2");
    const plain = (prefix: string): string => said(
      policy.judgePlain(route(prefix).family, reached.resolve(nextHop), 100, () => nextHop), prefix);
    for (const _ of [1, 2]) {
      expect(plain("10.1.0.0/24")).toBe("10.1.0.0/24 via 2001:db8:9::2 dev 2 proto 12 src 10.9.0.1");
      expect(plain("2001:db8:1::/48")).toBe("2001:db8:1::/48 via 2001:db8:9::2 dev 2 proto 12 src 2001:db8:9::1");
    }
    expect(own(options, "10.1.0.0/26")).toBe("blackhole 10.1.0.0/26 proto 12");
  });
  it("takes all next hops that tie, each way once, without those that cannot be reached", () => {
    expect(judged(KEPT, "10.1.0.0/24", "10.9.0.2", "10.9.0.1", "10.9.0.3", "192.0.2.7", "192.0.2.8")).toBe(
      "10.1.0.0/24 proto 12 nexthop via 10.9.0.2 dev 2 weight 1 nexthop via 10.9.0.3 dev 2 weight 1"
      + " nexthop via 10.9.0.254 dev 2 weight 1");
    expect(judged(KEPT, "10.1.0.0/24", "192.0.2.7", "192.0.2.8")).toBe("10.1.0.0/24 via 10.9.0.254 dev 2 proto 12");
  });
  it("takes as many ways as fit a message to the kernel", () => {
    const many = Array.from({ length: 1000 }, (_, i) => `10.10.${i >> 8}.${i & 255}`);
    const { policy, reached } = host(KEPT);
    reached.apply({ event: "route", route: { ...route("10.10.0.0/16", { dev: 2 }), protocol: 2 } });
    const { family, prefix } = route("10.1.0.0/24");
    const { form } = policy.judge({ family, prefix, nextHops: many.map(octets), localPref: 100 });
    expect(form!.nextHops.length).toBe(64);
    expect(new RouteBatch().push("add", routeOf(form!, family, prefix), 1)).toBe(true);
  });
});

describe("with Calico", () => {
  const inPool = (
    words: Parameters<typeof pool>[1], programClusterRoutes: "Enabled" | "EnabledIPIPOnly" | "EnabledNoEncapOnly"
    = "EnabledNoEncapOnly",
  ): KernelPolicyOptions => calico({ pools: [pool("10.1.0.0/16", words)],
    configurations: [configuration("default", { programClusterRoutes })] });
  const FELIX = "IPPool pool-10.1.0.0/16: Felix writes its routes";
  const all = inPool({ ipipMode: "Always" }, "Enabled");
  const cross = inPool({ ipipMode: "CrossSubnet" }, "Enabled");

  it("takes the metric from LOCAL_PREF", () => {
    expect(judged(inPool({}), "10.1.0.0/26", "10.9.0.2")).toBe("10.1.0.0/26 via 10.9.0.2 dev 2 proto 12 metric 1024");
    expect(judge(inPool({}), "10.1.0.0/26", ["10.9.0.2"], 100)).toContain("metric 2147483547");
    expect(judge(inPool({}), "10.1.0.0/26", ["10.9.0.2"], PRIORITY_BASE - 512)).toContain("metric 512");
    expect(judge(inPool({}), "10.1.0.0/26", ["10.9.0.2"], 0xffffffff)).not.toContain("metric");
  });
  it("leaves to Felix the pools that BIRD does not program", () => {
    expect(judged(inPool({ vxlanMode: "Always" }), "10.1.0.0/26", "10.9.0.2")).toBe(FELIX);
    expect(judged(inPool({ ipipMode: "Always" }), "10.1.0.0/26", "10.9.0.2")).toBe(FELIX);
    expect(judged(inPool({}, "EnabledIPIPOnly"), "10.1.0.0/26", "10.9.0.2")).toBe(FELIX);
  });
  it("writes IPIP routes through the tunnel, by the NEXT_HOP itself", () => {
    expect(judged(all, "10.1.0.0/26", "10.9.0.2"))
      .toBe("10.1.0.0/26 via 10.9.0.2 dev 9 onlink proto 12 metric 1024");
    expect(judged(all, "10.1.0.0/26", "192.0.2.7"))
      .toBe("10.1.0.0/26 via 192.0.2.7 dev 9 onlink proto 12 metric 1024");
    expect(judged(all, "10.1.0.0/26", "10.9.0.1")).toBe("next hop 10.9.0.1: an address of our own");
  });
  it("takes the tunnel of CrossSubnet out of our own subnet only", () => {
    expect(judged(cross, "10.1.0.0/26", "10.9.0.2")).toBe("10.1.0.0/26 via 10.9.0.2 dev 2 proto 12 metric 1024");
    expect(judged(cross, "10.1.0.0/26", "192.0.2.7"))
      .toBe("10.1.0.0/26 via 192.0.2.7 dev 9 onlink proto 12 metric 1024");
  });
  it("writes plain routes where there is no tunnel device", () => {
    expect(judge(all, "10.1.0.0/26", ["192.0.2.7"], NORMAL, { eth0: 2 }))
      .toBe("10.1.0.0/26 via 10.9.0.254 dev 2 proto 12 metric 1024");
  });
  it("installs what is outside all pools", () => {
    expect(judged(all, "0.0.0.0/0", "10.9.0.254")).toBe("0.0.0.0/0 via 10.9.0.254 dev 2 proto 12 metric 1024");
    expect(judged(all, "10.2.0.5/32", "10.9.0.2")).toBe("10.2.0.5/32 via 10.9.0.2 dev 2 proto 12 metric 1024");
  });
  it("leaves out services and nodes that WireGuard reaches", () => {
    const services = calico({ configurations: [
      configuration("default", { serviceClusterIPs: [route("10.96.0.0/12").prefix] })] });
    expect(judged(services, "10.96.0.10/32", "10.9.0.2")).toBe("service range");
    const wireguard = calico({ pools: [pool("10.1.0.0/16")], nodes: [
      node("me", { ipv4: "10.9.0.1/24", wireguard: true }), node("other", { ipv4: "10.9.0.2/24", wireguard: true }),
      node("plain", { ipv4: "10.9.0.3/24" })] });
    expect(judged(wireguard, "10.1.0.0/26", "10.9.0.2")).toBe("WireGuard");
    expect(judged(wireguard, "10.1.0.0/26", "10.9.0.3")).toContain("via 10.9.0.3");
  });
  it("writes blackholes of own blocks where the pool is BIRD's", () => {
    expect(own(inPool({}), "10.1.0.0/26")).toBe("blackhole 10.1.0.0/26 proto 12");
    expect(own(all, "10.1.0.0/26")).toBe("blackhole 10.1.0.0/26 proto 12");
    expect(own(inPool({ vxlanMode: "Always" }), "10.1.0.0/26")).toBe(FELIX);
    expect(own(inPool({}), "2001:db8:5::/122")).toBe("blackhole 2001:db8:5::/122 proto 12");
  });
  it("writes the way to a peer by its gateway, as far as that can be reached and no rule is against it", () => {
    expect(own(all, "10.7.0.9/32", "10.9.0.3")).toBe("10.7.0.9/32 via 10.9.0.3 dev 2 proto 12");
    expect(own(all, "10.7.0.9/32", "10.9.0.1")).toBe("next hop 10.9.0.1: an address of our own");
    expect(own(inPool({ vxlanMode: "Always" }), "10.1.0.9/32", "10.9.0.3")).toBe(FELIX);
  });
});

/** The options of Calico mode on node `me`. */
function calico(words: WorldWords): KernelPolicyOptions {
  const { ipv4, ipv6 } = planOf({ nodes: NODES, ...words }, "me").view.families;
  return { ...KEPT, metric: "by LOCAL_PREF",
    rules: { "ipv4-unicast": ipv4.kernelFilter, "ipv6-unicast": ipv6.kernelFilter } };
}

function judged(options: KernelPolicyOptions, prefix: string, ...nextHops: readonly string[]): string {
  return judge(options, prefix, nextHops, NORMAL);
}

function judge(
  options: KernelPolicyOptions, prefix: string, nextHops: readonly string[], localPref: number, links = LINKS,
): string {
  const { family, prefix: parsed } = route(prefix);
  const { policy, reached } = host(options, links);
  const verdict = policy.judge({ family, prefix: parsed, nextHops: nextHops.map(octets), localPref });
  if (nextHops.length === 1 && !policy.hasRules(family)) {
    const nextHop = octets(nextHops[0]!);
    expect(policy.judgePlain(family, reached.resolve(nextHop), localPref, () => nextHop)).toEqual(verdict);
  }
  return said(verdict, prefix);
}

/** A host at 10.9.0.1 and 2001:db8:9::1 whose default gateway is 10.9.0.254. */
function host(options: KernelPolicyOptions, links = LINKS): { policy: KernelPolicy; reached: NextHops } {
  const reached = new NextHops({ table: 254, ownProtocol: options.protocol });
  for (const one of [route("10.9.0.0/24", { dev: 2 }), route("2001:db8:9::/64", { dev: 2 }),
    route("0.0.0.0/0", { via: "10.9.0.254", dev: 2 })]) {
    reached.apply({ event: "route", route: { ...one, protocol: 2 } });
  }
  reached.apply({ event: "address", address: linkAddress(2, "10.9.0.1/24") });
  return { policy: new KernelPolicy(options, reached, (name) => links[name]), reached };
}

/** What becomes of a route of our own: a block, or the way to a peer `by` its gateway. */
function own(options: KernelPolicyOptions, text: string, by?: string): string {
  const { family, prefix } = route(text);
  const gateway = by === undefined ? undefined : octets(by);
  return said(host(options).policy.own(family, { prefix, gateway }), text);
}

function said(verdict: KernelVerdict, words: string): string {
  const { family, prefix } = route(words);
  if (verdict.form === undefined) return verdict.why;
  const text = formatRoute(routeOf(verdict.form, family, prefix), String);
  return verdict.why === undefined ? text : `${text} (${verdict.why})`;
}
