/** Which sessions a node has: every rule of calico.md section 3, each case named after its rule. */

import { describe, expect, it } from "vitest";
import { configuration, host, node, peer, planOf, sessionsOf, world } from "../../support/calico/world.ts";
import type { BgpConfiguration, BgpPeer, CalicoNode } from "../../../src/calico/resources/model.ts";
import { NodeTranslation } from "../../../src/calico/translate/node.ts";
import type { WorldWords } from "../../support/calico/world.ts";

const W1 = node("w1", { ipv4: "10.0.0.1/24", labels: { role: "worker" } });
const W2 = node("w2", { ipv4: "10.0.0.2/24", labels: { role: "worker" } });
const R1 = node("r1", { ipv4: "10.0.0.11/24", cluster: "244.0.0.1", labels: { "route-reflector": "true" } });
const R2 = node("r2", { ipv4: "10.0.0.12/24", cluster: "244.0.0.1", labels: { "route-reflector": "true" } });
const R3 = node("r3", { ipv4: "10.0.0.13/24", cluster: "244.0.0.3", labels: { "route-reflector": "true" } });
const NO_MESH = configuration("default", { nodeToNodeMeshEnabled: false });
const TO_REFLECTORS = peer("to-rr", { nodeSelector: "all()", peerSelector: "route-reflector == 'true'" });

const names = (words: WorldWords, me: string, family: "ipv4" | "ipv6" = "ipv4"): string[] =>
  sessionsOf(words, me, family).map(({ name }) => name);
const only = (words: WorldWords, me: string): ReturnType<typeof sessionsOf>[number] => {
  const sessions = sessionsOf(words, me);
  expect(sessions).toHaveLength(1);
  return sessions[0]!;
};

describe("3 a node without an address of a family", () => {
  it("has no session of that family, whatever is configured", () => {
    const words = { nodes: [W1, W2], peers: [peer("tor", { peerIP: "fd00::1", asNumber: 65000 })] };
    expect(names(words, "w1", "ipv6")).toEqual([]);
    expect(planOf(words, "w1").view.families.ipv6.enabled).toBe(false);
  });
  it("has none to its own address", () => {
    const words = { nodes: [W1], peers: [peer("self", { peerIP: "10.0.0.1", asNumber: 64512 })],
      configurations: [NO_MESH] };
    expect(names(words, "w1")).toEqual([]);
  });
});

describe("3.1 AS and router id", () => {
  const asOf = (words: WorldWords): number => planOf(words, "w1").view.families.ipv4.localAs;
  it("the AS is the node's, else the cluster's, else 64512", () => {
    const cluster = configuration("default", { asNumber: 65001 });
    expect(asOf({ nodes: [W1] })).toBe(64512);
    expect(asOf({ nodes: [W1], configurations: [cluster] })).toBe(65001);
    expect(asOf({ nodes: [{ ...W1, asNumber: 65002 }], configurations: [cluster] })).toBe(65002);
  });
  it("the router id is the IPv4 address, for IPv6 too", () => {
    const both = node("w1", { ipv4: "10.0.0.1/24", ipv6: "fd00::1/64" });
    const { ipv4, ipv6 } = planOf({ nodes: [both] }, "w1").view.families;
    expect([ipv4.routerId, ipv6.routerId]).toEqual(["10.0.0.1", "10.0.0.1"]);
  });
  it("a node with IPv6 only has none", () => {
    expect(planOf({ nodes: [node("w1", { ipv6: "fd00::1" })] }, "w1").view.families.ipv6.routerId).toBeNull();
  });
  it("CALICO_ROUTER_ID is taken as it is; hash makes one of the name", () => {
    const routerId = (text: string, me = "w1"): string | null =>
      planOf({ nodes: [{ ...W1, name: me }] }, me, { routerId: text }).view.families.ipv4.routerId;
    expect(routerId("1.2.3.4")).toBe("1.2.3.4");
    const digest = host("").sha256("w1");
    const first = digest[0]! > 223 ? digest[0]! - 32 : digest[0]!;
    expect(routerId("hash")).toBe([first, digest[1], digest[2], digest[3]].join("."));
  });
});

