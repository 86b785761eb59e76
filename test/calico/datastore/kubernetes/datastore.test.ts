/** The Kubernetes datastore against a server that keeps to the protocol: what is told, and what it asks for. */

import { describe, expect, it } from "vitest";
import { textOf } from "../../../../src/calico/resources/raw.ts";
import { V1, V3 } from "../../../../src/calico/datastore/kubernetes/api-group.ts";
import { ownNodeOf } from "../../../../src/calico/own-node.ts";
import type { CalicoNode } from "../../../../src/calico/resources/model.ts";
import { ResourceStore } from "../../../../src/calico/store.ts";
import type { CalicoNodeSettings } from "../../../../src/config/settings.ts";
import { calico, k8sNode, KINDS, KubernetesWorld } from "../../../support/calico/kubernetes-world.ts";

const PEER = calico("BGPPeer", "p", { peerSelector: "all()" });

it("tells every kind once, then that all is there; objects say what they are and nothing unread", async () => {
  const world = await KubernetesWorld.open();
  world.server.put(k8sNode("n1", { "projectcalico.org/IPv4Address": "10.0.0.1/24" },
    { status: { images: [{ names: ["x"] }], addresses: [{ type: "InternalIP", address: "10.0.0.1" }] } }));
  world.server.put({ ...PEER, metadata: { name: "p", managedFields: [{ manager: "kubectl" }] } });
  world.start();
  await world.until("up", () => world.heard("up") > 0);
  const snapshots = world.events.filter((event) => event.kind === "snapshot");
  expect(snapshots.map(({ kinds }) => kinds.join()).sort()).toEqual([...KINDS].sort());
  expect(world.events.map(({ kind }) => kind).filter((kind) => kind !== "snapshot").sort()).toEqual(["synced", "up"]);
  expect(world.events.slice(0, KINDS.length).every(({ kind }) => kind === "snapshot")).toBe(true);
  expect(world.known.get("Node n1")).toMatchObject({ apiVersion: "v1", kind: "Node",
    metadata: { name: "n1", annotations: { "projectcalico.org/IPv4Address": "10.0.0.1/24" } },
    status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] } });
  expect(JSON.stringify([...world.known.values()])).not.toMatch(/managedFields|images/);
  expect(world.faults).toEqual([]);
  await world.agree();
});

it("asks for one list and one watch of each, and for nothing else", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.pass(200);
  const asked = world.server.seen.map(({ url }) => url.replace(/\?.*$/, "")).sort();
  const both = ["/api/v1/nodes", ...["bgpconfigurations", "bgpfilters", "bgppeers", "blockaffinities", "ippools"]
    .map((plural) => `/apis/${V1}/${plural}`)].flatMap((path) => [path, path]);
  expect(asked).toEqual([...both, "/apis"].sort());
  expect(world.server.asked("watch=true").every(({ url }) =>
    /allowWatchBookmarks=true/.test(url) && /timeoutSeconds=(3|4|5)[0-9][0-9]/.test(url))).toBe(true);
});

it("tells what changes, in order", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  world.server.put(PEER);
  world.server.put({ ...PEER, spec: { nodeSelector: "all()" } });
  world.server.remove(PEER);
  world.server.put(k8sNode("größe 👍"));
  await world.until("the changes", () => world.heard("removed") === 1 && world.known.has("Node größe 👍"));
  const told = world.events.filter(({ kind }) => kind === "put" || kind === "removed");
  expect(told.at(-1)?.kind === "removed" || told.at(-2)?.kind === "removed").toBe(true);
  await world.agree();
});

it("reads frames that are cut at every octet, in lists and in watches", async () => {
  const world = await KubernetesWorld.open();
  for (let at = 0; at < 3; at++) world.server.put(k8sNode(`größe-${at}`, { "a/b": "\\\"]}👍\n" }));
  for (const octets of [1, 2, 3, 7]) {
    world.server.pieceOctets = octets;
    if (octets === 1) await world.sync();
    world.server.put(k8sNode(`node-${octets}`, { "a/b": "]}\\\"{[👍" }));
    world.server.put(calico("BGPPeer", `p-${octets}`));
    await world.agree();
  }
});

