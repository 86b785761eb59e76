/** Own routes, export filter and kernel filter: every rule of calico.md section 4, each case named after its rule. */

import { describe, expect, it } from "vitest";
import type { CalicoService, EndpointSlice } from "../../../src/calico/resources/model.ts";
import { IntentPlan } from "../../../src/calico/translate/intent.ts";
import { hasServiceRanges } from "../../../src/calico/translate/services.ts";
import type { HostFacts } from "../../../src/calico/translate/speaker.ts";
import type { ProgramClusterRoutes } from "../../../src/config/intent.ts";
import {
  block, cidr, configuration, exportLines, host, node, peer, planOf, pool, world,
} from "../../support/calico/world.ts";
import type { WorldWords } from "../../support/calico/world.ts";

const W1 = node("w1", { ipv4: "10.0.0.1/24" });
const R1 = node("r1", { ipv4: "10.0.0.11/24", cluster: "244.0.0.1" });
const FAR = node("far", { ipv4: "10.0.9.9/24" });

const originated = (words: WorldWords, me = "w1"): string[] =>
  planOf(words, me).view.families.ipv4.originated.map(({ prefix, kind }) => `${kind} ${prefix}`);
const kernel = (words: WorldWords, facts: Partial<HostFacts> = {}): string[] =>
  planOf(words, "w1", facts).view.families.ipv4.kernelFilter.map((view) => {
    const { action, cidr: text, tunnel, directSubnet, nextHops } = view;
    return [action, text, tunnel, directSubnet, ...nextHops ?? []].filter((word) => word !== undefined).join(" ");
  });

describe("4.2 priority and LOCAL_PREF", () => {
  const localPrefs = (words: WorldWords): unknown => {
    const intent = new IntentPlan().of(planOf(words, "w1"), { holdTimeSeconds: 240, onStop: "restart" });
    return typeof intent === "string" ? intent : intent.originated.map(({ localPref }) => localPref);
  };
  it("an ordinary route of our own is told with LOCAL_PREF 2147482623", () => {
    expect(localPrefs({ nodes: [W1], affinities: [block("w1", "10.1.0.0/26")] })).toEqual([2147482623]);
  });
  it("or with the priority that the BGPConfiguration calls normal", () => {
    expect(localPrefs({ nodes: [W1], affinities: [block("w1", "10.1.0.0/26")],
      configurations: [configuration("default", { ipv4NormalRoutePriority: 2000 })] })).toEqual([2147481647]);
  });
});

describe("4.3 what a node originates", () => {
  const words = { nodes: [W1], pools: [pool("10.1.0.0/16")], affinities: [
    block("w1", "10.1.0.0/26"), block("w1", "10.1.0.64/26", "pendingDeletion"), block("w1", "10.1.1.1/32"),
    block("w1", "10.1.0.128/26", "pending"), block("w2", "10.1.2.0/26"),
  ] };
  it("its blocks but pending ones, and no blackhole for one address", () => {
    expect(originated(words)).toEqual(["block 10.1.0.0/26", "block 10.1.0.64/26"]);
  });
  it("a confirmed block as a whole, inside it only elevated routes; nothing is said of one pending deletion", () => {
    expect(exportLines(words, "w1")).toEqual([
      "accept Equal 10.1.0.0/26", "accept In 10.1.0.0/26 below 1024", "reject In 10.1.0.0/26",
      "accept Equal 10.1.1.1/32", "accept In 10.1.1.1/32 below 1024", "reject In 10.1.1.1/32",
      "accept In 10.1.0.0/16",
    ]);
  });
  it("USE_POD_CIDR makes blocks of spec.podCIDRs", () => {
    const pods = { nodes: [node("w1", { ipv4: "10.0.0.1", podCidrs: ["10.7.0.0/24"] })] };
    expect(originated(pods)).toEqual([]);
    expect(planOf(pods, "w1", { usePodCidr: true }).view.families.ipv4.originated)
      .toEqual([{ prefix: "10.7.0.0/24", kind: "block", reason: "Node w1 spec.podCIDRs" }]);
  });
});

describe("4.4 communities", () => {
  const advertise = (name: string, ...communities: string[]): ReturnType<typeof configuration> =>
    configuration(name, { prefixAdvertisements: [{ cidr: cidr("10.1.0.0/16"), communities }] });
  it("are added inside the CIDR, each once, in order of their text", () => {
    expect(exportLines({ nodes: [W1], configurations: [advertise("default", "65000:2", "65000:10", "65000:2")] }, "w1"))
      .toEqual(["continue In 10.1.0.0/16 65000:10 65000:2"]);
  });
  it("those of node.NAME replace those of default as a whole", () => {
    const words = { nodes: [W1], configurations: [advertise("default", "65000:1"), advertise("node.w1", "65000:9"),
      advertise("node.w2", "65000:7")] };
    expect(exportLines(words, "w1")).toEqual(["continue In 10.1.0.0/16 65000:9"]);
  });
});

