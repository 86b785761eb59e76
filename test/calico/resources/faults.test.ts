/** Each fault of calico.md section 2 by its field, and what it costs: the object, the field, or nothing. */

import { describe, expect, it } from "vitest";
import { ResourceStore } from "../../../src/calico/store.ts";

interface Written {
  readonly apiVersion?: string; readonly metadata?: object; readonly spec?: object; readonly [key: string]: unknown;
}
const V3 = "projectcalico.org/v3";
const resource = (kind: string, { apiVersion = V3, metadata = {}, ...rest }: Written): object =>
  ({ apiVersion, kind, metadata: { name: "x", ...metadata }, ...rest });
/** The store after one resource, and its faults as `field: why`. */
function put(kind: string, written: Written): { readonly store: ResourceStore; readonly faults: string[] } {
  const store = new ResourceStore();
  const faults = store.put([resource(kind, written)]);
  expect(store.faults).toEqual(faults);
  for (const fault of faults) expect(fault).toMatchObject({ kind, name: expect.any(String) });
  return { store, faults: faults.map(({ field, why }) => `${field}: ${why}`) };
}
/** A Node of Kubernetes. */
const annotated = (ipv4: string, ipv6: string, asNumber: string, clusterId: string, labels: string): Written =>
  ({ apiVersion: "v1", metadata: { annotations: { "projectcalico.org/IPv4Address": ipv4,
    "projectcalico.org/IPv6Address": ipv6, "projectcalico.org/ASNumber": asNumber,
    "projectcalico.org/RouteReflectorClusterID": clusterId, "projectcalico.org/labels": labels } } });
const TO_ALL = { peerSelector: "all()" };
const TOR = { peerIP: "10.9.9.9", asNumber: 65000 };