describe("3.2 full mesh", () => {
  it("is on without any BGPConfiguration", () => {
    expect(names({ nodes: [W1, W2] }, "w1")).toEqual(["Mesh_10_0_0_2"]);
  });
  it("is off where it is said", () => {
    expect(names({ nodes: [W1, W2], configurations: [NO_MESH] }, "w1")).toEqual([]);
  });
  it("a reflector takes no part in either direction", () => {
    expect(names({ nodes: [W1, W2, R1] }, "r1")).toEqual([]);
    expect(names({ nodes: [W1, W2, R1] }, "w1")).toEqual(["Mesh_10_0_0_2"]);
    expect(planOf({ nodes: [W1, R1] }, "r1").view.families.ipv4.mesh).toBe(false);
  });
  it("a node without an AS of its own is believed to have mine", () => {
    const words = { nodes: [{ ...W1, asNumber: 65010 }, W2], configurations: [configuration("default")] };
    expect(only(words, "w1")).toMatchObject({ remoteAs: 65010, localAs: 65010 });
    expect(only(words, "w2")).toMatchObject({ remoteAs: 65010, localAs: 64512 });
  });
  it("the port is that node's, else the cluster's, else 179", () => {
    const node2 = configuration("node.w2", { listenPort: 1179 });
    const cluster = configuration("default", { listenPort: 1790 });
    expect(only({ nodes: [W1, W2] }, "w1").port).toBe(179);
    expect(only({ nodes: [W1, W2], configurations: [cluster] }, "w1").port).toBe(1790);
    expect(only({ nodes: [W1, W2], configurations: [cluster, node2] }, "w1").port).toBe(1179);
    expect(only({ nodes: [W1, W2], configurations: [cluster, node2] }, "w1").name).toBe("Mesh_10_0_0_2");
  });
  it("password and restart time are those of the mesh", () => {
    const words = { nodes: [W1, W2], configurations: [configuration("default", {
      nodeMeshPassword: { name: "bgp", key: "mesh" }, nodeMeshMaxRestartTimeSeconds: 200 })] };
    expect(only(words, "w1")).toMatchObject({ passwordSecret: { name: "bgp", key: "mesh" }, restartSeconds: 200,
      sourceAddress: "10.0.0.1", ttlSecurity: 0, importFilters: [], type: "mesh" });
  });
  it("passive is a comparison of texts: 10.0.0.9 sorts after 10.0.0.10", () => {
    const nine = node("nine", { ipv4: "10.0.0.9" });
    const ten = node("ten", { ipv4: "10.0.0.10" });
    expect(only({ nodes: [nine, ten] }, "ten").passive).toBe(true);
    expect(only({ nodes: [nine, ten] }, "nine").passive).toBe(false);
  });
});