it("reads a list in pages", async () => {
  const world = await KubernetesWorld.open();
  for (let at = 0; at < 1201; at++) world.server.put(k8sNode(`n${at}`));
  await world.sync();
  expect(world.server.asked("/api/v1/nodes?limit=500").map(({ url }) => url.includes("continue"))).toEqual(
    [false, true, true]);
  await world.agree();
});

it("asks for the whole list when its pages expire while they are read", async () => {
  const world = await KubernetesWorld.open();
  for (let at = 0; at < 1201; at++) world.server.put(k8sNode(`n${at}`));
  let isFirst = true;
  world.server.onSeen = (url) => {
    if (url.includes("continue=") && isFirst) world.server.expirePages();
    isFirst &&= !url.includes("continue=");
  };
  world.start();
  await world.pass(2);
  await world.until("synced", () => world.heard("synced") > 0);
  const lists = world.server.asked("/api/v1/nodes").filter(({ url }) => !url.includes("watch"));
  expect(lists.map(({ url }) => [url.includes("limit="), url.includes("continue=")])).toEqual(
    [[true, false], [true, true], [false, false]]);
  expect(world.heard("down")).toBe(0);
  await world.agree();
});

it("reads services only while they are wanted", async () => {
  const world = await KubernetesWorld.open();
  const service = { apiVersion: "v1", kind: "Service", metadata: { name: "s", namespace: "d" }, spec: {} };
  const slice = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: "e", namespace: "d" } };
  world.server.put(service);
  world.server.put(slice);
  await world.sync();
  expect(world.server.asked("services")).toEqual([]);
  world.datastore.want({ services: true, statuses: false, secrets: new Set() });
  await world.until("services", () => world.known.has("Service d/s") && world.known.has("EndpointSlice d/e"));
  await world.until("watches", () => world.server.watches.count("services") === 1);
  world.server.remove(service);
  await world.until("removed", () => !world.known.has("Service d/s"));
  world.datastore.want({ services: false, statuses: false, secrets: new Set() });
  expect(world.known.has("EndpointSlice d/e")).toBe(false);
  await world.until("no watch", () => world.server.watches.count("services") === 0);
  expect(world.heard("down")).toBe(0);
});

it("waits with synced for what is wanted by what was told before", async () => {
  const world = await KubernetesWorld.open();
  world.server.put(calico("BGPConfiguration", "default", { serviceClusterIPs: [{ cidr: "10.96.0.0/12" }] }));
  world.server.put({ apiVersion: "v1", kind: "Service", metadata: { name: "s", namespace: "d" }, spec: {} });
  world.onEvent = (event) => {
    if (event.kind !== "snapshot" || event.kinds[0] !== "BGPConfiguration") return;
    world.datastore.want({ services: true, statuses: false, secrets: new Set(["s1"]) });
  };
  world.start();
  await world.until("synced", () => world.heard("synced") > 0);
  const at = world.events.findIndex(({ kind }) => kind === "synced");
  const before = world.events.slice(0, at).flatMap((event) => (event.kind === "snapshot" ? event.kinds
    : event.kind === "removed" ? [event.resourceKind] : []));
  expect([...before].sort()).toEqual([...KINDS, "EndpointSlice", "Secret", "Service"].sort());
});

it("reads each Secret by its name, and forgets it when nobody refers to it", async () => {
  const world = await KubernetesWorld.open();
  const secret = (name: string, password: string) => ({ apiVersion: "v1", kind: "Secret",
    metadata: { name, namespace: "kube-system" }, data: { password } });
  world.server.put(secret("a", "eA=="));
  world.server.put(secret("other", "eg=="));
  await world.sync();
  world.datastore.want({ services: false, statuses: false, secrets: new Set(["a", "b"]) });
  await world.until("a", () => world.known.has("Secret kube-system/a"));
  await world.until("both watches", () => world.server.watches.count("secrets") === 2);
  world.server.put(secret("b", "eQ=="));
  world.server.put(secret("a", "ejE="));
  await world.until("b", () => world.known.has("Secret kube-system/b"));
  await world.until("a anew", () => JSON.stringify(world.known.get("Secret kube-system/a")).includes("ejE="));
  world.datastore.want({ services: false, statuses: false, secrets: new Set(["b"]) });
  expect([...world.known.keys()].filter((key) => key.startsWith("Secret"))).toEqual(["Secret kube-system/b"]);
  expect(world.server.asked("secrets").every(({ url }) =>
    url.includes("/namespaces/kube-system/secrets?fieldSelector=metadata.name%3D"))).toBe(true);
});