describe("2.3 BGPPeer", () => {
  const WRONG: readonly [string, object, RegExp][] = [
    ["node beside nodeSelector", { ...TOR, node: "a", nodeSelector: "all()" }, /^spec\.node: may not stand beside/],
    ["peerIP beside peerSelector", { ...TOR, peerSelector: "all()" }, /^spec\.peerIP: may not stand beside/],
    ["workloads beside peerIP", { ...TOR, localWorkloadSelector: "all()" }, /^spec\.peerIP: may not/],
    ["keepOriginalNextHop beside nextHopMode", { ...TOR, keepOriginalNextHop: true, nextHopMode: "Self" },
      /^spec\.keepOriginalNextHop: may not/],
    ["peerIP that is none", { peerIP: "10.9.9", asNumber: 1 }, /^spec\.peerIP: expected an address/],
    ["a port that is none", { peerIP: "10.9.9.9:70000", asNumber: 1 }, /^spec\.peerIP: expected/],
    ["a peerIP that is no host's", { peerIP: "0.0.0.0", asNumber: 1 }, /^spec\.peerIP: 0\.0\.0\.0 is the wildcard/],
    ["a peerIP of many hosts", { peerIP: "224.0.0.5:179", asNumber: 1 }, /^spec\.peerIP: .* a multicast address/],
    ["a peerIP on some link", { peerIP: "fe80::1", asNumber: 1 }, /^spec\.peerIP: fe80::1 is link-local/],
    ["a peerIP of both families", { peerIP: "::ffff:10.9.9.9", asNumber: 1 }, /^spec\.peerIP: .* an IPv4 address in/],
    ["a peerIP with a length", { peerIP: "10.9.9.9/24", asNumber: 1 }, /^spec\.peerIP: expected an address/],
    ["peerIP without an AS", { peerIP: "10.9.9.9" }, /^spec\.asNumber: missing/],
    ["AS 0", { peerIP: "10.9.9.9", asNumber: "0" }, /^spec\.asNumber: missing/],
    ["an AS that lost its 0", { peerIP: "10.9.9.9", asNumber: 1.1 }, /^spec\.asNumber: expected an AS number/],
    ["an AS beside peerSelector", { ...TO_ALL, asNumber: 1 }, /^spec\.asNumber: may not/],
    ["an AS that is none", { peerIP: "10.9.9.9", asNumber: "1.2.3" }, /^spec\.asNumber: expected an AS number/],
    ["workloads without an AS", { localWorkloadSelector: "all()" }, /^spec\.asNumber: missing/],
    ["no remote side", { node: "a" }, /^spec: has neither peerIP nor peerSelector/],
    ["a mode that is none", { ...TOR, nextHopMode: "Other" }, /^spec\.nextHopMode: expected Auto or Self or Keep/],
    ["half a secret", { ...TOR, password: { secretKeyRef: { name: "a" } } }, /^spec\.password\.secretKeyRef: needs/],
    ["a duration that is none", { ...TOR, maxRestartTime: "soon" }, /^spec\.maxRestartTime: expected a duration/],
    ["a keepalive time of 0", { ...TOR, keepaliveTime: "0s" }, /^spec\.keepaliveTime: expected/],
    ["hops past 255", { ...TOR, ttlSecurity: 256 }, /^spec\.ttlSecurity: expected a whole number from 0 to 255/],
    ["a gateway without peerIP", { ...TO_ALL, reachableBy: "10.0.0.1" }, /^spec\.reachableBy: needs peerIP/],
    ["a gateway of the other family", { ...TOR, reachableBy: "fd00::1" }, /^spec\.reachableBy: is of another family/],
    ["filters that are no list", { ...TOR, filters: "a" }, /^spec\.filters: expected a list/],
    ["a spec that is a text", "text" as never, /^spec: expected an object/],
  ];
  it.each(WRONG)("%s leaves it out", (_, spec, want) => {
    const { store, faults } = put("BGPPeer", { spec });
    expect(faults).toEqual([expect.stringMatching(want)]);
    expect(store.resources.peers.size).toBe(0);
  });
  it("a fault is a line, however long what it quotes", () => {
    const [fault = ""] = put("BGPPeer", { spec: { peerIP: "9".repeat(100_000), asNumber: 1 } }).faults;
    expect(fault.length).toBeLessThan(400);
  });
  it("a selector that does not parse matches no node, and says so", () => {
    const { store, faults } = put("BGPPeer", { spec: { ...TO_ALL, nodeSelector: "a = 'b'" } });
    expect(faults).toEqual([expect.stringMatching(/^spec\.nodeSelector: column 3: .*; it matches no node$/)]);
    const local = store.resources.peers.get("x")?.local;
    expect(local?.by === "selector" && local.selector.matches(new Map([["a", "b"]]))).toBe(false);
  });
  it("everything that may be said is read", () => {
    const { store, faults } = put("BGPPeer", { spec: { node: "a", peerIP: "[fd00::1]:1179", asNumber: "1.1",
      localASNumber: 65001, nextHopMode: "Keep", password: { secretKeyRef: { name: "s", key: "k" } },
      sourceAddress: "None", maxRestartTime: "1m30s", keepaliveTime: "10s", numAllowedLocalASNumbers: 1, ttlSecurity: 2,
      reachableBy: "fd00::2", filters: ["f"], reversePeering: "Manual" } });
    expect(faults).toEqual([]);
    expect(store.resources.peers.get("x")).toEqual({ name: "x", local: { by: "node", node: "a" },
      remote: { by: "address", address: "fd00::1", port: 1179 }, asNumber: 65537, localAsNumber: 65001,
      nextHopMode: "keep", keepOriginalNextHop: false, passwordSecret: { name: "s", key: "k" }, sourceAddress: "None",
      maxRestartTimeSeconds: 90, keepaliveTimeSeconds: 10, numAllowedLocalAsNumbers: 1, ttlSecurityHops: 2,
      reachableBy: "fd00::2", filters: ["f"], reversePeering: "Manual" });
  });
});