describe("3.3 explicit peers, forward", () => {
  it("peerSelector: every matching node once per family it has an address in", () => {
    const dual = node("r1", { ipv4: "10.0.0.11", ipv6: "fd00::11", cluster: "244.0.0.1",
      labels: { "route-reflector": "true" } });
    const me = node("w1", { ipv4: "10.0.0.1", ipv6: "fd00::1" });
    const words = { nodes: [me, dual, R2], peers: [TO_REFLECTORS], configurations: [NO_MESH] };
    expect(names(words, "w1")).toEqual(["Node_10_0_0_11", "Node_10_0_0_12"]);
    expect(names(words, "w1", "ipv6")).toEqual(["Node_fd00__11"]);
  });
  it("without nodeSelector and node the peer is global", () => {
    const words = { nodes: [W1, R1], peers: [peer("g", { peerSelector: "has(route-reflector)" })],
      configurations: [NO_MESH] };
    expect(only(words, "w1")).toMatchObject({ name: "Global_10_0_0_11", type: "global" });
    expect(only(words, "r1")).toMatchObject({ name: "Node_10_0_0_1", type: "node" });
  });
  it("the AS of a node by selector is its own, else the cluster's, and not mine", () => {
    const words = { nodes: [{ ...W1, asNumber: 65010 }, R1], peers: [TO_REFLECTORS],
      configurations: [configuration("default", { nodeToNodeMeshEnabled: false, asNumber: 65001 })] };
    expect(only(words, "w1")).toMatchObject({ remoteAs: 65001, localAs: 65010 });
    expect(only(words, "r1")).toMatchObject({ remoteAs: 65010, localAs: 65001 });
  });
  it("peerIP: AS, port as written, and local AS", () => {
    const words = { nodes: [W1], peers: [peer("tor", { peerIP: "10.9.9.9 1179", asNumber: 65000,
      localAsNumber: 65077, numAllowedLocalAsNumbers: 2, ttlSecurityHops: 1, reachableBy: "10.0.0.254" })] };
    expect(only(words, "w1")).toMatchObject({ name: "Global_10_9_9_9_port_1179", port: 1179, remoteAs: 65000,
      localAs: 65077, allowOwnAs: 2, ttlSecurity: 1, reachableBy: "10.0.0.254", passive: false });
  });
  it("peerIP of a node of that AS takes that node's port, of another the usual one", () => {
    const configurations = [NO_MESH, configuration("node.w2", { listenPort: 1179 })];
    const to = (asNumber: number): WorldWords =>
      ({ nodes: [W1, W2], configurations, peers: [peer("p", { node: "w1", peerIP: "10.0.0.2", asNumber })] });
    expect(only(to(64512), "w1").port).toBe(1179);
    expect(only(to(65000), "w1").port).toBe(179);
  });
  it("localASNumber is ignored for peerSelector peers", () => {
    const words = { nodes: [W1, R1], configurations: [NO_MESH], peers: [{ ...TO_REFLECTORS, localAsNumber: 65077 }] };
    expect(only(words, "w1").localAs).toBe(64512);
  });
  it("sourceAddress None leaves the choice to the kernel", () => {
    const words = { nodes: [W1], peers: [peer("tor", { peerIP: "10.9.9.9", asNumber: 1, sourceAddress: "None" })] };
    expect(only(words, "w1").sourceAddress).toBeNull();
  });
  it("keepOriginalNextHop is for eBGP only, nextHopMode for both", () => {
    const mode = (asNumber: number, words: object): string =>
      only({ nodes: [W1], peers: [peer("tor", { peerIP: "10.9.9.9", asNumber, ...words })] }, "w1").nextHopMode;
    expect(mode(64512, { keepOriginalNextHop: true })).toBe("auto");
    expect(mode(65000, { keepOriginalNextHop: true })).toBe("keep");
    expect(mode(64512, { nextHopMode: "self" })).toBe("self");
    expect(mode(65000, { nextHopMode: "keep" })).toBe("keep");
  });
  it("filters that do not exist are skipped", () => {
    const rule = { action: "accept" as const };
    const words = { nodes: [W1], filters: [{ name: "b", import: [rule], export: [rule] }],
      peers: [peer("tor", { peerIP: "10.9.9.9", asNumber: 1, filters: ["a", "b"] })] };
    expect(only(words, "w1")).toMatchObject({ importFilters: ["b"], exportFilters: ["b"] });
  });
});