describe("4.5 export filter", () => {
  it("runs in Calico's order, and ends with reject", () => {
    const words: WorldWords = {
      nodes: [R1], affinities: [block("r1", "10.1.0.0/26")],
      pools: [pool("10.1.0.0/16"), pool("10.2.0.0/16", { disableBgpExport: true }), pool("10.3.0.0/16",
        { disabled: true, vxlanMode: "Always" })],
      configurations: [configuration("default", {
        prefixAdvertisements: [{ cidr: cidr("10.0.0.0/8"), communities: ["65000:1"] }],
        serviceClusterIPs: [cidr("10.96.0.0/12")], serviceLoadBalancerIPs: [cidr("10.5.0.0/24"), cidr("10.5.1.1/32")],
        serviceExternalIPs: [cidr("10.6.0.1/32")],
      })],
    };
    expect(exportLines(words, "r1")).toEqual([
      "reject In 10.2.0.0/16",
      "continue In 10.0.0.0/8 65000:1",
      "accept Equal 10.1.0.0/26", "accept In 10.1.0.0/26 below 1024", "reject In 10.1.0.0/26",
      "accept In 10.96.0.0/12", "accept In 10.5.0.0/24",
      "accept In 10.5.0.0/24", "accept In 10.5.1.1/32", "accept In 10.6.0.1/32",
      "accept In 10.1.0.0/16", "accept In 10.2.0.0/16", "accept In 10.3.0.0/16",
    ]);
    expect(planOf(words, "r1").families?.ipv4.policies.of([]).export.default).toBe("reject");
    expect(planOf(words, "r1").families?.ipv4.policies.of([]).import).toEqual(
      { default: "accept", missing: false, rules: [] });
  });
  it("devices of overlays are named for internal sessions, tunl0 where Felix has IPIP", () => {
    const devices = (programClusterRoutes: "Enabled" | "EnabledNoEncapOnly"): unknown[] =>
      planOf({ nodes: [W1], configurations: [configuration("default", { programClusterRoutes })] }, "w1")
        .view.families.ipv4.exportFilter.map((step) => [step.interface, step.peerType]);
    expect(devices("EnabledNoEncapOnly")).toEqual([["*.cali", "iBGP"], ["*.calico", "iBGP"], ["tunl0", "iBGP"],
      ["bpf*.cali", undefined]]);
    expect(devices("Enabled")).toEqual([["*.cali", "iBGP"], ["*.calico", "iBGP"], ["bpf*.cali", undefined]]);
  });
  it("BGPFilters come before everything, in order, and only those of the family", () => {
    const rule = (action: "accept" | "reject", family: "ipv4-unicast" | "ipv6-unicast"): object => ({ action, family });
    const words = { nodes: [W1], pools: [pool("10.1.0.0/16")], filters: [
      { name: "a", import: [rule("reject", "ipv4-unicast")], export: [rule("accept", "ipv4-unicast")] },
      { name: "b", import: [rule("accept", "ipv6-unicast")], export: [rule("reject", "ipv4-unicast")] },
    ] } as WorldWords;
    const policies = planOf(words, "w1").families!.ipv4.policies.of(["b", "a"]);
    expect(policies.export.rules.slice(0, 2).map(({ action }) => action)).toEqual(["reject", "accept"]);
    expect(policies.import.rules).toEqual([{ action: "reject", family: "ipv4-unicast" }]);
  });
  it("sessions with the same filters share their policies", () => {
    const { policies } = planOf({ nodes: [W1] }, "w1").families!.ipv4;
    expect(policies.of(["a"])).toBe(policies.of(["a"]));
    expect(policies.of(["a"])).not.toBe(policies.of(["b"]));
  });
  it("of two pools with one CIDR the lowest name counts", () => {
    const words = { nodes: [W1], pools: [pool("10.1.0.0/16", { name: "b", disableBgpExport: true }),
      pool("10.1.0.0/16", { name: "a" })] };
    expect(exportLines(words, "w1")).toEqual(["accept In 10.1.0.0/16"]);
  });
});