describe("2.1 Node", () => {
  it("an empty spec.bgp is refused, a wrong address or cluster id is as good as absent", () => {
    expect(put("Node", { spec: { bgp: {} } }).faults).toEqual(["spec.bgp: is empty"]);
    const { store, faults } = put("Node", { spec: { bgp: { ipv4Address: "fd00::1", ipv6Address: "fd00::1/64",
      routeReflectorClusterID: "1.1" } } });
    expect(faults).toEqual([expect.stringMatching(/^spec\.bgp\.ipv4Address: expected an IPv4 address/),
      expect.stringMatching(/^spec\.bgp\.routeReflectorClusterID: expected a cluster id/)]);
    expect(store.resources.nodes.get("x")).toMatchObject({ ipv4: undefined, ipv6: { address: "fd00::1" },
      routeReflectorClusterId: undefined });
  });
  const kubernetes = (annotations: object, labels: object = {}, spec: object = {}): ReturnType<typeof put> =>
    put("Node", { apiVersion: "v1", metadata: { labels, annotations }, spec });
  it("Kubernetes': annotations, host bits kept; Kubernetes' labels over Calico's", () => {
    const { store, faults } = kubernetes({
      "projectcalico.org/IPv4Address": "10.0.0.5/24", "projectcalico.org/ASNumber": "1.1",
      "projectcalico.org/RouteReflectorClusterID": "244.0.0.1", "projectcalico.org/labels": '{"a":"calico","b":"2"}',
      "projectcalico.org/IPv4WireguardInterfaceAddr": "10.7.0.1", "projectcalico.org/kube-labels": "{}", other: "x",
    }, { a: "kubernetes", c: "3" }, { podCIDRs: ["10.7.0.0/24", "fd00:7::/64"] });
    expect(faults).toEqual([]);
    const node = store.resources.nodes.get("x");
    expect(node).toMatchObject({ asNumber: 65537, routeReflectorClusterId: "244.0.0.1", ipv6: undefined,
      ipv4: { address: "10.0.0.5", network: { length: 24 } }, wireguard: { ipv4: true, ipv6: false } });
    expect(Object.fromEntries(node?.labels ?? [])).toEqual({ a: "kubernetes", b: "2", c: "3" });
    expect(node?.podCidrs).toHaveLength(2);
  });
  it("Kubernetes': an annotation that says nothing useful is ignored, and named", () => {
    const { store, faults } = kubernetes({ "projectcalico.org/IPv4Address": "here", "projectcalico.org/ASNumber": "-1",
      "projectcalico.org/labels": "{" });
    expect(faults).toHaveLength(3);
    expect(store.resources.nodes.get("x")).toMatchObject({ ipv4: undefined, asNumber: undefined });
  });
  it.each(["0.0.0.0/0", "224.0.0.1/24", "255.255.255.255"])("%s is nobody's address", (ipv4Address) => {
    const { store, faults } = put("Node", { spec: { bgp: { ipv4Address, asNumber: 1 } } });
    expect(faults).toEqual([expect.stringMatching(/^spec\.bgp\.ipv4Address: [0-9.]+ is (the|a) /)]);
    expect(store.resources.nodes.get("x")).toMatchObject({ ipv4: undefined, asNumber: 1 });
  });
  it.each(["fe80::1/64", "::ffff:10.0.0.1", "::"])("nor %s", (ipv6Address) => {
    const { store, faults } = put("Node", { spec: { bgp: { ipv6Address } } });
    expect(faults).toEqual([expect.stringMatching(/^spec\.bgp\.ipv6Address: \S+ is /)]);
    expect(store.resources.nodes.get("x")?.ipv6).toBeUndefined();
  });
  it("a label or an annotation that YAML made a number or a truth of is named; the others count", () => {
    const said = kubernetes({ "projectcalico.org/ASNumber": 64513, "projectcalico.org/labels": '{"a":"1","b":true}' },
      { "route-reflector": true, zone: "z" });
    expect(said.faults.map((fault) => fault.replace(/:.*/, ""))).toEqual([
      "metadata.annotations.projectcalico.org/ASNumber", "metadata.labels.route-reflector",
      "metadata.annotations.projectcalico.org/labels.b"]);
    expect(Object.fromEntries(said.store.resources.nodes.get("x")?.labels ?? [])).toEqual({ a: "1", zone: "z" });
  });
  it.each([["Calico's", { metadata: { labels: { rr: "true" } }, spec: { bgp: { ipv4Address: "10.0.0.1/24",
    ipv6Address: "fd00::1/64", asNumber: 7, routeReflectorClusterID: "244.0.0.1" } } },
  { metadata: { labels: { rr: true } }, spec: { bgp: { ipv4Address: "10.0.0.1//24", ipv6Address: "fd00::1/640",
    asNumber: "7.", routeReflectorClusterID: "244.0.0" } } }],
  ["Kubernetes'", annotated("10.0.0.1/24", "fd00::1/64", "7", "244.0.0.1", '{"rr":"true"}'),
    annotated("10.0.0.1//24", "fd00::1/640", "7.", "244.0.0", '{"rr":"true')]])(
    "%s: what was right and is wrong counts as it did before, and what is absent is absent", (_, good, wrong) => {
      const store = new ResourceStore();
      store.put([resource("Node", good)]);
      const before = store.resources;
      const whys = store.put([resource("Node", wrong)]).map(({ why }) => why);
      expect(whys.map((why) => why.endsWith("; what it said before counts"))).toEqual([true, true, true, true, true]);
      expect(store.resources).toBe(before);
      store.put([resource("Node", { ...good, metadata: {}, spec: {} })]);
      expect(store.resources.nodes.get("x")).toMatchObject({ ipv4: undefined, ipv6: undefined, asNumber: undefined,
        routeReflectorClusterId: undefined, labels: new Map() });
    });
  it("0.0.0.0 is no cluster id, and a bgp or a spec of null is as good as absent", () => {
    expect(put("Node", { spec: { bgp: { routeReflectorClusterID: "0.0.0.0" } } }).faults).toHaveLength(1);
    for (const spec of [null, { bgp: null }]) expect(put("Node", { spec: spec as never }).faults).toEqual([]);
  });
});