describe("3.4 reverse direction", () => {
  it("the remote side gets a node specific session, with what the BGPPeer says", () => {
    const words = { nodes: [W1, R1], configurations: [NO_MESH],
      peers: [{ ...TO_REFLECTORS, ttlSecurityHops: 3, reachableBy: "10.0.0.254" }] };
    expect(only(words, "r1")).toMatchObject({ name: "Node_10_0_0_1", type: "node", ttlSecurity: 3,
      reachableBy: "10.0.0.254", routeReflectorClient: true });
  });
  it("Manual leaves it out", () => {
    const words = { nodes: [W1, R1], configurations: [NO_MESH],
      peers: [{ ...TO_REFLECTORS, reversePeering: "Manual" as const }] };
    expect(names(words, "r1")).toEqual([]);
    expect(names(words, "w1")).toEqual(["Node_10_0_0_11"]);
  });
  it("peerIP that names a node has one too, where AS and port fit", () => {
    const to = (peerIP: string, asNumber: number, listenPort?: number, global?: number): string[] => names({
      nodes: [W1, W2],
      configurations: [configuration("default", { nodeToNodeMeshEnabled: false, listenPort: global }),
        configuration("node.w2", { listenPort })],
      peers: [peer("p", { node: "w1", peerIP, asNumber })],
    }, "w2");
    expect(to("10.0.0.2", 64512)).toEqual(["Node_10_0_0_1"]);
    expect(to("10.0.0.2", 65000)).toEqual([]);
    expect(to("10.0.0.2 1179", 64512)).toEqual(["Node_10_0_0_1"]);
    expect(to("10.0.0.2 1179", 64512, 1179)).toEqual(["Node_10_0_0_1"]);
    expect(to("10.0.0.2 1179", 64512, 1180)).toEqual([]);
    expect(to("10.0.0.2 1179", 64512, 1179, 1190), "quirk: the cluster's port must fit even then").toEqual([]);
    expect(to("10.0.0.2 1179", 64512, 1179, 1179)).toEqual(["Node_10_0_0_1_port_1179"]);
  });
});

describe("3.5 de-duplication", () => {
  it("global beats node with the same address and port", () => {
    const words = { nodes: [W1], peers: [peer("a", { node: "w1", peerIP: "10.9.9.9", asNumber: 65001 }),
      peer("z", { peerIP: "10.9.9.9", asNumber: 65002 })] };
    expect(only(words, "w1")).toMatchObject({ type: "global", remoteAs: 65002 });
  });
  it("the same address with another port is another session, 179 written out too", () => {
    const words = { nodes: [W1], peers: [
      peer("a", { node: "w1", peerIP: "10.9.9.9", asNumber: 65001 }),
      peer("b", { peerIP: "10.9.9.9 179", asNumber: 65001 }),
    ] };
    expect(names(words, "w1")).toEqual(["Global_10_9_9_9_port_179", "Node_10_9_9_9"]);
  });
  it("forward beats reverse", () => {
    const words = { nodes: [W1, W2], configurations: [NO_MESH], peers: [
      peer("back", { node: "w2", peerIP: "10.0.0.1", asNumber: 64512, keepaliveTimeSeconds: 7 }),
      peer("there", { node: "w1", peerIP: "10.0.0.2", asNumber: 64512, keepaliveTimeSeconds: 9 }),
    ] };
    expect(only(words, "w1").keepaliveSeconds).toBe(9);
    expect(only(words, "w2").keepaliveSeconds).toBe(7);
  });
  it("of two BGPPeers of one class the lowest name wins", () => {
    const peers = [peer("b", { peerIP: "10.9.9.9", asNumber: 2 }), peer("a", { peerIP: "10.9.9.9", asNumber: 1 })];
    expect(only({ nodes: [W1], peers }, "w1").remoteAs).toBe(1);
    expect(only({ nodes: [W1], peers: peers.toReversed() }, "w1").remoteAs).toBe(1);
  });
  it("the mesh is not compared with explicit peers", () => {
    const words = { nodes: [W1, W2], peers: [peer("p", { nodeSelector: "all()", peerSelector: "all()" })] };
    expect(names(words, "w1")).toEqual(["Mesh_10_0_0_2", "Node_10_0_0_2"]);
  });
});

