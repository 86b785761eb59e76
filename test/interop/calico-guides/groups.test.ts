/**
 * The guide of large clusters: reflectors by rack (label rr-group), each with a cluster id of its own, and a ToR switch
 * for each rack by its address, one in the cluster's AS and one in another. The reflectors are reflectd, the nodes
 * calico-node's BIRD, the switches FRR.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  affinityOf, differing, GuideCluster, marks, nodeOf, podBlock, REFLECTOR_LABEL, up,
} from "../../support/calico/guide-cluster.ts";
import type { Worker } from "../../support/calico/guide-cluster.ts";
import { manifest, NO_MESH } from "../../support/calico/manifests.ts";
import type { Manifest, Members } from "../../support/calico/manifests.ts";
import { capture } from "../../support/lab/capture.ts";
import type { Capture } from "../../support/lab/capture.ts";
import { expectSoundBytes, hasEverywhere, lacksEverywhere } from "../../support/lab/cluster.ts";
import { startFrr } from "../../support/lab/frr.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { LAB_AS } from "../../support/lab/router.ts";
import type { Router } from "../../support/lab/router.ts";
import { interopSuite } from "../../support/lab/suite.ts";

const TOR_AS = 65_100;
const ID_A = "244.0.0.1";
const ID_B = "244.0.0.2";
const NODE = "node specific";

/** The nodes of a rack and its reflectors. */
function group(name: string, filters: readonly string[] = []): Manifest {
  return manifest("BGPPeer", `group-${name}`, { nodeSelector: `rr-group == '${name}' && !has(route-reflector)`,
    peerSelector: `rr-group == '${name}' && has(route-reflector)`, filters });
}
const REFLECTORS = manifest("BGPPeer", "reflectors",
  { nodeSelector: "has(route-reflector)", peerSelector: "has(route-reflector)" });