describe("4.5 kernel filter", () => {
  const program = (words: ProgramClusterRoutes): WorldWords => ({
    nodes: [W1], configurations: [configuration("default", { programClusterRoutes: words })],
    pools: [pool("10.1.0.0/16"), pool("10.2.0.0/16", { ipipMode: "Always" }),
      pool("10.3.0.0/16", { ipipMode: "CrossSubnet" }), pool("10.4.0.0/16", { vxlanMode: "Always" })],
  });
  it("gives each pool to whom programClusterRoutes says, ours before the cluster's", () => {
    const ipip = ["accept 10.2.0.0/16 tunl0", "accept 10.3.0.0/16 tunl0 10.0.0.0/24"];
    const none = ["reject 10.2.0.0/16", "reject 10.3.0.0/16"];
    expect(kernel(program("Enabled"))).toEqual(["accept 10.1.0.0/16", ...ipip, "reject 10.4.0.0/16"]);
    expect(kernel(program("EnabledIPIPOnly"))).toEqual(["reject 10.1.0.0/16", ...ipip, "reject 10.4.0.0/16"]);
    expect(kernel(program("EnabledNoEncapOnly"))).toEqual(["accept 10.1.0.0/16", ...none, "reject 10.4.0.0/16"]);
    expect(kernel(program("Disabled"))).toEqual(["reject 10.1.0.0/16", ...none, "reject 10.4.0.0/16"]);
    expect(kernel(program("Disabled"), { programClusterRoutes: "Enabled" })).toEqual(kernel(program("Enabled")));
  });
  it("leaves the IPv4 pools out where our own subnet is not known", () => {
    expect(kernel({ ...program("Enabled"), nodes: [node("w1", { ipv6: "fd00::1" })] })).toEqual([]);
  });
  it("service ranges are nobody's, on an excluded node too; WireGuard's are Felix'", () => {
    const labels = { "node.kubernetes.io/exclude-from-external-load-balancers": "true" };
    const words = { nodes: [node("w1", { ipv4: "10.0.0.1", labels, wireguard: true }), { ...FAR,
      wireguard: { ipv4: true, ipv6: false } }, R1],
      configurations: [configuration("default", { serviceClusterIPs: [cidr("10.96.0.0/12")] })] };
    expect(kernel(words)).toEqual(["reject 10.96.0.0/12", "reject 10.0.9.9"]);
    expect(kernel({ ...words, nodes: [W1, FAR] })).toEqual(["reject 10.96.0.0/12"]);
  });
});