describe("3.6 route reflection", () => {
  const reflector = (words: WorldWords, me = "r1"): Record<string, boolean> => Object.fromEntries(
    sessionsOf(words, me).map(({ address, routeReflectorClient }) => [address, routeReflectorClient]));
  it("an ordinary node is a client, a reflector of the same cluster is not, one of another is", () => {
    const words = { nodes: [W1, R1, R2, R3], peers: [TO_REFLECTORS], configurations: [NO_MESH] };
    expect(reflector(words)).toEqual({ "10.0.0.1": true, "10.0.0.12": false, "10.0.0.13": true });
    expect(reflector(words, "r3")).toEqual({ "10.0.0.1": true, "10.0.0.11": true, "10.0.0.12": true });
    expect(reflector(words, "w1")).toEqual({ "10.0.0.11": false, "10.0.0.12": false, "10.0.0.13": false });
  });
  it("an internal peer by address is a client, even a fellow reflector; the reverse session is not", () => {
    const words = { nodes: [R1, R2], configurations: [NO_MESH],
      peers: [peer("p", { node: "r1", peerIP: "10.0.0.12", asNumber: 64512 })] };
    expect(reflector(words, "r1")).toEqual({ "10.0.0.12": true });
    expect(reflector(words, "r2")).toEqual({ "10.0.0.11": false });
  });
  it("an external peer is never a client, and internal follows localASNumber", () => {
    const tor = (words: object): boolean => only({ nodes: [R1], configurations: [NO_MESH],
      peers: [peer("tor", { peerIP: "10.9.9.9", ...words })] }, "r1").routeReflectorClient;
    expect(tor({ asNumber: 65000 })).toBe(false);
    expect(tor({ asNumber: 64512 })).toBe(true);
    expect(tor({ asNumber: 65000, localAsNumber: 65000 })).toBe(true);
    expect(tor({ asNumber: 64512, localAsNumber: 65000 })).toBe(false);
  });
});

describe("3.7 passive", () => {
  it("a global peer by a node's address is passive where that text sorts after mine", () => {
    const words = { nodes: [W1, W2], configurations: [NO_MESH],
      peers: [peer("p", { peerIP: "10.0.0.2", asNumber: 64512 })] };
    expect(only(words, "w1").passive).toBe(true);
    const back = { ...words, peers: [peer("p", { peerIP: "10.0.0.1", asNumber: 64512 })] };
    expect(only(back, "w2").passive).toBe(false);
  });
  it("by selector, for a node, and in reverse both ends are active", () => {
    const words = { nodes: [W1, R1], peers: [TO_REFLECTORS], configurations: [NO_MESH] };
    expect([only(words, "w1").passive, only(words, "r1").passive]).toEqual([false, false]);
    const node = { ...words, peers: [peer("p", { node: "w1", peerIP: "10.0.0.11", asNumber: 64512 })] };
    expect([only(node, "w1").passive, only(node, "r1").passive]).toEqual([false, false]);
  });
});

describe("3.8 local workload peers", () => {
  const words: WorldWords = { nodes: [W1, W2], configurations: [NO_MESH],
    workloads: [{ bgpPeerName: "pods", ipv4: "10.5.0.7", ipv6: undefined }],
    peers: [peer("pods", { localWorkloadSelector: "all()", asNumber: 65100, localAsNumber: 65101,
      ttlSecurityHops: 3, keepaliveTimeSeconds: 9, nextHopMode: "self", passwordSecret: { name: "a", key: "b" } })] };
  it("are passive, with the BGPPeer's AS numbers and none of its other settings", () => {
    expect(only(words, "w1")).toEqual({ name: "Local_Workload_10_5_0_7", type: "local", address: "10.5.0.7", port: 179,
      remoteAs: 65100, localAs: 65101, routeReflectorClient: false, clusterId: null, passive: true,
      passwordSecret: null, sourceAddress: null, nextHopMode: "auto", ttlSecurity: 0, keepaliveSeconds: null,
      restartSeconds: 120, allowOwnAs: 0, reachableBy: null, importFilters: [], exportFilters: [] });
  });
  it("have no reverse session", () => {
    expect(names({ ...words, workloads: [] }, "w2")).toEqual([]);
  });
});

