/**
 * Resources with mistakes in a running cluster: each is left out by itself and shown by its name, and nobody's session
 * or route pays for it. Where two objects want the same, the documented rule decides.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  affinityOf, differing, GuideCluster, marks, nodeOf, podBlock, REFLECTOR_LABEL, up,
} from "../../support/calico/guide-cluster.ts";
import type { Worker } from "../../support/calico/guide-cluster.ts";
import { manifest, PEER_WITH_REFLECTORS } from "../../support/calico/manifests.ts";
import type { Manifest, Members } from "../../support/calico/manifests.ts";
import { hasEverywhere, lacksEverywhere } from "../../support/lab/cluster.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { LAB_AS } from "../../support/lab/router.ts";
import { interopSuite } from "../../support/lab/suite.ts";
import { waitFor } from "../../support/lab/waiting.ts";

const CLUSTER = { routeReflectorClusterID: "244.0.0.1" };
const POOL = "10.244.0.0/16";
const TOR = { peerIP: "10.99.0.250", asNumber: LAB_AS };
const TO_REFLECTORS = { peerSelector: "has(route-reflector)" };
const filterRule = (rule: Members): Members => ({ exportV4: [rule] });

/** Kind, name, what it says, and the field that is shown: one for each sort of mistake (calico.md 2). */
const BAD: readonly (readonly [kind: string, name: string, spec: Members, field: string])[] = [
  ["Node", "hollow", { bgp: {} }, "spec.bgp"],
  ["Node", "nowhere", { bgp: { ipv4Address: "10.99.0" } }, "spec.bgp.ipv4Address"],
  ["Node", "odd-cluster", { bgp: { ipv6Address: "fd00::9/64", routeReflectorClusterID: "one" } },
    "spec.bgp.routeReflectorClusterID"],
  ["BGPConfiguration", "default", { nodeToNodeMeshEnabled: false, listenPort: 70_000 }, "spec.listenPort"],
  ["BGPConfiguration", "nobodys", {}, "metadata.name"],
  ["BGPConfiguration", "node.w1", { bindMode: "Any" }, "spec.bindMode"],
  ["BGPPeer", "two-local-sides", { ...TOR, node: "rr1", nodeSelector: "all()" }, "spec.node"],
  ["BGPPeer", "two-remote-sides", { ...TOR, peerSelector: "all()" }, "spec.peerIP"],
  ["BGPPeer", "no-remote-side", { node: "rr1" }, "spec"],
  ["BGPPeer", "no-as", { peerIP: "10.99.0.251" }, "spec.asNumber"],
  ["BGPPeer", "no-address", { peerIP: "10.99.0", asNumber: 1 }, "spec.peerIP"],
  ["BGPPeer", "as-beside-selector", { ...TO_REFLECTORS, asNumber: 1 }, "spec.asNumber"],
  ["BGPPeer", "unparsable-nodes", { ...TOR, nodeSelector: "a = 'b'" }, "spec.nodeSelector"],
  ["BGPPeer", "unparsable-peers", { peerSelector: "has(route-reflector" }, "spec.peerSelector"],
  ["BGPPeer", "half-a-secret", { ...TOR, password: { secretKeyRef: { name: "bgp" } } }, "spec.password.secretKeyRef"],
  ["BGPPeer", "odd-gateway", { ...TOR, reachableBy: "fd00::1" }, "spec.reachableBy"],
  ["BGPPeer", "odd-duration", { ...TOR, keepaliveTime: "soon" }, "spec.keepaliveTime"],
  ["BGPFilter", "no-action", filterRule({ cidr: POOL, matchOperator: "In" }), "spec.exportV4[0].action"],
  ["BGPFilter", "no-operator", filterRule({ cidr: POOL, action: "Reject" }), "spec.exportV4[0].matchOperator"],
  ["BGPFilter", "other-family", filterRule({ cidr: "fd00::/8", matchOperator: "In", action: "Reject" }),
    "spec.exportV4[0].cidr"],
  ["IPPool", "host-bits", { cidr: "10.244.0.1/16", disableBGPExport: true }, "spec.cidr"],
  ["IPPool", "two-encapsulations", { cidr: POOL, ipipMode: "Always", vxlanMode: "Always", disableBGPExport: true },
    "spec.ipipMode"],
  ["BlockAffinity", "nobodys", { cidr: "10.244.99.0/26" }, "spec.node"],
  ["Deployment", "stray", {}, "kind"],
];