describe("4.6 service advertisement", () => {
  const service = (words: Partial<CalicoService>): CalicoService => ({ name: "ns/s", type: "ClusterIP",
    clusterIPs: ["10.96.0.7"], externalIPs: [], loadBalancerIP: undefined, ingressIPs: [],
    externalTrafficPolicy: "Cluster", ipFamilies: ["IPv4"], ...words });
  const slice = (nodeName: string, ready = true): EndpointSlice => ({ name: `ns/s-${nodeName}`, service: "ns/s",
    addressType: "IPv4", endpoints: [{ nodeName, ready }] });
  const ranges = (words: object = {}): ReturnType<typeof configuration> => configuration("default", {
    serviceClusterIPs: [cidr("10.96.0.0/12")], serviceExternalIPs: [cidr("10.6.0.0/24"), cidr("10.6.1.1/32")],
    serviceLoadBalancerIPs: [cidr("10.5.0.0/24"), cidr("10.5.1.1/32")], ...words });
  const cluster = (s: Partial<CalicoService>, slices: EndpointSlice[] = [slice("w1")], words: object = {}): string[] =>
    originated({ nodes: [W1], configurations: [ranges(words)], services: [service(s)], endpointSlices: slices })
      .filter((line) => line.startsWith("service-address"));

  it("every node blackholes and tells the ranges: no single addresses, load balancers' only when aggregated", () => {
    expect(originated({ nodes: [W1], configurations: [ranges()] })).toEqual([
      "service-range 10.96.0.0/12", "service-range 10.6.0.0/24", "service-range 10.5.0.0/24"]);
    expect(originated({ nodes: [W1], configurations: [ranges({ serviceLoadBalancerAggregation: false })] })).toEqual([
      "service-range 10.96.0.0/12", "service-range 10.6.0.0/24"]);
  });
  it("CALICO_ADVERTISE_CLUSTER_IPS goes before serviceClusterIPs, and says so", () => {
    const facts = { serviceClusterIPs: [cidr("10.112.0.0/12")] };
    const told = (words: WorldWords): readonly object[] => planOf(words, "w1", facts).view.families.ipv4.originated;
    const range = { prefix: "10.112.0.0/12", kind: "service-range", reason: "CALICO_ADVERTISE_CLUSTER_IPS" };
    expect(told({ nodes: [W1] })).toEqual([range]);
    expect(told({ nodes: [W1], configurations: [ranges({ serviceExternalIPs: [], serviceLoadBalancerIPs: [] })] }))
      .toEqual([range]);
    expect(told({ nodes: [W1], services: [service({})], endpointSlices: [slice("w1")],
      configurations: [ranges({ serviceExternalIPs: [] })] })[1])
      .toMatchObject({ prefix: "10.5.0.0/24", reason: "BGPConfiguration default" });
    expect(hasServiceRanges(world({}), host("w1", facts))).toBe(true);
    expect(hasServiceRanges(world({}), host("w1"))).toBe(false);
  });
  it("an excluded node tells none", () => {
    const labels = { "node.kubernetes.io/exclude-from-external-load-balancers": "true" };
    expect(originated({ nodes: [node("w1", { ipv4: "10.0.0.1", labels })], configurations: [ranges()] })).toEqual([]);
  });
  it("policy Local: where an endpoint is ready on this node", () => {
    const local = { externalTrafficPolicy: "Local" as const, externalIPs: ["10.6.0.9", "10.7.0.1"] };
    expect(cluster(local)).toEqual(["service-address 10.96.0.7/32", "service-address 10.6.0.9/32"]);
    expect(cluster(local, [slice("w2")])).toEqual([]);
    expect(cluster(local, [slice("w1", false)])).toEqual([]);
  });
  it("policy Cluster: not while load balancers' addresses are aggregated, else with any ready endpoint", () => {
    const apart = { serviceLoadBalancerAggregation: false };
    const balanced = { type: "LoadBalancer" as const, ingressIPs: ["10.5.0.3"] };
    expect(cluster(balanced, [slice("w2")])).toEqual([]);
    expect(cluster(balanced, [slice("w2")], apart))
      .toEqual(["service-address 10.96.0.7/32", "service-address 10.5.0.3/32"]);
    expect(cluster(balanced, [slice("w2", false)], apart)).toEqual([]);
  });
  it("policy Cluster: from every node where a single address is configured", () => {
    expect(cluster({ type: "LoadBalancer", ingressIPs: ["10.5.1.1"] }, []))
      .toEqual(["service-address 10.96.0.7/32", "service-address 10.5.1.1/32"]);
    expect(cluster({ type: "LoadBalancer", loadBalancerIP: "10.5.1.1" }, [])).toEqual(["service-address 10.96.0.7/32"]);
    expect(cluster({ externalIPs: ["10.6.1.1"] }, []))
      .toEqual(["service-address 10.96.0.7/32", "service-address 10.6.1.1/32"]);
  });
  it("a headless service and one of type ExternalName have none", () => {
    const local = { externalTrafficPolicy: "Local" as const };
    expect(cluster({ ...local, clusterIPs: ["None"] })).toEqual([]);
    expect(cluster({ ...local, type: "ExternalName" })).toEqual([]);
  });
  it("the cluster's addresses are told only where there is a range of them", () => {
    const local = { externalTrafficPolicy: "Local" as const, externalIPs: ["10.6.0.9"] };
    expect(cluster(local, [slice("w1")], { serviceClusterIPs: [] })).toEqual(["service-address 10.6.0.9/32"]);
  });
});

describe("the intent of a node", () => {
  it("waits for the Node, and for a router id", () => {
    const why = (words: WorldWords): unknown =>
      new IntentPlan().of(planOf(words, "w1"), { holdTimeSeconds: 240, onStop: "restart" });
    expect(why({})).toBe("there is no Node w1");
    expect(why({ nodes: [node("w1", { ipv6: "fd00::1" })] })).toMatch(/no IPv4 address to be the router id/);
  });
  it("has a neighbour for each session, and eBGP with ourselves as next hop", () => {
    const intent = new IntentPlan().of(planOf({ nodes: [R1, W1], configurations: [configuration("default",
      { nodeToNodeMeshEnabled: false })], peers: [peer("tor", { node: "r1", peerIP: "10.9.9.9", asNumber: 65000 }),
      peer("rr", { peerSelector: "all()", reversePeering: "Manual" })] }, "r1"),
      { holdTimeSeconds: 240, onStop: "restart" });
    expect(intent).toMatchObject({
      speaker: { routerId: 0x0a00000b, asNumber: 64512, clusterId: 0xf4000001,
        listen: [{ address: "0.0.0.0", port: 179 }] },
      peers: [
        { name: "Global_10_0_0_1", nextHop: "auto", routeReflectorClient: true, addPath: "both",
          families: ["ipv4-unicast"], holdTimeSeconds: 240, gracefulRestart: { restartTimeSeconds: 120 } },
        { name: "Node_10_9_9_9", nextHop: "self", asNumber: 65000, routeReflectorClient: false },
      ],
    });
  });
});