describe("2.2 BGPConfiguration", () => {
  const read = (spec: object, name = "default"): ReturnType<typeof put> =>
    put("BGPConfiguration", { metadata: { name }, spec });
  it("a name that is neither default nor node.NAME is nobody's", () => {
    const { store, faults } = read({}, "other");
    expect(faults).toEqual([expect.stringMatching(/^metadata\.name: is neither default nor node\.NAME/)]);
    expect(store.resources.configurations.size).toBe(0);
  });
  it("a wrong field is left out and the others count: the mesh must not come back", () => {
    const { store, faults } = read({ nodeToNodeMeshEnabled: false, listenPort: 70000, bindMode: "Any",
      nodeMeshMaxRestartTime: "2m", nodeMeshPassword: { secretKeyRef: { name: "a", key: "b" } },
      logSeverityScreen: "loud", ignoredInterfaces: ["*", "eth*"], ipv4NormalRoutePriority: 0 });
    expect(faults.map((fault) => fault.replace(/:.*/, ""))).toEqual(["spec.logSeverityScreen", "spec.listenPort",
      "spec.bindMode", "spec.nodeMeshPassword", "spec.nodeMeshMaxRestartTime", "spec.ignoredInterfaces[0]",
      "spec.ipv4NormalRoutePriority"]);
    expect(store.resources.configurations.get("default")).toMatchObject({ nodeToNodeMeshEnabled: false,
      listenPort: undefined, nodeMeshPassword: undefined, ignoredInterfaces: ["eth*"], ipv4NormalRoutePriority: 1024 });
  });
  it("of node.NAME counts what a node may say by itself", () => {
    const { store, faults } = read({ nodeToNodeMeshEnabled: false, asNumber: 7, listenPort: 1179 }, "node.a");
    expect(faults).toEqual([expect.stringMatching(/^spec\.nodeToNodeMeshEnabled: counts in default only/),
      expect.stringMatching(/^spec\.asNumber: counts in default only/)]);
    expect(store.resources.configurations.get("node.a")?.listenPort).toBe(1179);
  });
  it("a wrong field of one value counts as it did before, a list without what is wrong in it", () => {
    const store = new ResourceStore();
    const said = (spec: object): readonly string[] =>
      store.put([resource("BGPConfiguration", { metadata: { name: "default" }, spec })]).map(({ why }) => why);
    said({ nodeToNodeMeshEnabled: false, listenPort: 1179, bindMode: "NodeIP", ignoredInterfaces: ["a"] });
    const whys = said({ nodeToNodeMeshEnabled: "no", listenPort: 0, bindMode: "Any", ignoredInterfaces: ["*", "b"] });
    expect(whys.map((why) => why.endsWith("; what it said before counts"))).toEqual([true, true, true, false]);
    expect(store.resources.configurations.get("default")).toMatchObject({ nodeToNodeMeshEnabled: false,
      listenPort: 1179, bindMode: "NodeIP", ignoredInterfaces: ["b"] });
    expect(said({})).toEqual([]);
    expect(store.resources.configurations.get("default")).toMatchObject({ nodeToNodeMeshEnabled: true,
      listenPort: undefined, bindMode: "None" });
  });
  it("half a password for the mesh is a fault, and still asks for one", () => {
    const { store, faults } = read({ nodeMeshPassword: { secretKeyRef: { name: "s" } } });
    expect(faults).toEqual(["spec.nodeMeshPassword.secretKeyRef: needs name and key"]);
    expect(store.resources.configurations.get("default")?.nodeMeshPassword).toEqual({ name: "s", key: "" });
  });
  it("communities are values or names of the same object; without prefixAdvertisements nobody uses them", () => {
    const named = { communities: [{ name: "a", value: "64512:1" }] };
    expect(read(named).faults).toEqual([expect.stringMatching(/^spec\.communities: without prefixAdvertisements/)]);
    const { store, faults } = read({ ...named,
      prefixAdvertisements: [{ cidr: "10.0.0.0/8", communities: ["a", "64512:2", "b"] }, {}] });
    expect(faults).toEqual([expect.stringMatching(/communities\[2\]: "b" is neither/),
      "spec.prefixAdvertisements[1].cidr: missing"]);
    expect(store.resources.configurations.get("default")?.prefixAdvertisements?.map(({ communities }) => communities))
      .toEqual([["64512:1", "64512:2"]]);
  });
  it("empty entries of service ranges are skipped", () => {
    const { store, faults } = read({ serviceClusterIPs: [{}, { cidr: "10.96.0.0/12" }], serviceExternalIPs: null });
    expect(faults).toEqual([]);
    expect(store.resources.configurations.get("default")?.serviceClusterIPs).toHaveLength(1);
  });
});