interopSuite("mistakes in Calico's resources, with BIRD 1.6.8 on the nodes", ["bird-1.6.8"], () => {
  let cluster: GuideCluster;
  let reflector: Reflectd;
  let known: ReadonlyMap<string, string>;
  let w1: Worker;
  let w2: Worker;
  let w3: Worker;

  const bad = BAD.map(([kind, name, spec]) => manifest(kind, name, spec));
  const nodes = (): LabNode[] => cluster.workers.map(({ node }) => node);
  const block = (worker: Worker): string => podBlock(worker.node);
  const status = async (): Promise<string> => (await reflector.cli("node", "status")).stdout;
  /** What stands below the heading of the faults. */
  const faults = (text: string): string[] =>
    text.split(/^RESOURCE .*$/m)[1]?.split("\n").filter((line) => line !== "") ?? [];
  const shown = (wanted: readonly (readonly [resource: string, field: string])[]): Promise<string> =>
    waitFor(cluster.lab, `${wanted.length} faults`, status, (text) => {
      const lines = faults(text).map((line) => line.split(/\s{2,}/).slice(0, 2).join(" | "));
      return JSON.stringify(lines.sort()) === JSON.stringify(wanted.map((one) => one.join(" | ")).sort());
    });
  /** Nobody's session was touched and nobody's route was lost since the beginning. */
  async function untouched(): Promise<void> {
    expect(differing(known, await marks(reflector))).toEqual([]);
    for (const worker of cluster.workers) expect([worker.lost(), worker.touched()]).toEqual([[], []]);
  }

  beforeAll(async () => {
    cluster = await GuideCluster.create();
    const hub = await cluster.lab.node("rr1");
    await cluster.apply(manifest("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false }),
      PEER_WITH_REFLECTORS, nodeOf(hub, CLUSTER, REFLECTOR_LABEL), affinityOf(hub));
    reflector = await cluster.reflector(hub);
    [w1, w2, w3] = [await cluster.worker("w1"), await cluster.worker("w2"), await cluster.worker("w3")];
    await cluster.shows(reflector, up("node specific", ...nodes()));
    await cluster.reach([hub, ...nodes()]);
    known = await marks(reflector);
    for (const worker of cluster.workers) worker.hearken();
  }, 60_000);
  afterAll(async () => { await cluster?.close(); }, 60_000);

  it("each is shown by name and field, and costs nobody anything", async () => {
    await cluster.apply(...bad);
    const text = await shown(BAD.map(([kind, name, , field]) => [`${kind} ${name}`, field]));
    expect(text).toMatch(/^BGPPeer unparsable-nodes .*it matches no node$/m);
    expect(text).toMatch(/^BGPPeer unparsable-peers .*it matches no node$/m);
    expect(text).toMatch(/^rr1 has 3 sessions among /m);
    await untouched();
  }, 60_000);

  it("one that is mended counts, and the others are still shown", async () => {
    const mended = manifest("BGPPeer", "unparsable-nodes", { ...TOR, nodeSelector: "has(route-reflector)" });
    await cluster.apply(mended);
    await waitFor(cluster.lab, "its session", () => reflector.peers(),
      (peers) => peers.some(({ address }) => address === TOR.peerIP));
    await shown(BAD.filter(([, name]) => name !== "unparsable-nodes")
      .map(([kind, name, , field]) => [`${kind} ${name}`, field]));
    await cluster.remove(mended);
    await cluster.shows(reflector, up("node specific", ...nodes()));
    await untouched();
  }, 60_000);

  it("with the last one goes the last word about them", async () => {
    const isOther = ({ kind, metadata: { name } }: Manifest): boolean =>
      name !== "unparsable-nodes" && !(kind === "BGPConfiguration" && name === "default");
    await cluster.remove(...bad.filter(isOther));
    await cluster.apply(manifest("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false }));
    await shown([]);
    await untouched();
  }, 60_000);

  it("of two BGPPeers for one session the lower name counts", async () => {
    const filters = ["hides-w1"];
    const lower = manifest("BGPPeer", "lower", { node: "w2", ...TO_REFLECTORS, filters });
    const upper = manifest("BGPPeer", "upper", { node: "w3", ...TO_REFLECTORS, filters });
    await cluster.apply(lower, upper,
      manifest("BGPFilter", "hides-w1", { exportV4: [{ cidr: block(w1), matchOperator: "In", action: "Reject" }] }));
    await lacksEverywhere(cluster.lab, [w2.bird], [block(w1)]);
    await hasEverywhere(cluster.lab, [w3.bird], [{ prefix: block(w1), nextHop: w1.node.v4 }]);
    await cluster.remove(lower, upper);
    await hasEverywhere(cluster.lab, [w2.bird], [{ prefix: block(w1), nextHop: w1.node.v4 }]);
    expect(w3.lost()).toEqual([]);
    expect(differing(known, await marks(reflector))).toEqual([]);
  }, 60_000);

  it("of two IPPools with one CIDR the lower name counts", async () => {
    const hidden = { cidr: POOL, disableBGPExport: true };
    await cluster.apply(manifest("IPPool", "upper", hidden));
    await cluster.apply(manifest("IPPool", "another", hidden));
    await lacksEverywhere(cluster.lab, [w1.bird, w2.bird, w3.bird], [block(w1), block(w2), block(w3)]);
    await cluster.remove(manifest("IPPool", "another", hidden));
    await cluster.reach(nodes());
    expect(differing(known, await marks(reflector))).toEqual([]);
  }, 60_000);

  it("two Nodes at one address are one session", async () => {
    for (const worker of cluster.workers) worker.hearken();
    await cluster.apply(nodeOf({ ...w1.node, name: "twin" }));
    await waitFor(cluster.lab, "it to be known", status, (text) => /^rr1 has 3 sessions among 5 nodes$/m.test(text));
    await untouched();
  }, 60_000);

  it("a global BGPPeer goes before one of nodes, on its local side alone", async () => {
    const everybodys = manifest("BGPPeer", "zone", TO_REFLECTORS);
    await cluster.apply(everybodys);
    for (const worker of cluster.workers) await cluster.shows(worker, up("global", reflector.node));
    await cluster.shows(reflector, up("node specific", ...nodes()));
    await cluster.remove(everybodys);
    for (const worker of cluster.workers) await cluster.shows(worker, up("node specific", reflector.node));
    await cluster.shows(reflector, up("node specific", ...nodes()));
    await cluster.reach([reflector.node, ...nodes()]);
  }, 60_000);
});
