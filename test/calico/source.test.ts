/** From what a datastore tells to intents, on virtual time. */

import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { WorkloadListener } from "../../src/calico/datastore/workloads.ts";
import type { Datastore, DatastoreEvent, NodeWritten, Wanted } from "../../src/calico/datastore/datastore.ts";
import { ownNodeOf } from "../../src/calico/own-node.ts";
import { CalicoSource } from "../../src/calico/source.ts";
import type { Identity, SourceOptions } from "../../src/calico/source.ts";
import type { CalicoNode } from "../../src/calico/resources/model.ts";
import type { Intent } from "../../src/config/intent.ts";
import { diffIntent } from "../../src/config/diff.ts";
import type { JsonValue } from "../../src/config/json.ts";
import {
  kubernetesNode, manifest, NO_MESH, nodeManifest, PEER_WITH_REFLECTORS,
} from "../support/calico/manifests.ts";
import { host } from "../support/calico/world.ts";
import { VirtualTimers } from "../support/calico/timers.ts";

/** A datastore that says what the test says. */
class FakeDatastore implements Datastore {
  isStopped = false;
  /** All that was said of it. */
  readonly wanted: Wanted[] = [];
  /** The Nodes that were to be written, and what became of the next one. */
  readonly published: CalicoNode[] = [];
  outcome: NodeWritten = "written";
  /** The CalicoNodeStatus that were written. */
  readonly statuses: string[] = [];
  #listener: (event: DatastoreEvent) => void = () => undefined;

  start(listener: (event: DatastoreEvent) => void): void {
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
  }

  want(wanted: Wanted): void {
    this.wanted.push(wanted);
  }

  async publishNode(node: CalicoNode): Promise<NodeWritten> {
    this.published.push(node);
    return this.outcome;
  }

  async writeNodeStatus(name: string): Promise<NodeWritten> {
    this.statuses.push(name);
    return "written";
  }

  tell(...events: readonly DatastoreEvent[]): void {
    for (const event of events) this.#listener(event);
  }

  put(...resources: readonly JsonValue[]): void {
    this.tell({ kind: "put", resources });
  }
}

const REFLECTOR = { "route-reflector": "true" };
const RR1 = nodeManifest("rr1", "10.0.0.11/24", { routeReflectorClusterID: "244.0.0.1" }, REFLECTOR);
const W1 = nodeManifest("w1", "10.0.0.1/24");
const W2 = nodeManifest("w2", "10.0.0.2/24");
const CLUSTER = [RR1, W1, W2, NO_MESH, PEER_WITH_REFLECTORS];
const SETTINGS = { holdTimeSeconds: 240, onStop: "restart" } as const;

let timers: VirtualTimers;
let datastore: FakeDatastore;
let logged: string[];
let intents: Intent[];
let source: CalicoSource;

function begin(
  identity: Identity = { host: host("rr1"), settings: SETTINGS }, more: Partial<SourceOptions> = {},
): void {
  timers = new VirtualTimers();
  datastore = new FakeDatastore();
  logged = [];
  intents = [];
  source = new CalicoSource({
    ...more, kind: "files", datastore, identity, timers, wallMilliseconds: () => Date.UTC(2026, 2, 1),
    log: { write: (level, event, fields = {}) => {
      logged.push([level, event, ...Object.values(fields)].join(" "));
    } },
  });
  source.start((intent) => intents.push(intent));
}

/** Everything of the cluster, and the time that gathering takes. */
function sync(...resources: readonly JsonValue[]): void {
  const kinds = ["Node", "BGPPeer", "BGPConfiguration", "BGPFilter", "IPPool", "BlockAffinity"];
  datastore.tell({ kind: "up" }, { kind: "snapshot", kinds, resources }, { kind: "synced" });
  timers.pass(100);
}