describe("5 BGPFilter", () => {
  const WRONG: readonly [string, object, RegExp][] = [
    ["no action", {}, /action: missing/],
    ["an action that is none", { action: "Maybe" }, /action: expected Accept or Reject/],
    ["cidr without operator", { action: "Accept", cidr: "10.0.0.0/8" }, /matchOperator: goes together/],
    ["operator without cidr", { action: "Accept", matchOperator: "In" }, /matchOperator: goes together/],
    ["a cidr of the other family", { action: "Accept", cidr: "fd00::/8", matchOperator: "In" },
      /cidr: .* other family/],
    ["lengths without cidr", { action: "Accept", prefixLength: { min: 8 } }, /prefixLength: needs a cidr/],
    ["a length past 32", { action: "Accept", cidr: "10.0.0.0/8", matchOperator: "In", prefixLength: { max: 33 } },
      /prefixLength\.max: expected/],
    ["an interface that is too long", { action: "Accept", interface: "a".repeat(16) }, /interface: .* no pattern/],
    ["two communities", { action: "Accept", communities: { values: ["1:2", "3:4"] } }, /exactly one/],
    ["a community that is none", { action: "Accept", communities: { values: ["1"] } }, /expected a community/],
    ["operations of a rule that rejects", { action: "Reject", operations: [{ setPriority: { value: 1 } }] },
      /belong to rules that accept/],
    ["an operation with two keys", { action: "Accept", operations: [{ setPriority: { value: 1 },
      addCommunity: { value: "1:2" } }] }, /exactly one of/],
    ["an operation without a value", { action: "Accept", operations: [{ setPriority: {} }] }, /value: missing/],
    ["eleven operations", { action: "Accept", operations: Array(11).fill({ addCommunity: { value: "1:2" } }) },
      /1 to 10 operations/],
    ["an empty AS_PATH", { action: "Accept", asPathPrefix: [] }, /1 to 10 AS numbers/],
    ["priority 0", { action: "Accept", priority: 0 }, /priority: expected/],
  ];
  it.each(WRONG)("%s leaves the filter out", (_, rule, want) => {
    const { store, faults } = put("BGPFilter", { spec: { exportV4: [{ action: "Reject" }, rule] } });
    expect(faults).toContainEqual(expect.stringMatching(want));
    expect(faults[0]).toMatch(/^spec\.exportV4\[1\]/);
    expect(store.resources.filters.size).toBe(0);
  });
  it.each([["Equal", "never"], ["NotEqual", "always"]])("lengths with %s %s match: a note, and the filter counts", (
    matchOperator, when,
  ) => {
    const rule = { action: "Accept", cidr: "10.0.0.0/8", matchOperator, prefixLength: { max: 26 } };
    const { store, faults } = put("BGPFilter", { spec: { importV4: [rule] } });
    expect(faults).toEqual([`spec.importV4[0].prefixLength: has ${matchOperator} ${when} match, as in Calico`]);
    expect(store.faults).toEqual([expect.objectContaining({ note: true })]);
    expect(store.resources.filters.get("x")?.import).toHaveLength(1);
  });
  it("becomes rules of the configuration, of the family they are listed under", () => {
    const { store, faults } = put("BGPFilter", { spec: {
      importV4: [{ action: "Accept", cidr: "10.1.0.0/16", matchOperator: "In", prefixLength: { min: 26 },
        source: "RemotePeers", interface: "eth*", peerType: "eBGP", communities: { values: ["64512:1"] },
        asPathPrefix: [65000, "1.1"], priority: 512, operations: [{ addCommunity: { value: "1:2:3" } },
          { prependASPath: { prefix: [65001] } }, { setPriority: { value: 7 } }] }],
      exportV6: [{ action: "Reject" }] } });
    expect(faults).toEqual([]);
    expect(store.resources.filters.get("x")).toEqual({ name: "x",
      import: [{ action: "accept", family: "ipv4-unicast", matchOperator: "In", prefixLength: { min: 26 },
        cidr: { address: Uint8Array.of(10, 1, 0, 0), length: 16 }, source: "RemotePeers", interface: "eth*",
        peerType: "eBGP", community: [64512, 1], asPathPrefix: [65000, 65537], priority: 512, operations: [
          { do: "addCommunity", community: [1, 2, 3] }, { do: "prependAsPath", asns: [65001] },
          { do: "setPriority", priority: 7 }] }],
      export: [{ action: "reject", family: "ipv6-unicast" }] });
  });
});

