/** The store: what stays the same object, what a snapshot takes away, and which faults go with what. */

import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/config/json.ts";
import { ResourceStore } from "../../src/calico/store.ts";
import { kubernetesNode, manifest, NO_MESH, nodeManifest, PEER_WITH_REFLECTORS } from "../support/calico/manifests.ts";

const RULE = { cidr: "10.0.0.0/8", matchOperator: "In", action: "Reject" };
const FILTER = manifest("BGPFilter", "f", { importV4: [RULE] });
const POOL = manifest("IPPool", "pool", { cidr: "10.244.0.0/16" });
const SLICE = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4",
  metadata: { name: "s-1", namespace: "shop", labels: { "kubernetes.io/service-name": "s" } },
  endpoints: [{ addresses: ["10.244.0.9"], nodeName: "w1", conditions: { ready: true } }] };

describe("an object that reads equal", () => {
  it.each([["a Node", nodeManifest("w1", "10.0.0.1/24", {}, { zone: "a" })], ["a BGPPeer", PEER_WITH_REFLECTORS],
    ["a BGPFilter", FILTER], ["an IPPool", POOL], ["an EndpointSlice", SLICE]])("%s changes nothing", (_, value) => {
    const store = new ResourceStore();
    store.put([value]);
    const before = store.resources;
    expect(store.put([structuredClone(value)])).toEqual([]);
    expect(store.resources).toBe(before);
    store.replace(["Node", "BGPPeer", "BGPFilter", "IPPool", "EndpointSlice"], [structuredClone(value)]);
    expect(store.resources).toBe(before);
  });

  it("a Node's heartbeat changes nothing, another label does, and leaves the other nodes as they are", () => {
    const store = new ResourceStore();
    store.put([kubernetesNode("w1", "10.0.0.1/24", "1"), kubernetesNode("w2", "10.0.0.2/24", "1")]);
    const before = store.resources;
    store.put([kubernetesNode("w1", "10.0.0.1/24", "2")]);
    expect(store.resources).toBe(before);
    store.put([kubernetesNode("w1", "10.0.0.1/24", "3", { zone: "a" })]);
    expect(store.resources.nodes).not.toBe(before.nodes);
    expect(store.resources.nodes.get("w2")).toBe(before.nodes.get("w2"));
    expect(store.resources.pools).toBe(before.pools);
  });
});

describe("a snapshot", () => {
  it("takes away what it does not name, of its kinds only", () => {
    const store = new ResourceStore();
    store.put([nodeManifest("w1", "10.0.0.1/24"), nodeManifest("w2", "10.0.0.2/24"), POOL, SLICE]);
    const [w2] = [store.resources.nodes.get("w2")];
    store.replace(["Node", "EndpointSlice"], [nodeManifest("w2", "10.0.0.2/24"), nodeManifest("w3", "10.0.0.3/24")]);
    expect([...store.resources.nodes.keys()].sort()).toEqual(["w2", "w3"]);
    expect(store.resources.nodes.get("w2")).toBe(w2);
    expect(store.resources.endpointSlices.size).toBe(0);
    expect(store.resources.pools.size).toBe(1);
  });

  it("takes faults with their objects, and brings those of its own", () => {
    const store = new ResourceStore();
    const faulty = (): string[] => [...new Set(store.faults.map(({ kind, name }) => `${kind} ${name}`))];
    store.put([manifest("BGPPeer", "a", { peerIP: "x" }), manifest("IPPool", "p", { cidr: "x" }),
      manifest("Odd", "o", {})]);
    expect(faulty()).toEqual(["BGPPeer a", "IPPool p", "Odd o"]);
    const found = store.replace(["BGPPeer", "Odd"], [manifest("BGPPeer", "b", { peerIP: "y" })]);
    expect([...new Set(found.map(({ name }) => name))]).toEqual(["b"]);
    expect(faulty()).toEqual(["IPPool p", "BGPPeer b"]);
  });

});

describe("an object that was good and is wrong", () => {
  const slips: [string, "peers" | "pools" | "filters" | "nodes" | "configurations", string, JsonValue, JsonValue][] = [
    ["BGPPeer", "peers", "peer-with-route-reflectors", PEER_WITH_REFLECTORS,
      manifest("BGPPeer", "peer-with-route-reflectors", { peerIP: "x" })],
    ["IPPool", "pools", "pool", POOL, manifest("IPPool", "pool", { cidr: "10.244.0.0/16", vxlanMode: "NewWord" })],
    ["BGPFilter", "filters", "f", FILTER, manifest("BGPFilter", "f", { importV4: [{ ...RULE, action: "Perhaps" }] })],
    ["Node", "nodes", "w1", nodeManifest("w1", "10.0.0.1/24"), { ...manifest("Node", "w1", {}), spec: '{"bgp":{"ip' }],
    ["BGPConfiguration", "configurations", "default", NO_MESH, { ...NO_MESH, spec: "nodeToNodeMeshEna" }],
  ];

  it.each(slips)("counts as it was, and its fault says so: %s", (kind, key, name, good, wrong) => {
    const store = new ResourceStore();
    store.put([good]);
    const before = store.resources;
    const found = store.put([wrong]);
    expect(found.at(-1)?.why).toMatch(/; its last good version counts$/);
    expect(store.replace([kind], [wrong])).toEqual(found);
    expect(store.resources).toBe(before);
    expect(store.faults).toEqual(found);
    store.put([good]);
    expect(store.faults).toEqual([]);
    store.remove(kind, name);
    expect(JSON.stringify(store.put([wrong]))).not.toContain("last good");
    expect(store.resources[key].size).toBe(kind === "Node" || kind === "BGPConfiguration" ? 1 : 0);
  });

  it("says so of a mistake, and not of a note that comes after it", () => {
    const store = new ResourceStore();
    store.put([FILTER]);
    const noted = { action: "Reject", cidr: "10.0.0.0/8", matchOperator: "Equal", prefixLength: { min: 9 } };
    const found = store.put([manifest("BGPFilter", "f", { importV4: [{ ...RULE, action: "Perhaps" }, noted] })]);
    expect(found).toMatchObject([{ why: expect.stringMatching(/; its last good version counts$/) },
      { note: true, why: expect.not.stringContaining("last good") }]);
    expect(store.resources.filters.size).toBe(1);
  });

  it("goes where it is meant to be none, whatever else is wrong with it", () => {
    const store = new ResourceStore();
    const affinity = (annotations: object, spec: object): object => ({ kind: "BlockAffinity",
      metadata: { name: "b", annotations }, spec: { cidr: "10.244.0.0/26", node: "w1", ...spec } });
    store.put([affinity({}, {})]);
    expect(store.resources.affinities.size).toBe(1);
    expect(store.put([affinity({ "projectcalico.org/metadata": "{" }, { deleted: "true" })])).toHaveLength(1);
    expect(store.resources.affinities.size).toBe(0);
  });
});

it("removes by the name within the namespace, and nothing that is not there", () => {
  const store = new ResourceStore();
  store.put([SLICE]);
  const before = store.resources;
  store.remove("EndpointSlice", "s-1");
  store.remove("Odd", "x");
  expect(store.resources).toBe(before);
  store.remove("EndpointSlice", "shop/s-1");
  expect(store.resources.endpointSlices.size).toBe(0);
});