it.each([
  ["the v1 group where there are both", [V1, V3], undefined, V1],
  ["the v3 group where it is alone", [V3], undefined, V3],
  ["the one it is told", [V1, V3], V3, V3],
])("reads Calico's resources from %s", async (_, calicoGroups, apiGroup, group) => {
  const world = await KubernetesWorld.open({ calicoGroups, ...(apiGroup === undefined ? {} : { apiGroup }) });
  world.server.put({ ...PEER, apiVersion: group });
  await world.sync();
  expect(textOf(world.known.get("BGPPeer p"), "apiVersion")).toBe(group);
  expect(world.server.asked("/bgppeers").every(({ url }) => url.startsWith(`/apis/${group}/`))).toBe(true);
  expect(world.server.asked("/apis?").length + world.server.seen.filter(({ url }) => url === "/apis").length)
    .toBe(apiGroup === undefined ? 1 : 0);
});

it("goes over to the other group when Calico's resources do", async () => {
  const world = await KubernetesWorld.open();
  world.server.put(PEER);
  await world.sync();
  world.server.setCalicoGroups([V3]);
  world.server.put({ ...PEER, apiVersion: V3, spec: { node: "n" } });
  await world.pass(10);
  world.server.watches.end();
  await world.pass(70);
  await world.until("v3", () => textOf(world.known.get("BGPPeer p"), "apiVersion") === V3);
});

it("patches a Node's annotations and conditions, and leaves what others wrote", async () => {
  const world = await KubernetesWorld.open();
  world.server.put(k8sNode("n1", { theirs: "1" }, { status: { conditions: [{ type: "Ready", status: "True" }] } }));
  const written = await world.datastore.patchNodeStatus("n1", { metadata: { annotations: { ours: "2" } },
    status: { conditions: [{ type: "NetworkUnavailable", status: "False" }] } });
  expect(written).toMatchObject({ value: { metadata: { annotations: { theirs: "1", ours: "2" } },
    status: { conditions: [{ type: "Ready", status: "True" }, { type: "NetworkUnavailable", status: "False" }] } } });
  expect(world.server.seen).toEqual([{ method: "PATCH", url: "/api/v1/nodes/n1/status",
    contentType: "application/strategic-merge-patch+json" }]);
  expect(await world.datastore.patchNodeStatus("gone", {})).toMatchObject({ status: 404 });
});