describe("2.5 IPPool and 2.6 BlockAffinity", () => {
  it.each<[string, object, RegExp]>([
    ["no cidr", {}, /cidr: missing/], ["host bits", { cidr: "10.1.0.1/16" }, /without host bits/],
    ["two encapsulations", { cidr: "10.1.0.0/16", ipipMode: "Always", vxlanMode: "Always" }, /may not stand beside/],
    ["IPIP of IPv6", { cidr: "fd00::/48", ipipMode: "Always" }, /IPv4 only/],
    ["a block size out of range", { cidr: "10.1.0.0/16", blockSize: 19 }, /blockSize: expected/],
  ])("a pool with %s is left out", (_, spec, want) => {
    const { store, faults } = put("IPPool", { spec });
    expect(faults).toEqual([expect.stringMatching(want)]);
    expect(store.resources.pools.size).toBe(0);
  });
  it.each<[string, object, RegExp]>([
    ["of one link", { cidr: "169.254.0.0/24" }, /cidr: overlaps 169\.254\.0\.0\/16, which is link-local/],
    ["of everything", { cidr: "::/0" }, /cidr: overlaps fe80::\/10/],
    ["of load balancers that is kept back", { cidr: "10.1.0.0/16", allowedUses: ["LoadBalancer"],
      disableBGPExport: true }, /disableBGPExport: may not be true/],
  ])("a pool %s is named, and does as it says", (_, spec, want) => {
    const { store, faults } = put("IPPool", { spec });
    expect(faults).toEqual([expect.stringMatching(want)]);
    expect(store.resources.pools.size).toBe(1);
  });
  it("an affinity counts unless it is deleted, in either spelling, or not a host's", () => {
    const count = (spec: object): number => {
      const { store, faults } = put("BlockAffinity", { spec: { cidr: "10.1.0.0/26", node: "a", ...spec } });
      expect(faults).toEqual([]);
      return store.resources.affinities.size;
    };
    expect([count({}), count({ deleted: "false" }), count({ deleted: false }), count({ type: "host" }),
      count({ state: "" })]).toEqual([1, 1, 1, 1, 1]);
    expect([count({ deleted: "true" }), count({ deleted: true }), count({ type: "virtual" })]).toEqual([0, 0, 0]);
  });
});