interopSuite("the guide of reflectors by rack, with ToR switches", ["bird-1.6.8", "frr", "tshark"], () => {
  let cluster: GuideCluster;
  let pcap: Capture;
  let ra: Reflectd;
  let rb: Reflectd;
  let a1: Worker;
  let b1: Worker;
  let inside: Router;
  let outside: Router;

  /** The Node of a reflector. */
  const reflectorOf = (node: LabNode, id: string, name: string): Manifest =>
    nodeOf(node, { routeReflectorClusterID: id }, { ...REFLECTOR_LABEL, "rr-group": name });
  const tor = (node: string, router: Router, asNumber: number, more: Members = {}): Manifest =>
    manifest("BGPPeer", `tor-of-${node}`, { node, peerIP: router.node.v4, asNumber, ...more });

  beforeAll(async () => {
    cluster = await GuideCluster.create();
    const { lab } = cluster;
    const [hostA, hostB] = [await lab.node("ra"), await lab.node("rb")];
    pcap = await capture(hostB);
    await cluster.apply(NO_MESH, group("a"), group("b"), REFLECTORS);
    for (const [node, id, name] of [[hostA, ID_A, "a"], [hostB, ID_B, "b"]] as const) {
      await cluster.apply(reflectorOf(node, id, name), affinityOf(node));
    }
    [ra, rb] = [await cluster.reflector(hostA), await cluster.reflector(hostB)];
    [a1, b1] = [await cluster.worker("a1", { "rr-group": "a" }), await cluster.worker("b1", { "rr-group": "b" })];
    inside = await startFrr(await lab.node("tor-a"), "frr-a", [hostA.v4]);
    outside = await startFrr(await lab.node("tor-b"), "frr-b", [hostB.v4], { asNumber: TOR_AS });
  }, 60_000);
  afterAll(async () => { await cluster?.close(); }, 60_000);

  it("peers each node with the reflector of its rack, and the reflectors with each other", async () => {
    await cluster.shows(ra, up(NODE, rb.node, a1.node));
    await cluster.shows(rb, up(NODE, ra.node, b1.node));
    await cluster.shows(a1, up(NODE, ra.node));
    await cluster.shows(b1, up(NODE, rb.node));
  }, 60_000);

  it("carries every block into the other rack, through both clusters", async () => {
    await cluster.reach([ra.node, rb.node, a1.node, b1.node]);
    const from = ({ node }: Worker, clusterList: readonly string[]): object =>
      ({ prefix: podBlock(node), nextHop: node.v4, originatorId: node.v4, clusterList, localPref: 2_147_482_623 });
    await hasEverywhere(cluster.lab, [b1.bird], [from(a1, [ID_B, ID_A])]);
    await hasEverywhere(cluster.lab, [a1.bird], [from(b1, [ID_A, ID_B])]);
  }, 60_000);

  it("peers each reflector with the switch of its rack, and touches nothing else", async () => {
    const before = await marks(ra);
    await cluster.apply(tor("ra", inside, LAB_AS), tor("rb", outside, TOR_AS));
    await cluster.shows(ra, up(NODE, rb.node, a1.node, inside.node));
    await cluster.shows(rb, up(NODE, ra.node, b1.node, outside.node));
    expect(differing(before, await marks(ra))).toEqual([`Node_${inside.node.v4.replaceAll(".", "_")}`]);
  }, 60_000);

  it("tells the switch of the same AS all blocks as a client, and the other one itself as their next hop", async () => {
    const nodes = [ra.node, rb.node, a1.node, b1.node];
    await hasEverywhere(cluster.lab, [inside],
      nodes.map((node) => ({ prefix: podBlock(node), nextHop: node.v4, asPath: [] })));
    await hasEverywhere(cluster.lab, [outside],
      nodes.map((node) => ({ prefix: podBlock(node), nextHop: rb.node.v4, asPath: [LAB_AS] })));
  }, 60_000);

  it("leaves the next hops to the nodes where nextHopMode says so, in the session that there is", async () => {
    const before = await marks(rb);
    await cluster.apply(tor("rb", outside, TOR_AS, { nextHopMode: "Keep" }));
    await hasEverywhere(cluster.lab, [outside], [a1, b1].map(({ node }) =>
      ({ prefix: podBlock(node), nextHop: node.v4, asPath: [LAB_AS] })));
    expect(differing(before, await marks(rb))).toEqual([]);
  }, 60_000);

  it("hands on what a switch tells of the pools, and nothing else", async () => {
    await inside.announce({ prefix: "10.244.200.0/26" }, { prefix: "0.0.0.0/0" });
    await outside.announce({ prefix: "10.244.201.0/26" }, { prefix: "192.168.0.0/16" });
    await hasEverywhere(cluster.lab, [a1.bird, b1.bird], [
      { prefix: "10.244.200.0/26", nextHop: inside.node.v4, localPref: 100, asPath: [] },
      { prefix: "10.244.201.0/26", nextHop: outside.node.v4, localPref: 100, asPath: [TOR_AS] },
    ]);
    await hasEverywhere(cluster.lab, [ra], [{ prefix: "0.0.0.0/0" }]);
    await hasEverywhere(cluster.lab, [rb], [{ prefix: "192.168.0.0/16" }]);
    await lacksEverywhere(cluster.lab, [a1.bird, b1.bird, inside, outside], ["0.0.0.0/0", "192.168.0.0/16"]);
  }, 60_000);

  it("hands on the default route too where a BGPFilter accepts it", async () => {
    const before = await marks(ra);
    await cluster.apply(manifest("BGPFilter", "default-route",
      { exportV4: [{ cidr: "0.0.0.0/0", matchOperator: "Equal", action: "Accept" }] }), group("a", ["default-route"]));
    await hasEverywhere(cluster.lab, [a1.bird], [{ prefix: "0.0.0.0/0", nextHop: inside.node.v4 }]);
    await lacksEverywhere(cluster.lab, [b1.bird, rb], ["0.0.0.0/0"]);
    expect(differing(before, await marks(ra))).toEqual([]);
  }, 60_000);

  it("moves a node to the other rack with its label, and nobody else", async () => {
    const before = [await marks(ra), await marks(rb)] as const;
    await cluster.apply(nodeOf(a1.node, {}, { "rr-group": "b" }));
    await cluster.shows(a1, up(NODE, rb.node));
    await cluster.shows(rb, up(NODE, ra.node, b1.node, outside.node, a1.node));
    await cluster.reach([ra.node, rb.node, a1.node, b1.node]);
    const moved = `Node_${a1.node.v4.replaceAll(".", "_")}`;
    expect(differing(before[0], await marks(ra))).toEqual([moved]);
    expect(differing(before[1], await marks(rb))).toEqual([moved]);
  }, 60_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, rb.node, { opens: 4, updates: 6 });
  }, 60_000);
});
