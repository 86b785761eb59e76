/** Whatever stands in a resource costs that resource: nothing is thrown, and the others are as without it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../../src/config/json.ts";
import { ResourceStore } from "../../src/calico/store.ts";
import { IntentPlan } from "../../src/calico/translate/intent.ts";
import { NodeTranslation } from "../../src/calico/translate/node.ts";
import { kubernetesNode, manifest, nodeManifest, PEER_WITH_REFLECTORS } from "../support/calico/manifests.ts";
import { host } from "../support/calico/world.ts";

const ME = nodeManifest("me", "10.0.0.1/24", { routeReflectorClusterID: "244.0.0.1" }, { "route-reflector": "true" });
/** With the AS of the cluster: where that cannot be read at first, all sessions wait. */
const GOOD: readonly JsonValue[] = [ME, nodeManifest("w1", "10.0.0.2/24"), PEER_WITH_REFLECTORS,
  manifest("BGPConfiguration", "default", { asNumber: 64512 })];
/** One of each kind, with everything that is read of it. */
const WHOLE: readonly JsonValue[] = [
  nodeManifest("x", "10.0.0.9/24", { asNumber: 64513, ipv6Address: "fd00::9/64" }, { zone: "a" }),
  kubernetesNode("x", "10.0.0.9/24", "1"),
  manifest("BGPPeer", "x", { node: "me", peerIP: "10.9.9.9:1179", asNumber: "1.10", localASNumber: 65001,
    nextHopMode: "Keep", password: { secretKeyRef: { name: "s", key: "k" } }, sourceAddress: "None",
    maxRestartTime: "90s", keepaliveTime: "10s", numAllowedLocalASNumbers: 1, ttlSecurity: 2,
    reachableBy: "10.0.0.254", filters: ["x"], reversePeering: "Manual" }),
  manifest("BGPPeer", "x", { nodeSelector: "all()", localWorkloadSelector: "has(a)", asNumber: 65001 }),
  manifest("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false, asNumber: 64512, listenPort: 1179,
    bindMode: "NodeIP", logSeverityScreen: "Info", communities: [{ name: "a", value: "1:2" }],
    prefixAdvertisements: [{ cidr: "10.1.0.0/16", communities: ["a", "3:4"] }], ignoredInterfaces: ["eth*"],
    serviceClusterIPs: [{ cidr: "10.96.0.0/12" }], serviceLoadBalancerAggregation: "Disabled",
    programClusterRoutes: "Enabled", ipv4NormalRoutePriority: 512 }),
  manifest("BGPFilter", "x", { importV4: [{ action: "Accept", cidr: "10.1.0.0/16", matchOperator: "In",
    prefixLength: { min: 26 }, communities: { values: ["1:2"] }, asPathPrefix: [65000], priority: 5,
    operations: [{ addCommunity: { value: "1:2" } }, { prependASPath: { prefix: [1] } }] }], exportV6: [] }),
  manifest("IPPool", "x", { cidr: "10.1.0.0/16", ipipMode: "CrossSubnet", blockSize: 26, allowedUses: ["Workload"] }),
  manifest("BlockAffinity", "x", { cidr: "10.1.0.0/26", node: "me", state: "confirmed", deleted: "false" }),
  manifest("IPAMBlock", "x", { cidr: "10.1.0.0/30", affinity: "host:me", allocations: [0, null],
    attributes: [{ secondary: { node: "w1" } }] }),
  manifest("IPAMConfiguration", "default", { strictAffinity: true }),
  { apiVersion: "v1", kind: "Service", metadata: { name: "s", namespace: "n" }, spec: { type: "LoadBalancer",
    clusterIP: "10.96.0.9", externalIPs: ["192.0.2.1"], externalTrafficPolicy: "Local", ipFamilies: ["IPv4"] },
    status: { loadBalancer: { ingress: [{ ip: "192.0.2.2" }] } } },
  { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4", metadata: { name: "s-1",
    namespace: "n", labels: { "kubernetes.io/service-name": "s" } },
    endpoints: [{ nodeName: "me", conditions: { ready: true } }] },
  { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "kube-system" }, data: { k: "cGFzcw==" } },
  manifest("CalicoNodeStatus", "x", { node: "me", classes: ["BGP"], updatePeriodSeconds: 5 }),
];
const ODD: readonly JsonValue[] = [null, true, 0, -1, 1.1, 1e300, "", " ", "0", "all()", "!", "10.0.0.300", "::",
  "fe80::1", "☃\u0000\u202e", "x".repeat(10_000), [], [null], [[]], {}, { "": null }, ["a", 7],
  JSON.parse('{"__proto__": {"a": 1}}')];