describe("our Node", () => {
  const given = (words: Partial<CalicoNodeSettings>): CalicoNode => ownNodeOf("n1", { ipv4Address: undefined,
    ipv6Address: undefined, asNumber: undefined, routeReflectorClusterID: undefined, labels: new Map(), ...words });
  const RR = given({ ipv4Address: "10.0.0.1/24", ipv6Address: "fd00::1", asNumber: 65001,
    routeReflectorClusterID: 0xf4000001, labels: new Map([["zone", "a"], ["rack", "r"]]) });

  it("gets the annotations that it lacks, once, and keeps all else", async () => {
    const world = await KubernetesWorld.open();
    const annotations = { "theirs": "1", "projectcalico.org/ASNumber": "65001",
      "projectcalico.org/labels": '{"theirs":"2"}' };
    world.server.put({ apiVersion: "v1", kind: "Node", metadata: { name: "n1", annotations,
      labels: { rack: "theirs" } }, spec: { podCIDR: "10.1.0.0/24" } });
    expect(await world.datastore.publishNode(RR)).toBe("written");
    expect(world.server.listOf("v1", "nodes")).toMatchObject([{ spec: { podCIDR: "10.1.0.0/24" }, metadata: {
      labels: { rack: "theirs" }, annotations: {
        "theirs": "1", "projectcalico.org/IPv4Address": "10.0.0.1/24", "projectcalico.org/IPv6Address": "fd00::1/128",
        "projectcalico.org/ASNumber": "65001", "projectcalico.org/RouteReflectorClusterID": "244.0.0.1",
        "projectcalico.org/labels": '{"theirs":"2","zone":"a"}' } } }]);
    expect(await world.datastore.publishNode(RR)).toBe("unchanged");
    expect(world.server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET /api/v1/nodes/n1",
      "PATCH /api/v1/nodes/n1/status", "GET /api/v1/nodes/n1"]);
    const read = new ResourceStore();
    read.put([{ ...world.server.listOf("v1", "nodes")[0]! }]);
    expect(read.faults).toEqual([]);
    expect(read.resources.nodes.get("n1")).toMatchObject({ ipv4: RR.ipv4, ipv6: RR.ipv6, asNumber: 65001,
      routeReflectorClusterId: "244.0.0.1", labels: new Map([["theirs", "2"], ["zone", "a"], ["rack", "theirs"]]) });
  });

  it("is not made, nor written over a change that nobody has read", async () => {
    const world = await KubernetesWorld.open();
    expect(await world.datastore.publishNode(RR)).toEqual({ why: expect.stringContaining("404") });
    world.server.put(k8sNode("n1"));
    world.server.onSeen = (url) => {
      if (url.endsWith("/status")) world.server.put(k8sNode("n1", { theirs: "1" }));
    };
    expect(await world.datastore.publishNode(RR)).toEqual({ why: expect.stringContaining("409") });
    expect(world.server.listOf("v1", "nodes")).toMatchObject([{ metadata: { annotations: { theirs: "1" } } }]);
  });
});

it("writes a CalicoNodeStatus, unless it has changed meanwhile", async () => {
  const world = await KubernetesWorld.open();
  world.server.put(calico("CalicoNodeStatus", "s", { node: "n1" }));
  world.datastore.want({ services: false, statuses: true, secrets: new Set() });
  await world.sync();
  const stored = (): unknown => world.server.listOf("crd.projectcalico.org/v1", "caliconodestatuses")[0];
  const write = (lastUpdated: string, state: string): Promise<unknown> =>
    world.datastore.writeNodeStatus("s", { lastUpdated, agent: { state } });
  expect(await write("1", "Ready")).toBe("written");
  expect(await write("2", "Ready")).toBe("unchanged");
  expect(stored()).toMatchObject({ spec: { node: "n1" }, status: { lastUpdated: "1", agent: { state: "Ready" } } });
  await world.until("its own change", () => world.heard("put") > 0);
  expect(world.known.get("CalicoNodeStatus s")).toMatchObject({ spec: { node: "n1" }, status: {} });
  world.server.onSeen = (url) => {
    if (url.endsWith("/status")) world.server.put(calico("CalicoNodeStatus", "s", { node: "n2" }));
  };
  expect(await write("3", "NotReady")).toEqual({ why: expect.stringContaining("409") });
  expect(stored()).toMatchObject({ spec: { node: "n2" } });
  expect(await world.datastore.writeNodeStatus("gone", {})).toEqual({ why: expect.stringContaining("404") });
});

it("tells nothing and holds nothing after its end", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.stop();
  world.server.put(PEER);
  await world.quiet();
  expect(world.events).toEqual([]);
  expect(world.timers.size).toBe(0);
  await world.until("no watch", () => world.server.watches.count() === 0);
});

it("reads Secrets and nothing else, where that is all it is for", async () => {
  const world = await KubernetesWorld.open({ isForSecrets: true });
  world.server.put(PEER);
  world.server.put({ apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "kube-system" } });
  world.start();
  await world.quiet();
  expect([world.events, world.server.seen]).toEqual([[], []]);
  world.datastore.want({ services: true, statuses: true, secrets: new Set(["s"]) });
  await world.until("the Secret", () => world.known.has("Secret kube-system/s"));
  await world.until("up", () => world.heard("up") > 0);
  expect(world.server.seen.every(({ url }) => url.includes("/secrets?"))).toBe(true);
});