describe("12 what the configuration says of our node", () => {
  const found = node("r1", { ipv4: "10.0.0.99/24", ipv6: "fd00::9",
    labels: { "zone": "a", "route-reflector": "true" } });
  const own = node("r1", { ipv4: "10.0.0.11/24", asNumber: 65001, cluster: "244.0.0.1",
    labels: { zone: "b", rack: "r" } });
  it("goes before the Node resource, whose labels win and whose rest counts", () => {
    const { speaker } = planOf({ nodes: [found] }, "r1", { ownNode: own });
    expect(speaker?.node).toEqual({ ...found, ipv4: own.ipv4, asNumber: 65001, routeReflectorClusterId: "244.0.0.1",
      labels: new Map([["zone", "a"], ["rack", "r"], ["route-reflector", "true"]]) });
  });
  it("and is the same object while neither changes", () => {
    const translation = new NodeTranslation(host("r1", { ownNode: own }));
    const first = translation.plan(world({ nodes: [found] }), []);
    const second = translation.plan(world({ nodes: [found, W1], configurations: [NO_MESH] }), []);
    expect(second.speaker?.node).toBe(first.speaker?.node);
  });
});

describe("2.2 logSeverityScreen", () => {
  it("is that of node.NAME, else that of default, and nobody else's", () => {
    const of = (name: string, logSeverityScreen: "debug" | "fatal"): BgpConfiguration =>
      configuration(name, { logSeverityScreen });
    const said = (...configurations: BgpConfiguration[]): unknown =>
      planOf({ nodes: [W1], configurations }, "w1").logSeverity;
    expect(said(NO_MESH, of("node.w2", "debug"))).toBeUndefined();
    expect(said(of("default", "fatal"))).toBe("fatal");
    expect(said(of("default", "fatal"), of("node.w1", "debug"))).toBe("debug");
  });
});

describe("12 a host that is no Node", () => {
  const own = node("out", { ipv4: "10.0.0.99/24", labels: { rack: "a" } });
  const tor = { peerIP: "10.9.9.9", asNumber: 65000 };
  const names = (nodes: readonly CalicoNode[], ...peers: BgpPeer[]): string[] =>
    planOf({ nodes, peers }, "out", { ownNode: own }).view.families.ipv4.peers.map(({ name }) => name);

  it.each<[string, BgpPeer, boolean]>([
    ["for all", peer("p", tor), false], ["by all()", peer("p", { ...tor, nodeSelector: "all()" }), false],
    ["by a label it lacks", peer("p", { ...tor, nodeSelector: "!has(route-reflector)" }), false],
    ["by a label it has", peer("p", { ...tor, nodeSelector: "rack == 'a'" }), true],
    ["by its name", peer("p", { ...tor, node: "out" }), true],
    ["by another's name", peer("p", { ...tor, node: "w1" }), false],
  ])("is on the local side %s: %o", (_, one, isMeant) => {
    expect(names([W1], one)).toEqual(isMeant ? [expect.stringContaining("_10_9_9_9")] : []);
  });
  it("is on every remote side that means it, and with a Node of its name it is one", () => {
    const toUs = peer("to-us", { peerIP: "10.0.0.99", asNumber: 64512 });
    expect(names([W1], toUs, peer("tor", tor))).toEqual(["Node_10_0_0_1"]);
    expect(names([W1, own], toUs, peer("tor", tor))).toEqual(["Global_10_9_9_9", "Mesh_10_0_0_1", "Node_10_0_0_1"]);
  });
  it("that becomes one has what it was not meant for", () => {
    const translation = new NodeTranslation(host("out", { ownNode: own }));
    const words = { nodes: [W1], peers: [peer("tor", { peerSelector: "all()" })], configurations: [NO_MESH] };
    const types = (more: readonly CalicoNode[]): string[] =>
      translation.plan(world({ ...words, nodes: [W1, ...more] }), []).view.families.ipv4.peers.map(({ type }) => type);
    expect([types([]), types([own])]).toEqual([["node"], ["global"]]);
  });
});

