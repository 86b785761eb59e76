/**
 * A cluster with both families, as calico-node runs it: a BIRD for each, with sessions and routes of its own, and the
 * IPv4 address as router id of both. From the mesh to a reflector, and back to one family on one node.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  affinityOf, alsoIpv6, differing, GuideCluster, marks, nodeOf, podBlock, REFLECTOR_LABEL, up, up6,
} from "../../support/calico/guide-cluster.ts";
import type { Worker } from "../../support/calico/guide-cluster.ts";
import { NO_MESH, PEER_WITH_REFLECTORS } from "../../support/calico/manifests.ts";
import { capture } from "../../support/lab/capture.ts";
import type { Capture } from "../../support/lab/capture.ts";
import { expectSoundBytes, hasEverywhere, lacksEverywhere } from "../../support/lab/cluster.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { interopSuite } from "../../support/lab/suite.ts";

const MESH = "node-to-node mesh";
const NODE = "node specific";
const CLUSTER = { routeReflectorClusterID: "244.0.0.1" };

interopSuite("a cluster of both families, with BIRD 1.6.8 and its bird6 on the nodes", ["bird-1.6.8", "tshark"], () => {
  let cluster: GuideCluster;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  let w1: Worker;
  let w2: Worker;

  beforeAll(async () => {
    cluster = await GuideCluster.create({ families: ["ipv4", "ipv6"] });
    hub = await cluster.lab.node("rr1");
    pcap = await capture(hub);
    reflector = await cluster.reflector(hub);
    await cluster.apply(nodeOf(hub, alsoIpv6(hub)), affinityOf(hub), affinityOf(hub, "ipv6"));
    w1 = await cluster.worker("w1");
    w2 = await cluster.worker("w2");
  }, 60_000);
  afterAll(async () => { await cluster?.close(); }, 60_000);

  /** Both nodes have each other's blocks by the reflector. */
  async function reflected(): Promise<void> {
    for (const [one, { node }] of [[w1, w2], [w2, w1]] as const) {
      const common = { originatorId: node.v4, clusterList: [CLUSTER.routeReflectorClusterID],
        localPref: 2_147_482_623 };
      await hasEverywhere(cluster.lab, one.birds, [{ ...common, prefix: podBlock(node), nextHop: node.v4 },
        { ...common, prefix: podBlock(node, "ipv6"), nextHop: node.v6 }]);
    }
  }

  it("begins with a mesh for each family", async () => {
    const all = [hub, w1.node, w2.node];
    for (const one of [reflector, w1, w2]) {
      const others = all.filter((node) => node !== one.node);
      await cluster.shows(one, [...up(MESH, ...others), ...up6(MESH, ...others)]);
    }
    await cluster.reach(all);
  }, 60_000);

  it("has a reflector for both, and no node loses a block of another one", async () => {
    await cluster.apply(nodeOf(hub, { ...alsoIpv6(hub), ...CLUSTER }, REFLECTOR_LABEL), PEER_WITH_REFLECTORS);
    await cluster.shows(reflector, [...up(NODE, w1.node, w2.node), ...up6(NODE, w1.node, w2.node)]);
    await reflected();
    for (const worker of [w1, w2]) worker.hearken();
    await cluster.apply(NO_MESH);
    for (const worker of [w1, w2]) await cluster.shows(worker, [...up(NODE, hub), ...up6(NODE, hub)]);
    await reflected();
    for (const worker of [w1, w2]) expect(worker.lost()).toEqual([]);
  }, 60_000);

  it("loses one session with one family of one node", async () => {
    for (const worker of [w1, w2]) worker.hearken();
    const before = await marks(reflector);
    await cluster.apply(nodeOf(w1.node));
    await cluster.shows(reflector, [...up(NODE, w1.node, w2.node), ...up6(NODE, w2.node)]);
    await lacksEverywhere(cluster.lab, w2.birds, [podBlock(w1.node, "ipv6")]);
    expect(differing(before, await marks(reflector))).toEqual([`Node_${w1.node.v6.replaceAll(":", "_")}`]);
    expect([w2.touched(), w2.lost()]).toEqual([[], [podBlock(w1.node, "ipv6")]]);
    await cluster.apply(nodeOf(w1.node, alsoIpv6(w1.node)));
    await cluster.shows(reflector, [...up(NODE, w1.node, w2.node), ...up6(NODE, w1.node, w2.node)]);
    await cluster.reach([hub, w1.node, w2.node]);
  }, 60_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 8, updates: 8 });
  }, 60_000);
});