/** Lets time pass, and what was begun in it come to its end. */
async function settle(milliseconds = 100): Promise<void> {
  timers.pass(milliseconds);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

const names = (intent: Intent | undefined = intents.at(-1)): string[] => intent?.peers.map(({ name }) => name) ?? [];

beforeEach(() => begin());

describe("the first intent", () => {
  it("comes when everything was read, not before", () => {
    datastore.tell({ kind: "snapshot", kinds: ["Node"], resources: [RR1, W1, W2] });
    timers.pass(10_000);
    datastore.tell({ kind: "snapshot", kinds: ["BGPPeer"], resources: [PEER_WITH_REFLECTORS] });
    datastore.put(NO_MESH);
    timers.pass(10_000);
    expect([intents, source.intent]).toEqual([[], undefined]);
    expect(source.status()).toMatchObject({ waiting: "nothing has been read yet", sessions: 0, nodes: 3 });
    datastore.tell({ kind: "synced" });
    timers.pass(100);
    expect(names()).toEqual(["Node_10_0_0_1", "Node_10_0_0_2"]);
    expect(intents[0]?.speaker).toEqual({ routerId: 0x0a00000b, asNumber: 64512, clusterId: 0xf4000001,
      listen: [{ address: "0.0.0.0", port: 179 }], onStop: "restart" });
  });

  it("waits for our Node, and says so once", () => {
    sync(W1, NO_MESH);
    datastore.put(W2);
    timers.pass(100);
    expect(intents).toEqual([]);
    expect(source.status().waiting).toBe("there is no Node rr1");
    expect(logged.filter((line) => line.includes("calico-waits"))).toEqual(["warn calico-waits there is no Node rr1"]);
    datastore.put(RR1, PEER_WITH_REFLECTORS);
    timers.pass(100);
    expect(names()).toEqual(["Node_10_0_0_1", "Node_10_0_0_2"]);
    expect(source.status()).toMatchObject({ waiting: null, sessions: 2, nodes: 3 });
  });
});

describe("a change", () => {
  it("is one intent, however many come within a moment", () => {
    sync(...CLUSTER);
    for (let i = 3; i < 50; i++) datastore.put(nodeManifest(`w${i}`, `10.0.0.${i + 60}/24`));
    datastore.tell({ kind: "removed", resourceKind: "Node", name: "w3" });
    expect(intents).toHaveLength(1);
    timers.pass(100);
    expect(intents).toHaveLength(2);
    expect(names()).toHaveLength(2 + 46);
  });

  it("leaves every other neighbour the object that it was", () => {
    sync(...CLUSTER);
    datastore.put(nodeManifest("w2", "10.0.0.22/24"));
    timers.pass(100);
    const [before, after] = intents as [Intent, Intent];
    expect(after.peers.find(({ name }) => name === "Node_10_0_0_1")).toBe(before.peers[0]);
    const diff = diffIntent(before, after);
    expect([diff.added, diff.removed].map((peers) => peers.map(({ name }) => name)))
      .toEqual([["Node_10_0_0_22"], ["Node_10_0_0_2"]]);
    expect([diff.changed, diff.originated, diff.speaker.fields]).toEqual([[], false, []]);
  });

  it("of a filter concerns the sessions that name it: their policies and no others", () => {
    const filter = (action: string): JsonValue => manifest("BGPFilter", "f", { importV4: [{ action }] });
    const tor = manifest("BGPPeer", "tor", { node: "rr1", peerIP: "10.9.9.9", asNumber: 65000, filters: ["f"] });
    sync(...CLUSTER, filter("Accept"), tor);
    datastore.put(filter("Reject"));
    timers.pass(100);
    const [before, after] = intents as [Intent, Intent];
    const { changed } = diffIntent(before, after);
    expect(changed.map(({ name, fields, price }) => [name, fields, price]))
      .toEqual([["Node_10_9_9_9", ["import"], "re-evaluate"]]);
    expect(after.peers[0]?.export).toBe(before.peers[0]?.export);
  });

  it("that means nothing to us makes no intent: heartbeats, other nodes' blocks twice, the same snapshot", () => {
    sync(kubernetesNode("rr1", "10.0.0.11/24", "1", REFLECTOR), W1, NO_MESH, PEER_WITH_REFLECTORS);
    datastore.put(kubernetesNode("rr1", "10.0.0.11/24", "2", REFLECTOR));
    timers.pass(100);
    datastore.tell({ kind: "snapshot", kinds: ["BGPPeer"], resources: [PEER_WITH_REFLECTORS] });
    timers.pass(100);
    expect(intents).toHaveLength(1);
    datastore.put(manifest("BlockAffinity", "w1-10-244-0-0-26", { cidr: "10.244.0.0/26", node: "w1" }));
    timers.pass(100);
    expect(diffIntent(intents[0]!, intents.at(-1)!)).toMatchObject({ added: [], removed: [], changed: [],
      originated: false });
    expect(intents.at(-1)!.peers[0]).toBe(intents[0]!.peers[0]);
  });

  it("of our own Node resets what must be: router id and cluster id", () => {
    sync(...CLUSTER);
    datastore.put(nodeManifest("rr1", "10.0.0.12/24", { routeReflectorClusterID: "244.0.0.2" }, REFLECTOR));
    timers.pass(100);
    const diff = diffIntent(intents[0]!, intents[1]!);
    expect(diff.speaker).toEqual({ price: "reset", fields: ["routerId", "clusterId"] });
    expect(diff.changed.map(({ fields }) => fields)).toEqual([["localAddress", "clusterId"],
      ["localAddress", "clusterId"]]);
  });
});

describe("an outage", () => {
  it("keeps what runs, however long; what changed meanwhile comes with the next snapshot", () => {
    sync(...CLUSTER);
    datastore.tell({ kind: "down", why: "connection refused" });
    timers.pass(365 * 86_400_000);
    expect(intents).toHaveLength(1);
    expect(source.status().datastore).toEqual({ kind: "files", up: false, since: "2026-03-01T00:00:00.000Z",
      why: "connection refused" });
    datastore.tell({ kind: "up" }, { kind: "snapshot", kinds: ["Node"], resources: [RR1, W2] });
    timers.pass(100);
    expect(names()).toEqual(["Node_10_0_0_2"]);
    expect(source.status().datastore).toMatchObject({ up: true, why: null });
    expect(logged.filter((line) => line.includes("datastore"))).toEqual(["info datastore-up files",
      "warn datastore-down files connection refused", "info datastore-up files"]);
  });

  it("before the first snapshot shows why", () => {
    datastore.tell({ kind: "down", why: "no such file" });
    expect(source.status().datastore).toMatchObject({ up: false, why: "no such file" });
  });
});

describe("our Node", () => {
  it("that is deleted ends its sessions, and has them again when it is back", () => {
    sync(...CLUSTER);
    datastore.tell({ kind: "removed", resourceKind: "Node", name: "rr1" });
    timers.pass(100);
    expect([names(), source.status().waiting]).toEqual([[], "there is no Node rr1"]);
    datastore.put(RR1);
    timers.pass(100);
    expect(names()).toEqual(["Node_10_0_0_1", "Node_10_0_0_2"]);
  });

  it("without an address keeps what runs, and says what is missing", () => {
    sync(...CLUSTER);
    datastore.put(manifest("Node", "rr1", {}, REFLECTOR));
    timers.pass(100);
    expect(intents).toHaveLength(1);
    expect(source.status()).toMatchObject({ sessions: 2,
      waiting: expect.stringMatching(/no IPv4 address to be the router id/) });
  });
});

describe("an AS number that is none in the BGPConfiguration", () => {
  const configuration = (asNumber: JsonValue): JsonValue =>
    manifest("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false, asNumber });
  const WRONG = "spec.asNumber of BGPConfiguration default is no AS number";

  it("leaves that which it said before", () => {
    sync(RR1, W1, PEER_WITH_REFLECTORS, configuration(65001));
    datastore.put(configuration("6500l"));
    timers.pass(100);
    expect([intents.length, intents[0]?.speaker.asNumber, source.status().waiting]).toEqual([1, 65001, null]);
    expect(source.status().faults).toMatchObject([{ field: "spec.asNumber",
      why: expect.stringMatching(/^expected an AS number.*; what it said before counts$/) }]);
  });

  it("has sessions wait that would have it, from the start: a wrong one would end them", () => {
    sync(RR1, W1, PEER_WITH_REFLECTORS, configuration("6500l"));
    expect([intents.length, source.status().waiting, source.status().sessions]).toEqual([0, WRONG, 0]);
    datastore.put(configuration(65001));
    timers.pass(100);
    expect([names(), source.status().waiting]).toEqual([["Node_10_0_0_1"], null]);
  });

  it("is no concern of sessions whose both ends have their own", () => {
    const own = (name: string, address: string, more = {}, labels = {}): JsonValue =>
      nodeManifest(name, address, { asNumber: 65010, ...more }, labels);
    sync(own("rr1", "10.0.0.11/24", { routeReflectorClusterID: "244.0.0.1" }, REFLECTOR), own("w1", "10.0.0.1/24"), W2,
      PEER_WITH_REFLECTORS, configuration("6500l"));
    expect([names(), intents[0]?.speaker.asNumber]).toEqual([["Node_10_0_0_1"], 65010]);
  });
});

describe("a host that is no node", () => {
  const standIn = (labels: Readonly<Record<string, string>>): Identity => ({
    settings: SETTINGS, host: { ...host("outside"), ownNode: ownNodeOf("outside", { ipv4Address: "10.0.0.99/24",
      ipv6Address: undefined, asNumber: undefined, routeReflectorClusterID: 0xf4000001,
      labels: new Map(Object.entries(labels)) }) },
  });

  it("has sessions with the nodes of every BGPPeer that names its address and AS", () => {
    begin(standIn({}));
    const toUs = (name: string, asNumber: number, nodeSelector: string): JsonValue =>
      manifest("BGPPeer", name, { nodeSelector, peerIP: "10.0.0.99", asNumber });
    sync(W1, nodeManifest("w2", "10.0.0.2/24", {}, { zone: "b" }), NO_MESH, toUs("a", 64512, "has(zone)"),
      toUs("b", 65001, "all()"));
    expect(names()).toEqual(["Node_10_0_0_2"]);
    expect(intents[0]).toMatchObject({ speaker: { routerId: 0x0a000063, clusterId: 0xf4000001 },
      peers: [{ routeReflectorClient: true, localAddress: "10.0.0.99" }] });
  });

  it("has sessions by the labels that the configuration gives it, none of the mesh, and announces no service", () => {
    begin(standIn(REFLECTOR));
    sync(W1, PEER_WITH_REFLECTORS, manifest("BGPConfiguration", "default",
      { serviceClusterIPs: [{ cidr: "10.96.0.0/12" }] }));
    expect(names()).toEqual(["Node_10_0_0_1"]);
    expect(intents[0]?.originated).toEqual([]);
  });
});

describe("our Node where we are to write it", () => {
  const OURS = { ipv4Address: "10.0.0.11/24", ipv6Address: undefined, asNumber: 64512,
    routeReflectorClusterID: 0xf4000001, labels: new Map([["zone", "a"]]) };
  const identity: Identity = { settings: SETTINGS, host: { ...host("rr1"), ownNode: ownNodeOf("rr1", OURS) } };
  const right = (labels: Readonly<Record<string, string>> = { zone: "a", ...REFLECTOR }): JsonValue =>
    nodeManifest("rr1", "10.0.0.11/24", { asNumber: 64512, routeReflectorClusterID: "244.0.0.1" }, labels);
  const wrong = nodeManifest("rr1", "10.0.0.99/24", { asNumber: 64512, routeReflectorClusterID: "244.0.0.1" },
    { zone: "a", ...REFLECTOR });

  it("is written where it lacks something, and not where it says it all, and never before it was read", async () => {
    begin(identity, { publishesNode: true });
    datastore.put(W1);
    await settle();
    expect(datastore.published).toEqual([]);
    sync(W1, W2, NO_MESH, PEER_WITH_REFLECTORS);
    await settle();
    expect(datastore.published).toEqual([ownNodeOf("rr1", OURS)]);
    expect(names()).toEqual([]); // nobody selects us yet: labels are what the Node has and what we have
    datastore.put(right());
    await settle();
    expect(names()).toEqual(["Node_10_0_0_1", "Node_10_0_0_2"]);
    await settle(86_400_000);
    expect(datastore.published).toHaveLength(1);
    expect(logged.filter((line) => line.includes("node-"))).toEqual(["info node-published rr1"]);
  });

  it("is written again where somebody changes it, twice a minute at most, and our sessions stay", async () => {
    begin(identity, { publishesNode: true });
    sync(right(), W1, W2, NO_MESH, PEER_WITH_REFLECTORS);
    const before = intents.at(-1)!;
    for (let second = 0; second < 600; second++) {
      datastore.put(second % 2 === 0 ? wrong : right());
      await settle(1000);
    }
    expect(datastore.published.length).toBeGreaterThan(10);
    expect(datastore.published.length).toBeLessThan(41);
    expect(diffIntent(before, intents.at(-1)!)).toMatchObject({ added: [], removed: [], changed: [],
      speaker: { fields: [] } });
    expect(logged.filter((line) => line.startsWith("warn node-published"))[0]).toMatch(/calico-node/);
  });

  it("that cannot be written is a fault until it is right, and is tried again", async () => {
    begin(identity, { publishesNode: true });
    datastore.outcome = { why: "403 forbidden" };
    sync(wrong, W1, W2, NO_MESH, PEER_WITH_REFLECTORS);
    await settle();
    await settle(100_000);
    await settle(100_000);
    expect(source.status().faults).toEqual([{ kind: "Node", name: "rr1", field: "",
      why: "it cannot be written: 403 forbidden" }]);
    expect(logged.filter((line) => line.includes("node-"))).toEqual(["warn node-unpublished rr1 403 forbidden"]);
    expect(datastore.published.length).toBeGreaterThan(1);
    expect(names()).toHaveLength(2);
    datastore.put(right());
    await settle();
    expect(source.status().faults).toEqual([]);
  });

  it("follows the configuration; is left alone without publishNode, and after the end", async () => {
    begin(identity);
    sync(wrong, NO_MESH);
    await settle(100_000);
    expect(datastore.published).toEqual([]);
    begin(identity, { publishesNode: true });
    sync(right(), NO_MESH);
    const ownNode = ownNodeOf("rr1", { ...OURS, asNumber: 65001 });
    source.become({ ...identity, host: { ...identity.host, ownNode } });
    await settle();
    expect(datastore.published).toEqual([ownNode]);
    datastore.outcome = { why: "gone" };
    await source.stop();
    await settle(100_000);
    expect([datastore.published.length, timers.size]).toEqual([1, 0]);
  });
});

describe("faults", () => {
  it("of resources beside each other are said as those of one are, until one of them goes", () => {
    sync(...CLUSTER, manifest("BGPPeer", "tor", { peerIP: "10.9.9.9", asNumber: 65000, filters: ["f"] }));
    datastore.put(nodeManifest("w9", "10.0.0.1/24"));
    timers.pass(100);
    expect(source.status().faults.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["BGPPeer tor", "Node w9"]);
    expect(logged.filter((line) => line.includes("resource-fault"))).toHaveLength(2);
    datastore.put(manifest("BGPFilter", "f", {}));
    datastore.tell({ kind: "removed", resourceKind: "Node", name: "w9" });
    timers.pass(100);
    expect(source.status().faults).toEqual([]);
  });

  const WRONG = manifest("BGPPeer", "wrong", { peerIP: "x" });

  it("leave one object out, and are said once", () => {
    sync(...CLUSTER, WRONG);
    expect(names()).toHaveLength(2);
    const said = (): string[] => logged.filter((line) => line.includes("resource-fault BGPPeer wrong spec.peerIP"));
    expect(said()).toHaveLength(1);
    datastore.put(W2, WRONG);
    timers.pass(100);
    expect(said()).toHaveLength(1);
    datastore.put(manifest("BGPPeer", "wrong", { peerIP: "y" }));
    timers.pass(100);
    expect(said()).toHaveLength(2);
    expect(source.status().faults).toContainEqual(expect.objectContaining({ kind: "BGPPeer", name: "wrong" }));
    datastore.tell({ kind: "removed", resourceKind: "BGPPeer", name: "wrong" });
    timers.pass(100);
    expect(source.status().faults).toEqual([]);
  });

  it("of the datastore stand among them", () => {
    const fault = { kind: "File", name: "/etc/calico/a.yaml", field: "3:1 $", why: "cut off" };
    datastore.tell({ kind: "faults", faults: [fault] });
    timers.pass(100);
    expect(source.status().faults).toEqual([fault]);
    expect(logged).toEqual(["warn resource-fault File /etc/calico/a.yaml 3:1 $ cut off"]);
    datastore.tell({ kind: "faults", faults: [] });
    expect(source.status().faults).toEqual([]);
  });

  it("that come in thousands are not all lines of the log", () => {
    sync(...CLUSTER, ...Array.from({ length: 2000 }, (_, i) => manifest("IPPool", `p${i}`, { cidr: "x" })));
    expect(logged.length).toBeLessThan(110);
    expect(logged.at(-1)).toBe("warn resource-faults 1900");
  });
});

describe("the configuration's part", () => {
  it("comes with the intent, and may change while it runs", () => {
    begin({ host: host("rr1"), settings: { ...SETTINGS, holdTimeSeconds: 30, routerId: 7,
      listen: [{ address: "10.0.0.11", port: 1179 }] } });
    sync(...CLUSTER);
    expect(intents[0]).toMatchObject({ speaker: { routerId: 7, listen: [{ address: "10.0.0.11", port: 1179 }] },
      peers: [{ holdTimeSeconds: 30 }, { holdTimeSeconds: 30 }] });
    source.become({ host: host("w1"), settings: SETTINGS });
    expect(names(source.intent)).toEqual(["Node_10_0_0_11"]);
    expect(source.intent).toMatchObject({ speaker: { routerId: 0x0a000001 }, peers: [{ holdTimeSeconds: 240 }] });
    expect(intents).toHaveLength(1);
  });

  it("CALICO_ROUTER_ID=hash is the hash of the node's name", () => {
    begin({ host: host("rr1", { routerId: "hash" }), settings: SETTINGS });
    sync(...CLUSTER);
    const [first = 0, ...rest] = createHash("sha256").update("rr1").digest().subarray(0, 4);
    expect(intents[0]?.speaker.routerId).toBe(
      [first > 223 ? first - 32 : first, ...rest].reduce((value, octet) => value * 256 + octet, 0));
  });
});

describe("a password", () => {
  const tor = (password: JsonValue): JsonValue =>
    manifest("BGPPeer", "tor", { node: "rr1", peerIP: "10.9.9.9", asNumber: 65000, ...password as object });
  const TOR = tor({ password: { secretKeyRef: { name: "bgp-secrets", key: "tor" } } });
  const secret = (members: JsonValue, namespace = "kube-system"): JsonValue =>
    ({ apiVersion: "v1", kind: "Secret", metadata: { name: "bgp-secrets", namespace }, ...members as object });
  const asked = (): unknown[] => intents.at(-1)!.peers.map(({ password }) => password);
  const put = (...resources: readonly JsonValue[]): void => {
    datastore.put(...resources);
    timers.pass(100);
  };

  it("is asked for by the name of its Secret, as long as a session needs it", () => {
    sync(...CLUSTER, TOR);
    timers.pass(3000);
    expect(intents[0]?.peers[2]).toMatchObject({ passwordSecret: { name: "bgp-secrets", key: "tor" } });
    put(tor({}));
    expect(datastore.wanted).toEqual([{ services: false, statuses: false, secrets: new Set(["bgp-secrets"]) },
      { services: false, statuses: false, secrets: new Set() }]);
  });

  const removed: DatastoreEvent = { kind: "removed", resourceKind: "Secret", name: "kube-system/bgp-secrets" };

  it.each<[string, DatastoreEvent, unknown]>([
    ["there is one", { kind: "put", resources: [secret({ stringData: { tor: "x" } })] }, { text: "x" }],
    ["there is none", removed, { missing: "no Secret bgp-secrets" }],
  ])("has the first intent wait for the answer that %s, for 3 s at most", (_, answer, password) => {
    sync(...CLUSTER, TOR);
    timers.pass(2000);
    expect([intents, source.status().waiting]).toEqual([[], "no answer about Secret bgp-secrets yet"]);
    datastore.tell(answer);
    timers.pass(100);
    expect([intents.length, asked()[2], source.status().waiting]).toEqual([1, password, null]);
    timers.pass(10_000);
    expect(intents).toHaveLength(1);
    begin();
    sync(...CLUSTER, TOR);
    timers.pass(3000);
    expect(asked()[2]).toEqual({ missing: "no Secret bgp-secrets" });
    datastore.put(tor({ password: { secretKeyRef: { name: "other", key: "tor" } } }));
    timers.pass(100);
    expect(asked()[2]).toEqual({ missing: "no Secret other" });
  });

  it("that is not there is a reason to wait, and so is its Secret", () => {
    sync(...CLUSTER, TOR, secret({ stringData: { tor: "elsewhere" } }, "default"));
    expect(asked()).toEqual([undefined, undefined, { missing: "no Secret bgp-secrets" }]);
    put(secret({ data: { other: "eA==", empty: "" } }));
    expect(asked()).toEqual([undefined, undefined, { missing: "no tor in Secret bgp-secrets" }]);
    put(secret({ data: { tor: "c2VjcmV0" } }));
    expect(asked()).toEqual([undefined, undefined, { text: "secret" }]);
    datastore.tell(removed);
    timers.pass(100);
    expect(asked()).toEqual([undefined, undefined, { missing: "no Secret bgp-secrets" }]);
  });

  it.each<[string, object]>([
    ["c2VjcmV0Cg==", { text: "secret" }], ["c2VjcmV0DQo=", { text: "secret" }], // secret\n, secret\r\n
    ["c2VjcmV0Cgo=", { missing: "tor in Secret bgp-secrets has several lines" }], // secret\n\n
    ["YQpi", { missing: "tor in Secret bgp-secrets has several lines" }], // a\nb
    ["Cg==", { missing: "no tor in Secret bgp-secrets" }], // \n
    ["IHNlY3JldCA=", { text: " secret " }],
  ])("ends before a newline at the end, and has one line: %s", (tor, password) => {
    sync(...CLUSTER, TOR, secret({ data: { tor } }));
    expect(asked().at(-1)).toEqual(password);
  });

  it("that changes concerns its session only", () => {
    sync(...CLUSTER, TOR, secret({ data: { tor: "b25l" } }));
    put(secret({ data: { tor: "b25l", other: "eA==" } }));
    put(secret({ stringData: { tor: "two" } }));
    const [first, last] = [intents[0]!, intents.at(-1)!];
    expect(diffIntent(first, last)).toMatchObject({ added: [], removed: [],
      changed: [{ name: "Node_10_9_9_9", fields: ["password"], price: "reset" }] });
    expect(last.peers[0]).toBe(first.peers[0]);
    expect(diffIntent(intents[0]!, intents[1]!)).toMatchObject({ added: [], removed: [], changed: [] });
  });

  it("is in no fault and in no line of the log", () => {
    sync(...CLUSTER, TOR, secret({ data: { tor: "no base64!", octets: "/w==" } }));
    expect(source.status().faults).toEqual(["data.tor", "data.octets"].map((field) =>
      ({ kind: "Secret", name: "kube-system/bgp-secrets", field, why: "is no text in base64" })));
    expect(logged.join()).not.toContain("no base64!");
  });

  it("may stand in a file without a namespace", () => {
    const nameless = { apiVersion: "v1", kind: "Secret", metadata: { name: "bgp-secrets" }, stringData: { tor: "x" } };
    sync(...CLUSTER, TOR, nameless);
    expect(asked()[2]).toEqual({ text: "x" });
    put(secret({ stringData: { tor: "y" } }));
    expect(asked()[2]).toEqual({ text: "y" });
  });
});

it("has sessions with the pods that peer with us, and waits for Felix's files", async () => {
  let tell: WorkloadListener = () => undefined;
  let isStopped = false;
  begin(undefined, { workloads: {
    start: (listener) => { tell = listener; },
    stop: async () => { isStopped = true; },
  } });
  sync(...CLUSTER, manifest("BGPPeer", "pods", { localWorkloadSelector: "has(bird)", asNumber: 65010 }));
  expect(intents).toEqual([]);
  tell([{ bgpPeerName: "pods", ipv4: "10.65.0.2", ipv6: undefined }]);
  timers.pass(100);
  expect(names()).toEqual(["Local_Workload_10_65_0_2", "Node_10_0_0_1", "Node_10_0_0_2"]);
  expect(intents[0]?.peers[0]).toMatchObject({ type: "local", passive: true, asNumber: 65010 });
  tell([]);
  timers.pass(100);
  expect(names()).toEqual(["Node_10_0_0_1", "Node_10_0_0_2"]);
  await source.stop();
  expect(isStopped).toBe(true);
});

it("asks for CalicoNodeStatus where it can report, and fills those of our node", async () => {
  source.reportBy(async () => ({ bgp: {} }));
  const status = (name: string, node: string): JsonValue =>
    manifest("CalicoNodeStatus", name, { node, classes: ["BGP"], updatePeriodSeconds: 0 });
  sync(...CLUSTER, status("ours", "rr1"), status("theirs", "w1"));
  await settle();
  expect(datastore.wanted).toEqual([{ services: false, statuses: true, secrets: new Set() }]);
  expect(datastore.statuses).toEqual(["ours"]);
  source.become({ host: host("w1"), settings: SETTINGS });
  await settle();
  expect(datastore.statuses).toEqual(["ours", "theirs"]);
});

it("asks for services while there are ranges of them", () => {
  sync(...CLUSTER);
  expect(datastore.wanted).toEqual([]);
  for (const serviceExternalIPs of [[{ cidr: "192.0.2.0/24" }], [{ cidr: "198.51.100.0/24" }], []]) {
    datastore.put(manifest("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false, serviceExternalIPs }));
  }
  expect(datastore.wanted.map(({ services }) => services)).toEqual([true, false]);
});

it("stops with its datastore", async () => {
  sync(...CLUSTER);
  datastore.put(nodeManifest("w3", "10.0.0.3/24"));
  await source.stop();
  timers.pass(1000);
  expect([datastore.isStopped, intents.length, timers.size]).toEqual([true, 1, 0]);
});