describe("3.11 the worked example", () => {
  const cluster = { nodes: [W1, W2, R1, R2], configurations: [NO_MESH] };
  const table = (peers: readonly BgpPeer[], me: string): string[] =>
    sessionsOf({ ...cluster, peers }, me).map(({ address, type, routeReflectorClient }) =>
      `${address} ${type}${routeReflectorClient ? " client" : ""}`);
  const ONE = [TO_REFLECTORS];
  const TWO = [
    peer("nodes-to-rr", { nodeSelector: "!has(route-reflector)", peerSelector: "has(route-reflector)" }),
    peer("rr-to-rr", { nodeSelector: "has(route-reflector)", peerSelector: "has(route-reflector)" }),
  ];
  it.each([["one object", ONE], ["two objects", TWO]])("%s", (_, peers) => {
    expect(table(peers, "r1")).toEqual(["10.0.0.1 node client", "10.0.0.12 node", "10.0.0.2 node client"]);
    expect(table(peers, "w1")).toEqual(["10.0.0.11 node", "10.0.0.12 node"]);
  });
  it("without nodeSelector the sessions towards reflectors are global", () => {
    const peers = [peer("to-rr", { peerSelector: "route-reflector == 'true'" })];
    expect(table(peers, "w1")).toEqual(["10.0.0.11 global", "10.0.0.12 global"]);
    expect(table(peers, "r1")).toEqual(["10.0.0.12 global", "10.0.0.1 node client", "10.0.0.2 node client"]);
  });
});

describe("names are unique", () => {
  it("of two nodes with one address the mesh has one session, whatever their ports", () => {
    const words = { nodes: [W1, W2, { ...W2, name: "w3" }], configurations: [
      configuration("node.w2", { listenPort: 1180 }), configuration("node.w3", { listenPort: 1179 })] };
    expect(only(words, "w1")).toMatchObject({ name: "Mesh_10_0_0_2", port: 1179 });
  });
});

describe("what a change does not concern", () => {
  const cluster = { nodes: [W1, W2, R1, R2], configurations: [NO_MESH], peers: [TO_REFLECTORS] };

  it("stays the same object: the sessions with other nodes, in whatever order the nodes come", () => {
    const translation = new NodeTranslation(host("r1"));
    const first = world(cluster);
    const before = translation.plan(first, []).view.families.ipv4.peers;
    const moved = { ...W2, ipv4: node("w2", { ipv4: "10.0.0.22/24" }).ipv4 };
    const nodes = new Map([...first.nodes].reverse()).set("w2", moved);
    const after = translation.plan({ ...first, nodes }, []).view.families.ipv4.peers;
    expect(after.map(({ name }) => name)).toEqual(["Node_10_0_0_1", "Node_10_0_0_12", "Node_10_0_0_22"]);
    expect(after.map((session) => before.includes(session))).toEqual([true, true, false]);
  });

  it("a BGPFilter that somebody names appears, and is named from then on", () => {
    const translation = new NodeTranslation(host("r1"));
    const words = { ...cluster, peers: [{ ...TO_REFLECTORS, filters: ["f"] }] };
    const first = world(words);
    expect(translation.plan(first, []).view.families.ipv4.peers[0]?.importFilters).toEqual([]);
    const filters = new Map([["f", { name: "f", import: [], export: [] }]]);
    expect(translation.plan({ ...first, filters }, []).view.families.ipv4.peers[0]?.importFilters).toEqual(["f"]);
  });
});