describe("2.7 IPAMBlock and IPAMConfiguration", () => {
  const block = (spec: object): ReturnType<typeof put> => put("IPAMBlock", { spec: { cidr: "10.1.0.0/30", ...spec } });
  it("a block is read as whose it is, and how many addresses are in use where", () => {
    const attributes = [{ handle_id: "x", secondary: { node: "b", pod: "p" } }, { secondary: { node: "a" } },
      { handle_id: "reserved" }];
    const { store, faults } = block({ affinity: "host:a", allocations: [0, 1, 1, 2, null], attributes });
    expect(faults).toEqual([]);
    expect(store.resources.ipamBlocks.get("x")).toMatchObject({ node: "a",
      users: [{ node: "a", addresses: 2 }, { node: "b", addresses: 1 }] });
  });
  it("one that is deleted or a load balancer's is none, one without an affinity is nobody's", () => {
    const blocks = [{ deleted: true }, { affinity: "virtual:load-balancer" }, { affinity: null }];
    expect(blocks.map((spec) => [...block(spec).store.resources.ipamBlocks.values()].map(({ node }) => node ?? "none")))
      .toEqual([[], [], ["none"]]);
  });
  it.each(["IPAMConfig", "IPAMConfiguration"])("strictAffinity is read of %s", (kind) => {
    expect(put(kind, { spec: { strictAffinity: true } }).store.resources.ipamConfigurations.get("x"))
      .toEqual({ name: "x", strictAffinity: true });
  });
});

describe("8.4 CalicoNodeStatus", () => {
  it("is read as far as it asks, with 10 s where it says nothing, and never what was reported", () => {
    const { store, faults } = put("CalicoNodeStatus", { spec: { node: "a", classes: ["Routes", "BGP"] },
      status: { bgp: {} } });
    expect(faults).toEqual([]);
    expect(store.resources.statuses.get("x")).toEqual({ name: "x", node: "a", classes: ["BGP", "Routes"],
      updatePeriodSeconds: 10 });
  });
  it("a class that is none is left out, a period that is none is the usual one", () => {
    const { store, faults } = put("CalicoNodeStatus", { spec: { node: "a", classes: ["Agent", "agent"],
      updatePeriodSeconds: 86_401 } });
    expect(faults).toEqual(["spec.classes[1]: is none of Agent, BGP, Routes",
      "spec.updatePeriodSeconds: expected a whole number from 0 to 86400, found 86401"]);
    expect(store.resources.statuses.get("x")).toMatchObject({ classes: ["Agent"], updatePeriodSeconds: 10 });
  });
  it("without a node is left out", () => {
    const { store, faults } = put("CalicoNodeStatus", { spec: { classes: ["Agent"] } });
    expect([faults, store.resources.statuses.size]).toEqual([["spec.node: missing"], 0]);
  });
});

describe("objects", () => {
  it("a kind that BGP does not use is named, one that Calico has besides is not", () => {
    expect(put("Deployment", {}).faults).toEqual(["kind: is no kind that BGP uses"]);
    expect(put("FelixConfiguration", {}).faults).toEqual([]);
  });
  it("what is no object at all is a fault", () => {
    const store = new ResourceStore();
    expect(store.put([7, null, {}, { kind: "Node" }]).length).toBeGreaterThanOrEqual(4);
    expect(store.resources.nodes.size).toBe(0);
  });
  it.each([{ kind: 7 }, { metadata: { name: 7 } }])("one whose kind or name is a number is one fault", (odd) => {
    expect(new ResourceStore().put([{ ...resource("BGPPeer", { spec: TOR }), ...odd }])).toEqual([
      expect.objectContaining({ why: "expected a text, found 7" })]);
  });
  it("crd.projectcalico.org/v1 packs the user's labels in an annotation", () => {
    const { store } = put("Node", { apiVersion: "crd.projectcalico.org/v1", spec: { bgp: { asNumber: 1 } },
      metadata: { annotations: { "projectcalico.org/metadata": '{"labels":{"rack":"a"}}' } } });
    expect(store.resources.nodes.get("x")?.labels.get("rack")).toBe("a");
  });
  it("a mended object takes its fault back, a removed one too", () => {
    const store = new ResourceStore();
    store.put([resource("IPPool", { spec: {} })]);
    expect(store.faults).toHaveLength(1);
    store.put([resource("IPPool", { spec: { cidr: "10.1.0.0/16" } })]);
    expect(store.faults).toEqual([]);
    store.put([resource("IPPool", { spec: {} })]);
    expect(store.resources.pools.size).toBe(1);
    store.remove("IPPool", "x");
    expect(store.faults).toEqual([]);
  });
  it("a kind that did not change keeps its Map", () => {
    const store = new ResourceStore();
    store.put([resource("IPPool", { spec: { cidr: "10.1.0.0/16" } })]);
    const { pools, nodes } = store.resources;
    store.put([resource("Node", { spec: { bgp: { asNumber: 1 } } })]);
    expect(store.resources.pools).toBe(pools);
    expect(store.resources.nodes).not.toBe(nodes);
  });
});