/** Keys and indexes of every member, however deep. */
function pathsOf(value: JsonValue, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member as JsonValue,
    [...path, Array.isArray(value) ? Number(key) : key]))];
}

/** The value with another one at a place. */
function changed(value: JsonValue, [key, ...path]: readonly (string | number)[], odd: JsonValue): JsonValue {
  if (key === undefined) return odd;
  const copy = structuredClone(value) as Record<string | number, JsonValue>;
  copy[key] = changed(copy[key]!, path, odd);
  return copy as unknown as JsonValue;
}

/** What a reflector makes of resources that come one after the other, all the way to the intent. */
function planned(...batches: readonly (readonly JsonValue[])[]):
  { readonly store: ResourceStore; readonly names: readonly string[] } {
  const store = new ResourceStore();
  for (const resources of batches) store.put(resources);
  const plan = new NodeTranslation(host("me")).plan(store.resources, store.faults);
  const intent = new IntentPlan().of(plan, { holdTimeSeconds: 240, onStop: "restart" });
  return { store, names: typeof intent === "string" ? [intent] : intent.peers.map(({ name }) => name) };
}

const mutants = fc.tuple(fc.constantFrom(...WHOLE).chain((whole) => fc.record({ whole: fc.constant(whole),
  at: fc.constantFrom(...pathsOf(whole).filter(({ length }) => length > 1)) })), fc.constantFrom(...ODD));

describe("whatever stands in a resource", () => {
  it("nothing is wrong with what the mutants are made of", () => {
    for (const whole of WHOLE) expect(new ResourceStore().put([whole])).toEqual([]);
  });

  it("is read or named, and the sessions among the others stay", () => {
    let faulty = 0;
    fc.assert(fc.property(fc.array(mutants, { minLength: 1, maxLength: 3 }), (some) => {
      const { store, names } = planned(GOOD, some.map(([{ whole, at }, odd]) => changed(whole, at, odd)));
      faulty += Math.sign(store.faults.length);
      for (const { field, why } of store.faults) expect(field.length + why.length).toBeLessThan(20_000);
      expect(names.some((name) => /_10_0_0_2(_port_|$)/.test(name))).toBe(true);
    }), { numRuns: 1500 });
    expect(faulty).toBeGreaterThan(300);
  });

  it("of 5,000 nodes the odd ones are named one by one, and every other has its session", () => {
    const odd: readonly JsonObject[] = [{ bgp: null }, { bgp: {} }, { bgp: { ipv4Address: "0.0.0.0/0" } },
      { bgp: { ipv4Address: "10.0.0.5/33" } }, { bgp: { ipv6Address: "fd00::7/64" } }, { bgp: { ipv4Address: 7 } },
      { bgp: { ipv4Address: "10.64.0.1/24", routeReflectorClusterID: "x" } }, { bgp: { ipv4Address: "10.200.0.7" } }];
    const nodes = Array.from({ length: 5000 }, (_, at) => at % 625 === 0
      ? manifest("Node", `нода-${at}☃`, odd[at / 625]!)
      : nodeManifest(`n${at}`, `10.${64 + (at >> 8)}.${at & 255}.1/24`));
    const { store, names } = planned([ME, PEER_WITH_REFLECTORS, ...nodes]);
    expect(store.faults.map(({ field }) => field)).toEqual(["spec.bgp", "spec.bgp.ipv4Address", "spec.bgp.ipv4Address",
      "spec.bgp.ipv4Address", "spec.bgp.routeReflectorClusterID"]);
    expect(names).toHaveLength(5000 - 8 + 2);
  });
});
